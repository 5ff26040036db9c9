import assert from "node:assert/strict";
import { type InterVlanRouterInputs, interVlanRouter } from "../../../../provider/kinds/inter-vlan-router/kind";
import { forgetClaims } from "../../../../provider/lifecycle/claims";
import { check, idOf } from "../../../../provider/lifecycle/lifecycle";
import { RIGHT } from "../../inputs";

describe("a router's name", () => {
  const inputsOf = (change: object): InterVlanRouterInputs => {
    forgetClaims();
    const dhcp = { first: "172.16.10.200", last: "172.16.10.250" };
    const interfaces = [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"], dhcp }];
    const { inputs, refusals } = check(interVlanRouter as never, { ...RIGHT.InterVlanRouter, interfaces, ...change });
    assert.deepEqual(refusals, []);
    return inputs as never;
  };
  const data = (inputs: InterVlanRouterInputs) => JSON.stringify(interVlanRouter.data(inputs));
  const files = (inputs: InterVlanRouterInputs) => [
    ...new Set(data(inputs).match(/(pulumi_macvlan_router|\/run|\/var)[\w./-]*/g)),
  ];

  it("is of no change on the host where it is router, or where state knows none", () => {
    const named = inputsOf({});
    assert.equal(named.name, "router");
    const { name: _, ...rest } = named;
    const nameless = rest as InterVlanRouterInputs;
    for (const inputs of [named, nameless]) {
      assert.deepEqual(files(inputs), [
        "pulumi_macvlan_router",
        "/run/pulumi-macvlan/router/dnsmasq.pid",
        "/var/lib/pulumi-macvlan/leases",
      ]);
      assert.equal(interVlanRouter.describe(inputs), "router");
      assert.equal(idOf(interVlanRouter as never, inputs), "host1/router");
    }
    assert.equal(data(nameless), data(named));
  });

  it("is in all that is its own", () => {
    const inputs = inputsOf({ name: "team-1" });
    assert.deepEqual(files(inputs), [
      "pulumi_macvlan_router_team-1",
      "/run/pulumi-macvlan/router.team-1/dnsmasq.pid",
      "/var/lib/pulumi-macvlan/leases.team-1",
    ]);
    assert.equal(interVlanRouter.describe(inputs), 'router "team-1"');
    assert.equal(idOf(interVlanRouter as never, inputs), "host1/team-1");
  });

  it("lets two routers have one way out, and none of the other's interfaces or subnets", () => {
    const nat = [{ outInterface: "enp0s9" }];
    const first = { ...RIGHT.InterVlanRouter, nat, __owner: "p/s/first" };
    const other = (change: object) => {
      forgetClaims();
      check(interVlanRouter as never, first);
      const interfaces = [{ interface: "enp0s8.200", addresses: ["172.16.20.1/24"] }];
      return check(interVlanRouter as never, { ...first, __owner: "p/s/other", name: "other", interfaces, ...change });
    };
    assert.deepEqual(other({}).refusals, []);
    assert.equal(other({ name: "router" }).refusals.length, 1);
    assert.equal(other({ interfaces: [{ interface: "enp0s9", addresses: [] }], nat: [] }).refusals.length, 1);
    assert.equal(other({ interfaces: [{ interface: "enp0s8.100", addresses: [] }] }).refusals.length, 1);
  });
});
