import assert from "node:assert/strict";
import { configuredHosts, stackHosts, typedHost } from "../../../provider/doctor/patients";

describe("the hosts that a doctor is to see", () => {
  it("are typed", () =>
    assert.deepEqual(typedHost("ops@host1:2222"), {
      name: "ops@host1:2222",
      connection: { address: "host1", user: "ops", port: 2222 },
    }));

  it("are refused where what was typed is none", () =>
    assert.throws(() => typedHost("a b"), /"a b" is no host: write user@host, host:port or an alias/));

  it("stand in an inventory, with their parents", () =>
    assert.deepEqual(
      configuredHosts(
        { host1: { address: "192.0.2.1", user: "ops", sudo: true, parent: "eth0", uplink: "eth1" } },
        "hosts.yaml",
      ),
      [
        {
          name: "host1",
          connection: { address: "192.0.2.1", user: "ops", sudo: true, name: "host1" },
          nics: ["eth0"],
        },
      ],
    ));

  for (const [what, given, message] of [
    ["no map", ["host1"], /^Error: hosts\.yaml should hold hosts by name, each with at least an address$/],
    ["a host without address", { host1: { parent: "eth0" } }, /^Error: hosts\.yaml: host1\.address /],
    ["a host that is a word", { host1: "192.0.2.1" }, /^Error: hosts\.yaml: host1\.address must be text$/],
  ] as const)
    it(`are refused in an inventory of ${what}`, () =>
      assert.throws(() => configuredHosts(given, "hosts.yaml"), message));

  it("are a stack's, with the interfaces that VLANs stand on, and the VLANs", () => {
    const host = { address: "192.0.2.1", name: "host1" };
    const dynamic = "pulumi-nodejs:dynamic/macvlan:";
    const state = {
      version: 3,
      deployment: {
        resources: [
          { type: "pulumi:pulumi:Stack" },
          { type: `${dynamic}VlanSubinterface`, inputs: { host, parent: "eth0", vlanId: 200, name: "eth0.200" } },
          { type: `${dynamic}VlanSubinterface`, inputs: { host, parent: "eth0", vlanId: 100, name: "lan" } },
          { type: `${dynamic}MacvlanNetwork`, inputs: { host, parent: "lan", name: "iot" } },
          {
            type: "macvlan:index:MacvlanNetwork",
            inputs: { host: { address: "192.0.2.2" }, parent: "eth1", name: "iot" },
          },
          { type: "docker:index:Container", inputs: { host: { address: "192.0.2.9" } } },
        ],
      },
    };
    assert.deepEqual(stackHosts(state), {
      patients: [
        { name: "host1", connection: host, nics: ["eth0"] },
        { name: "192.0.2.2", connection: { address: "192.0.2.2" }, nics: ["eth1"] },
      ],
      vlans: [100, 200],
    });
    assert.throws(() => stackHosts({}), /what `pulumi stack export` printed/);
  });
});
