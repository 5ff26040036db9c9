// Habits that a machine can check.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..", "..");
const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");

describe("the repository", () => {
  it("is formatted and free of lint", function () {
    this.timeout(60_000);
    const { status, stdout, stderr } = spawnSync(join(ROOT, "node_modules", ".bin", "biome"), ["check", "."], {
      cwd: ROOT,
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });

  it("names no registry and no path of a machine", () => {
    const found = tracked
      .filter((file) => existsSync(join(ROOT, file)) && !file.includes("repository/tree.test"))
      .filter((file) =>
        /deb\.debian\.org|registry\.npmjs|proxy\.golang|pypi\.org|\/work\/main|\/root\/\.cache/.test(
          readFileSync(join(ROOT, file), "utf8"),
        ),
      );
    assert.deepEqual(found, []);
  });

  describe("is a house of floors", () => {
    const floors = [
      "vocabulary",
      "formats",
      "host",
      "lifecycle",
      "kinds",
      "plan",
      "review",
      "twin",
      "doctor",
      "pulumi",
      "scan",
      "commands",
      "",
    ];
    const sources = tracked.filter((file) => /^provider\/.*\.ts$/.test(file) && existsSync(join(ROOT, file)));
    const floorOf = (file: string): string => /^provider\/(?:(.+?)\/)?/.exec(file)?.[1] ?? "";
    const read = (file: string): string =>
      readFileSync(join(ROOT, file), "utf8")
        .replace(/^\s*(\/\/|\*).*$/gm, "")
        .replace(/`[^`]*`/g, "``");
    /** The file that a source means, or the name of a package. */
    const meant = (from: string, to: string): string => {
      if (/^pulumi-macvlan\b/.test(to)) return "provider/index.ts";
      if (!to.startsWith(".")) return to;
      const path = join(dirname(from), to);
      return [`${path}.ts`, join(path, "index.ts")].find((file) => sources.includes(file)) ?? path;
    };
    const imports = sources.flatMap((from) =>
      [
        ...read(from).matchAll(/(?:(import type)[^;"]*? )?(?:from |import |import\(|require\(|resolve\()"([^"]+)"/g),
      ].map(([, type, to = ""]) => ({ from, to: meant(from, to), type: type !== undefined })),
    );
    const inside = imports.filter(({ to }) => to.startsWith("provider"));

    /** Those edges that lead back to where they come from. */
    function circles(edges: readonly { from: string; to: string }[]) {
      const next = new Map<string, string[]>();
      for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
      return edges.filter(({ from, to }) => {
        const seen = new Set<string>();
        for (const queue = [to]; queue.length > 0; ) {
          const at = queue.pop() ?? "";
          if (!seen.has(at)) queue.push(...(next.get(at) ?? []));
          seen.add(at);
        }
        return seen.has(from);
      });
    }

    it("with every source on one of them", () => {
      assert.deepEqual(
        sources.filter((file) => !floors.includes(floorOf(file))),
        [],
      );
      assert.deepEqual(
        sources.filter((file) => floorOf(file) === ""),
        ["provider/handlers.ts", "provider/index.ts"],
      );
      assert.ok(inside.length > 100);
      assert.deepEqual(
        inside.filter(({ to }) => !sources.includes(to)),
        [],
      );
    });

    it("that import only downwards", () =>
      assert.deepEqual(
        inside.filter(({ from, to }) => floors.indexOf(floorOf(to)) > floors.indexOf(floorOf(from))),
        [],
      ));

    it("without circles, of files or of folders", () => {
      const folders = inside.map(({ from, to }) => ({ from: dirname(from), to: dirname(to) }));
      assert.deepEqual(circles(folders.filter(({ from, to }) => from !== to)), []);
      assert.deepEqual(circles(inside), []);
    });

    it("with Pulumi in the adapters alone, and not where old state calls", () =>
      assert.deepEqual(
        imports.filter(
          ({ from, to, type }) =>
            to.startsWith("@pulumi/") && !(floorOf(from) === "pulumi" && (type || !from.endsWith("/handlers.ts"))),
        ),
        [],
      ));
  });

  it("has a unit test in the place of the source it tests", () => {
    const tests = tracked
      .filter((file) => /^test\/unit\/.*\.test\.ts$/.test(file))
      .map((file) => file.split("/").slice(2, -1).join("/"));
    for (const folder of new Set(tests))
      assert.ok(
        ["", "repository"].includes(folder) ||
          tracked.some((file) => file.startsWith(`provider/${folder}/`) || file.startsWith(`${folder}/`)),
        folder,
      );
  });
});
