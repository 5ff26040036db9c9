import assert from "node:assert/strict";
import { listsIn } from "../../../provider/scan/listed";

const lists = (links: string, networks = "", rules = "") =>
  listsIn(new Map(Object.entries({ links, networks, rules })));

describe("what a host lists", () => {
  it("is what resources describe, in an order of names that people expect", () => {
    const { listed, leftOut } = lists(
      "enp0s8.100|vlan|NetworkManager|\nenp0s8.20|vlan||a label of somebody's\nshim0|macvlan||\n",
      "mac10|macvlan|local||web=172.16.10.10/24,fd00:10::a/64 db=, v6=,fd00:10::2/64 \n",
    );
    assert.deepEqual(listed, [
      { type: "VlanSubinterface", name: "enp0s8.20", containers: [] },
      { type: "VlanSubinterface", name: "enp0s8.100", containers: [], holder: "NetworkManager" },
      {
        type: "MacvlanNetwork",
        name: "mac10",
        containers: ["db", "v6", "web"],
        addresses: { db: [], v6: ["fd00:10::2"], web: ["172.16.10.10", "fd00:10::a"] },
      },
      { type: "MacvlanLink", name: "shim0", containers: [] },
    ]);
    assert.deepEqual(leftOut, []);
  });

  it("is named and left out where it is somebody else's", () =>
    assert.deepEqual(
      lists(
        "flannel.1|vxlan||\nvnet0|tun||\nvnet5|vlan||\nbr0|bridge||\nlan.5|vlan||pulumi-macvlan shop/prod/lan\n",
        "swarm1|macvlan|swarm||\nours|macvlan|local|pulumi-macvlan shop/prod/ours|web=, \n",
      ),
      {
        listed: [{ type: "VlanSubinterface", name: "vnet5", containers: [] }],
        leftOut: [
          { what: "flannel.1", why: "Kubernetes' network makes it" },
          { what: "vnet0", why: "libvirt makes it" },
          { what: "lan.5", why: "a stack has it: shop/prod/lan" },
          { what: "swarm1", why: "it is a Swarm's: describe it with scope and configFrom" },
          { what: "ours", why: "a stack has it: shop/prod/ours" },
        ],
        rules: [],
      },
    ));

  it("has rules with the command that shows them, whatever stands in them", () =>
    assert.deepEqual(
      lists("", "", 'sysctl net.ipv4.ip_forward|1\niptables-save|-A FORWARD -m comment --comment "a|b" -j ACCEPT')
        .rules,
      [
        { command: "sysctl net.ipv4.ip_forward", shows: "1" },
        { command: "iptables-save", shows: '-A FORWARD -m comment --comment "a|b" -j ACCEPT' },
      ],
    ));
});
