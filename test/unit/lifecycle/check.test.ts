import assert from "node:assert/strict";
import { kinds } from "../../../provider/kinds";
import { forgetClaims } from "../../../provider/lifecycle/claims";
import { whole } from "../../../provider/lifecycle/defaults";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";
import { UNKNOWN } from "../../../provider/vocabulary/values";
import { AT_PREVIEW, AT_PREVIEW_TOGETHER } from "../../refusals";
import { RIGHT, type Type } from "../inputs";

const check = async (type: Type, inputs: object) => handlers.check(type, {}, inputs as never);

describe("check", () => {
  beforeEach(forgetClaims);

  const normalised: [string, Type, object, object][] = [
    ["fills in the name", "VlanSubinterface", {}, { name: "enp0s8.100" }],
    ["reads numbers given as text", "VlanSubinterface", { vlanId: "100" }, { vlanId: 100, name: "enp0s8.100" }],
    [
      "has defaults",
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
      const { inputs: said, failures } = await check(type, { ...RIGHT[type], ...change });
      assert.deepEqual(failures, []);
      const kind = kinds.find((candidate) => candidate.type === type);
      assert.ok(kind);
      const inputs = whole(kind, said);
      for (const [key, value] of Object.entries(expected))
        assert.equal(JSON.stringify(inputs[key]), JSON.stringify(value), key);
    });
  }

  for (const [type, change, property, reason] of AT_PREVIEW) {
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

  for (const [what, firstType, first, secondType, second, reason] of AT_PREVIEW_TOGETHER) {
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
