// What README.md, the examples and npm start tell people to type, typed as they stand there: in a fresh copy, at a terminal, in a home
// of its own with nothing set but HOME and PATH. Each example proves itself with packets, and leaves the hosts as they were.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { NetworkAttachmentDefinition, ProbeResult } from "pulumi-macvlan";
import { cacheFolder, HOSTS, Lab } from "pulumi-macvlan-lab";
import { wheelFolder } from "../../tools/setup/languages";
import { assertSame, on, snapshot } from "./hosts";
import { ROOT } from "./pulumi";
import { Registry } from "./registry";
import { joinSwarm, leaveSwarm } from "./swarm";
import { Terminal } from "./terminal";
import { commandsIn, commandsPrinted } from "./written";

const home = mkdtempSync(join(tmpdir(), "pulumi-macvlan-home-"));
const copy = join(home, "pulumi-macvlan");
const examples = readdirSync(join(ROOT, "examples")).filter((name) =>
  existsSync(join(ROOT, "examples", name, "Pulumi.yaml")),
);
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), "utf8");

/** The lab that belongs to a home. */
function labOf(folder: string): Lab {
  const { HOME } = process.env;
  process.env["HOME"] = folder;
  try {
    return new Lab();
  } finally {
    process.env["HOME"] = HOME;
  }
}

const lab = labOf(home);

/** What git would bring, with the packages that npm would fetch for it. */
async function freshCopy(): Promise<void> {
  mkdirSync(copy);
  const files = (await execa("git", ["ls-files", "-z"], { cwd: ROOT })).stdout;
  await execa("cp", ["--parents", "-t", copy, ...files.split("\0").filter(Boolean)], { cwd: ROOT });
  await execa("cp", ["-a", "--reflink=auto", join(ROOT, "node_modules"), copy]);
}

/** What a test looks at beyond an example's own probes. */
const MORE: Record<string, (type: Terminal["type"]) => Promise<void>> = {
  "s8-several-nics": async () => {
    await on(
      "host1",
      "docker run -d --name both --network back busybox sleep 1000 >/dev/null; docker network connect front both",
      lab,
    );
    try {
      const routes = await on("host1", "docker exec both ip route show | grep ^default", lab);
      assert.equal(routes, "default via 172.16.20.1 dev eth1");
      const addresses = await on("host1", "docker exec both ip -o -4 addr show scope global", lab);
      assert.match(addresses, /172\.16\.21\.\d+\/24[\s\S]*172\.16\.20\.\d+\/24/);
    } finally {
      await on("host1", "docker rm -f both >/dev/null", lab);
    }
  },
  "s9-swarm": async (type) => {
    const made = output<NetworkAttachmentDefinition[]>(await type("pulumi stack output attachments --json"));
    assert.deepEqual(
      made.map(({ metadata }) => metadata.name),
      ["mac10-host1", "mac10-host2"],
    );
    assert.equal(await on("host1", "docker network inspect -f '{{.Scope}}' mac10", lab), "swarm");
  },
};

const TYPED_BY_HAND = `ip link add link enp0s8 name enp0s8.100 type vlan id 100; ip link set enp0s8 up; ip link set enp0s8.100 up
docker network create -d macvlan --subnet=172.16.10.0/24 --gateway=172.16.10.1 -o parent=enp0s8.100 mac10 >/dev/null
docker run -itd --name d1 --network mac10 busybox sleep 100000 >/dev/null`;

/** Without probes: of Swarm's networks containers can't be made by hand, and the fabric is proved by npm start. */
const WITHOUT_PROBES = ["s9-swarm", "inter-vlan-fabric", "docker-containers"];

const output = <T>(printed: string): T => JSON.parse(printed.slice(printed.search(/^[[{]/m))) as T;

describe("what is written", function () {
  this.timeout(600_000);
  const archives = mkdtempSync(join(tmpdir(), "pulumi-macvlan-packed-"));
  let registry: Registry;
  let terminal: Terminal;
  let rest: string[] = [];
  const type = (line: string) => terminal.type(line);
  const before_: Record<string, string> = {};

  before(async () => {
    await freshCopy();
    const pack = ["pack", "--ignore-scripts", "--pack-destination", archives];
    for (const words of [pack, [...pack, "--workspace", "pulumi-macvlan-lab"]])
      await execa("npm", words, { cwd: ROOT });
    const archiveOf = (start: RegExp) => join(archives, readdirSync(archives).find((file) => start.test(file)) ?? "");
    registry = new Registry(
      ROOT,
      new Map([
        [ROOT, archiveOf(/^pulumi-macvlan-\d/)],
        [join(ROOT, "lab"), archiveOf(/^pulumi-macvlan-lab-/)],
      ]),
    );
    await registry.start();
    writeFileSync(join(home, ".npmrc"), `registry=${registry.url}\n`);
    // As npm's: what pip would fetch is there already.
    mkdirSync(join(home, ".config", "pip"), { recursive: true });
    const pip = `[global]\nno-index = true\nfind-links = ${await wheelFolder()}\n`;
    writeFileSync(join(home, ".config", "pip", "pip.conf"), pip);
    mkdirSync(join(home, ".cache"));
    symlinkSync(cacheFolder(), join(home, ".cache", "pulumi-macvlan"));
    terminal = new Terminal(copy, { HOME: home, PATH: process.env["PATH"] ?? "" });
  });
  after(async () => {
    terminal?.close();
    registry?.stop();
    await lab.down();
    for (const folder of [home, archives]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("in README.md works, and so does what npm start ends with", async () => {
    for (const line of commandsIn(read("README.md"))) {
      const printed = await type(line);
      if (!line.startsWith("npm start")) continue;
      const told = commandsPrinted(printed);
      const examplesComeFirst = told.findIndex((command) => command.startsWith("npm run lab"));
      assert.ok(examplesComeFirst > 4, printed);
      for (const command of told.slice(0, examplesComeFirst)) await type(command);
      rest = told.slice(examplesComeFirst);
    }
    for (const { name } of HOSTS) before_[name] = await snapshot(name, lab);
  });

  it("has an example for each scenario", () => {
    const scenarios = new Set(examples.map((name) => /^s\d/.exec(name)?.[0]).filter(Boolean));
    assert.deepEqual([...scenarios], ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"]);
  });

  for (const name of examples) {
    it(`in ${name} builds it, proves it, and takes it away without a trace`, async () => {
      if (name === "s9-swarm") await joinSwarm(lab);
      try {
        await type(`cd ${copy} && rm -rf ~/${name} && cp -r examples/${name} ~/${name} && cd ~/${name}`);
        for (const line of commandsIn(read("examples", name, "README.md"))) {
          await type(line);
          if (!line.startsWith("pulumi up")) continue;
          if (!WITHOUT_PROBES.includes(name)) {
            const results = output<ProbeResult[]>(await type("pulumi stack output results --json"));
            assert.ok(results.length > 0, "it proves nothing");
            for (const { expect, found, name: probe } of results) assert.equal(found, expect, probe);
          }
          await MORE[name]?.(type);
        }
        if (name === "s9-swarm") await leaveSwarm(lab);
      } catch (error) {
        // What is left of it must not fail the others.
        await lab.reset();
        throw error;
      }
      for (const host of Object.keys(before_)) assertSame(await snapshot(host, lab), before_[host] ?? "");
    });
  }

  it("in README.md of scan takes over what stands on a host of the lab", async () => {
    const started = () =>
      on("host1", "docker inspect -f '{{.State.StartedAt}} {{.NetworkSettings.Networks.mac10.NetworkID}}' d1", lab);
    const scan = commandsIn(read("README.md")).find((line) => line.includes("pulumi-macvlan scan")) ?? "";
    try {
      await on("host1", TYPED_BY_HAND, lab);
      const before = await started();
      const printed = await type(`cd ${copy} && rm -rf ~/my-lan && export PULUMI_CONFIG_PASSPHRASE= && ${scan}`);
      const [, next = ""] = /Next: (.*)/.exec(printed) ?? [];
      await type(next.replace("<name>", "dev"));
      assert.equal(await started(), before);
      await type("npx tsc && pulumi preview --expect-no-changes");
      await on("host1", "docker rm -f d1 >/dev/null", lab);
      await type("pulumi destroy");
    } catch (error) {
      await lab.reset();
      throw error;
    }
    for (const host of Object.keys(before_)) assertSame(await snapshot(host, lab), before_[host] ?? "");
  });

  it("at the end of npm start ends the lab", async () => {
    await type(`cd ${copy}`);
    for (const line of rest) await type(line);
    assert.equal(lab.running, false);
  });
});
