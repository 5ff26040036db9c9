import assert from "node:assert/strict";
import { planAddresses } from "../../../provider/kinds/address-plan/planner";
import { type NetworkAttachmentArgs, toNetworkAttachmentDefinitions } from "../../../provider/plan/multus";

const lan = { subnet: "172.16.10.0/24", reserved: ["172.16.10.200-172.16.10.209"] };
const plan = planAddresses({ subnets: [lan, "fd00::/64"], hosts: { node1: { slot: 7 }, node2: {} }, shims: true });
const nodes = { node1: { parent: "eth0" }, node2: { parent: "eth0" } };
const make = (change: Partial<NetworkAttachmentArgs> = {}) =>
  toNetworkAttachmentDefinitions({ hosts: nodes, vlans: { mac10: { vlanId: 100, subnets: [lan] } }, plan, ...change });
const configs = (change: Partial<NetworkAttachmentArgs> = {}) =>
  make(change).map(({ metadata, spec }) => [metadata.name, JSON.parse(spec.config)]);

describe("toNetworkAttachmentDefinitions", () => {
  it("gives each node its own range of the plan, without the broadcast address", () => {
    assert.deepEqual(make()[0], {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "mac10-node1", namespace: "default" },
      spec: { config: make()[0]?.spec.config },
    });
    const range = (rangeStart: string, rangeEnd: string) => [
      [{ subnet: "172.16.10.0/24", rangeStart, rangeEnd, gateway: "172.16.10.1" }],
    ];
    const config = (name: string, ranges: object) => [
      name,
      { cniVersion: "0.3.1", name, type: "macvlan", master: "eth0.100", ipam: { type: "host-local", ranges } },
    ];
    assert.deepEqual(configs(), [
      config("mac10-node1", range("172.16.10.224", "172.16.10.254")),
      config("mac10-node2", range("172.16.10.32", "172.16.10.63")),
    ]);
  });

  it("keeps pods clear of what the router hands out", () => {
    const dhcp = { first: "172.16.10.192", last: "172.16.10.255" };
    const [[, config]] = configs({ ipam: "whereabouts", vlans: { mac10: { subnets: [lan], dhcp } } }) as [
      [string, { ipam: { exclude: string[] } }],
    ];
    assert.ok(config.ipam.exclude.includes("172.16.10.192/26"), String(config.ipam.exclude));
  });

  it("gives whereabouts one range, but for what is taken", () => {
    assert.deepEqual(configs({ ipam: "whereabouts" }), [
      [
        "mac10",
        {
          cniVersion: "0.3.1",
          name: "mac10",
          type: "macvlan",
          master: "eth0.100",
          ipam: {
            type: "whereabouts",
            range: "172.16.10.0/24",
            exclude: ["172.16.10.1/32", "172.16.10.9/32", "172.16.10.2/32", "172.16.10.200/29", "172.16.10.208/31"],
          },
        },
      ],
    ]);
    const both = { mac10: { vlanId: 100, subnets: [lan, "fd00::/64"] } };
    const [[, config]] = configs({ ipam: "whereabouts", vlans: both }) as [
      [string, { ipam: { ipRanges: { range: string }[] } }],
    ];
    assert.deepEqual(
      config.ipam.ipRanges.map(({ range }) => range),
      ["172.16.10.0/24", "fd00::/64"],
    );
  });

  it("has one definition per node where their interfaces differ, or only those that take part", () => {
    const vlans = { mac10: { vlanId: 100, subnets: [lan], parent: { node2: "eth9" } } };
    assert.deepEqual(
      configs({ ipam: "whereabouts", vlans }).map(([name, { master }]) => [name, master]),
      [
        ["mac10-node1", "eth0.100"],
        ["mac10-node2", "eth9.100"],
      ],
    );
    assert.deepEqual(
      configs({ vlans: { mac10: { subnets: [lan], hosts: ["node2"] } } }).map(([name, { master }]) => [name, master]),
      [["mac10-node2", "eth0"]],
    );
  });

  it("calls them after the network, whose name stays where the VLAN's changes", () => {
    const vlans = { lan10: { vlanId: 100, subnets: [lan], formerly: "mac10" } };
    assert.deepEqual(make({ vlans }), make());
    assert.deepEqual(
      configs({ vlans: { Lan_10: { subnets: [lan], network: "mac10" } }, ipam: "whereabouts" }).map(([name]) => name),
      ["mac10"],
    );
  });

  it("takes ipvlan, the vlan plugin, an MTU, a default route and a namespace", () => {
    const vlans = { mac10: { vlanId: 100, subnets: [lan], driver: "ipvlan" as const, mode: "l3" as const, mtu: 1400 } };
    const [[, ipvlan]] = configs({ vlans }) as [[string, Record<string, unknown>]];
    assert.deepEqual([ipvlan["type"], ipvlan["mode"], ipvlan["mtu"]], ["ipvlan", "l3", 1400]);
    const [[, vlan]] = configs({ link: "vlan", defaultRoute: true }) as [[string, Record<string, { routes?: object }>]];
    assert.deepEqual([vlan["type"], vlan["master"], vlan["vlanId"]], ["vlan", "eth0", 100]);
    assert.deepEqual(vlan["ipam"]?.routes, [{ dst: "0.0.0.0/0", gw: "172.16.10.1" }]);
    assert.equal(make({ namespace: "lab" })[0]?.metadata.namespace, "lab");
  });

  const refused: [what: string, change: Partial<NetworkAttachmentArgs>, reason: RegExp][] = [
    [
      "a name that Kubernetes does not take",
      { vlans: { Mac_10: { subnets: [lan] } } },
      /"Mac_10-node1" is no name for Kubernetes/,
    ],
    [
      "a subnet that is planned no more",
      { ipam: "whereabouts", plan: planAddresses({ subnets: ["fd00::/64"], hosts: ["node1"] }, plan) },
      /subnet 172\.16\.10\.0\/24 is not in the plan: it has fd00::\/64$/,
    ],
    [
      "a subnet that was not planned",
      { vlans: { a: { subnets: ["10.0.0.0/8"] } } },
      /subnet 10\.0\.0\.0\/8 is not in the plan/,
    ],
    [
      "a node without a range",
      { hosts: { node3: { parent: "eth0" } } },
      /the plan gives node3 no range of 172\.16\.10\.0\/24/,
    ],
    ["a node that is none", { vlans: { a: { subnets: [lan], hosts: ["x"] } } }, /VLAN "a" names host "x"/],
    [
      "the vlan plugin with another protocol",
      { link: "vlan", vlans: { a: { vlanId: 3, protocol: "802.1ad", subnets: [lan] } } },
      /VLAN "a" is 802\.1ad: the vlan plugin makes 802\.1Q only/,
    ],
    ["the vlan plugin without an id", { link: "vlan", vlans: { a: { subnets: [lan] } } }, /VLAN "a" has no vlanId/],
  ];
  for (const [what, change, reason] of refused) it(`refuses ${what}`, () => assert.throws(() => make(change), reason));
});
