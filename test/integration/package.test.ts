// The packed package in an empty project elsewhere, as a user installs it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { lab } from "./hooks";
import { link, on } from "./hosts";
import { ROOT, Stack } from "./pulumi";

const PROGRAM = `import { MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";

const host = HOST;
const vlan = new VlanSubinterface("vlan300", { host, parent: "enp0s8", vlanId: 300 });
const network = new MacvlanNetwork("mac30", {
  host,
  parent: vlan.name,
  name: "mac30",
  subnets: [{ subnet: "172.16.30.0/24", gateway: "172.16.30.1" }],
});
export const id = network.networkId;
`;

describe("the packed package", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-packed-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("ships what a user needs, and nothing else", async () => {
    const { stdout } = await execa("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: ROOT,
    });
    const answer = JSON.parse(stdout.slice(stdout.search(/[[{]/))) as unknown;
    const packed = (Array.isArray(answer) ? answer : Object.values(answer as object)) as {
      files: { path: string }[];
    }[];
    const files = (packed[0]?.files ?? []).map(({ path }) => path);
    const unexpected = files.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/provider\/.*\.(js|d\.ts)|provider\/(host\/library|kinds\/[a-z-]+)\/[a-z-]+\.sh)$/.test(
          path,
        ),
    );
    assert.deepEqual(unexpected, []);
    const sources = files
      .filter((path) => path.endsWith(".js"))
      .map((path) => path.replace(/^dist\/(.*)\.js$/, "$1.ts"));
    assert.deepEqual(
      sources.filter((path) => !existsSync(join(ROOT, path))),
      [],
      "of a source that has gone",
    );
    for (const needed of [
      "dist/provider/index.js",
      "dist/provider/handlers.js",
      "dist/provider/index.d.ts",
      "provider/host/library/lib.sh",
      "LICENSE",
    ])
      assert.ok(files.includes(needed), needed);
  });

  it("runs pulumi up from a project of its own", async () => {
    const [archive] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    const project = join(folder, "project");
    mkdirSync(project);
    const { name, address, port, privateKeyPath, hostKey } = lab.connection("host1");
    writeFileSync(join(project, "Pulumi.yaml"), "name: elsewhere\nruntime: nodejs\n");
    writeFileSync(
      join(project, "index.ts"),
      PROGRAM.replace("HOST", JSON.stringify({ name, address, port, privateKeyPath, hostKey })),
    );
    const name_ = "elsewhere";
    const dependencies = {
      "@pulumi/pulumi": "3.270.0",
      typescript: "6.0.3",
      "pulumi-macvlan": `file:../${archive}`,
    };
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: name_, main: "index.ts", dependencies }));
    // Our own lock, with the archive in the place of the link to ourselves: what it names is there since `npm ci`, so
    // that this needs no network.
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
      packages: Record<string, object>;
    };
    const { "": own, ...packages } = lock.packages;
    const packed = { ...own, resolved: `file:../${archive}`, devDependencies: undefined };
    writeFileSync(
      join(project, "package-lock.json"),
      JSON.stringify({
        ...lock,
        name: name_,
        packages: { ...packages, "": { name: name_, dependencies }, "node_modules/pulumi-macvlan": packed },
      }),
    );
    await execa("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: project,
    });
    const stack = new Stack("elsewhere", project);
    try {
      delete stack.env["PULUMI_NODEJS_TRANSPILE_ONLY"];
      await stack.init();
      assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 created/);
      assert.ok(await link("host1", "enp0s8.300"));
      assert.equal(
        (await stack.good("stack", "output", "id")).trim(),
        await on("host1", "docker network inspect -f '{{.Id}}' mac30"),
      );
      assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 unchanged/);
      await stack.good("destroy", "--yes", "--skip-preview");
      assert.equal(await link("host1", "enp0s8.300"), undefined);
    } finally {
      stack.end();
    }
  });
});
