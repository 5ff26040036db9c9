import assert from "node:assert/strict";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { programOf } from "../../../provider/scan/program";
import type { Scanned } from "../../../provider/scan/read";

const ROOT = join(__dirname, "..", "..", "..", "..");

const scanned = (change: Partial<Scanned> = {}): Scanned => ({
  name: "host1",
  connection: {
    address: "host1.example",
    user: "ops",
    sudo: { password: "canary-of-sudo" },
    password: "canary-of-login",
  },
  described: [],
  leftOut: [],
  rules: [],
  ...change,
});

const textOf = (...hosts: Scanned[]): string =>
  programOf("lan", hosts).find(({ path }) => path === "index.ts")?.text ?? "";

const HOST = scanned({
  described: [
    {
      type: "MacvlanNetwork",
      name: "mac10",
      containers: ["db", "web"],
      drift: ["the interface is down"],
      inputs: {
        name: "mac10",
        parent: "enp0s8.100",
        driver: "macvlan",
        subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/26" }],
        labels: {},
        adopt: true,
      },
    },
    {
      type: "VlanSubinterface",
      name: "enp0s8.100",
      containers: [],
      holder: "systemd-networkd",
      drift: [],
      inputs: { parent: "enp0s8", vlanId: 100, name: "enp0s8.100", persist: false, adopt: true },
    },
    {
      type: "MacvlanLink",
      name: "shim0",
      containers: [],
      drift: [],
      inputs: {
        parent: "enp0s8.100",
        name: "shim0",
        kind: "macvlan",
        addresses: ["172.16.10.250/32"],
        routes: [{ to: "172.16.10.64/26" }],
        persist: false,
        adopt: true,
      },
    },
  ],
  leftOut: [{ what: "flannel.1", why: "Kubernetes' network makes it" }],
  rules: [{ command: "iptables-save", shows: "-A POSTROUTING -s 172.16.10.0/24 -o enp0s3 -j MASQUERADE" }],
});

describe("the program of what hosts have", () => {
  it("reads as people write, links before what stands on them", () =>
    assert.equal(
      textOf(HOST),
      `// What host1 had when pulumi-macvlan scan looked. The first \`pulumi up\` takes it over as it is: nothing but a mark is
// written. After that, \`adopt\` may go; with \`persist: true\` (or without a \`persist\`) a link is there again after a reboot.
import { MacvlanLink, MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";

// A secret is not written here (password, sudoPassword): give it by new pulumi.Config().requireSecret("…").
const host1 = { address: "host1.example", user: "ops", sudo: true, name: "host1" };

// systemd-networkd configures enp0s8.100, and goes on doing so: what is changed or deleted here is to be so in its files, too.
const host1Vlan100 = new VlanSubinterface("host1-vlan100", {
  host: host1,
  parent: "enp0s8",
  vlanId: 100,
  persist: false,
  adopt: true,
});

new MacvlanLink("host1-shim0", {
  host: host1,
  parent: host1Vlan100.name,
  name: "shim0",
  kind: "macvlan",
  addresses: ["172.16.10.250/32"],
  routes: [{ to: "172.16.10.64/26" }],
  persist: false,
  adopt: true,
});

// On it: db, web.
// The first \`pulumi up\` puts this right: the interface is down.
new MacvlanNetwork("host1-mac10", {
  host: host1,
  parent: host1Vlan100.name,
  name: "mac10",
  driver: "macvlan",
  subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/26" }],
  adopt: true,
});

// What no resource of these describes stays as it is; an InterVlanRouter would say it anew:
//   -A POSTROUTING -s 172.16.10.0/24 -o enp0s3 -j MASQUERADE    (iptables-save)
// Left out: flannel.1: Kubernetes' network makes it.
`,
    ));

  it("has a topology of what hosts have together, after their connections and before what stands on it", () => {
    const network = (host: string, container: string, address: string): Scanned => ({
      ...HOST,
      name: host,
      connection: { address: `${host}.example` },
      described: HOST.described.map((entry) => ({
        ...entry,
        drift: [],
        ...(entry.type === "MacvlanNetwork" && {
          containers: [container],
          addresses: { [container]: [address] },
          inputs: { ...entry.inputs, subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1" }] },
        }),
      })),
    });
    const other = network("host2", "web", "172.16.10.11");
    const text = textOf(network("host1", "db", "172.16.10.10"), {
      ...other,
      described: other.described.filter(({ type }) => type !== "MacvlanLink"),
      leftOut: [],
      rules: [],
    });
    assert.equal(
      text.slice(text.indexOf("\nimport")),
      `
import { MacvlanLink, VlanTopology } from "pulumi-macvlan";

const host1 = { address: "host1.example", name: "host1" };

const host2 = { address: "host2.example", name: "host2" };

// On mac10: db (host1), web (host2).
// Each host hands out all of mac10: two may give one address twice. Without \`unplanned\` each gets a range of its own, for
// which its network is made anew; its containers keep their addresses, which are \`reserved\`.
// The probes are sent after every change: those of containers that are gone have to go, too.
// systemd-networkd configures enp0s8.100 on host1, and goes on doing so: what is changed or deleted here is to be so in its files, too.
// systemd-networkd configures enp0s8.100 on host2, and goes on doing so: what is changed or deleted here is to be so in its files, too.
const lan = new VlanTopology("lan", {
  hosts: { host1: { connection: host1, parent: "enp0s8" }, host2: { connection: host2, parent: "enp0s8" } },
  vlans: {
    mac10: {
      vlanId: 100,
      driver: "macvlan",
      subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", reserved: ["172.16.10.10", "172.16.10.11"] }],
      unplanned: true,
    },
  },
  probes: [
    { name: "db to web in mac10", from: { host: "host1", container: "db" }, to: "172.16.10.11", expect: "reachable" },
  ],
  persist: false,
  adopt: true,
});

new MacvlanLink("host1-shim0", {
  host: host1,
  parent: lan.networks.host1.mac10.parent,
  name: "shim0",
  kind: "macvlan",
  addresses: ["172.16.10.250/32"],
  routes: [{ to: "172.16.10.64/26" }],
  persist: false,
  adopt: true,
});

// What no resource of these describes on host1 stays as it is; an InterVlanRouter would say it anew:
//   -A POSTROUTING -s 172.16.10.0/24 -o enp0s3 -j MASQUERADE    (iptables-save)
// Left out on host1: flannel.1: Kubernetes' network makes it.
`,
    );
  });

  it("is the same whenever it is written, and has no secret", () => {
    assert.equal(textOf(HOST), textOf(structuredClone(HOST)));
    assert.doesNotMatch(JSON.stringify(programOf("lan", [HOST])), /canary-of/);
  });

  it("gives each resource and each variable a name of its own", () => {
    const other = scanned({ ...HOST, name: "host-1" });
    const names = [...textOf(HOST, other, other).matchAll(/^(?:const (\w+) = )?new \w+\("([^"]+)"/gm)].map(
      ([, variable, name]) => [variable, name],
    );
    assert.equal(new Set(names.map(([, name]) => name)).size, 9);
    const variables = names.flatMap(([variable]) => (variable ? [variable] : []));
    assert.equal(new Set(variables).size, variables.length);
    assert.equal(
      [...textOf(HOST, other).matchAll(/^const (\w+) = \{/gm)].map(([, name]) => name).join(),
      "host1,host12",
    );
  });

  it("writes what somebody named so that it stays one value", () => {
    const [evil] = HOST.described;
    assert.ok(evil);
    const text = textOf(
      scanned({
        described: [
          { ...evil, containers: ["a\n} process.exit();"], inputs: { ...evil.inputs, labels: { 'a"b': "`x`" } } },
        ],
        rules: [{ command: "iptables-save", shows: "a\rb" }],
      }),
    );
    assert.match(text, /^ {2}labels: \{ 'a"b': "`x`" \},$/m);
    assert.match(text, /^\/\/ On it: a } process\.exit\(\);\.$/m);
    assert.match(text, /^\/\/ {3}a b {4}\(iptables-save\)$/m);
  });

  it("has nothing of a connection that is no field of one, and no word of the language as a variable", () => {
    const bastion = { address: "gate", ansible_password: "canary-of-gate" };
    const connection = { address: "host1", sudoPassword: "canary-of-sudo", bastion };
    const text = textOf(scanned({ name: "switch", connection }));
    assert.match(text, /^const switch2 = \{ address: "host1", bastion: \{ address: "gate" \}, name: "switch" \};$/m);
    assert.doesNotMatch(text, /canary-of|A secret is not written/);
  });

  it("is formatted as this package's own text is", async () => {
    const word = fc.string({ minLength: 1, maxLength: 24 });
    const subnet = fc.record(
      {
        subnet: fc.constantFrom("172.16.10.0/24", "fd00:10::/64"),
        gateway: fc.constantFrom("172.16.10.1", "fd00:10::1"),
        ipRange: fc.constant("172.16.10.64/26"),
        auxAddresses: fc.dictionary(word, fc.constant("172.16.10.9"), { maxKeys: 3 }),
      },
      { requiredKeys: ["subnet"] },
    );
    const states = fc.sample(
      fc.record({
        name: fc.constantFrom<string>("host1", "root@192.0.2.1", "a-host-of-somebody-with-quite-a-name.example.org"),
        address: fc.constantFrom<string>("192.0.2.1", "a-host-of-somebody-with-quite-a-name.example.org"),
        labels: fc.dictionary(word, word, { maxKeys: 4 }),
        subnets: fc.array(subnet, { minLength: 1, maxLength: 3 }),
        addresses: fc.array(fc.constantFrom<string>("172.16.10.250/32", "fd00:10::250/128"), { maxLength: 6 }),
        routes: fc.array(
          fc.record({ to: fc.constant("172.16.10.64/26"), via: fc.constant("172.16.10.9") }, { requiredKeys: ["to"] }),
          { maxLength: 3 },
        ),
      }),
      { numRuns: 60, seed: 20261127 },
    );
    // At the very end of a line.
    const lengths = Array.from({ length: 60 }, (_, at) => "x".repeat(55 + at));
    const edges = lengths.map((long): (typeof states)[number] => ({
      name: "host1",
      address: long,
      labels: { a: long },
      subnets: [{ subnet: "172.16.10.0/24", auxAddresses: { [long.slice(30)]: "172.16.10.9" } }],
      addresses: [long.slice(20), "172.16.10.250/32"],
      routes: [],
    }));
    const texts = [...states, ...edges].map(({ name, address, labels, subnets, addresses, routes }, at) => {
      const network = { ...HOST.described[0], inputs: { name: "mac10", parent: "enp0s8.100", subnets, labels } };
      const link = { ...HOST.described[2], inputs: { parent: "enp0s8.100", name: "shim0", addresses, routes } };
      const host = scanned({ name, connection: { address }, described: [network, link] as Scanned["described"] });
      return textOf(host, ...(at % 2 ? [{ ...host, name: "host2" }] : []));
    });
    const formatter = execa("npx", ["biome", "format", "--stdin-file-path=index.ts"], {
      cwd: ROOT,
      input: texts.join("\n"),
    });
    assert.equal((await formatter).stdout, texts.join("\n").trimEnd());
  });

  it("is a project that says what it needs", () => {
    const files = new Map(programOf("my-lan", [HOST]).map(({ path, text }) => [path, text]));
    assert.deepEqual([...files.keys()], ["index.ts", "Pulumi.yaml", "package.json", "tsconfig.json"]);
    const { name, dependencies } = JSON.parse(files.get("package.json") ?? "");
    assert.equal(name, "my-lan");
    assert.match(dependencies["pulumi-macvlan"], /^\d+\.\d+\.\d+/);
    assert.match(
      files.get("Pulumi.yaml") ?? "",
      /^name: "my-lan"\nruntime: nodejs\ndescription: "The networks of host1"\n/,
    );
  });
});
