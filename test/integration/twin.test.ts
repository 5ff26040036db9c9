// A change tried on a twin, and what then really happens on the hosts: beside each other, the same.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { execa } from "execa";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { COMMAND, Project, ROOT } from "./pulumi";

/** What the examples' S4 is, with what is changed in it as words to replace. */
const PROGRAM = `import { MacvlanLink, VlanSubinterface, VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const nic = (name: string) => ({ connection: lab[name], parent: "enp0s8" });
new VlanTopology("lan", {
  hosts: { host1: nic("host1"), host2: nic("host2") },
  vlans: {
    iot: { vlanId: 100, subnets: ["172.16.10.0/24"] },
    nas: { vlanId: 200, subnets: ["172.16.20.0/24"] },
    cams: { vlanId: 300, subnets: ["172.16.30.0/24"], hosts: ["host1"] },
  },
  router: {
    connection: lab.host3,
    parent: "enp0s8",
    nat: [{ outInterface: "enp0s9" }],
    allow: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443] }],
  },
  prove: true,
  probes: [{ from: { host: "host1", network: "iot" }, to: { host: "host2", network: "nas" }, port: 443, expect: "reachable" }],
});
// more
void [MacvlanLink, VlanSubinterface];
`;

interface Case {
  what: string;
  /** Words of the program, and what becomes of them. */
  change: Record<string, string>;
  good: boolean;
  /** Connections that pass before and after: from iot to nas. */
  streams?: number;
  /** Part of npm test; all of them are of npm run test:twin. */
  short?: boolean;
}

const IOT = 'iot: { vlanId: 100, subnets: ["172.16.10.0/24"] }';
const NAS = 'nas: { vlanId: 200, subnets: ["172.16.20.0/24"] }';
const CAMS = '    cams: { vlanId: 300, subnets: ["172.16.30.0/24"], hosts: ["host1"] },\n';
const PROBES =
  '  probes: [{ from: { host: "host1", network: "iot" }, to: { host: "host2", network: "nas" }, port: 443, expect: "reachable" }],\n';
const ALLOW = 'allow: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443] }]';

const CASES: Case[] = [
  { what: "a wider subnet", change: { "172.16.10.0/24": "172.16.10.0/23" }, good: true, streams: 1, short: true },
  { what: "a port more", change: { "[443]": "[443, 445]" }, good: true, streams: 1 },
  { what: "another VLAN id", change: { "vlanId: 100": "vlanId: 101" }, good: true },
  { what: "a smaller MTU", change: { [IOT]: IOT.replace("vlanId", "mtu: 1400, vlanId") }, good: true },
  { what: "an IPv6 subnet more", change: { '"172.16.10.0/24"': '"172.16.10.0/24", "fd00:10::/64"' }, good: true },
  {
    what: "a VLAN more",
    change: { [CAMS]: `${CAMS}    lights: { vlanId: 400, subnets: ["172.16.40.0/24"] },\n` },
    good: true,
  },
  { what: "labels", change: { [NAS]: NAS.replace("vlanId", 'labels: { team: "store" }, vlanId') }, good: true },
  { what: "ways to own containers", change: { "prove: true": 'shims: ["iot"], prove: true' }, good: true },
  { what: "no way out", change: { 'nat: [{ outInterface: "enp0s9" }],': "" }, good: true },
  {
    what: "a host more",
    change: { 'host2: nic("host2") }': 'host2: nic("host2"), host3: nic("host3") }' },
    good: true,
  },
  { what: "a VLAN less that nobody uses", change: { [CAMS]: "" }, good: true },
  {
    what: "another gateway",
    change: { '["172.16.10.0/24"]': '[{ subnet: "172.16.10.0/24", gateway: "172.16.10.2" }]' },
    good: true,
  },
  {
    what: "a parent that is not there",
    change: { 'host1: nic("host1")': 'host1: { ...nic("host1"), parent: "enp0s88" }' },
    good: false,
    streams: 1,
    short: true,
  },
  { what: "a VLAN less in use", change: { [`    ${NAS},\n`]: "", [ALLOW]: "allow: []", [PROBES]: "" }, good: false },
  { what: "a policy that shuts out what a probe needs", change: { [ALLOW]: "allow: []" }, good: false, streams: 0 },
  {
    what: "a subnet in which a chosen address does not fit",
    change: { "172.16.20.0/24": "172.16.21.0/24" },
    good: false,
  },
  {
    what: "an MTU that the parent does not have",
    change: { [IOT]: IOT.replace("vlanId", "mtu: 9000, vlanId") },
    good: false,
  },
  {
    what: "a gateway outside",
    change: { '["172.16.10.0/24"]': '[{ subnet: "172.16.10.0/24", gateway: "172.16.99.1" }]' },
    good: false,
  },
  { what: "two VLANs of one id", change: { "vlanId: 200": "vlanId: 100" }, good: false },
  { what: "two VLANs in one subnet", change: { "172.16.20.0/24": "172.16.10.0/24" }, good: false },
  {
    what: "a host less with containers on it",
    change: { 'host1: nic("host1"), ': "", ', hosts: ["host1"]': "", 'host: "host1"': 'host: "host2"' },
    good: false,
  },
  {
    what: "another driver for those that live there",
    change: { [IOT]: IOT.replace("vlanId", 'driver: "ipvlan", vlanId') },
    good: false,
  },
  {
    what: "a router on an interface that is not there",
    change: { 'connection: lab.host3,\n    parent: "enp0s8"': 'connection: lab.host3,\n    parent: "eth7"' },
    good: false,
  },
  {
    what: "an address that cuts SSH off",
    change: {
      "// more":
        'new VlanSubinterface("cut", { host: lab.host1, parent: "enp0s3", vlanId: 5, addresses: ["10.77.0.1/24"] });',
    },
    good: false,
  },
];

interface Told {
  sentence: string;
  tried: {
    base: { worked: boolean };
    asked: number;
    streams: number;
    failed: string[];
    up?: { worked: boolean; said: string[] };
    told: string[];
    took: number;
    silent: { container: string; lost: boolean }[];
  };
}

/** Who stands on the networks, and whether a user chose the address. */
const CONTAINERS = [
  ["host1", "bulb", "iot", ""],
  ["host2", "hub", "iot", ""],
  ["host2", "db", "nas", "--ip 172.16.20.200"],
] as const;

describe("a twin", function () {
  this.timeout(600_000);
  const stack = new Project("twin", PROGRAM);
  const asItWas: Record<string, string> = {};
  const table = new Table({
    head: ["change", "on the twin", "on the hosts", "seconds"],
    style: { head: [], border: [] },
  });
  const HOSTS = ["host1", "host2", "host3"];

  /** The changed program, as in another branch. */
  function changed(change: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-changed-"));
    let text = PROGRAM;
    for (const [from, to] of Object.entries(change)) {
      assert.ok(text.includes(from), `the program has no ${from}`);
      text = text.replaceAll(from, to);
    }
    for (const file of ["Pulumi.yaml", "package.json", "tsconfig.json", `Pulumi.${stack.name}.yaml`])
      cpSync(join(stack.folder, file), join(folder, file));
    writeFileSync(join(folder, "index.ts"), text);
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    return folder;
  }

  const inFolder = async (folder: string) => {
    const words = ["up", "--yes", "--skip-preview", "--stack", stack.name, "--non-interactive"];
    return execa("pulumi", words, { cwd: folder, env: stack.env, stdin: "ignore", reject: false, all: true });
  };

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    for (const host of HOSTS) asItWas[host] = await snapshot(host);
    await stack.init();
    await stack.good("up", "--yes", "--skip-preview");
    for (const [host, name, network, chosen] of CONTAINERS)
      await on(host, `docker run -d --name ${name} --network ${network} ${chosen} busybox sleep 100000`);
    await stack.good("refresh", "--yes", "--skip-preview");
  });
  after(async () => {
    console.log(`what a twin said, and what then happened:\n${table}`);
    for (const [host, name] of CONTAINERS) await on(host, `docker rm -f ${name}`);
    await stack.good("destroy", "--yes", "--skip-preview");
    stack.end();
    for (const host of HOSTS) assertSame(await snapshot(host), asItWas[host] ?? "");
  });

  for (const { what, change, good, streams, short } of CASES) {
    if (!short && !process.env["FAULTS"]) continue;
    it(`says of ${what} what then happens on the hosts: ${good ? "it goes well" : "it does not"}`, async () => {
      const folder = changed(change);
      try {
        const before = await Promise.all(HOSTS.map((host) => snapshot(host)));
        const words = ["twin", "--base", stack.folder, "--changed", folder, "--stack", stack.name, "--format", "json"];
        const { stdout, stderr, exitCode } = await execa(process.execPath, [COMMAND, ...words], {
          cwd: folder,
          env: stack.env,
          stdin: "ignore",
          reject: false,
        });
        assert.match(stdout, /^\{/, `${exitCode} ${stderr}`);
        const { tried } = JSON.parse(stdout) as Told;
        const told = `${tried.told.join("\n")}\n${stderr}`;
        assert.ok(tried.base.worked, told);
        assert.deepEqual([tried.asked, tried.failed], [CONTAINERS.length, []], told);
        if (streams !== undefined) assert.equal(tried.streams, streams, told);
        // Nothing of it has reached a host of the stack.
        for (const [index, host] of HOSTS.entries()) assertSame(await snapshot(host), before[index] ?? "");
        const really = await inFolder(folder);
        const back = await inFolder(stack.folder);
        assert.equal(back.exitCode, 0, String(back.all));
        table.push([
          what,
          exitCode === 0 ? "well" : (tried.told[0] ?? ""),
          really.exitCode === 0 ? "well" : "fails",
          tried.took.toFixed(0),
        ]);
        assert.deepEqual(
          [exitCode === 0, tried.up?.worked, really.exitCode === 0],
          [good, good, good],
          `${told}\n${really.all}`,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
