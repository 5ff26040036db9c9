import assert from "node:assert/strict";
import type { Described, Scanned } from "../../../provider/scan/read";
import { topologyIn } from "../../../provider/scan/topology";

type Props = Record<string, unknown>;

const vlan = (vlanId: number, more: Props = {}): Described => {
  const inputs = { parent: "eth0", vlanId, name: `eth0.${vlanId}`, persist: false, adopt: true, ...more };
  return { type: "VlanSubinterface", name: inputs.name, containers: [], drift: [], inputs };
};
const network = (
  parent: string,
  subnet: Props,
  more: Props = {},
  addresses: Record<string, string[]> = {},
): Described => {
  const subnets = [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ...subnet }];
  const inputs = { name: "mac10", parent, driver: "macvlan", labels: {}, subnets, adopt: true, ...more };
  return {
    type: "MacvlanNetwork",
    name: inputs.name,
    containers: Object.keys(addresses),
    addresses,
    drift: [],
    inputs,
  };
};
const host = (name: string, ...described: Described[]): Scanned => {
  return { name, connection: { address: name }, described, leftOut: [], rules: [] };
};
const found = (...hosts: Scanned[]) => {
  const topology = topologyIn(hosts);
  return topology && (({ hosts: all, vlans, probes, twice }) => ({ hosts: all, vlans, probes, twice }))(topology);
};
const low = { ipRange: "172.16.10.64/26" };
const high = { ipRange: "172.16.10.128/25" };

describe("what hosts have together", () => {
  it("is a topology with the ranges that are there", () =>
    assert.deepEqual(
      found(host("a", vlan(10), network("eth0.10", low)), host("b", vlan(10), network("eth0.10", high))),
      {
        hosts: {
          a: { parent: "eth0", ranges: ["172.16.10.64/26"] },
          b: { parent: "eth0", ranges: ["172.16.10.128/25"] },
        },
        vlans: {
          mac10: { vlanId: 10, driver: "macvlan", subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1" }] },
        },
        probes: [],
        twice: [],
      },
    ));

  it("is unplanned where each hands out all of a subnet, and its containers prove it", () => {
    const topology = found(
      host("a", vlan(10), network("eth0.10", {}, {}, { db: ["172.16.10.12"], web: ["172.16.10.10", "fd00::a"] })),
      host("b", vlan(10), network("eth0.10", {}, {}, { host: ["172.16.10.13"], none: [] })),
      host("c", vlan(10), network("eth0.10", {}, {}, { again: ["172.16.10.10"], cache: ["172.16.10.11"] })),
    );
    assert.equal(topology?.vlans["mac10"]?.["unplanned"], true);
    assert.deepEqual(topology?.vlans["mac10"]?.["subnets"], [
      {
        subnet: "172.16.10.0/24",
        gateway: "172.16.10.1",
        reserved: ["172.16.10.10", "172.16.10.11", "172.16.10.12", "172.16.10.13"],
      },
    ]);
    assert.deepEqual(topology?.twice, [["mac10", "172.16.10.10", ["web (a)", "again (c)"]]]);
    assert.deepEqual(topology?.probes, [
      {
        name: "db to cache in mac10",
        from: { host: "a", container: "db" },
        to: "172.16.10.11",
        expect: "reachable",
      },
    ]);
  });

  it("names the hosts of a VLAN, and their interfaces, where they are not all and not the same", () => {
    const nas = { name: "nas", subnets: [{ subnet: "172.16.20.0/24", gateway: "172.16.20.1" }] };
    const topology = found(
      host("a", vlan(10), vlan(20), network("eth0.10", {}), network("eth0.20", {}, nas)),
      host("b", vlan(10), vlan(20), network("eth0.10", {}), network("eth0.20", {}, nas)),
      host("c", vlan(10, { parent: "eth1", name: "eth1.10" }), network("eth1.10", {})),
      host("d", vlan(10), network("eth0.10", {}), network("eth1", {}, { ...nas, driver: "ipvlan" })),
    );
    assert.deepEqual(topology?.hosts, {
      a: { parent: "eth0" },
      b: { parent: "eth0" },
      c: { parent: "eth1" },
      d: { parent: "eth0" },
    });
    assert.deepEqual(topology?.vlans["nas"]?.["hosts"], ["a", "b"]);
    const both = found(
      host("a", vlan(10), network("eth0.10", {}), network("eth1", {}, nas)),
      host("b", vlan(10), network("eth0.10", {}), network("eth0", {}, nas)),
    );
    assert.deepEqual(both?.vlans["nas"]?.["parent"], { a: "eth1" });
    assert.equal(both?.vlans["nas"]?.["vlanId"], undefined);
  });

  const alone: [what: string, ...hosts: Scanned[]][] = [
    ["of one host", host("a", vlan(10), network("eth0.10", {}))],
    ["of one host that was named twice", host("a", network("eth0", {})), host("a", network("eth0", {}))],
    ["with ranges that overlap", host("a", network("eth0", low)), host("b", network("eth0", low))],
    [
      "with the gateway in a range",
      host("a", network("eth0", { ipRange: "172.16.10.0/26" })),
      host("b", network("eth0", high)),
    ],
    ["with a range on one host alone", host("a", network("eth0", low)), host("b", network("eth0", {}))],
    ["without a gateway", ...["a", "b"].map((name) => host(name, network("eth0", { gateway: undefined })))],
    [
      "with addresses that are kept out",
      ...["a", "b"].map((name) => host(name, network("eth0", { auxAddresses: { printer: "172.16.10.9" } }))),
    ],
    ["of two VLANs", host("a", vlan(10), network("eth0.10", {})), host("b", vlan(11), network("eth0.11", {}))],
    ["of two modes", host("a", network("eth0", {}, { mode: "private" })), host("b", network("eth0", {}))],
    [
      "on an interface of another name",
      ...["a", "b"].map((name) => host(name, vlan(10, { name: "lan" }), network("lan", {}))),
    ],
    [
      "on an interface with addresses",
      ...["a", "b"].map((name) => host(name, vlan(10, { addresses: ["10.0.0.1/8"] }), network("eth0.10", {}))),
    ],
    [
      "on a VLAN in a VLAN",
      ...["a", "b"].map((name) =>
        host(name, vlan(10), vlan(20, { parent: "eth0.10", name: "eth0.10.20" }), network("eth0.10.20", {})),
      ),
    ],
    [
      "whose range has an address of its host itself",
      { ...host("a", network("eth0", low)), connection: { address: "172.16.10.70" } },
      host("b", network("eth0", high)),
    ],
  ];
  for (const [what, ...hosts] of alone)
    it(`is no topology: a network ${what}`, () => assert.equal(topologyIn(hosts), undefined));

  it("leaves out what can't stand beside the rest", () => {
    const other = { name: "other", subnets: [{ subnet: "172.16.0.0/16", gateway: "172.16.0.1" }] };
    const topology = found(
      ...["a", "b"].map((name) => host(name, network("eth0", {}), network("eth1", {}, other), vlan(30))),
    );
    assert.deepEqual(Object.keys(topology?.vlans ?? {}), ["mac10"]);
  });
});
