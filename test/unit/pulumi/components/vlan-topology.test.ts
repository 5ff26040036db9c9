import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { VlanTopologyArgs } from "pulumi-macvlan";
import { made, mock, settled } from "../../mocks";

const nic = { connection: { address: "192.0.2.1" }, parent: "enp0s8" };

async function make(args: VlanTopologyArgs) {
  mock();
  const { VlanTopology } = await import("pulumi-macvlan");
  return new VlanTopology("lan", args);
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
});
