// One side of a change, before or after: what each host has, and which of it is one network on the wire. Pure.
import type { Subnet } from "../formats/docker";
import type { RouterNat, RouterPolicy } from "../formats/nftables";
import { contains, overlaps, parseAddress, parseCidr } from "../vocabulary/addresses";
import { UNKNOWN } from "../vocabulary/values";
import type { Props, Reviewed } from "./stack";

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
  policy: RouterPolicy;
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
  /** What its Docker networks are called, else its VLAN. It stays when the VLAN becomes another. */
  label: string;
  vlanId?: number;
  protocol?: string;
  subnets: string[];
  hosts: string[];
}

export interface Side {
  hosts: HostSide[];
  segments: Segment[];
  /** The segment that an interface of a host is on, or that carries a Docker network. */
  segmentOf(host: string, parent: string, subnets?: readonly string[]): Segment | undefined;
}

const text = (value: unknown): string => (typeof value === "string" && value !== UNKNOWN ? value : "");
const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

function subinterfaceOf(props: Props): Subinterface {
  const { name, parent, vlanId, protocol } = props;
  return { name: text(name), parent: text(parent), vlanId: Number(vlanId), protocol: text(protocol) || "802.1Q" };
}

function networkOf(props: Props, users: unknown): Network {
  const { name, parent, driver, mode, internal, subnets } = props;
  return {
    name: text(name),
    parent: text(parent),
    driver: text(driver) || "macvlan",
    mode: text(mode),
    internal: internal === true,
    subnets: list<Subnet>(subnets),
    users: list<string>(users),
  };
}

const linkOf = ({ name, parent, routes }: Props): Link => ({
  name: text(name),
  parent: text(parent),
  routes: list<{ to?: string }>(routes).map(({ to }) => text(to)),
});

const routerOf = ({ name, interfaces, nat, policy }: Props): Router => ({
  name: text(name) || "router",
  legs: list<{ interface?: unknown; addresses?: unknown }>(interfaces).map((leg) => ({
    interface: text(leg.interface),
    addresses: list<string>(leg.addresses),
  })),
  nat: list<RouterNat>(nat),
  policy: (policy ?? {}) as RouterPolicy,
});

const byName = <T extends { name: string }>(things: T[]): T[] =>
  things.sort((one, other) => (one.name < other.name ? -1 : 1));

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
  const own = subinterfaces.find(({ name }) => name === parent);
  if (own) return own;
  const [, vlanId] = /\.(\d+)$/.exec(parent) ?? [];
  return vlanId === undefined ? undefined : { vlanId: Number(vlanId), protocol: "802.1Q" };
}

interface Found extends Segment {
  names: Set<string>;
}

/** Untagged ones are one where they have a subnet in common: whether two NICs are on one cable, no program says. */
const meets = (known: readonly string[], subnets: readonly string[]): boolean =>
  known.some((one) => subnets.some((other) => overlaps(parseCidr(one), parseCidr(other))));

/** `pick` gives a resource's props on this side, or nothing where it is not there. */
export function sideOf(resources: readonly Reviewed[], pick: (resource: Reviewed) => Props | undefined): Side {
  const there = resources.filter((resource) => resource.host !== undefined && pick(resource) !== undefined);
  const names = [...new Set(there.map(({ host }) => host ?? ""))].sort();
  const hosts = names.map((host) =>
    hostSide(
      host,
      there.filter((resource) => resource.host === host),
      (resource) => pick(resource) ?? {},
    ),
  );
  const found: Found[] = [];
  const segmentOf = (host: string, parent: string, subnets: readonly string[] = []): Found | undefined => {
    const side = hosts.find((candidate) => candidate.host === host);
    const tag = side && tagOf(side, parent);
    if (tag) return found.find(({ id }) => id === `${tag.protocol} ${tag.vlanId}`);
    return found.find((segment) => segment.vlanId === undefined && meets(segment.subnets, subnets));
  };
  const add = (side: HostSide, parent: string, subnets: readonly string[], name?: string) => {
    const tag = tagOf(side, parent);
    let segment = segmentOf(side.host, parent, subnets);
    if (!segment) {
      const id = tag ? `${tag.protocol} ${tag.vlanId}` : `untagged ${subnets[0] ?? `${side.host} ${parent}`}`;
      const { vlanId, protocol } = tag ?? {};
      segment = { id, label: "", subnets: [], hosts: [], names: new Set(), ...(tag && { vlanId, protocol }) } as Found;
      found.push(segment);
    }
    segment.subnets = [...new Set([...segment.subnets, ...subnets])].sort();
    segment.hosts = [...new Set([...segment.hosts, side.host])].sort();
    if (name) segment.names.add(name);
  };
  for (const side of hosts)
    for (const { name, parent, subnets } of side.networks)
      add(
        side,
        parent,
        subnets.map(({ subnet }) => subnet),
        name,
      );
  for (const side of hosts) for (const { name } of side.subinterfaces) add(side, name, []);
  for (const segment of found) {
    const tagged = `${segment.protocol === "802.1ad" ? "802.1ad " : ""}VLAN ${segment.vlanId}`;
    const name = [...segment.names].sort().join("/") || (segment.vlanId === undefined ? segment.id : tagged);
    const taken = found.some(({ label }) => label === name);
    segment.label = taken ? `${name} (${segment.vlanId === undefined ? segment.id : tagged})` : name;
  }
  found.sort((one, other) => (one.vlanId ?? -1) - (other.vlanId ?? -1) || (one.id < other.id ? -1 : 1));
  return { hosts, segments: found, segmentOf };
}

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
