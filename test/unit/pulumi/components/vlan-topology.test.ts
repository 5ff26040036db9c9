import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { VlanTopologyArgs } from "pulumi-macvlan";
import { canonical } from "../../../../provider/vocabulary/values";
import { made, mock, settled } from "../../mocks";

const nic = { connection: { address: "192.0.2.1" }, parent: "enp0s8" };

/** What each child was made with, by type and name. */
const options: Record<string, { aliases: string[]; after: string[] }> = {};

const urnName = (of: unknown): string => (of as { __name: string }).__name;

async function make(args: VlanTopologyArgs) {
  mock();
  for (const key of Object.keys(options)) delete options[key];
  const { VlanTopology } = await import("pulumi-macvlan");
  const seen: pulumi.ResourceTransformation = ({ type, name, opts }) => {
    const { aliases = [], dependsOn = [] } = opts;
    options[`${type.split(":").at(-1)} ${name}`] = {
      aliases: (aliases as { name: string }[]).map((alias) => alias.name),
      after: (dependsOn as pulumi.Resource[]).map(urnName),
    };
    return undefined;
  };
  return new VlanTopology("lan", args, { transformations: [seen] });
}

/** All resources that were made, by type and name, once none comes any more. */
async function all(): Promise<Record<string, Record<string, unknown>>> {
  await settled("AddressPlan");
  for (let count = -1; count !== made.length; ) {
    count = made.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return Object.fromEntries(made.map(({ type, name, inputs }) => [`${type.split(":").at(-1)} ${name}`, inputs]));
}

const resolved = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });

describe("VlanTopology", () => {
  it("makes everything of one description, with names that stay, and ranges of each host's own", async () => {
    const topology = await make({
      hosts: { host1: nic, host2: { connection: { address: "192.0.2.2" }, parent: "eth1" } },
      vlans: {
        mac10: { vlanId: 100, subnets: ["172.16.10.0/24", "fd00:10::/64"], mtu: 1400 },
        lan: { subnets: ["172.16.20.0/24"], hosts: ["host2"], parent: { host2: "eth20" }, driver: "ipvlan" },
      },
      router: {
        name: "team1",
        connection: { address: "192.0.2.3" },
        parent: "enp0s8",
        vlans: ["mac10"],
        nat: [{ outInterface: "enp0s9" }],
        policy: { default: "drop", rules: [{ from: "mac10", to: "10.0.0.0/8", action: "accept" }] },
      },
      shims: ["mac10"],
      persist: false,
      forget: ["host3"],
    });
    const found = await all();
    assert.deepEqual(Object.keys(found).sort(), [
      "AddressPlan lan",
      "HostShim lan-host1-mac10",
      "HostShim lan-host2-mac10",
      "InterVlanRouter lan-router",
      "MacvlanLink lan-host1-mac10",
      "MacvlanLink lan-host2-mac10",
      "MacvlanNetwork lan-host1-mac10",
      "MacvlanNetwork lan-host2-lan",
      "MacvlanNetwork lan-host2-mac10",
      "Readiness lan-ready",
      "VlanSubinterface lan-host1-mac10",
      "VlanSubinterface lan-host2-mac10",
      "VlanSubinterface lan-router-mac10",
      "VlanTopology lan",
    ]);
    assert.deepEqual(found["AddressPlan lan"]?.["forget"], ["host3"]);
    const { parent, vlanId, mtu, persist } = found["VlanSubinterface lan-host2-mac10"] ?? {};
    assert.deepEqual({ parent, vlanId, mtu, persist }, { parent: "eth1", vlanId: 100, mtu: 1400, persist: false });
    assert.deepEqual(found["MacvlanNetwork lan-host2-mac10"]?.["subnets"], [
      { subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/27" },
      { subnet: "fd00:10::/64", gateway: "fd00:10::1", ipRange: "fd00:10:0:0:2::/80" },
    ]);
    assert.deepEqual(
      ["parent", "name", "driver"].map((field) => found["MacvlanNetwork lan-host2-lan"]?.[field]),
      ["eth20", "lan", "ipvlan"],
    );
    const shim = found["MacvlanLink lan-host2-mac10"] ?? {};
    assert.equal(shim["name"], "shim-mac10");
    assert.deepEqual(shim["addresses"], ["172.16.10.3/32", "fd00:10::3/128"]);
    assert.deepEqual(shim["routes"], [{ to: "172.16.10.64/27" }, { to: "fd00:10:0:0:2::/80" }]);
    const router = found["InterVlanRouter lan-router"] ?? {};
    assert.equal(router["name"], "team1");
    assert.deepEqual(router["interfaces"], [
      { interface: "enp0s8.100", addresses: ["172.16.10.1/24", "fd00:10::1/64"] },
    ]);
    assert.deepEqual(router["nat"], [{ outInterface: "enp0s9" }]);
    assert.deepEqual(router["policy"], {
      default: "drop",
      rules: [{ from: "enp0s8.100", to: "10.0.0.0/8", action: "accept" }],
    });
    assert.deepEqual(Object.keys(topology.networks["host2"] ?? {}), ["mac10", "lan"]);
    assert.equal((await resolved(topology.plan))["172.16.10.0/24"]?.hosts["host1"]?.shim, "172.16.10.2");
    assert.match(await resolved(topology.diagram), /vlan_mac10 ---\|"172\.16\.10\.1<br>fd00:10::1"\| router/);
  });

  it("asks its hosts for just what its children are given, whatever that is", async () => {
    const dhcp = { first: "172.16.10.200", last: "172.16.10.220" };
    const args: VlanTopologyArgs = {
      hosts: { host1: nic, host2: { connection: { address: "192.0.2.2" }, parent: pulumi.output("eth1"), size: 16 } },
      vlans: {
        mac10: {
          vlanId: 100,
          subnets: ["172.16.10.0/24", "fd00:10::/64"],
          mtu: 1400,
          gateway: "172.16.10.9",
          advertise: true,
          dhcp,
        },
        ip20: { vlanId: 200, subnets: [{ subnet: "172.16.20.0/24" }], driver: "ipvlan", mode: "l2", flag: "bridge" },
        lan: {
          subnets: ["172.16.30.0/24"],
          hosts: ["host2"],
          parent: { host2: "eth20" },
          mode: "vepa",
          internal: true,
        },
        outer20: { vlanId: 200, protocol: "802.1ad", subnets: ["172.16.21.0/24"] },
        many: {
          formerly: "some",
          vlanId: 300,
          subnets: ["172.16.40.0/24"],
          labels: { a: pulumi.output("b") },
          options: { c: "d" },
        },
      },
      router: {
        connection: { address: "192.0.2.3" },
        parent: "enp0s8",
        vlans: ["mac10", "ip20", "outer20"],
        nat: [{ outInterface: pulumi.output("enp0s9") }],
        allow: [
          { from: "mac10", to: "ip20", protocol: "tcp", ports: [443] },
          { from: "any", to: "mac10" },
        ],
      },
      shims: ["mac10", "ip20"],
      probe: true,
      persist: false,
    };
    const policy = {
      default: "accept" as const,
      rules: [{ from: "mac10", to: "10.0.0.0/8", action: "drop" as const }],
    };
    const { allow: _, ...router } = args.router ?? { connection: nic.connection, parent: "enp0s8" };
    const variants: VlanTopologyArgs[] = [
      args,
      { ...args, shims: false, probe: false, router: { ...router, policy, name: "second" } },
      {
        ...args,
        shims: false,
        router: undefined,
        swarm: { manager: "host2" },
        vlans: { many: args.vlans["many"] ?? { subnets: [] } },
      },
    ];
    for (const variant of variants) {
      await make(variant);
      const found = Object.entries(await all());
      const [, ready = {}] = found.find(([name]) => name.startsWith("Readiness")) ?? [];
      const hosts = ready["hosts"] as Record<string, { address: string }>;
      const wanted = ready["wanted"] as Record<string, Record<string, unknown[]>>;
      const plain = (inputs: unknown) => canonical(inputs);
      const asked = Object.entries(wanted).flatMap(([host, types]) =>
        Object.entries(types).flatMap(([type, list]) =>
          list.map((entry) => `${type} ${hosts[host]?.address} ${plain(entry)}`),
        ),
      );
      const given = found
        .filter(([, inputs]) => "host" in inputs)
        .map(([name, { host, credentials: _c, __owner, __provider, __urn, drift: _d, ...inputs }]) => {
          return `${name.split(" ")[0]} ${(host as { address: string }).address} ${plain(inputs)}`;
        });
      assert.ok(given.length > 4);
      assert.deepEqual(asked.sort(), given.sort());
    }
  });

  it("proves itself where it is asked to, with rules and probes from one declaration", async () => {
    const topology = await make({
      hosts: { host1: nic },
      vlans: {
        iot: { vlanId: 10, subnets: ["172.16.10.0/24"] },
        nas: { vlanId: 20, subnets: ["172.16.20.0/24"] },
      },
      router: {
        connection: { address: "192.0.2.3" },
        parent: "enp0s8",
        allow: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443] }],
      },
      prove: true,
      probes: [{ from: { host: "host1" }, to: "192.0.2.9", expect: "reachable" }],
    });
    const found = await all();
    assert.deepEqual(found["InterVlanRouter lan-router"]?.["policy"], {
      default: "drop",
      rules: [{ from: "enp0s8.10", to: "enp0s8.20", protocol: "tcp", ports: [443], action: "accept" }],
    });
    const proof = found["Reachability lan-proof"] ?? {};
    const probes = proof["probes"] as { port?: number; expect: string }[];
    assert.deepEqual(
      probes.map(({ port, expect }) => `${port ?? "icmp"} ${expect}`),
      ["icmp unreachable", "443 reachable", "9 unreachable", "icmp unreachable", "icmp reachable"],
    );
    assert.deepEqual(proof["hosts"], { host1: { address: "192.0.2.1" } });
    assert.ok(topology.proof);
    await assert.rejects(
      make({
        hosts: { host1: nic },
        vlans: { iot: { vlanId: 10, subnets: ["172.16.10.0/24"] } },
        router: { connection: { address: "192.0.2.3" }, parent: "enp0s8", allow: [], policy: {} },
      }),
      /router has both policy and allow: say it once/,
    );
  });

  it("says everything that is wrong before it makes anything", async () => {
    await assert.rejects(
      make({
        hosts: { host1: nic },
        vlans: { a: { vlanId: 5000, subnets: ["172.16.10.0/24"] }, b: { vlanId: 2, subnets: [] } },
      }),
      (error: Error) => {
        assert.match(error.message, /^VlanTopology "lan": vlans\.a\.vlanId "5000" is not a VLAN id/);
        assert.match(error.message, /\nvlans\.b\.subnets is empty/);
        return true;
      },
    );
    assert.deepEqual(
      made.map(({ type }) => type).filter((type) => !type.endsWith(":VlanTopology")),
      [],
    );
  });

  it("waits with its plan for a connection, not with what is known", async () => {
    await make({
      hosts: { host1: { ...nic, parent: pulumi.output("eth7") } },
      vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] } },
    });
    assert.equal((await all())["VlanSubinterface lan-host1-mac10"]?.["parent"], "eth7");
  });

  const vlans = {
    mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] },
    mac20: { vlanId: 200, subnets: ["172.16.20.0/24"], hosts: ["host1", "host2"] },
  };
  const router = { connection: { address: "192.0.2.3" }, parent: "enp0s8" };

  it("finds what was made under old names of hosts and VLANs", async () => {
    await make({
      hosts: { a: { ...nic, formerly: "host1" }, host2: { ...nic, connection: { address: "192.0.2.2" } } },
      vlans: { lan10: { ...vlans.mac10, formerly: "mac10" } },
      router,
      shims: ["lan10"],
      prove: true,
    });
    const both = ["lan-a-mac10", "lan-host1-lan10", "lan-host1-mac10"];
    for (const type of ["VlanSubinterface", "MacvlanNetwork", "HostShim"]) {
      assert.deepEqual(options[`${type} lan-a-lan10`]?.aliases, both, type);
      assert.deepEqual(options[`${type} lan-host2-lan10`]?.aliases, ["lan-host2-mac10"], type);
    }
    assert.deepEqual(options["VlanSubinterface lan-router-lan10"]?.aliases, ["lan-router-mac10"]);
    for (const kept of ["AddressPlan lan", "InterVlanRouter lan-router", "Reachability lan-proof"])
      assert.deepEqual(options[kept]?.aliases, [], kept);
    assert.deepEqual((await settled("AddressPlan")).inputs["hosts"], { a: { formerly: "host1" }, host2: {} });
  });

  it("calls on hosts what it was called there, whatever the program calls it", async () => {
    await make({
      hosts: { host1: nic, host2: { ...nic, connection: { address: "192.0.2.2" } } },
      vlans: {
        lan10: { ...vlans.mac10, formerly: "mac10" },
        lan20: { ...vlans.mac20, formerly: "mac20", network: "twenty" },
      },
      router: { ...router, allow: [{ from: "lan10", to: "lan20" }] },
      shims: ["lan10"],
      prove: true,
      probes: [
        { from: { host: "host1", network: "lan20" }, to: { host: "host2", network: "other" }, expect: "unreachable" },
      ],
    });
    const found = await all();
    assert.equal(found["MacvlanNetwork lan-host1-lan10"]?.["name"], "mac10");
    assert.equal(found["MacvlanNetwork lan-host1-lan20"]?.["name"], "twenty");
    assert.equal(found["MacvlanLink lan-host1-lan10"]?.["name"], "shim-mac10");
    const policy = found["InterVlanRouter lan-router"]?.["policy"] as { rules: object[] };
    assert.deepEqual(policy.rules, [{ from: "enp0s8.100", to: "enp0s8.200", action: "accept" }]);
    const probes = found["Reachability lan-proof"]?.["probes"] as { from: object; to: object }[];
    assert.deepEqual(probes[0]?.from, { host: "host1", network: "mac10" });
    assert.deepEqual(probes.at(-1), {
      from: { host: "host1", network: "twenty" },
      to: { host: "host2", network: "other" },
      expect: "unreachable",
    });
  });

  it("calls a Swarm's networks as they were called, and their parts", async () => {
    await make({
      hosts: { host1: nic },
      vlans: { lan10: { ...vlans.mac10, formerly: "mac10" } },
      swarm: { manager: "host1" },
    });
    const found = await all();
    assert.deepEqual(options["MacvlanNetwork lan-swarm-lan10"], {
      aliases: ["lan-swarm-mac10"],
      after: ["lan-ready", "lan-host1-lan10"],
    });
    const { name, configFrom } = found["MacvlanNetwork lan-swarm-lan10"] ?? {};
    assert.deepEqual([name, configFrom], ["mac10", "mac10-node"]);
    assert.equal(found["MacvlanNetwork lan-host1-lan10"]?.["name"], "mac10-node");
  });

  it("changes hosts in the order of its rollout, each batch after the proof of the one before, the router last and its legs first", async () => {
    const host = (last: number) => ({ ...nic, connection: { address: `192.0.2.${last}` } });
    await make({
      hosts: { host1: host(11), host2: host(12), host4: host(14), host5: host(15) },
      vlans,
      router,
      shims: ["mac10"],
      rollout: { canary: "host2", batches: [["host1", "host4"]] },
    });
    const found = await all();
    const waits = (entry: string) => options[entry]?.after;
    for (const type of ["VlanSubinterface", "MacvlanNetwork", "HostShim"]) {
      const leg = type === "MacvlanNetwork" ? ["lan-router-mac10"] : [];
      assert.deepEqual(waits(`${type} lan-host2-mac10`), ["lan-ready", ...leg], type);
      assert.deepEqual(waits(`${type} lan-host1-mac10`), ["lan-proof-1", ...leg], type);
      assert.deepEqual(waits(`${type} lan-host4-mac10`), ["lan-proof-1", ...leg], type);
      assert.deepEqual(waits(`${type} lan-host5-mac10`), ["lan-proof-2", ...leg], type);
    }
    assert.deepEqual(waits("MacvlanNetwork lan-host1-mac20"), ["lan-proof-1", "lan-router-mac20"]);
    assert.deepEqual(waits("Reachability lan-proof-1"), ["lan-ready"]);
    assert.deepEqual(waits("Reachability lan-proof-2"), ["lan-proof-1"]);
    assert.deepEqual(waits("InterVlanRouter lan-router"), ["lan-proof-2"]);
    for (const leg of ["mac10", "mac20"]) assert.deepEqual(waits(`VlanSubinterface lan-router-${leg}`), ["lan-ready"]);
    const [one = {}, two = {}] = [1, 2].map((proof) => found[`Reachability lan-proof-${proof}`]);
    const sent = (proof: Record<string, unknown>) =>
      (proof["probes"] as { from: { host: string; network?: string }; to: { host: string; network: string } }[]).map(
        ({ from, to }) => `${from.host}/${from.network ?? ""} to ${to.host}/${to.network}`,
      );
    assert.deepEqual(sent(one), ["host2/ to host2/mac10", "host2/mac20 to host2/mac20"]);
    assert.deepEqual(sent(two), [
      "host1/mac10 to host2/mac10",
      "host2/mac10 to host4/mac10",
      "host1/ to host1/mac10",
      "host4/ to host4/mac10",
      "host1/mac20 to host2/mac20",
    ]);
    assert.deepEqual(
      [one, two].map(({ hosts }) => Object.keys(hosts as object).sort()),
      [["host2"], ["host1", "host2", "host4"]],
    );
    assert.equal((one["triggers"] as unknown[]).length, 3, "two networks and a shim");
    assert.equal(found["Reachability lan-proof"], undefined, "the whole is proved where prove asks for it");
    assert.equal(found["Reachability lan-proof-3"], undefined);
  });

  it("refuses a rollout with a batch that nothing can show to work", async () => {
    await assert.rejects(
      make({
        hosts: { host1: nic, host2: { ...nic, connection: { address: "192.0.2.2" } } },
        vlans: { mac10: { ...vlans.mac10, mode: "private" } },
        rollout: { canary: "host2" },
      }),
      /^Error: VlanTopology "lan": rollout: no packet could show that host2 works \(mac10\)/,
    );
  });
});
