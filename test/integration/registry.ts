// Stands in for the npm registry: the packages that are installed here, and ours as `npm pack` makes it. So `npm install` can be typed
// as a user types it, before the package is published and without a network.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";

interface Installed {
  /** Its folder, or its archive. */
  path: string;
  manifest: { name: string; version: string };
}

/** An installed package as an archive: packed in no time rather than small. */
function packed(folder: string): Readable {
  const tar = ["--exclude=./node_modules", "--transform=s,^\\.,package,", "--use-compress-program=gzip -1", "."];
  return spawn("tar", ["-C", folder, "-c", ...tar]).stdout;
}

export class Registry {
  private readonly packages = new Map<string, Installed[]>();
  private readonly server: Server;

  /** `own`: our packages' folders, with the archive of each. */
  constructor(root: string, own: ReadonlyMap<string, string>) {
    const archives = new Set(own.values());
    const lock = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")) as {
      packages: Record<string, { link?: boolean }>;
    };
    for (const [folder, { link }] of Object.entries(lock.packages))
      if (!link) this.add(join(root, folder), join(root, folder));
    for (const [folder, archive] of own) this.add(archive, folder);
    this.server = createServer((request, response) => {
      const [, name = "", version] =
        /^\/((?:@[^/]+\/)?[^/]+)(?:\/-\/(.+)\.tgz)?$/.exec(decodeURIComponent(request.url ?? "")) ?? [];
      const found = this.packages.get(name);
      const wanted = found?.find(({ manifest }) => manifest.version === version);
      if (!found || (version !== undefined && !wanted)) response.writeHead(404).end("{}");
      else if (!wanted) response.writeHead(200, { "content-type": "application/json" }).end(this.describe(name, found));
      else {
        // As npm's own: what was fetched once is not asked for again.
        response.writeHead(200, { "cache-control": "public, immutable, max-age=31557600" });
        if (archives.has(wanted.path)) response.end(readFileSync(wanted.path));
        else packed(wanted.path).pipe(response);
      }
    });
  }

  private add(path: string, folder: string): void {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Installed["manifest"];
    this.packages.set(manifest.name, [...(this.packages.get(manifest.name) ?? []), { path, manifest }]);
  }

  private describe(name: string, found: readonly Installed[]): string {
    const versions = found.map(({ manifest }) => [
      manifest.version,
      { ...manifest, dist: { tarball: `${this.url}${encodeURIComponent(name)}/-/${manifest.version}.tgz` } },
    ]);
    return JSON.stringify({
      name,
      "dist-tags": { latest: found[0]?.manifest.version },
      versions: Object.fromEntries(versions),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
