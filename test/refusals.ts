// Everything that is refused, in one table: what can be known at preview, and what only the host can tell.
import { renderRuleset } from "../provider/formats/nftables";
import { HOST, RIGHT, type Type } from "./unit/inputs";

/** Refused by check, without a host: a change of inputs that are right, the input it names, and the reason. */
export const AT_PREVIEW: [Type, object, string, RegExp][] = [
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
  ["HostInterface", { macAddress: "02:42:00:00:00:01" }, "subnet", /is one way too many to tell an interface/],
  ["HostInterface", { subnet: undefined, route: "10.0.0.0/8" }, "route", /must be an address, or "default"/],
  ["MacvlanNetwork", { parent: undefined }, "parent", /is missing: it must be the name of a network interface/],
  [
    "MacvlanNetwork",
    { scope: "swarm", parent: undefined, subnets: undefined },
    "configFrom",
    /is missing: make a network with configOnly on each node/,
  ],
  [
    "MacvlanNetwork",
    { scope: "swarm", configFrom: "mac10-node", subnets: undefined },
    "parent",
    /comes from the nodes: Docker takes no such setting for scope "swarm"/,
  ],
  ["MacvlanNetwork", { configFrom: "mac10-node" }, "configFrom", /is for scope "swarm"/],
  ["MacvlanNetwork", { configOnly: true, internal: true }, "internal", /is no setting of a node's part/],
  ["VlanSubinterface", { host: { address: "a b" } }, "host.address", /DNS name, an IP address or a Host alias/],
  ["VlanSubinterface", { host: { ...HOST, hostKey: "nonsense" } }, "host.hostKey", /OpenSSH public keys/],
  [
    "MacvlanLink",
    { host: { ...HOST, address: "192.168.1.10" }, addresses: ["192.168.1.200/24"] },
    "addresses[0]",
    /192.168.1.200\/24 has the prefix of the LAN that 192.168.1.10, the host itself, is on already: .*Give the link 192.168.1.200\/32, and routes/,
  ],
  ["MacvlanLink", { mode: "tap" }, "mode", /must be one of bridge, private, vepa, passthru, source, l2, l3, l3s/],
  ["MacvlanLink", { mode: "l2" }, "mode", /"l2" is no mode of macvlan: its modes are bridge, private/],
  [
    "MacvlanLink",
    { kind: "ipvlan", mode: "bridge" },
    "mode",
    /"bridge" is no mode of ipvlan: its modes are l2, l3, l3s/,
  ],
  ["MacvlanLink", { kind: "macvtap" }, "kind", /must be "macvlan" or "ipvlan"/],
  ["MacvlanLink", { flag: "vepa" }, "flag", /is for ipvlan: a macvlan has its mode for that/],
  ["MacvlanLink", { kind: "ipvlan", macAddress: "02:42:00:00:00:01" }, "macAddress", /has its parent's MAC address/],
  ["MacvlanLink", { kind: "ipvlan", bcqueuelen: 10 }, "bcqueuelen", /is for macvlan/],
  [
    "MacvlanLink",
    { sourceMacAddresses: [] },
    "sourceMacAddresses",
    /is for mode "source": this link has mode "bridge"/,
  ],
  ["MacvlanNetwork", { mode: "source" }, "mode", /must be one of bridge, private, vepa, passthru, l2, l3, l3s/],
  ["MacvlanNetwork", { driver: "ipvlan", mode: "vepa" }, "mode", /"vepa" is no mode of ipvlan/],
  ["MacvlanNetwork", { options: { ipvlan_flag: "vepa" } }, "options", /inputs of their own/],
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
  ...["", "-a", "a.b", "a b", "sixteen-bytes-xx"].map((name): (typeof AT_PREVIEW)[number] => [
    "InterVlanRouter",
    { name },
    "name",
    /is no router's name: a letter or digit, then letters, digits, _ - and at most 15 of them/,
  ]),
  [
    "InterVlanRouter",
    { interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"], advertise: true }] },
    "interfaces[0].advertise",
    /needs an IPv6 address/,
  ],
  [
    "InterVlanRouter",
    { interfaces: [{ interface: "enp0s8.100", addresses: ["fd00::1/56"], advertise: true }] },
    "interfaces[0].advertise",
    /fd00::\/56 is none/,
  ],
  [
    "InterVlanRouter",
    {
      interfaces: [
        {
          interface: "enp0s8.100",
          addresses: ["172.16.10.1/24"],
          dhcp: { first: "172.16.10.5", last: "172.16.10.9", dnsServers: ["fd00::53"] },
        },
      ],
    },
    "interfaces[0].dhcp.dnsServers",
    /fd00::53 is no IPv4 address/,
  ],
  ...(
    [
      ["172.16.11.1", "172.16.11.9", /172\.16\.11\.1 to 172\.16\.11\.9 is in no subnet/],
      ["172.16.10.9", "172.16.10.3", /ends before it begins/],
      ["172.16.10.1", "172.16.10.9", /holds 172\.16\.10\.1, the router's own/],
      ["fd00::1", "fd00::9", /hands out IPv4/],
    ] as const
  ).map(([first, last, reason]): (typeof AT_PREVIEW)[number] => [
    "InterVlanRouter",
    { interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"], dhcp: { first, last } }] },
    "interfaces[0].dhcp",
    reason,
  ]),
  ["InterVlanRouter", { nat: [{ outInterface: "enp0s8.100" }] }, "nat[0].outInterface", /one of the routed interfaces/],
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

/** Refused by check since another resource of the same program has it: what, the first one, the second one, the reason. */
export const AT_PREVIEW_TOGETHER: [string, Type, object, Type, object, RegExp][] = [
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
  [
    "a macvlan link with an address in its parent's own LAN",
    "VlanSubinterface",
    { addresses: ["172.16.10.2/24"] },
    "MacvlanLink",
    { addresses: ["172.16.10.3/24"] },
    /172.16.10.3\/24 has the prefix of the LAN that its parent "enp0s8.100" \(172.16.10.2\/24\) is on already: .*Give the link 172.16.10.3\/32/,
  ],
  [
    "macvlan and ipvlan on one parent",
    "MacvlanNetwork",
    {},
    "MacvlanLink",
    { kind: "ipvlan" },
    /parent "enp0s8.100" carries Docker network "mac10" already, a macvlan: the kernel gives a parent to macvlan or to ipvlan, never to both; put one of them on a VLAN sub-interface of its own/,
  ],
  [
    "a passthru macvlan beside another",
    "MacvlanLink",
    {},
    "MacvlanNetwork",
    { mode: "passthru" },
    /"enp0s8.100" carries macvlan link "shim10" already: a passthru macvlan has its parent for itself/,
  ],
  [
    "ipvlans of two modes on one parent",
    "MacvlanNetwork",
    { driver: "ipvlan", mode: "l3" },
    "MacvlanLink",
    { kind: "ipvlan" },
    /carries Docker network "mac10" already, in mode l3 \(bridge\): all ipvlans of a parent have one mode and flag/,
  ],
  [
    "two routers of one name on a host",
    "InterVlanRouter",
    {},
    "InterVlanRouter",
    {},
    /name is taken already by router \(resource "first"\) on host1: only one of them can have it/,
  ],
  [
    "an interface of two routers",
    "InterVlanRouter",
    { name: "edge" },
    "InterVlanRouter",
    { interfaces: [{ interface: "enp0s8.100", addresses: ["10.0.0.1/8"] }] },
    /interfaces\[0\].interface "enp0s8.100" is routed by router "edge" \(resource "first"\) on host1: only one of them can have it/,
  ],
  [
    "an interface that is another router's way out",
    "InterVlanRouter",
    { nat: [{ outInterface: "enp0s9" }] },
    "InterVlanRouter",
    { name: "edge", interfaces: [{ interface: "enp0s9", addresses: [] }] },
    /interfaces\[0\].interface "enp0s9" is taken as a way out by router \(resource "first"\) on host1/,
  ],
  [
    "a way out that another router routes",
    "InterVlanRouter",
    {},
    "InterVlanRouter",
    { name: "edge", interfaces: [{ interface: "enp0s9", addresses: [] }], nat: [{ outInterface: "enp0s8.100" }] },
    /nat\[0\].outInterface "enp0s8.100" is routed by router \(resource "first"\) on host1/,
  ],
  [
    "a subnet of two routers",
    "InterVlanRouter",
    {},
    "InterVlanRouter",
    { name: "edge", interfaces: [{ interface: "enp0s9", addresses: ["172.16.0.1/16"] }] },
    /interfaces\[0\].addresses 172.16.0.1\/16 is in a subnet \(172.16.10.1\/24\) that is routed by router \(resource "first"\) on host1/,
  ],
];

/** Refused on the host. */
export interface HostCase {
  what: string;
  type: string;
  inputs: Record<string, unknown>;
  /** What the host is before, and how it is put right again. */
  given?: string;
  after?: string;
  message: RegExp;
}

export const vlan = { parent: "enp0s8", vlanId: 100 };
export const network = { parent: "enp0s8", name: "mac1", subnets: [{ subnet: "172.16.10.0/24" }] };
const router = { interfaces: [{ interface: "enp0s8", addresses: ["172.16.10.1/24"] }] };
/** What the router of another stack keeps of itself on a host. */
const otherRouter = `mkdir -p /run/pulumi-macvlan/router.theirs; cat >/run/pulumi-macvlan/router.theirs/ruleset <<'RULES'
${renderRuleset("pulumi_macvlan_router_theirs", "pulumi-macvlan other/stack/x", {
  interfaces: ["enp0s8"],
  nat: [{ outInterface: "enp0s3", sources: ["172.16.10.0/24"] }],
  policy: { default: "accept", rules: [] },
})}
RULES
true`;
const hidden = (program: string) => ({
  given: `for at in /usr/sbin /usr/bin /sbin /bin; do [ ! -e $at/${program} ] || mv $at/${program} /root/hidden-${program}; done; true`,
  after: `mv /root/hidden-${program} /usr/$([ ${program} = docker ] && echo bin || echo sbin)/${program}`,
});

export const ON_HOST: HostCase[] = [
  {
    what: "a missing parent",
    type: "VlanSubinterface",
    inputs: { parent: "eth7", vlanId: 100 },
    message:
      /^cannot set up VLAN sub-interface "eth7.100" on host1: parent "eth7" does not exist; its interfaces are docker0, (dummy0, )?enp0s3, enp0s8, lo/,
  },
  {
    what: "a missing parent of a network",
    type: "MacvlanNetwork",
    inputs: { ...network, parent: "eth0.50" },
    message: /Docker network "mac1" on host1: parent "eth0.50" does not exist; its interfaces are/,
  },
  {
    what: "a missing interface of a router",
    type: "InterVlanRouter",
    inputs: { interfaces: [{ interface: "eth7", addresses: [] }] },
    message: /router on host1: interface "eth7" does not exist; its interfaces are/,
  },
  {
    what: "a missing uplink",
    type: "InterVlanRouter",
    inputs: { ...router, nat: [{ outInterface: "ppp0" }] },
    message: /interface "ppp0" does not exist/,
  },
  {
    what: "an interface that another stack's router has",
    type: "InterVlanRouter",
    inputs: { ...router, name: "edge" },
    given: otherRouter,
    after: "rm -r /run/pulumi-macvlan/router.theirs",
    message:
      /router "edge" on host1: "enp0s8" is routed already by another router there \(its mark says "pulumi-macvlan other\/stack\/x"\): only one of them can have it; take it out of that one first/,
  },
  {
    what: "a way out that another stack's router has as an interface",
    type: "InterVlanRouter",
    inputs: { interfaces: [{ interface: "docker0", addresses: [] }], nat: [{ outInterface: "enp0s8" }] },
    given: otherRouter,
    after: "rm -r /run/pulumi-macvlan/router.theirs",
    message: /"enp0s8" is routed already by another router there/,
  },
  {
    what: "an interface that is the way out of another stack's router",
    type: "InterVlanRouter",
    inputs: { interfaces: [{ interface: "enp0s3", addresses: [] }] },
    given: otherRouter,
    after: "rm -r /run/pulumi-macvlan/router.theirs",
    message:
      /"enp0s3" is taken as a way out by another router there \(its mark says "pulumi-macvlan other\/stack\/x"\): only one of them can have it/,
  },
  {
    what: "a subnet that another stack's router has",
    type: "InterVlanRouter",
    inputs: { interfaces: [{ interface: "docker0", addresses: ["172.16.10.9/25"] }] },
    given: `${otherRouter}; ip addr add 172.16.10.1/24 dev enp0s8`,
    after: "rm -r /run/pulumi-macvlan/router.theirs; ip addr del 172.16.10.1/24 dev enp0s8",
    message:
      /172.16.10.9\/25 is in a subnet that another router there \(its mark says "pulumi-macvlan other\/stack\/x"\) has on "enp0s8": the host has one way into a subnet/,
  },
  {
    what: "a parent that is down",
    type: "VlanSubinterface",
    inputs: vlan,
    given: "ip link set enp0s8 down",
    after: "ip link set enp0s8 up",
    message: /parent "enp0s8" is down: bring it up \(ip link set enp0s8 up\)/,
  },
  {
    what: "an interface that is not ours",
    type: "VlanSubinterface",
    inputs: vlan,
    given: "ip link add enp0s8.100 type dummy",
    after: "ip link del enp0s8.100",
    message:
      /"enp0s8.100" on host1: it exists and was not made by pulumi-macvlan: remove it, choose another name, or take it over with adopt: true/,
  },
  {
    what: "adopting what is something else",
    type: "VlanSubinterface",
    inputs: { ...vlan, adopt: true },
    given: "ip link add enp0s8.100 type dummy",
    after: "ip link del enp0s8.100",
    message: /it exists with another parent, id or kind/,
  },
  {
    what: "another stack's interface",
    type: "VlanSubinterface",
    inputs: vlan,
    given:
      "ip link add link enp0s8 name enp0s8.100 type vlan id 100 && ip link set enp0s8.100 alias 'pulumi-macvlan other/stack/x'",
    after: "ip link del enp0s8.100",
    message: /belongs to somebody else \(its mark says "pulumi-macvlan other\/stack\/x"\)/,
  },
  {
    what: "a VLAN id that has another name there",
    type: "VlanSubinterface",
    inputs: { ...vlan, name: "mine" },
    given: "ip link add link enp0s8 name theirs type vlan id 100",
    after: "ip link del theirs",
    message: /VLAN 100 of "enp0s8" is there already as "theirs"/,
  },
  {
    what: "an MTU above the parent's",
    type: "VlanSubinterface",
    inputs: { ...vlan, mtu: 9000 },
    message: /the kernel refused MTU 9000: it must not be above the one of "enp0s8"/,
  },
  {
    what: "an MTU above the parent's, of a macvlan",
    type: "MacvlanLink",
    inputs: { parent: "enp0s8", name: "shim", mtu: 9000 },
    message: /the kernel refused MTU 9000/,
  },
  {
    what: "an address with the prefix of the parent's own LAN",
    type: "MacvlanLink",
    inputs: { parent: "enp0s3", name: "shim", addresses: ["10.77.0.200/24"] },
    message:
      /10.77.0.200\/24 has the prefix of the LAN that its parent "enp0s3" \(10.77.0.11\/24\) is on already: .*Give the link 10.77.0.200\/32/,
  },
  {
    what: "a macvlan parent that is a bridge's port",
    type: "MacvlanLink",
    inputs: { parent: "enp0s8", name: "shim" },
    given: "ip link add br9 type bridge && ip link set enp0s8 master br9",
    after: "ip link del br9",
    message: /parent "enp0s8" is taken in a way that macvlan can't share/,
  },
  {
    what: "a network that is not ours",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create mac1",
    after: "docker network rm mac1",
    message: /Docker network "mac1" on host1: it exists and was not made by pulumi-macvlan/,
  },
  {
    what: "a parent that another network has",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create -d macvlan -o parent=enp0s8 --subnet 10.99.0.0/24 theirs",
    after: "docker network rm theirs",
    message:
      /one network per parent, and "enp0s8" has one already. Networks there: .*theirs parent=enp0s8 subnet=10.99.0.0\/24/,
  },
  {
    what: "a subnet that another network has",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create --subnet 172.16.0.0/16 theirs",
    after: "docker network rm theirs",
    message: /a subnet is used by another network already: .*Networks there: .*theirs parent=.*subnet=172.16.0.0\/16/,
  },
  {
    what: "a missing ip",
    type: "VlanSubinterface",
    inputs: vlan,
    ...hidden("ip"),
    message: /host1 has no iproute2 .*: install it there/,
  },
  {
    what: "a missing docker",
    type: "MacvlanNetwork",
    inputs: network,
    ...hidden("docker"),
    message: /host1 has no Docker .*: install it there/,
  },
  {
    what: "a missing nft",
    type: "InterVlanRouter",
    inputs: router,
    ...hidden("nft"),
    message: /host1 has no nftables: install it there/,
  },
  {
    what: "a Docker that does not run",
    type: "MacvlanNetwork",
    inputs: network,
    given: "systemctl stop docker.socket docker",
    after: "systemctl start docker",
    message: /its Docker daemon does not answer: .*Cannot connect to the Docker daemon/,
  },
  {
    what: "no root",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "ops" } },
    message: /it takes root, and "ops" is not root there: connect as root, or set sudo: true/,
  },
  {
    what: "no sudo",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "ops", sudo: true } },
    message: /sudo on the host refused: sudo: a password is required/,
  },
  {
    what: "nobody listening",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { port: 1 } },
    message: /cannot reach host1: 127.0.0.1:1 refuses connections: does sshd run there, and on that port\?/,
  },
  {
    what: "a host that does not answer",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { address: "silent.invalid" } },
    message: /cannot reach host1: the name "silent.invalid" can't be resolved/,
  },
  {
    what: "an unknown key",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { hostKey: undefined, knownHostsPath: "/dev/null" } },
    message:
      /cannot reach host1: its host key is not known. It shows "ssh-ed25519 \S+". If that is right, add this line to \S+: \[127.0.0.1\]:\d+ ssh-ed25519 \S+/,
  },
  {
    what: "a wrong key",
    type: "VlanSubinterface",
    inputs: {
      ...vlan,
      host: { hostKey: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] },
    },
    message: /its host key is not the pinned one. It shows "ssh-ed25519/,
  },
  {
    what: "a refused login",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "nobody-there" } },
    message: /it refuses the login of user "nobody-there": check the user and the key or password/,
  },
  {
    what: "a missing key file",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { privateKeyPath: "/no/such/key" } },
    message: /cannot read the private key for host1: ENOENT/,
  },
];
