import assert from "node:assert/strict";
import { forgetClaims } from "../../../provider/core/claims";
import { UNKNOWN } from "../../../provider/core/lifecycle";
import { handlers } from "../../../provider/handlers";
import { HOST, RIGHT, type Type } from "../inputs";

const check = async (type: Type, inputs: object) => handlers.check(type, {}, inputs as never);

describe("check", () => {
  beforeEach(forgetClaims);

  const normalised: [string, Type, object, object][] = [
    ["fills in the name", "VlanSubinterface", {}, { name: "enp0s8.100" }],
    ["reads numbers given as text", "VlanSubinterface", { vlanId: "100" }, { vlanId: 100, name: "enp0s8.100" }],
    [
      "spells out defaults",
      "VlanSubinterface",
      {},
      { protocol: "802.1Q", reorderHeader: true, promiscuous: false, addresses: [], persist: true, adopt: false },
    ],
    [
      "sorts and spells addresses in one way",
      "VlanSubinterface",
      { addresses: ["FD00:0::2/64", "10.0.0.2/24", "10.0.0.2/24"] },
      { addresses: ["10.0.0.2/24", "fd00::2/64"] },
    ],
    [
      "sorts QoS maps and drops zeros",
      "VlanSubinterface",
      { egressQosMap: { 10: 1, 2: "3", 4: 0 } },
      { egressQosMap: { 2: 3, 10: 1 } },
    ],
    [
      "spells a MAC address in one way",
      "MacvlanLink",
      { macAddress: "02-42-AC-10-0A-02" },
      { macAddress: "02:42:ac:10:0a:02" },
    ],
    [
      "sorts routes",
      "MacvlanLink",
      { routes: [{ to: "10.2.0.0/16" }, { to: "10.1.0.0/16" }] },
      { routes: [{ to: "10.1.0.0/16" }, { to: "10.2.0.0/16" }] },
    ],
    ["sorts labels", "MacvlanNetwork", { labels: { b: "2", a: "1" } }, { labels: { a: "1", b: "2" } }],
    [
      "sorts subnets, IPv4 first",
      "MacvlanNetwork",
      { subnets: [{ subnet: "FD00:1::/64" }, { subnet: "172.16.10.0/24", gateway: "172.16.10.1" }] },
      { subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1" }, { subnet: "fd00:1::/64" }] },
    ],
    [
      "drops what is empty",
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.0/24", auxAddresses: {} }] },
      { subnets: [{ subnet: "172.16.10.0/24" }] },
    ],
    ["gives a policy its defaults", "InterVlanRouter", { policy: {} }, { policy: { default: "accept", rules: [] } }],
    [
      "spells ports in one way",
      "InterVlanRouter",
      {
        policy: {
          rules: [{ from: "any", to: "any", protocol: "tcp", ports: [443, "80-80", "8000-8100"], action: "accept" }],
        },
      },
      {
        policy: {
          default: "accept",
          rules: [{ from: "any", to: "any", protocol: "tcp", ports: ["443", "80", "8000-8100"], action: "accept" }],
        },
      },
    ],
  ];
  for (const [what, type, change, expected] of normalised) {
    it(`${type}: ${what}`, async () => {
      const { inputs, failures } = await check(type, { ...RIGHT[type], ...change });
      assert.deepEqual(failures, []);
      for (const [key, value] of Object.entries(expected))
        assert.equal(JSON.stringify(inputs[key]), JSON.stringify(value), key);
    });
  }

  const refused: [Type, object, string, RegExp][] = [
    ["VlanSubinterface", { vlanId: 0 }, "vlanId", /"0" is not a VLAN id: a whole number from 1 to 4094/],
    ["VlanSubinterface", { vlanId: 4095 }, "vlanId", /"4095" is not a VLAN id/],
    ["VlanSubinterface", { vlanId: "x" }, "vlanId", /"x" is not a VLAN id/],
    ["VlanSubinterface", { vlanId: undefined }, "vlanId", /is missing/],
    ["VlanSubinterface", { vlanid: 3 }, "vlanid", /is no input of VlanSubinterface: its inputs are parent, vlanId/],
    ["VlanSubinterface", { name: "sixteen-bytes-xx" }, "name", /16 bytes: the kernel allows at most 15/],
    [
      "VlanSubinterface",
      { parent: "longparent123", vlanId: 100 },
      "name",
      /"longparent123.100", made of parent and vlanId 100, has 17 bytes/,
    ],
    ["VlanSubinterface", { name: "enp0s8" }, "name", /the parent's own name/],
    ["VlanSubinterface", { parent: "a$(id)" }, "parent", /is no interface name/],
    ["VlanSubinterface", { parent: "-x" }, "parent", /is no interface name/],
    ["VlanSubinterface", { parent: "all" }, "parent", /is no interface name/],
    [
      "VlanSubinterface",
      { addresses: ["172.16.10.0/24"] },
      "addresses[0]",
      /is the network itself: give an address inside 172.16.10.0\/24/,
    ],
    ["VlanSubinterface", { addresses: ["172.16.10.255/24"] }, "addresses[0]", /broadcast address/],
    ["VlanSubinterface", { addresses: ["172.16.10.2"] }, "addresses[0]", /no prefix length/],
    ["VlanSubinterface", { mtu: 67 }, "mtu", /from 68 to 65535/],
    ["VlanSubinterface", { ingressQosMap: { 8: 1 } }, "ingressQosMap", /"8" is no key/],
    ["VlanSubinterface", { host: { address: "a b" } }, "host.address", /DNS name, an IP address or a Host alias/],
    ["VlanSubinterface", { host: { ...HOST, hostKey: "nonsense" } }, "host.hostKey", /OpenSSH public keys/],
    ["MacvlanLink", { mode: "vepa" }, "mode", /"bridge" or "private"/],
    ["MacvlanLink", { macAddress: "01:00:5e:00:00:01" }, "macAddress", /multicast/],
    [
      "MacvlanLink",
      { routes: [{ to: "10.0.0.0/8", via: "192.0.2.1" }] },
      "routes[0].via",
      /can't be reached over this link: its addresses are none/,
    ],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.5/24" }] },
      "subnets[0].subnet",
      /has host bits set: the subnet is 172.16.10.0\/24/,
    ],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.11.1" }] },
      "subnets[0].gateway",
      /172.16.11.1 is outside the subnet 172.16.10.0\/24/,
    ],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.255" }] },
      "subnets[0].gateway",
      /broadcast address/,
    ],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.0/24", ipRange: "172.16.11.0/25" }] },
      "subnets[0].ipRange",
      /outside the subnet/,
    ],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "172.16.10.0/24", auxAddresses: { nas: "10.0.0.1" } }] },
      "subnets[0].auxAddresses.nas",
      /outside the subnet/,
    ],
    ["MacvlanNetwork", { subnets: [] }, "subnets", /at least one subnet/],
    [
      "MacvlanNetwork",
      { subnets: [{ subnet: "10.0.0.0/8" }, { subnet: "10.1.0.0/16" }] },
      "subnets[1].subnet",
      /10.1.0.0\/16 overlaps 10.0.0.0\/8/,
    ],
    ["MacvlanNetwork", { name: "bridge" }, "name", /Docker keeps for itself/],
    ["MacvlanNetwork", { options: { parent: "x" } }, "options", /inputs of their own/],
    ["MacvlanNetwork", { labels: { "pulumi-macvlan.mark": "x" } }, "labels", /our own marks/],
    ["InterVlanRouter", { interfaces: [] }, "interfaces", /at least one interface/],
    [
      "InterVlanRouter",
      { nat: [{ outInterface: "enp0s8.100" }] },
      "nat[0].outInterface",
      /one of the routed interfaces/,
    ],
    [
      "InterVlanRouter",
      { interfaces: [...RIGHT.InterVlanRouter.interfaces, { interface: "enp0s9", addresses: ["172.16.10.9/25"] }] },
      "interfaces[1].addresses",
      /in a subnet that "enp0s8.100" has already/,
    ],
    [
      "InterVlanRouter",
      { policy: { rules: [{ from: "any", to: "any", ports: [1], action: "drop" }] } },
      "policy.rules[0].ports",
      /ports need protocol/,
    ],
  ];
  for (const [type, change, property, reason] of refused) {
    it(`${type}: refuses ${JSON.stringify(change)}`, async () => {
      const { failures } = await check(type, { ...RIGHT[type], ...change });
      assert.deepEqual(
        failures.map((failure) => failure.property),
        [property],
      );
      assert.match(failures[0]?.reason ?? "", reason);
      assert.match(failures[0]?.reason ?? "", new RegExp(`^${type} on (host1|192\\.0\\.2\\.1|a b): `));
    });
  }

  it("skips what is not known yet", async () => {
    const { inputs, failures } = await check("MacvlanNetwork", {
      ...RIGHT.MacvlanNetwork,
      parent: UNKNOWN,
      subnets: [{ subnet: UNKNOWN, gateway: "x" }],
    });
    assert.deepEqual(failures, []);
    assert.equal(inputs["parent"], UNKNOWN);
  });

  const claims: [string, Type, object, Type, object, RegExp][] = [
    [
      "one name for two interfaces",
      "VlanSubinterface",
      {},
      "MacvlanLink",
      { parent: "enp0s8", name: "enp0s8.100" },
      /name is taken already by VLAN sub-interface "enp0s8.100" \(resource "first"\) on host1/,
    ],
    [
      "one VLAN id twice on a parent",
      "VlanSubinterface",
      {},
      "VlanSubinterface",
      { name: "other" },
      /vlanId is taken already/,
    ],
    [
      "overlapping subnets on a host",
      "MacvlanNetwork",
      {},
      "MacvlanNetwork",
      { name: "mac11", subnets: [{ subnet: "172.16.0.0/16" }] },
      /172.16.0.0\/16 overlaps 172.16.10.0\/24, which is used by Docker network "mac10"/,
    ],
    ["two routers on a host", "InterVlanRouter", {}, "InterVlanRouter", {}, /the host's router/],
  ];
  for (const [what, firstType, first, secondType, second, reason] of claims) {
    it(`refuses ${what}`, async () => {
      assert.deepEqual((await check(firstType, { ...RIGHT[firstType], ...first, __owner: "p/s/first" })).failures, []);
      const { failures } = await check(secondType, { ...RIGHT[secondType], ...second, __owner: "p/s/second" });
      assert.match(failures[0]?.reason ?? "", reason);
      assert.deepEqual(
        (await check(firstType, { ...RIGHT[firstType], ...first, __owner: "p/s/first" })).failures,
        [],
        "the same resource again",
      );
      const elsewhere = { ...RIGHT[secondType], ...second, host: { address: "192.0.2.2" }, __owner: "p/s/third" };
      assert.deepEqual((await check(secondType, elsewhere)).failures, [], "another host");
    });
  }

  it("gives the same inputs for its own result", async () => {
    for (const type of Object.keys(RIGHT) as Type[]) {
      const { inputs } = await check(type, RIGHT[type]);
      assert.deepEqual((await check(type, inputs)).inputs, inputs);
    }
  });
});
