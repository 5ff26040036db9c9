import assert from "node:assert/strict";
import { forgetClaims } from "../../../provider/lifecycle/claims";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";
import { UNKNOWN } from "../../../provider/vocabulary/values";
import { HOST, RIGHT, type Type } from "../inputs";

async function diff(type: Type, before: object, after: object, outputs: object = {}) {
  forgetClaims();
  const olds = (await handlers.check(type, {}, { ...RIGHT[type], ...before } as never)).inputs;
  forgetClaims();
  const news = (await handlers.check(type, {}, { ...RIGHT[type], ...after } as never)).inputs;
  return handlers.diff(type, { ...olds, drift: [], ...outputs }, news);
}

describe("diff", () => {
  const nothing: [string, Type, object, object][] = [
    ["nothing changed", "VlanSubinterface", {}, {}],
    ["a default spelt out", "VlanSubinterface", {}, { name: "enp0s8.100", protocol: "802.1Q", reorderHeader: true }],
    [
      "another order",
      "VlanSubinterface",
      { addresses: ["10.0.0.1/8", "10.0.0.2/8"] },
      { addresses: ["10.0.0.2/8", "10.0.0.1/8"] },
    ],
    ["another spelling", "VlanSubinterface", { addresses: ["fd00::1/64"] }, { addresses: ["FD00:0:0::1/64"] }],
    ["a credential alone", "VlanSubinterface", { credentials: { password: "a" } }, { credentials: { password: "b" } }],
    ["another key file", "VlanSubinterface", {}, { host: { ...HOST, privateKeyPath: "~/.ssh/other" } }],
    ["a credential that is not known yet", "VlanSubinterface", {}, { credentials: UNKNOWN }],
    ["adopt", "VlanSubinterface", {}, { adopt: true }],
  ];
  for (const [what, type, before, after] of nothing) {
    it(`is nothing for ${what}`, async () => {
      assert.deepEqual(await diff(type, before, after), { changes: false, replaces: [], deleteBeforeReplace: false });
    });
  }

  const inPlace: [Type, object][] = [
    ["VlanSubinterface", { reorderHeader: false }],
    ["VlanSubinterface", { egressQosMap: { 1: 2 } }],
    ["VlanSubinterface", { ingressQosMap: { 1: 2 } }],
    ["VlanSubinterface", { mtu: 1400 }],
    ["VlanSubinterface", { addresses: ["10.0.0.1/8"] }],
    ["VlanSubinterface", { promiscuous: true }],
    ["VlanSubinterface", { persist: false }],
    ["VlanSubinterface", { __owner: "project/stack/renamed" }],
    ["VlanSubinterface", { host: { ...HOST, address: "192.0.2.9" } }],
    ["VlanSubinterface", { host: { ...HOST, user: "ops", sudo: true } }],
    ["MacvlanLink", { mode: "private" }],
    ["MacvlanLink", { mode: "source", sourceMacAddresses: ["02:00:00:00:00:01"] }],
    ["MacvlanLink", { bcqueuelen: 100 }],
    ["MacvlanLink", { macAddress: "02:00:00:00:00:01" }],
    ["MacvlanLink", { routes: [{ to: "10.0.0.0/8" }] }],
    ["MacvlanNetwork", { subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1" }] }],
    ["MacvlanNetwork", { internal: true }],
    ["MacvlanNetwork", { mode: "private" }],
    ["MacvlanNetwork", { parent: "enp0s8" }],
    ["MacvlanNetwork", { parent: UNKNOWN }],
    ["MacvlanNetwork", { labels: { a: "b" } }],
    ["MacvlanNetwork", { options: { a: "b" } }],
    ["InterVlanRouter", { nat: [{ outInterface: "enp0s9" }] }],
    ["InterVlanRouter", { policy: { default: "drop" } }],
  ];
  for (const [type, after] of inPlace) {
    it(`${type} changes in place: ${JSON.stringify(after)}`, async () => {
      assert.deepEqual(await diff(type, {}, after), { changes: true, replaces: [], deleteBeforeReplace: false });
    });
  }

  const replaced: [Type, object, string[]][] = [
    ["VlanSubinterface", { vlanId: 101, name: "enp0s8.100" }, ["vlanId"]],
    ["VlanSubinterface", { parent: "enp0s9", name: "enp0s8.100" }, ["parent"]],
    ["VlanSubinterface", { protocol: "802.1ad" }, ["protocol"]],
    ["VlanSubinterface", { host: { address: "192.0.2.9" } }, ["host"]],
    ["MacvlanLink", { parent: "enp0s8" }, ["parent"]],
    ["MacvlanLink", { name: "other" }, ["name"]],
    ["MacvlanLink", { mode: "passthru" }, ["mode"]],
    ["MacvlanLink", { kind: "ipvlan" }, ["kind"]],
    ["MacvlanNetwork", { driver: "ipvlan" }, ["driver"]],
    ["MacvlanNetwork", { name: "other" }, ["name"]],
    ["InterVlanRouter", { name: "other" }, ["name"]],
  ];
  for (const [type, after, replaces] of replaced) {
    it(`${type} is replaced, the old one first: ${JSON.stringify(after)}`, async () => {
      const found = await diff(
        type,
        type === "VlanSubinterface" && "parent" in after && !("name" in after) ? { name: "enp0s8.100" } : {},
        after,
      );
      assert.deepEqual(
        { ...found, replaces: found.replaces.filter((field) => replaces.includes(field)) },
        { changes: true, replaces, deleteBeforeReplace: true },
      );
    });
  }

  const beside: [object, string[]][] = [
    [{ vlanId: 101 }, ["vlanId", "name"]],
    [{ parent: "enp0s9" }, ["parent", "name"]],
    [{ protocol: "802.1ad", name: "outer" }, ["name", "protocol"]],
    [{ parent: UNKNOWN }, ["parent"]],
  ];
  for (const [after, replaces] of beside) {
    it(`VlanSubinterface is replaced, the new one beside the old one: ${JSON.stringify(after)}`, async () => {
      const found = await diff("VlanSubinterface", { name: "enp0s8.100" }, { name: undefined, ...after });
      assert.deepEqual(
        { ...found, replaces: found.replaces.filter((field) => replaces.includes(field)) },
        { changes: true, replaces, deleteBeforeReplace: false },
      );
    });
  }

  describe("of a network with containers on it", () => {
    const said: string[] = [];
    const { error } = console;
    beforeEach(() => {
      said.length = 0;
      console.error = (text: string) => said.push(text);
    });
    afterEach(() => {
      console.error = error;
    });
    const told = async (change: object): Promise<string[]> => {
      await diff("MacvlanNetwork", {}, change, { attachedContainers: ["c1", "c2"] });
      return said;
    };

    it("names them where a change takes them off for a moment", async () => {
      assert.deepEqual(await told({ labels: { a: "b" } }), [
        'Docker network "mac10" on host1 is made anew: c1, c2 (as last read) will be off it for about 1 s, until they are put back as they were',
      ]);
    });
    for (const change of [{ parent: "enp0s8.200" }, { parent: UNKNOWN }, { labels: UNKNOWN }]) {
      it(`names them where the network moves, or may do so: ${JSON.stringify(change)}`, async () => {
        assert.deepEqual(await told(change), [
          'Docker network "mac10" on host1 is made anew: c1, c2 (as last read) will be off it for about 1 s, until they are put back as they were',
        ]);
      });
    }
    it("names them where they are in the way", async () => {
      assert.deepEqual(await told({ driver: "ipvlan" }), [
        'Docker network "mac10" on host1 can be replaced only once no container is on it: c1, c2 (as last read) must be removed or disconnected first, unless this program does so',
      ]);
    });
    it("is quiet where nothing is made anew", async () => {
      assert.deepEqual(await told({}), []);
      assert.deepEqual(await told({ probe: true }), []);
    });
  });

  it("takes a router of an earlier version, which has no name, for the one called router", async () => {
    const { inputs } = await handlers.check("InterVlanRouter", {}, RIGHT.InterVlanRouter as never);
    const { name, ...old } = inputs;
    assert.equal(name, "router");
    forgetClaims();
    const named = (await handlers.check("InterVlanRouter", {}, RIGHT.InterVlanRouter as never)).inputs;
    assert.equal((await handlers.diff("InterVlanRouter", old, named)).changes, false);
  });

  it("sees drift that no input tells", async () => {
    assert.equal((await diff("VlanSubinterface", {}, {}, { drift: ["the interface is down"] })).changes, true);
  });

  it("takes an mtu that was not given for an output", async () => {
    assert.equal((await diff("VlanSubinterface", {}, {}, { mtu: 1500, __derived: ["mtu"] })).changes, false);
    assert.equal((await diff("VlanSubinterface", { mtu: 1400 }, {})).changes, true);
  });
});
