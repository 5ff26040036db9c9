// A topology as data: what is wrong with it as a whole, found before anything of it is made, and the addresses to plan. Pure.

import type { RouterInterface } from "../formats/dnsmasq";
import type { DockerNetwork } from "../formats/docker";
import { type AddressesToPlan, gatewayOf, type HostToPlan, type SubnetToPlan } from "../kinds/address-plan/planner";
import { parentClaim } from "../kinds/shared/parent";
import type { VlanSubinterfaceArguments } from "../kinds/vlan-subinterface/arguments";
import { defaultName } from "../kinds/vlan-subinterface/kind";
import { contains, formatCidr, overlaps, parseAddress, parseCidr } from "../vocabulary/addresses";
import { messageOf, quoted } from "../vocabulary/errors";
import { dockerName, interfaceName, vlanId as vlanIdField } from "../vocabulary/fields";
import { completeMode } from "../vocabulary/modes";
import { refuseFormer } from "./names";
import { type Rollout, refuseRollout } from "./rollout";

/** A host as far as it is known before anything is made. */
export interface DescribedHost extends HostToPlan {
  /** Where SSH reaches it, as far as that is no Output. */
  address?: string | undefined;
  port?: number | undefined;
  /** Its interface for all VLANs without one of their own, where that is no Output. */
  parent?: string | undefined;
  /** Bytes, of that interface. */
  mtu?: number | undefined;
}

export interface DescribedVlan {
  /**
   * An old name of it: what was made for that is this VLAN's, and stays on the hosts as it is, the Docker network with its old name
   * (see `network`). It may stay here for ever. Default: none.
   */
  formerly?: string | undefined;
  /**
   * The Docker network's name on the hosts; the shims' interfaces are called after it. Default: `formerly`, else the VLAN's name. Another
   * one replaces the networks: give the old name here before you take `formerly` away.
   */
  network?: string | undefined;
  /** 1 to 4094. Default: none, untagged, straight on the parent. */
  vlanId?: number | undefined;
  /**
   * As VlanSubinterface's. Default: "802.1Q". Sub-interfaces of 802.1ad are called `<parent>.ad<vlanId>`, so that another protocol is an
   * update, as another id is: the new ones stand, and networks move over, before the old ones go.
   */
  protocol?: VlanSubinterfaceArguments["protocol"];
  /** CIDR texts, or objects with a gateway, reserved addresses, a size. */
  subnets: (string | Omit<SubnetToPlan, "hosts">)[];
  /** The router's addresses, one for each subnet at most. Default: the first of each subnet. */
  gateway?: string | string[] | undefined;
  /** The hosts that take part. Default: all. */
  hosts?: string[] | undefined;
  /**
   * Each host hands out all of the subnets, as a network does that somebody typed without `--ip-range`: for those that are there already,
   * since two hosts may hand out one address. Without it each host gets a range of its own, for which its network is made anew; its
   * containers keep their addresses, which have to stand in `reserved` (of no effect before) so that no other host hands them out. `prove`
   * leaves such a VLAN out, and it has no shims, no `dhcp` and no `rollout`. Default: false.
   */
  unplanned?: boolean | undefined;
  /** Another interface than the hosts' own, for all of them or by host. */
  parent?: string | Record<string, string> | undefined;
  /** As MacvlanNetwork's. Default: "macvlan". */
  driver?: DockerNetwork["driver"];
  /** As MacvlanNetwork's. Default: "bridge" of macvlan, "l2" of ipvlan. */
  mode?: DockerNetwork["mode"];
  /** As MacvlanNetwork's, of ipvlan. */
  flag?: DockerNetwork["flag"];
  /** Bytes, of the sub-interfaces; at most their parents'. Default: their parents'. */
  mtu?: number | undefined;
  /** Containers get no way out. Default: false. */
  internal?: DockerNetwork["internal"];
  /** As InterVlanRouter's: the router tells devices and containers there of itself and of the IPv6 subnets. Default: false. */
  advertise?: RouterInterface["advertise"];
  /** As InterVlanRouter's: what the router hands out to devices there. The plan keeps it free of containers. Default: none. */
  dhcp?: RouterInterface["dhcp"];
}

export interface DescribedTopology {
  hosts: Record<string, DescribedHost>;
  vlans: Record<string, DescribedVlan>;
  router?: (Pick<DescribedHost, "address" | "port" | "parent"> & { vlans?: string[] | undefined }) | undefined;
  shims?: boolean | string[] | undefined;
  swarm?: { manager: string } | undefined;
  rollout?: Rollout | undefined;
  forget?: string[] | undefined;
}

/** A VLAN's name on the hosts: that of its Docker networks. */
export const networkOf = (vlan: string, { network, formerly }: Pick<DescribedVlan, "network" | "formerly">): string =>
  network ?? formerly ?? vlan;
/** Each node's part of a Swarm's network. */
export const nodePart = (network: string): string => `${network}-node`;
export const shimName = (network: string): string => `shim-${network}`;
export const hostsOf = ({ hosts }: DescribedTopology, vlan: DescribedVlan): string[] =>
  vlan.hosts ?? Object.keys(hosts);
export const parentOf = (vlan: DescribedVlan, host: string, otherwise: string | undefined): string | undefined =>
  typeof vlan.parent === "object" ? (vlan.parent[host] ?? otherwise) : (vlan.parent ?? otherwise);
/** The interface that a VLAN comes in through; an 802.1ad one has a name of its own, so that it can stand beside the 802.1Q one of its id. */
export const interfaceOf = (
  { vlanId, protocol }: Pick<DescribedVlan, "vlanId" | "protocol">,
  parent: string,
): string => {
  if (vlanId === undefined) return parent;
  return protocol === "802.1ad" ? `${parent}.ad${vlanId}` : defaultName(parent, vlanId);
};
export const shimmed = ({ shims }: DescribedTopology, vlan: string): boolean =>
  Array.isArray(shims) ? shims.includes(vlan) : (shims ?? false);

const subnetText = (subnet: string | { subnet: string }): string =>
  typeof subnet === "string" ? subnet : subnet.subnet;

/** A subnet's text as the plan has it. */
export const planned = (subnet: string | { subnet: string }): string => formatCidr(parseCidr(subnetText(subnet)));

const listOf = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

/** The routers that a subnet was given. */
function gatewaysOf({ gateway }: DescribedVlan, entry: DescribedVlan["subnets"][number]): string[] {
  const own = typeof entry === "string" ? undefined : entry.gateway;
  const subnet = parseCidr(subnetText(entry));
  const inside = listOf(gateway).filter((address) => contains(subnet, parseAddress(address)));
  return [...new Set([...listOf(own), ...inside])];
}

/** What containers must not get: what others hold, and what the router hands out. */
export function reservedOf({ dhcp }: Pick<DescribedVlan, "dhcp">, entry: DescribedVlan["subnets"][number]): string[] {
  const given = typeof entry === "string" ? [] : (entry.reserved ?? []);
  const inside = dhcp && contains(parseCidr(subnetText(entry)), parseAddress(dhcp.first));
  return inside ? [...given, `${dhcp.first}-${dhcp.last}`] : given;
}

/** An address, where the text is one and no DNS name. */
function addressIn(text: string | undefined) {
  try {
    return text === undefined ? undefined : parseAddress(text);
  } catch {
    return undefined;
  }
}

/** Reads a field as a resource would: its reason where it is refused. */
function reasonOf(field: { safeParse(value: unknown): { error?: { issues: { message: string }[] } } }, value: unknown) {
  return field.safeParse(value).error?.issues[0]?.message;
}

/** What the planner is asked: each subnet with its gateway, and with what hosts themselves have in it reserved. */
export function toPlan(topology: DescribedTopology): AddressesToPlan {
  const { hosts, vlans, router, forget } = topology;
  const own = [...Object.values(hosts), router].flatMap((host) => addressIn(host?.address) ?? []);
  const subnets = Object.values(vlans).flatMap((vlan) =>
    vlan.subnets.map((entry): SubnetToPlan => {
      const given = typeof entry === "string" ? { subnet: entry } : entry;
      const subnet = parseCidr(given.subnet);
      const [gateway] = gatewaysOf(vlan, entry);
      const theirs = own.filter((address) => contains(subnet, address)).map(({ address }) => address);
      const reserved = [...new Set([...reservedOf(vlan, entry), ...theirs])].filter((address) => address !== gateway);
      return {
        ...given,
        ...(gateway === undefined ? {} : { gateway }),
        ...(reserved.length > 0 ? { reserved } : {}),
        ...(vlan.unplanned ? { hosts: [] } : vlan.hosts ? { hosts: vlan.hosts } : {}),
      };
    }),
  );
  const wishes = Object.entries(hosts).map(([host, { size, slot, ranges, formerly }]): [string, HostToPlan] => [
    host,
    {
      ...(size === undefined ? {} : { size }),
      ...(slot === undefined ? {} : { slot }),
      ...(ranges === undefined ? {} : { ranges }),
      ...(formerly === undefined ? {} : { formerly }),
    },
  ]);
  const shims = Object.keys(vlans).some((vlan) => shimmed(topology, vlan));
  return { subnets, hosts: Object.fromEntries(wishes), shims, ...(forget ? { forget } : {}) };
}

/** Everything that is wrong, each with the hosts it is about and what to do. */
export function refuseTopology(topology: DescribedTopology): string[] {
  const unknown = refuseUnknownNames(topology);
  const malformed = refuseVlans(topology);
  // What follows compares VLANs with each other: it needs names and addresses that can be read.
  if (unknown.length + malformed.length > 0) return [...unknown, ...malformed];
  return [
    ...refuseNetworks(topology),
    ...refuseOverlaps(topology),
    ...refuseParents(topology),
    ...refuseGateways(topology),
    ...refuseRouter(topology),
    ...refuseUnserved(topology),
    ...refuseSwarm(topology),
  ];
}

function refuseUnknownNames({ hosts, vlans, router, shims, swarm, rollout }: DescribedTopology): string[] {
  const check = (names: string[], known: object, what: string, where: string): string[] =>
    names
      .filter((name) => !(name in known))
      .map(
        (name) => `${where} names ${what} ${quoted(name)}: there is none; there are ${Object.keys(known).join(", ")}`,
      );
  return [
    ...(Object.keys(hosts).length === 0 ? ["hosts is empty: name at least one host"] : []),
    ...Object.entries(vlans).flatMap(([name, { hosts: some = [], parent }]) => [
      ...check(some, hosts, "host", `vlans.${name}.hosts`),
      ...check(typeof parent === "object" ? Object.keys(parent) : [], hosts, "host", `vlans.${name}.parent`),
    ]),
    ...check(router?.vlans ?? [], vlans, "VLAN", "router.vlans"),
    ...check(Array.isArray(shims) ? shims : [], vlans, "VLAN", "shims"),
    ...check(swarm ? [swarm.manager] : [], hosts, "host", "swarm.manager"),
    ...check(rollout?.canary === undefined ? [] : [rollout.canary], hosts, "host", "rollout.canary"),
    ...(rollout?.batches ?? []).flatMap((batch, index) => check(batch, hosts, "host", `rollout.batches[${index}]`)),
    ...(rollout ? refuseRollout(rollout) : []),
    ...refuseFormer("hosts", hosts),
    ...refuseFormer("vlans", vlans),
  ];
}

function refuseVlans(topology: DescribedTopology): string[] {
  return Object.entries(topology.vlans).flatMap(([name, vlan]) => {
    const refusals: string[] = [];
    const refuse = (property: string, reason: string) => refusals.push(`vlans.${name}${property} ${reason}`);
    const network = networkOf(name, vlan);
    // Where the name on the hosts is said.
    const said = vlan.network !== undefined ? ".network" : vlan.formerly !== undefined ? ".formerly" : "";
    const badName = reasonOf(dockerName, network);
    if (badName) refuse(said, `is to be a Docker network's name, but ${badName}`);
    const badId = vlan.vlanId === undefined ? undefined : reasonOf(vlanIdField, vlan.vlanId);
    if (badId) refuse(".vlanId", badId);
    if (vlan.vlanId === undefined && vlan.protocol !== undefined)
      refuse(".protocol", "is that of tagged frames, and the VLAN has no vlanId: give it one, or leave protocol out");
    if (vlan.subnets.length === 0) refuse(".subnets", "is empty: give the VLAN at least one subnet");
    const subnets = vlan.subnets.flatMap((entry, index) => {
      try {
        return [parseCidr(subnetText(entry))];
      } catch (error) {
        refuse(`.subnets[${index}]`, `is no subnet such as 172.16.10.0/24: ${messageOf(error)}`);
        return [];
      }
    });
    if (vlan.internal && vlan.advertise) {
      refuse(".advertise", "gives containers a way out, which internal denies them: leave one of both out");
    }
    for (const end of vlan.dhcp ? [vlan.dhcp.first, vlan.dhcp.last] : []) {
      const address = addressIn(end);
      if (!address || !subnets.some((subnet) => contains(subnet, address)))
        refuse(".dhcp", `${quoted(end)} is no address of its subnets ${subnets.map(formatCidr).join(", ")}`);
    }
    const gateways = listOf(vlan.gateway);
    for (const gateway of gateways) {
      const address = addressIn(gateway);
      if (!address) refuse(".gateway", `is no address such as 172.16.10.1: ${quoted(gateway)}`);
      else if (!subnets.some((subnet) => contains(subnet, address))) {
        const texts = subnets.map(formatCidr).join(", ");
        refuse(".gateway", `${gateway} is outside its subnets ${texts}: the router could not be reached there`);
      }
    }
    if (vlan.unplanned && shimmed(topology, name))
      refuse(".unplanned", "leaves no address to a host itself: take unplanned away, or leave the VLAN out of shims");
    if (vlan.unplanned && vlan.dhcp)
      refuse(".unplanned", "lets hosts hand out what dhcp does: take unplanned away, or leave dhcp out");
    if (vlan.unplanned && topology.rollout)
      refuse(".unplanned", "can't be proved batch by batch: take unplanned away, or leave rollout out");
    if (shimmed(topology, name)) {
      const badShim = reasonOf(interfaceName, shimName(network));
      if (badShim)
        refuse(
          said,
          `has a shim, an interface whose name ${badShim}: give the ${said ? "network" : "VLAN"} a name of 10 bytes at most`,
        );
      if (vlan.mode === "private" || vlan.flag === "private") {
        refuse(
          ".mode",
          `private keeps the shim from its containers: take mode "bridge", or leave the VLAN out of shims`,
        );
      }
      if (vlan.mode === "passthru") {
        refuse(".mode", "passthru has the parent for itself, with no room for a shim: leave the VLAN out of shims");
      }
    }
    return refusals;
  });
}

function refuseOverlaps({ vlans }: DescribedTopology): string[] {
  const all = Object.entries(vlans).flatMap(([name, vlan]) =>
    vlan.subnets.map((entry) => ({ name, subnet: parseCidr(subnetText(entry)) })),
  );
  return all.flatMap(({ name, subnet }, index) =>
    all
      .slice(0, index)
      .filter((other) => overlaps(other.subnet, subnet))
      .map(
        (other) =>
          `VLANs ${quoted(other.name)} and ${quoted(name)} overlap (${formatCidr(other.subnet)}, ${formatCidr(subnet)}): hosts could not tell which of them an address is in; give each addresses of its own`,
      ),
  );
}

/** What stands on each interface of each host. */
function refuseParents(topology: DescribedTopology): string[] {
  const { hosts, vlans } = topology;
  return Object.entries(hosts).flatMap(([host, { parent: ofHost, mtu, address }]) => {
    const here = Object.entries(vlans)
      .filter(([, vlan]) => hostsOf(topology, vlan).includes(host))
      .map(([name, vlan]) => ({ name, vlan, nic: parentOf(vlan, host, ofHost) }));
    const refusals = here.flatMap(({ name, vlan, nic }) => [
      ...refuseInterface(host, name, vlan, nic),
      ...(vlan.mtu !== undefined && mtu !== undefined && vlan.mtu > mtu && nic === ofHost
        ? [
            `vlans.${name}.mtu ${vlan.mtu} is above the ${mtu} of ${host}'s ${nic ?? "interface"}: lower it, or raise the MTU of that interface and say so in hosts.${host}.mtu`,
          ]
        : []),
      ...refuseManagement(host, address, name, vlan),
    ]);
    const pairs = here.flatMap((one, index) => here.slice(0, index).map((other) => ({ one, other })));
    return [
      ...refusals,
      ...pairs
        .filter(({ one, other }) => one.nic !== undefined && one.nic === other.nic)
        .flatMap(({ one, other }) => refusePair(host, one.nic as string, other, one)),
    ];
  });
}

function refuseInterface(host: string, name: string, vlan: DescribedVlan, nic: string | undefined): string[] {
  if (nic === undefined) return [];
  const reason = reasonOf(interfaceName, interfaceOf(vlan, nic));
  return reason
    ? [`vlans.${name} on ${host}: ${reason}; rename the interface, or give the VLAN another parent there`]
    : [];
}

function refuseManagement(host: string, text: string | undefined, name: string, vlan: DescribedVlan): string[] {
  const address = addressIn(text);
  if (!address || !vlan.subnets.some((entry) => contains(parseCidr(subnetText(entry)), address))) return [];
  if (vlan.mode !== "passthru") return [];
  return [
    `vlans.${name}: SSH reaches ${host} at ${text}, which is in this VLAN, and passthru would take that interface away from the host: choose another mode, or another parent for it on ${host}`,
  ];
}

interface Placed {
  name: string;
  vlan: DescribedVlan;
}

function refusePair(host: string, nic: string, one: Placed, other: Placed): string[] {
  const names = `${quoted(one.name)} and ${quoted(other.name)}`;
  if (interfaceOf(one.vlan, nic) !== interfaceOf(other.vlan, nic)) return [];
  if (one.vlan.vlanId !== undefined) {
    return [
      `VLANs ${names} both have id ${one.vlan.vlanId} on ${nic} of ${host}: give one of them another id or parent`,
    ];
  }
  const carried = ({ vlan }: Placed) => {
    const kind = vlan.driver ?? "macvlan";
    const { mode = "", flag } = completeMode({ kind, mode: vlan.mode, flag: vlan.flag });
    return { kind, mode, flag };
  };
  const claim = parentClaim(nic, carried(other), `VLAN ${quoted(other.name)}`);
  const why = claim.conflicts?.(parentClaim(nic, carried(one), `VLAN ${quoted(one.name)}`));
  if (typeof why === "object") return [`vlans.${other.name}.parent on ${host}: ${why.reason}`];
  return carried(one).kind === "ipvlan"
    ? [
        `VLANs ${names} are both ipvlan on ${nic} of ${host}: Docker gives a parent to one ipvlan network only; give one a vlanId or another parent`,
      ]
    : [];
}

export const isRouted = ({ router }: DescribedTopology, vlan: string): boolean =>
  router !== undefined && (router.vlans?.includes(vlan) ?? true);

/** Two routers with one address, or two for one subnet: containers would send to either. */
function refuseGateways(topology: DescribedTopology): string[] {
  const { hosts, router, vlans } = topology;
  const others = Object.entries(hosts).filter(([, { address }]) => address !== router?.address);
  return Object.entries(vlans).flatMap(([name, vlan]) =>
    vlan.subnets.flatMap((entry) => {
      const given = gatewaysOf(vlan, entry);
      if (given.length > 1) {
        return `vlans.${name} gives ${planned(entry)} two routers, ${given.join(" and ")}: containers take one; leave the other out`;
      }
      const subnet = parseCidr(subnetText(entry));
      const gateway = gatewayOf(subnet, given[0]);
      return others
        .filter(([, { address }]) => {
          const own = addressIn(address);
          return isRouted(topology, name) && own && contains(subnet, own) && own.value === gateway;
        })
        .map(
          ([host, { address }]) =>
            `vlans.${name}.gateway: ${host} has ${address} already (SSH reaches it there), and the router is to have it too; give the VLAN another gateway`,
        );
    }),
  );
}

function refuseUnserved(topology: DescribedTopology): string[] {
  return Object.entries(topology.vlans)
    .filter(([name, { advertise, dhcp }]) => (advertise || dhcp) && !isRouted(topology, name))
    .map(
      ([name, { dhcp }]) =>
        `vlans.${name}.${dhcp ? "dhcp" : "advertise"} is the router's work, and none routes ${quoted(name)}: add it to router${topology.router ? ".vlans" : ""}`,
    );
}

/** The kernel keeps a macvlan's parent from its children: a router there would not be reached by containers beside it. */
function refuseRouter({ hosts, router }: DescribedTopology): string[] {
  if (!router?.address) return [];
  return Object.entries(hosts)
    .filter(([, host]) => (["address", "port", "parent"] as const).every((key) => host[key] === router[key]))
    .map(
      ([host]) =>
        `router is ${host} itself, on the same interface: the kernel keeps containers from the interface they stand on, so those of ${host} could not reach their gateway; take a host of its own as the router`,
    );
}

/** The manager makes the Swarm's network of what it has itself. */
function refuseSwarm(topology: DescribedTopology): string[] {
  const { swarm, vlans, rollout } = topology;
  if (!swarm) return [];
  const unproved = rollout
    ? [
        "rollout can't prove a Swarm's nodes one after the other: containers get their parts through the manager only; leave it out",
      ]
    : [];
  return Object.entries(vlans)
    .filter(([, vlan]) => !hostsOf(topology, vlan).includes(swarm.manager))
    .map(
      ([name]) =>
        `vlans.${name}.hosts leaves out ${swarm.manager}, the Swarm's manager, which has to have a part of every network: add it`,
    )
    .concat(unproved);
}

/** What holds as long as nobody has planned who hands out what. */
export const warnUnplanned = (topology: DescribedTopology): string[] =>
  Object.entries(topology.vlans).flatMap(([name, vlan]) => {
    const hosts = hostsOf(topology, vlan);
    if (!vlan.unplanned || hosts.length < 2) return [];
    return `vlans.${name} is unplanned: ${hosts.join(", ")} may hand out the same address twice; give containers theirs (docker run --ip)`;
  });

/** Names that differ in the program may meet on a host. */
function refuseNetworks(topology: DescribedTopology): string[] {
  const all = Object.entries(topology.vlans).map(([name, vlan]) => ({ name, vlan, network: networkOf(name, vlan) }));
  return all.flatMap(({ name, vlan, network }, index) =>
    all
      .slice(0, index)
      .filter((other) => other.network === network)
      .flatMap((other) => {
        const host = hostsOf(topology, vlan).find((entry) => hostsOf(topology, other.vlan).includes(entry));
        return host === undefined
          ? []
          : `VLANs ${quoted(other.name)} and ${quoted(name)} are both network ${quoted(network)} on ${host}: give one of them another network`;
      }),
  );
}
