// One side of a change, before or after: what each host has, and which of it is one network on the wire. Pure.
import type { Subnet } from "../formats/docker";
import type { RouterNat, RouterPolicy } from "../formats/nftables";
import { contains, overlaps, parseAddress, parseCidr } from "../vocabulary/addresses";
import { isMap, isUnknown, UNKNOWN } from "../vocabulary/values";
import { inOrder, type Props, type Reviewed } from "./stack";

export interface Subinterface {
  name: string;
  parent: string;
  vlanId: number;
  protocol: string;
}

export interface Network {
  name: string;
  parent: string;
  driver: string;
  mode: string;
  internal: boolean;
  subnets: Subnet[];
  /** The containers on it, as last read. */
  users: string[];
}

/** A link of the host itself, which is its way to containers where it has routes. */
export interface Link {
  name: string;
  parent: string;
  routes: string[];
}

export interface Router {
  name: string;
  legs: { interface: string; addresses: string[] }[];
  nat: RouterNat[];
  /** Missing where it is not known yet. */
  policy?: RouterPolicy;
}

export interface HostSide {
  host: string;
  subinterfaces: Subinterface[];
  networks: Network[];
  links: Link[];
  routers: Router[];
}

/** What answers one broadcast: a VLAN, or the untagged network of a NIC. */
export interface Segment {
  id: string;
  /** What its Docker networks are called, else its VLAN; one for both sides (`align`). */
  label: string;
  /** Its Docker networks. */
  names: string[];
  vlanId?: number;
  protocol?: string;
  subnets: string[];
  hosts: string[];
}

export interface Side {
  hosts: HostSide[];
  segments: Segment[];
  /** The segment that an interface of a host is on, or that carries a Docker network. */
  segmentOf(host: string, parent: string, subnets?: readonly string[], name?: string): Segment | undefined;
}

const text = (value: unknown): string => (typeof value === "string" && value !== UNKNOWN ? value : "");
const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

/** Of what is not known yet, or hidden, nothing can be told. */
const isCidr = (value: unknown): value is string => {
  try {
    return typeof value === "string" && parseCidr(value) !== undefined;
  } catch {
    return false;
  }
};

function subinterfaceOf(props: Props): Subinterface {
  const { name, parent, vlanId, protocol } = props;
  return { name: text(name), parent: text(parent), vlanId: Number(vlanId), protocol: text(protocol) || "802.1Q" };
}

export const subnetsOf = (value: unknown): Subnet[] =>
  list<Subnet>(value)
    .filter((entry) => isMap(entry) && isCidr(entry.subnet))
    .map(({ ipRange, ...rest }) => ({ ...rest, ...(isCidr(ipRange) && { ipRange }) }));

function networkOf(props: Props, users: unknown): Network {
  const { name, parent, driver, mode, internal, subnets } = props;
  return {
    name: text(name),
    parent: text(parent),
    driver: text(driver) || "macvlan",
    mode: text(mode),
    internal: internal === true,
    subnets: subnetsOf(subnets),
    users: list<string>(users),
  };
}

const linkOf = ({ name, parent, routes }: Props): Link => ({
  name: text(name),
  parent: text(parent),
  routes: list<{ to?: string }>(routes).flatMap((route) => (isMap(route) && isCidr(route["to"]) ? [route["to"]] : [])),
});

const isPolicy = (policy: unknown): policy is RouterPolicy =>
  isMap(policy) && !isUnknown(policy) && (policy["rules"] === undefined || Array.isArray(policy["rules"]));

const routerOf = ({ name, interfaces, nat, policy }: Props): Router => ({
  name: text(name) || "router",
  legs: list<Props>(interfaces)
    .filter(isMap)
    .map((leg) => ({ interface: text(leg["interface"]), addresses: list<unknown>(leg["addresses"]).filter(isCidr) })),
  nat: list<RouterNat>(nat).filter(({ outInterface }) => text(outInterface) !== ""),
  ...((policy === undefined || isPolicy(policy)) && { policy: policy ?? {} }),
});

const byName = <T extends { name: string }>(things: readonly T[]): T[] => inOrder(things, ({ name }) => name);

function hostSide(host: string, resources: readonly Reviewed[], read: (resource: Reviewed) => Props): HostSide {
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    host,
    subinterfaces: byName(of("VlanSubinterface").map((resource) => subinterfaceOf(read(resource)))),
    networks: byName(
      of("MacvlanNetwork").map((resource) => networkOf(read(resource), resource.old?.["attachedContainers"])),
    ),
    links: byName(of("MacvlanLink").map((resource) => linkOf(read(resource)))),
    routers: byName(of("InterVlanRouter").map((resource) => routerOf(read(resource)))),
  };
}

/** The VLAN that an interface is, by its own resource or by the name that Docker makes one of. */
function tagOf({ subinterfaces }: HostSide, parent: string): { vlanId: number; protocol: string } | undefined {
  if (parent === "") return undefined;
  const own = subinterfaces.find(({ name }) => name === parent);
  if (own) return own;
  const [, vlanId] = /\.(\d+)$/.exec(parent) ?? [];
  return vlanId === undefined ? undefined : { vlanId: Number(vlanId), protocol: "802.1Q" };
}

/** Untagged ones are one where they have a subnet in common: whether two NICs are on one cable, no program says. */
const meets = (known: readonly string[], subnets: readonly string[]): boolean =>
  known.some((one) => subnets.some((other) => overlaps(parseCidr(one), parseCidr(other))));

/** A Swarm's whole network is on no wire of its own: its nodes' parts are. */
const onWire = ({ type }: Reviewed, props: Props): boolean => type !== "MacvlanNetwork" || props["scope"] !== "swarm";

export type Pick = (resource: Reviewed) => { host: string | undefined; props: Props | undefined };

/** `pick` gives a resource's host and props on this side; without props it is not there. */
export function sideOf(resources: readonly Reviewed[], pick: Pick): Side {
  const there = resources.filter((resource) => {
    const { host, props } = pick(resource);
    return host !== undefined && props !== undefined && onWire(resource, props);
  });
  const names = [...new Set(there.map((resource) => pick(resource).host ?? ""))].sort();
  const hosts = names.map((host) =>
    hostSide(
      host,
      there.filter((resource) => pick(resource).host === host),
      (resource) => pick(resource).props ?? {},
    ),
  );
  const segments: Segment[] = [];
  const find = (side: HostSide, parent: string, subnets: readonly string[], name?: string): Segment | undefined => {
    const tag = tagOf(side, parent);
    if (tag) return segments.find(({ id }) => id === `${tag.protocol} ${tag.vlanId}`);
    if (parent === "") return name === undefined ? undefined : segments.find(({ id }) => id === `unknown ${name}`);
    return segments.find((segment) => segment.vlanId === undefined && meets(segment.subnets, subnets));
  };
  const idOf = (side: HostSide, parent: string, subnets: readonly string[], name?: string): string => {
    const tag = tagOf(side, parent);
    if (tag) return `${tag.protocol} ${tag.vlanId}`;
    return parent === "" ? `unknown ${name}` : `untagged ${subnets[0] ?? `${side.host} ${parent}`}`;
  };
  const add = (side: HostSide, parent: string, subnets: readonly string[], name?: string) => {
    let segment = find(side, parent, subnets, name);
    if (!segment) {
      const { vlanId, protocol } = tagOf(side, parent) ?? {};
      const tag = vlanId === undefined || protocol === undefined ? {} : { vlanId, protocol };
      segment = { id: idOf(side, parent, subnets, name), label: "", names: [], subnets: [], hosts: [], ...tag };
      segments.push(segment);
    }
    segment.subnets = [...new Set([...segment.subnets, ...subnets])].sort();
    segment.hosts = [...new Set([...segment.hosts, side.host])].sort();
    segment.names = [...new Set([...segment.names, ...(name ? [name] : [])])].sort();
  };
  for (const side of hosts) {
    for (const { name, parent, subnets } of side.networks) {
      const all = subnets.map(({ subnet }) => subnet);
      add(side, parent, all, name);
    }
  }
  for (const side of hosts) for (const { name } of side.subinterfaces) if (name !== "") add(side, name, []);
  segments.sort((one, other) => (one.vlanId ?? -1) - (other.vlanId ?? -1) || (one.id < other.id ? -1 : 1));
  const segmentOf = (host: string, parent: string, subnets: readonly string[] = [], name?: string) => {
    const side = hosts.find((candidate) => candidate.host === host);
    return side && find(side, parent, subnets, name);
  };
  return { hosts, segments, segmentOf };
}

const tagText = ({ id, vlanId, protocol }: Segment): string =>
  vlanId === undefined ? id : `${protocol === "802.1ad" ? "802.1ad " : ""}VLAN ${vlanId}`;

/**
 * Which segment of before is which of after, and one label for both: where the tag is the same and so is a name, else where a name is the
 * same (its VLAN became another), else where the tag is (its networks did).
 */
export function align(before: Side, after: Side): void {
  const left = new Set(before.segments);
  const partners = new Map<Segment, Segment>();
  const named = (one: Segment, other: Segment) => one.names.some((name) => other.names.includes(name));
  const passes: ((one: Segment, other: Segment) => boolean)[] = [
    (one, other) => one.id === other.id && (named(one, other) || one.names.length * other.names.length === 0),
    named,
    (one, other) => one.id === other.id,
  ];
  for (const fits of passes) {
    for (const segment of after.segments) {
      const partner = partners.has(segment) ? undefined : [...left].find((other) => fits(segment, other));
      if (!partner) continue;
      partners.set(segment, partner);
      left.delete(partner);
    }
  }
  const taken = new Set<string>();
  const label = (segment: Segment, names: readonly string[]): string => {
    const name = names.join("/") || tagText(segment);
    const free = taken.has(name) ? `${name} (${tagText(segment)})` : name;
    taken.add(free);
    return free;
  };
  for (const segment of after.segments) {
    const partner = partners.get(segment);
    segment.label = label(segment, segment.names.length > 0 ? segment.names : (partner?.names ?? []));
    if (partner) partner.label = segment.label;
  }
  for (const segment of left) segment.label = label(segment, segment.names);
}

export interface PlacedNetwork {
  host: string;
  network: Network;
  segment: Segment | undefined;
}

export const networksIn = (side: Side): PlacedNetwork[] =>
  side.hosts.flatMap(({ host, networks }) =>
    networks.map((network) => {
      const subnets = network.subnets.map(({ subnet }) => subnet);
      return { host, network, segment: side.segmentOf(host, network.parent, subnets, network.name) };
    }),
  );

export const networksOn = (side: Side, { id }: Segment): PlacedNetwork[] =>
  networksIn(side).filter(({ segment }) => segment?.id === id);

/** The segment that a router's leg is on: by its interface, or by the subnet that its address is in. */
export function segmentOfLeg(side: Side, host: string, leg: Router["legs"][number]): Segment | undefined {
  const byInterface = side.segmentOf(host, leg.interface);
  if (byInterface) return byInterface;
  const addresses = leg.addresses.map((address) => parseAddress(address.split("/")[0] ?? ""));
  return side.segments.find(
    ({ vlanId, subnets }) =>
      vlanId === undefined &&
      subnets.some((subnet) => addresses.some((address) => contains(parseCidr(subnet), address))),
  );
}
