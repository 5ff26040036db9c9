import assert from "node:assert/strict";
import { planAddresses } from "../../../provider/kinds/address-plan/planner";
import { toDot, toMermaid } from "../../../provider/plan/diagram";
import { probesOf } from "../../../provider/plan/policy";
import type { Rollout } from "../../../provider/plan/rollout";
import {
  type DescribedTopology,
  interfaceOf,
  networkOf,
  refuseTopology,
  toPlan,
  warnUnplanned,
} from "../../../provider/plan/topology";
import { type WholeTopology, wantedOf } from "../../../provider/plan/wanted";

const topology = (change: Partial<DescribedTopology> = {}): DescribedTopology => ({
  hosts: {
    host1: { address: "192.0.2.1", parent: "enp0s8", mtu: 1500 },
    host2: { address: "192.0.2.2", parent: "eth1" },
  },
  vlans: {
    mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] },
    mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] },
  },
  router: { address: "192.0.2.3", parent: "enp0s8" },
  shims: ["mac10"],
  ...change,
});
const withVlan = (vlan: object, more: Partial<DescribedTopology> = {}): DescribedTopology => {
  const { vlans } = topology();
  return topology({ vlans: { ...vlans, iot: { subnets: ["172.16.30.0/24"], ...vlan } }, ...more });
};

describe("a topology", () => {
  it("is taken as it is where nothing is wrong", () => {
    assert.deepEqual(refuseTopology(topology()), []);
  });

  it("has one VLAN id twice on a parent where the protocols differ, each under a name of its own", () => {
    const outer = { vlanId: 100, protocol: "802.1ad" } as const;
    assert.deepEqual(refuseTopology(withVlan(outer)), []);
    assert.deepEqual([interfaceOf({ vlanId: 100 }, "eth1"), interfaceOf(outer, "eth1")], ["eth1.100", "eth1.ad100"]);
  });

  it("has a VLAN of which each host hands out all, and says who may hand out one address twice", () => {
    const unplanned = withVlan({ vlanId: 3, unplanned: true });
    assert.deepEqual(refuseTopology(unplanned), []);
    assert.deepEqual(warnUnplanned(unplanned), [
      "vlans.iot is unplanned: host1, host2 may hand out the same address twice; give containers theirs (docker run --ip)",
    ]);
    assert.deepEqual(warnUnplanned(withVlan({ vlanId: 3, unplanned: true, hosts: ["host1"] })), []);
    const plan = planAddresses(toPlan(unplanned));
    assert.deepEqual(plan["172.16.30.0/24"], { gateway: "172.16.30.1", hosts: {}, retired: [] });
    assert.match(toMermaid(unplanned, plan), /\["iot<br>172\.16\.30\.0\/24"\]/);
    const { host1, router } = wantedOf({ ...unplanned, adopt: true, shims: [] } as unknown as WholeTopology, plan);
    const network = host1?.MacvlanNetwork?.find(({ name }) => name === "iot");
    assert.deepEqual(network?.subnets, [{ subnet: "172.16.30.0/24", gateway: "172.16.30.1" }]);
    const adopts = (all: { adopt?: boolean | undefined }[] = []) => [...new Set(all.map(({ adopt }) => adopt))];
    for (const wanted of [host1?.VlanSubinterface, host1?.MacvlanNetwork]) assert.deepEqual(adopts(wanted), [true]);
    // What somebody made of a router goes on until somebody takes it away.
    for (const wanted of [router?.VlanSubinterface, router?.InterVlanRouter])
      assert.deepEqual(adopts(wanted), [undefined]);
    assert.ok(
      probesOf(unplanned, "everything").every(({ from, to }) => ![from, to].some((end) => end.network === "iot")),
    );
  });

  it("takes shims over with the rest", () => {
    const whole = { ...topology(), adopt: true } as unknown as WholeTopology;
    const { host1 } = wantedOf(whole, planAddresses(toPlan(whole)));
    assert.deepEqual(
      host1?.MacvlanLink?.map(({ name, adopt }) => [name, adopt]),
      [["shim-mac10", true]],
    );
  });

  const refused: [what: string, given: DescribedTopology, reason: RegExp][] = [
    [
      "what DHCP hands out where each host hands out all",
      withVlan({ vlanId: 3, unplanned: true, dhcp: { first: "172.16.30.200", last: "172.16.30.220" } }),
      /^vlans\.iot\.unplanned lets hosts hand out what dhcp does/,
    ],
    [
      "a rollout where probes get any address",
      withVlan({ vlanId: 3, unplanned: true }, { rollout: { canary: "host1" } }),
      /^vlans\.iot\.unplanned can't be proved batch by batch/,
    ],
    [
      "a host's own address where nobody plans any",
      withVlan({ vlanId: 3, unplanned: true }, { shims: ["iot"] }),
      /^vlans\.iot\.unplanned leaves no address to a host itself: take unplanned away, or leave the VLAN out of shims$/,
    ],
    [
      "a Swarm's manager that is none of the hosts",
      topology({ swarm: { manager: "host9" } }),
      /^swarm\.manager names host "host9"/,
    ],
    [
      "a Swarm's manager without a part of a network",
      withVlan({ vlanId: 3, hosts: ["host2"] }, { swarm: { manager: "host1" } }),
      /^vlans\.iot\.hosts leaves out host1, the Swarm's manager/,
    ],
    ["no host", topology({ hosts: {} }), /^hosts is empty: name at least one host$/],
    [
      "a host that is not there",
      withVlan({ hosts: ["host3"] }),
      /^vlans\.iot\.hosts names host "host3": there is none; there are host1, host2$/,
    ],
    [
      "a parent for a host that is not there",
      withVlan({ parent: { host3: "eth2" } }),
      /^vlans\.iot\.parent names host "host3"/,
    ],
    [
      "a shim for a VLAN that is not there",
      topology({ shims: ["lan"] }),
      /^shims names VLAN "lan": there is none; there are mac10, mac20$/,
    ],
    [
      "a router for a VLAN that is not there",
      topology({ router: { vlans: ["lan"] } }),
      /^router\.vlans names VLAN "lan"/,
    ],
    ["no subnet", withVlan({ subnets: [] }), /^vlans\.iot\.subnets is empty/],
    [
      "a subnet that is none",
      withVlan({ subnets: ["172.16.30.0"] }),
      /^vlans\.iot\.subnets\[0\] is no subnet such as .* prefix length/,
    ],
    ["a VLAN id that is none", withVlan({ vlanId: 4095 }), /^vlans\.iot\.vlanId "4095" is not a VLAN id/],
    ["a gateway that is none", withVlan({ gateway: "x" }), /^vlans\.iot\.gateway is no address .*"x"/],
    [
      "a gateway outside",
      withVlan({ gateway: "172.16.31.1" }),
      /^vlans\.iot\.gateway 172\.16\.31\.1 is outside its subnets 172\.16\.30\.0\/24/,
    ],
    [
      "two routers for one subnet",
      withVlan({ gateway: ["172.16.30.1", "172.16.30.2"] }),
      /^vlans\.iot gives 172\.16\.30\.0\/24 two routers, 172\.16\.30\.1 and 172\.16\.30\.2: containers take one/,
    ],
    [
      "two routers for one subnet, told in two places",
      withVlan({ subnets: [{ subnet: "172.16.30.0/24", gateway: "172.16.30.2" }], gateway: "172.16.30.1" }),
      /^vlans\.iot gives 172\.16\.30\.0\/24 two routers, 172\.16\.30\.2 and 172\.16\.30\.1/,
    ],
    [
      "a gateway that a host has",
      withVlan({ subnets: ["192.0.2.0/24"] }),
      /^vlans\.iot\.gateway: host1 has 192\.0\.2\.1 already \(SSH reaches it there\), and the router is to have it too/,
    ],
    [
      "overlapping subnets",
      withVlan({ subnets: ["172.16.0.0/16"] }),
      /^VLANs "mac10" and "iot" overlap \(172\.16\.10\.0\/24, 172\.16\.0\.0\/16\)/,
    ],
    ["a protocol of no tag", withVlan({ protocol: "802.1ad" }), /^vlans\.iot\.protocol is that of tagged frames, and/],
    ["one VLAN id twice", withVlan({ vlanId: 100 }), /^VLANs "mac10" and "iot" both have id 100 on enp0s8 of host1/],
    [
      "macvlan and ipvlan on one parent",
      topology({
        vlans: { lan: { subnets: ["172.16.1.0/24"] }, ip: { subnets: ["172.16.2.0/24"], driver: "ipvlan" } },
        shims: false,
      }),
      /^vlans\.ip\.parent on host1: "enp0s8" carries VLAN "lan" already, a macvlan: the kernel gives a parent to macvlan or to ipvlan/,
    ],
    [
      "one ipvlan parent twice",
      topology({
        vlans: {
          a: { subnets: ["172.16.1.0/24"], driver: "ipvlan" },
          b: { subnets: ["172.16.2.0/24"], driver: "ipvlan" },
        },
        shims: false,
      }),
      /^VLANs "a" and "b" are both ipvlan on enp0s8 of host1/,
    ],
    [
      "passthru beside others",
      topology({
        vlans: { a: { subnets: ["172.16.1.0/24"] }, b: { subnets: ["172.16.2.0/24"], mode: "passthru" } },
        shims: false,
      }),
      /^vlans\.b\.parent on host1: "enp0s8" carries VLAN "a" already: a passthru macvlan has its parent for itself/,
    ],
    [
      "an MTU above the parent's",
      withVlan({ vlanId: 30, mtu: 9000 }),
      /^vlans\.iot\.mtu 9000 is above the 1500 of host1's enp0s8/,
    ],
    [
      "a shim of a private network",
      withVlan({ mode: "private" }, { shims: ["iot"] }),
      /^vlans\.iot\.mode private keeps the shim from its containers/,
    ],
    [
      "a shim beside passthru",
      withVlan({ mode: "passthru" }, { shims: ["iot"] }),
      /^vlans\.iot\.mode passthru has the parent for itself/,
    ],
    [
      "the interface that SSH comes in through",
      withVlan({ mode: "passthru", subnets: ["192.0.2.0/24"] }),
      /^vlans\.iot: SSH reaches host1 at 192\.0\.2\.1, which is in this VLAN, and passthru would take that interface away/,
    ],
    [
      "an interface's name that is too long",
      topology({ hosts: { host1: { parent: "enp0s31f6np0" } } }),
      /^vlans\.mac10 on host1: "enp0s31f6np0\.100" has 16 bytes: the kernel allows at most 15/,
    ],
    [
      "a shim's name that is too long",
      topology({ vlans: { "office-lan-1": { subnets: ["172.16.1.0/24"] } }, shims: true }),
      /^vlans\.office-lan-1 has a shim, an interface whose name "shim-office-lan-1" has 17 bytes/,
    ],
    [
      "a way out by advertisement of a VLAN that has none",
      withVlan({ internal: true, advertise: true }),
      /^vlans\.iot\.advertise gives containers a way out, which internal denies them/,
    ],
    [
      "addresses to hand out that are somewhere else",
      withVlan({ dhcp: { first: "172.16.30.200", last: "172.16.31.2" } }),
      /^vlans\.iot\.dhcp "172\.16\.31\.2" is no address of its subnets 172\.16\.30\.0\/24$/,
    ],
    [
      "addresses to hand out, and no router to do it",
      withVlan({ dhcp: { first: "172.16.30.200", last: "172.16.30.250" } }, { router: undefined }),
      /^vlans\.iot\.dhcp is the router's work, and none routes "iot": add it to router$/,
    ],
    [
      "an advertisement of a router that does not route it",
      withVlan({ advertise: true }, { router: { vlans: ["mac20"] } }),
      /^vlans\.iot\.advertise is the router's work, and none routes "iot": add it to router\.vlans$/,
    ],
    ...(
      [
        ["a canary that is not there", { canary: "host9" }, /^rollout\.canary names host "host9": there is none/],
        ["a batch of a host that is not there", { batches: [["host9"]] }, /^rollout\.batches\[0\] names host "host9"/],
        ["a rollout of nobody", {}, /^rollout names no host: give it a canary, or batches$/],
        ["an empty batch", { batches: [["host1"], []] }, /^rollout\.batches\[1\] is empty: name its hosts/],
        [
          "a host in two batches",
          { batches: [["host1"], ["host2", "host1"]] },
          /^rollout\.batches name "host1" twice: a host is changed once/,
        ],
        [
          "a canary that comes later as well",
          { canary: "host2", batches: [["host1"], ["host2"]] },
          /^rollout\.canary "host2" is in batches\[1\] as well: it comes first/,
        ],
      ] as const
    ).map(([what, rollout, reason]): [string, DescribedTopology, RegExp] => [
      what,
      topology({ rollout: rollout as Rollout }),
      reason,
    ]),
    [
      "a rollout of a Swarm",
      topology({ rollout: { canary: "host1" }, swarm: { manager: "host1" } }),
      /^rollout can't prove a Swarm's nodes one after the other/,
    ],
    [
      "an old name of a host that is one still",
      topology({ hosts: { host1: {}, host2: { formerly: "host1" } } }),
      /^hosts\.host2\.formerly "host1" is a name in hosts still/,
    ],
    [
      "an old name of two hosts",
      topology({ hosts: { host1: { formerly: "a" }, host2: { formerly: "a" } } }),
      /^hosts\.host2\.formerly and hosts\.host1\.formerly are both "a": only one of them was that one$/,
    ],
    [
      "an old name of a VLAN that is one still",
      withVlan({ formerly: "mac10" }),
      /^vlans\.iot\.formerly "mac10" is a name in vlans still/,
    ],
    ["an old name of a VLAN that is its own", withVlan({ formerly: "iot" }), /^vlans\.iot\.formerly "iot" is a name/],
    [
      "two VLANs that are one network",
      withVlan({ vlanId: 3, network: "mac10" }),
      /^VLANs "mac10" and "iot" are both network "mac10" on host1: give one of them another network$/,
    ],
    [
      "a network's name that Docker does not take",
      withVlan({ network: "-x" }),
      /^vlans\.iot\.network is to be a Docker network's name, but /,
    ],
    [
      "a network's name that is too long for a shim",
      withVlan({ network: "office-lan-1" }, { shims: ["iot"] }),
      /^vlans\.iot\.network has a shim, an interface whose name "shim-office-lan-1" has 17 bytes.*give the network a name/,
    ],
    [
      "a router that is a Docker host",
      topology({ router: { address: "192.0.2.1", parent: "enp0s8" } }),
      /^router is host1 itself, on the same interface/,
    ],
  ];
  for (const [what, given, reason] of refused) {
    it(`refuses ${what}`, () => {
      const found = refuseTopology(given);
      assert.ok(found.length > 0, "it was taken");
      assert.match(found[0] as string, reason);
    });
  }

  it("takes the same id on another interface, and VLANs of other hosts", () => {
    assert.deepEqual(refuseTopology(withVlan({ vlanId: 100, parent: "eth20" })), []);
    assert.deepEqual(
      refuseTopology(
        topology({
          vlans: {
            a: { subnets: ["172.16.1.0/24"], hosts: ["host1"] },
            b: { subnets: ["172.16.2.0/24"], hosts: ["host2"], driver: "ipvlan" },
          },
          shims: false,
        }),
      ),
      [],
    );
  });

  it("takes names that may change: a VLAN's network keeps the name that it has on the hosts", () => {
    assert.deepEqual(
      refuseTopology(
        topology({
          hosts: { a: { formerly: "host1" }, host2: {} },
          vlans: { lan10: { vlanId: 100, subnets: ["172.16.10.0/24"], formerly: "mac10" } },
          shims: ["lan10"],
          rollout: { canary: "a", batches: [["a"], ["host2"]] },
        }),
      ),
      [],
    );
    const names = [{}, { formerly: "b" }, { formerly: "b", network: "c" }, { network: "c" }];
    assert.deepEqual(
      names.map((entry) => networkOf("a", entry)),
      ["a", "b", "c", "c"],
    );
    const long = { vlanId: 3, formerly: "iot", subnets: ["172.16.30.0/24"] };
    assert.deepEqual(
      refuseTopology(topology({ vlans: { "a-name-too-long-for-a-shim": long }, shims: true })),
      [],
      "the shim is called after the network",
    );
    const apart = { a: { subnets: ["172.16.1.0/24"], hosts: ["host1"] } };
    const same = { ...apart, b: { subnets: ["172.16.2.0/24"], hosts: ["host2"], network: "a" } };
    assert.deepEqual(refuseTopology(topology({ vlans: same, shims: false })), []);
  });

  it("asks for a plan that knows a host by the name that it had", () => {
    const hosts = { a: { formerly: "host1", size: 16, parent: "enp0s8" }, host2: { slot: 3 } };
    assert.deepEqual(toPlan(topology({ hosts })).hosts, { a: { size: 16, formerly: "host1" }, host2: { slot: 3 } });
  });

  it("is drawn with its networks' names on the hosts", () => {
    const vlans = { lan10: { vlanId: 100, subnets: ["172.16.10.0/24"], formerly: "mac10" } };
    const given = topology({ vlans, shims: false, hosts: { host1: {} } });
    const drawn = toMermaid(given, planAddresses(toPlan(given)));
    assert.match(drawn, /vlan_lan10\(\["lan10: VLAN 100/);
    assert.match(drawn, /host_host1_lan10\["mac10<br>172/);
  });

  it("asks for a plan that keeps clear of what the router hands out", () => {
    const given = withVlan({ dhcp: { first: "172.16.30.128", last: "172.16.30.255" } });
    assert.deepEqual(toPlan(given).subnets[2], { subnet: "172.16.30.0/24", reserved: ["172.16.30.128-172.16.30.255"] });
    const ranges = Object.values(planAddresses(toPlan(given))["172.16.30.0/24"]?.hosts ?? {}).map(({ range }) => range);
    assert.deepEqual(ranges, ["172.16.30.32/27", "172.16.30.64/27"]);
  });

  it("asks for a plan that forgets what the program says", () => {
    assert.deepEqual(toPlan(topology({ forget: ["host3"] })).forget, ["host3"]);
    assert.equal("forget" in toPlan(topology()), false);
  });

  it("asks for a plan that keeps clear of the hosts' own addresses, of those hosts that take part", () => {
    const given = withVlan({ subnets: ["192.0.2.0/24"], gateway: "192.0.2.254", hosts: ["host2"] });
    assert.deepEqual(toPlan(given), {
      subnets: [
        { subnet: "172.16.10.0/24" },
        { subnet: "172.16.20.0/24" },
        {
          subnet: "192.0.2.0/24",
          gateway: "192.0.2.254",
          reserved: ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
          hosts: ["host2"],
        },
      ],
      hosts: { host1: {}, host2: {} },
      shims: true,
    });
    const plan = planAddresses(toPlan(given));
    assert.deepEqual(Object.keys(plan["192.0.2.0/24"]?.hosts ?? {}), ["host2"]);
    assert.deepEqual(Object.keys(plan["172.16.10.0/24"]?.hosts ?? {}), ["host1", "host2"]);
  });

  it("is drawn for Graphviz as well", () => {
    const given = topology({ hosts: { 'a"b': { parent: "enp0s8" } } });
    const dot = toDot(given, planAddresses(toPlan(given)));
    assert.match(dot, /^graph topology \{[\s\S]*\}\n$/);
    assert.match(dot, /subgraph cluster_host_a_34_b \{\n {4}label="a\\"b"/);
    assert.match(dot, /host_a_34_b_mac10 \[label="mac10\\n172\.16\.10\.32\/27", shape=box\];/);
    assert.match(dot, /vlan_mac10 -- router \[label="172\.16\.10\.1"\];/);
  });

  it("is drawn with hosts, VLANs, ranges and the router", () => {
    const given = topology();
    assert.equal(
      toMermaid(given, planAddresses(toPlan(given))),
      `flowchart LR
  vlan_mac10(["mac10: VLAN 100<br>172.16.10.0/24"])
  vlan_mac20(["mac20: VLAN 200<br>172.16.20.0/24"])
  subgraph host_host1 ["host1"]
    host_host1_mac10["mac10<br>172.16.10.32/27"]
    host_host1_mac20["mac20<br>172.16.20.32/27"]
  end
  subgraph host_host2 ["host2"]
    host_host2_mac10["mac10<br>172.16.10.64/27"]
    host_host2_mac20["mac20<br>172.16.20.64/27"]
  end
  router{{"router"}}
  host_host1_mac10 --- vlan_mac10
  host_host2_mac10 --- vlan_mac10
  host_host1_mac20 --- vlan_mac20
  host_host2_mac20 --- vlan_mac20
  vlan_mac10 ---|"172.16.10.1"| router
  vlan_mac20 ---|"172.16.20.1"| router
`,
    );
  });
});
