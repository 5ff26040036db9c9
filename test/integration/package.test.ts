// The packed package in an empty project elsewhere, as a user installs it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { ProbeResult } from "pulumi-macvlan";
import { HOSTS } from "pulumi-macvlan-lab";
import { lab } from "./hooks";
import { assertSame, link, on, shapeOf } from "./hosts";
import { ROOT, Stack } from "./pulumi";

const PROJECT = `name: elsewhere
runtime: nodejs
plugins:
  providers:
    - name: macvlan
      path: node_modules/.bin
`;

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

/** The same through the plugin, without an SDK of its own; `more` is what changes later. */
const THROUGH_PLUGIN = (more: string, end = "") => `import * as pulumi from "@pulumi/pulumi";

class Macvlan extends pulumi.CustomResource {}

const host = "host1";
const vlan = new Macvlan("macvlan:index:VlanSubinterface", "vlan300", { host, parent: "enp0s8", vlanId: 300${more} });
const network = new Macvlan("macvlan:index:MacvlanNetwork", "mac30", {
  host,
  parent: "enp0s8.300",
  name: "mac30",
  subnets: [{ subnet: "172.16.30.0/24", gateway: "172.16.30.1" }],
}, { dependsOn: vlan });
${end}`;

/** A component that the plugin constructs. */
const TOPOLOGY = `import * as pulumi from "@pulumi/pulumi";

class VlanTopology extends pulumi.ComponentResource {
  declare readonly results: pulumi.Output<object[]>;
  constructor(name: string, args: pulumi.Inputs, options?: pulumi.ComponentResourceOptions) {
    super("macvlan:index:VlanTopology", name, { results: undefined, ...args }, options, true);
  }
}

const topology = new VlanTopology("lan", {
  hosts: { host1: { parent: "enp0s8" }, host2: { parent: "enp0s8" } },
  vlans: {
    mac30: { vlanId: 300, subnets: ["172.16.30.0/24"] },
    mac31: { vlanId: 301, subnets: ["172.16.31.0/24"] },
  },
  router: { connection: "host3", parent: "enp0s8", allow: [{ from: "mac30", to: "mac31", protocol: "tcp", ports: [443] }] },
  shims: ["mac30"],
  prove: true,
});
export const results = topology.results;
`;

describe("the packed package", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-packed-"));
  const project = join(folder, "project");
  const stack = new Stack("elsewhere", project);
  after(() => {
    stack.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const program = () => {
    const { name, address, port, privateKeyPath, hostKey } = lab.connection("host1");
    return PROGRAM.replace("HOST", JSON.stringify({ name, address, port, privateKeyPath, hostKey }));
  };
  /** Of a type: the last to be made goes first. */
  const forget = async (type: string): Promise<void> => {
    const { deployment } = JSON.parse(await stack.good("stack", "export")) as {
      deployment: { resources: { urn: string }[] };
    };
    for (const { urn } of deployment.resources.reverse())
      if (urn.includes(type)) await stack.good("state", "delete", urn, "--yes");
  };
  /** One that says by itself how its host is reached; and a component that takes the network. */
  const WITH_CONNECTION = () => {
    const { name: _name, ...connection } = lab.connection("host1");
    return `new Macvlan("macvlan:index:MacvlanLink", "link30", {
  host: { ...${JSON.stringify(connection)}, password: pulumi.secret("canary-of-resource") },
  parent: "enp0s8.300",
  name: "link30",
}, { dependsOn: vlan });

class HostShim extends pulumi.ComponentResource {
  constructor(name: string, args: pulumi.Inputs) {
    super("macvlan:index:HostShim", name, args, {}, true);
  }
}
new HostShim("shim30", { host, network, name: "shim30", address: "172.16.30.2", ranges: ["172.16.30.64/26"] });
`;
  };
  const networkId = () => on("host1", "docker network inspect -f '{{.Id}}' mac30");

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
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/provider\/.*\.(js|d\.ts)|provider\/(host\/library|kinds\/[a-z-]+)\/[a-z-]+\.sh|provider\/pulumi\/plugin\/schema\.json)$/.test(
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

  it("has the lab beside it, a package with all that its hosts are made from", async () => {
    const pack = ["pack", "--workspace", "pulumi-macvlan-lab", "--json", "--ignore-scripts"];
    const { stdout } = await execa("npm", [...pack, "--pack-destination", folder], { cwd: ROOT });
    const paths = [...stdout.matchAll(/"path": "([^"]+)"/g)].map(([, path = ""]) => path);
    assert.deepEqual(
      paths.filter((path) => !/^(package\.json|README\.md|dist\/(?:twin\/)?[a-z]+\.(js|d\.ts)|image\/.+)$/.test(path)),
      [],
    );
    const recipes = execFileSync("git", ["ls-files", "lab/image"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
    assert.deepEqual(
      paths.filter((path) => path.startsWith("image/")).sort(),
      recipes.map((file) => file.slice("lab/".length)).sort(),
    );
  });

  it("runs pulumi up from a project of its own", async () => {
    const archive = "pulumi-macvlan-0.1.0.tgz";
    const archiveOfLab = "pulumi-macvlan-lab-0.1.0.tgz";
    mkdirSync(project);
    writeFileSync(join(project, "Pulumi.yaml"), PROJECT);
    writeFileSync(join(project, "index.ts"), program());
    const name_ = "elsewhere";
    const dependencies = {
      "@pulumi/pulumi": "3.270.0",
      typescript: "6.0.3",
      "pulumi-macvlan": `file:../${archive}`,
      "pulumi-macvlan-lab": `file:../${archiveOfLab}`,
    };
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: name_, main: "index.ts", dependencies }));
    // Our own lock, with the archive in the place of the link to ourselves: what it names is there since `npm ci`, so
    // that this needs no network.
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
      packages: Record<string, object>;
    };
    const { "": own, lab: ownLab, ...packages } = lock.packages;
    const packed = { ...own, resolved: `file:../${archive}`, devDependencies: undefined, workspaces: undefined };
    const packedLab = { ...ownLab, resolved: `file:../${archiveOfLab}` };
    writeFileSync(
      join(project, "package-lock.json"),
      JSON.stringify({
        ...lock,
        name: name_,
        packages: {
          ...packages,
          "": { name: name_, dependencies },
          "node_modules/pulumi-macvlan": packed,
          "node_modules/pulumi-macvlan-lab": packedLab,
        },
      }),
    );
    await execa("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: project,
    });
    await stack.init();
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 created/);
    assert.ok(await link("host1", "enp0s8.300"));
    assert.equal((await stack.good("stack", "output", "id")).trim(), await networkId());
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 unchanged/);
  });

  it("knows in that project, too, the kernel and the disks that are there already", async () => {
    const asked = 'console.log(JSON.stringify(require("pulumi-macvlan-lab").missingImages()))';
    const { stdout } = await execa(process.execPath, ["--eval", asked], { cwd: project });
    assert.equal(stdout, "[]");
    const status = await execa(join(project, "node_modules", ".bin", "pulumi-macvlan-lab"), ["status"], {
      cwd: project,
    });
    for (const { name } of HOSTS) assert.match(status.stdout, new RegExp(name));
  });

  it("has a plugin that takes over what its dynamic resources have made, and touches no host", async () => {
    const [made, network] = [await link("host1", "enp0s8.300"), await networkId()];
    const { name: _name, ...connection } = lab.connection("host1");
    await stack.good(
      ...["config", "set-all", "--path"],
      ...Object.entries(connection).flatMap(([field, value]) => [
        "--plaintext",
        `macvlan:hosts.host1.${field}=${value}`,
      ]),
      ...["--secret", "macvlan:hosts.host1.password=canary-of-plugin"],
    );
    for (const [type, name, id] of [
      ["VlanSubinterface", "vlan300", "enp0s8.300"],
      ["MacvlanNetwork", "mac30", "mac30"],
    ] as const)
      await stack.good(
        ...["import", `macvlan:index:${type}`, name, `host1/${id}`],
        ...["--yes", "--skip-preview", "--protect=false", "--generate-code=false"],
      );
    await forget("::pulumi-nodejs:dynamic");
    writeFileSync(join(project, "index.ts"), THROUGH_PLUGIN(""));
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 unchanged/);
    assert.deepEqual([await link("host1", "enp0s8.300"), await networkId()], [made, network]);
  });

  it("is left for dynamic resources again without touching a host", async () => {
    const [made, network] = [await link("host1", "enp0s8.300"), await networkId()];
    await forget("::macvlan:index:");
    writeFileSync(join(project, "index.ts"), program());
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /2 created/);
    await forget("::pulumi-nodejs:dynamic");
    writeFileSync(join(project, "index.ts"), THROUGH_PLUGIN(""));
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /2 created/);
    assert.deepEqual([await link("host1", "enp0s8.300"), await networkId()], [made, network]);
  });

  it("shows through the plugin just the field that changes, and keeps the hosts' secrets out of resources", async () => {
    writeFileSync(join(project, "index.ts"), THROUGH_PLUGIN(", mtu: 1400", WITH_CONNECTION()));
    const shown = await stack.good("preview", "--diff");
    assert.match(shown, /\+ mtu: 1400/);
    assert.doesNotMatch(shown, /reorderHeader|mac30/);
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /3 created[\s\S]*1 updated/);
    assert.equal((await link("host1", "enp0s8.300"))?.["mtu"], 1400);
    assert.equal(await on("host1", "ip route show dev shim30"), "172.16.30.64/26 scope link");
    assert.match(await stack.good("refresh", "--yes", "--skip-preview"), /unchanged/);
    assert.doesNotMatch(await stack.good("stack", "export"), /canary-of/);
    const state = await stack.good("stack", "export", "--show-secrets");
    const { deployment } = JSON.parse(state) as { deployment: { resources: { inputs?: { host?: unknown } }[] } };
    const named = deployment.resources.filter(({ inputs }) => inputs?.host === "host1");
    assert.equal(named.length, 3);
    assert.doesNotMatch(JSON.stringify(named), /canary-of|privateKeyPath/);
    assert.match(state, /canary-of-plugin[\s\S]*canary-of-resource/);
    await stack.good("destroy", "--yes", "--skip-preview");
    assert.equal(await link("host1", "enp0s8.300"), undefined);
  });

  it("constructs a topology in its plugin, proves it with packets, and takes it away without a trace", async () => {
    const before: Record<string, string> = {};
    for (const { name } of HOSTS) {
      before[name] = await shapeOf(name);
      const { name: _name, ...connection } = lab.connection(name);
      const fields = Object.entries(connection).flatMap(([field, value]) => [
        "--plaintext",
        `macvlan:hosts.${name}.${field}=${value}`,
      ]);
      await stack.good("config", "set-all", "--path", ...fields);
    }
    writeFileSync(join(project, "index.ts"), TOPOLOGY);
    await stack.good("up", "--yes", "--skip-preview");
    const results = JSON.parse(await stack.good("stack", "output", "results")) as ProbeResult[];
    assert.equal(results.length, 8);
    for (const { name, expect, found } of results) assert.equal(found, expect, name);
    const networks = await on("host2", "docker network ls -q --filter driver=macvlan | wc -l");
    assert.equal(networks, "2");
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /\d+ unchanged/);
    assert.match(await stack.good("preview", "--refresh", "--expect-no-changes"), /20 unchanged/);
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const { name } of HOSTS) assertSame(await shapeOf(name), before[name] ?? "");
  });
});
