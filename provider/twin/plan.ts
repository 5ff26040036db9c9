// The twin of a stack: which hosts a lab is to have for it, how they are wired, and who stands on their networks, all by what the stack's
// state says. What only the changed program names (an interface, say) is not there: nobody has seen it. Pure.
import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Seen } from "../kinds/readiness/kind";
import { joined, type Said, said } from "../review/said";
import { type HostSide, type Side, subnetsOf } from "../review/side";
import type { Props, Reviewed } from "../review/stack";
import { contains, formatAddress, parseAddress, parseCidr } from "../vocabulary/addresses";
import { quoted } from "../vocabulary/errors";
import { isInterface } from "../vocabulary/fields";
import { type HostFields, hostLabel, hostSchema, sameHost } from "../vocabulary/host";

/** What a lab knows of a host before anybody configures it. */
export interface TwinHostPlan {
  /** As the stack's messages call it. */
  label: string;
  /** All that it is called, before and after. */
  labels: string[];
  /** In the lab: labels are anything. */
  name: string;
  /** Each connection that a program has had to it. */
  of: HostFields[];
  /** Its interfaces, each with the switch that it is plugged into. */
  nics: Record<string, string>;
  /** The major number of its Docker, where it is known. */
  docker?: number;
}

/** Stands for a container: its name and addresses, and nothing of what it does. */
export interface StandIn {
  host: string;
  name: string;
  on: { network: string; addresses: string[] }[];
}

/** A VLAN (or what has no tag) of a switch. */
export interface Wire {
  switch: string;
  vlanId?: number;
  protocol?: string;
}

/** Who is asked all the time, where it stands before and after the change, and by which address of its subnet that nobody has. */
export interface Asked {
  host: string;
  container: string;
  network: string;
  address: string;
  by: string;
  wires: Wire[];
}

export interface TwinPlan {
  hosts: TwinHostPlan[];
  standIns: StandIn[];
  asked: Asked[];
  /** What of the stack's hosts it does not have. */
  unlike: Said[];
}

/** An interface that the caller knows of, as in `host1:enp0s9` or `host1:enp0s9=outside`. */
export interface KnownNic {
  host: string;
  nic: string;
  switch: string | undefined;
}

/** A lab reaches its hosts over one, and has a server on the other. */
const MANAGEMENT = "management";
const OUTSIDE = "outside";
/** Where no interface of a host is known to be its way in. */
const OWN_WAY = "mgmt0";
const TAGS = ["802.1Q", "802.1ad"];
/** The major numbers of the lab's. */
const DOCKERS = [20, 26, 28];

/** The physical interface of one that containers or routes stand on, and its tag. */
function nicOf({ subinterfaces }: HostSide, parent: string): { nic: string; vlanId?: number; protocol?: string } {
  const own = subinterfaces.find(({ name }) => name === parent);
  if (own)
    return {
      ...nicOf({ subinterfaces: subinterfaces.filter((one) => one !== own) } as HostSide, own.parent),
      vlanId: own.vlanId,
      protocol: own.protocol,
    };
  const [, nic, vlanId] = /^(.+)\.(\d+)$/.exec(parent) ?? [];
  return nic === undefined ? { nic: parent } : { nic, vlanId: Number(vlanId), protocol: "802.1Q" };
}

interface Use {
  host: string;
  nic: string;
  /** The network on the wire that it is used for; none for a way out. */
  segment?: string;
}

function usesOf(side: Side, host: HostSide): Use[] {
  const use = (parent: string, subnets: readonly string[] = [], name?: string): Use[] => {
    const { nic } = nicOf(host, parent);
    if (nic === "") return [];
    const segment = side.segmentOf(host.host, parent, subnets, name)?.id;
    return [{ host: host.host, nic, ...(segment !== undefined && { segment }) }];
  };
  return [
    ...host.subinterfaces.flatMap(({ name }) => use(name)),
    ...host.networks.flatMap(({ parent, subnets, name }) =>
      use(
        parent,
        subnets.map(({ subnet }) => subnet),
        name,
      ),
    ),
    ...host.links.flatMap(({ parent }) => use(parent)),
    ...host.routers.flatMap(({ legs, nat }) => [
      ...legs.flatMap((leg) => use(leg.interface)),
      ...nat.flatMap(({ outInterface }) => use(outInterface)),
    ]),
  ];
}

type SwitchOf = (host: string, nic: string) => string;

/** Interfaces that are used for one network of the wire are on one switch; one that only leads out is on the outside's. */
function wiring(uses: readonly Use[]): SwitchOf {
  const switches: { ends: Set<string>; segments: Set<string> }[] = [];
  for (const { host, nic, segment } of uses) {
    if (segment === undefined) continue;
    const end = `${host} ${nic}`;
    const met = switches.filter(({ ends, segments }) => ends.has(end) || segments.has(segment));
    const joined = { ends: new Set([end]), segments: new Set([segment]) };
    for (const one of met) {
      for (const other of one.ends) joined.ends.add(other);
      for (const other of one.segments) joined.segments.add(other);
      switches.splice(switches.indexOf(one), 1);
    }
    switches.push(joined);
  }
  return (host, nic) => {
    const index = switches.findIndex(({ ends }) => ends.has(`${host} ${nic}`));
    return index < 0 ? OUTSIDE : `switch${index + 1}`;
  };
}

const connectionIn = (props: Props | undefined): HostFields[] => {
  const read = hostSchema.safeParse(props?.["host"]);
  return read.success ? [read.data] : [];
};

/** Each once, by whichever name and connection it is reached. */
function hostsIn(resources: readonly Reviewed[]): Pick<TwinHostPlan, "label" | "labels" | "of">[] {
  const hosts: HostFields[][] = [];
  for (const { kind, old, wanted } of resources) {
    if (!kind) continue;
    for (const fields of [...connectionIn(old), ...connectionIn(wanted)]) {
      const known = hosts.find((of) => of.some((other) => sameHost(other, fields)));
      if (!known) hosts.push([fields]);
      else if (!known.some((other) => isDeepStrictEqual(other, fields))) known.push(fields);
    }
  }
  const all = hosts.map((of) => {
    const labels = [...new Set(of.map(hostLabel))];
    return { label: labels[0] ?? "", labels, of };
  });
  for (const [index, { labels }] of all.entries()) {
    const twice = labels.find((label) => all.some((other, at) => at !== index && other.labels.includes(label)));
    if (twice !== undefined)
      throw new Error(`two hosts of the stack are called ${quoted(twice)}: a twin can't tell them apart`);
  }
  return all.sort((one, other) => (one.label < other.label ? -1 : 1));
}

/** Those that are used, those that its topology has seen, and those that the caller knows of. */
function nicsOf(
  host: string,
  uses: readonly Use[],
  switchOf: SwitchOf,
  seen: Seen | undefined,
  known: readonly KnownNic[],
): Record<string, string> {
  const nics: Record<string, string> = {};
  for (const { nic } of uses.filter((use) => use.host === host)) nics[nic] = switchOf(host, nic);
  const first = Object.values(nics).find((net) => net !== OUTSIDE) ?? "switch1";
  for (const nic of seen?.nics ?? []) nics[nic] ??= nic === seen?.way ? MANAGEMENT : first;
  for (const given of known) nics[given.nic] = given.switch ?? nics[given.nic] ?? first;
  for (const nic of Object.keys(nics))
    if (!isInterface(nic)) throw new Error(`${quoted(nic)} on ${host} is no name of an interface: no twin can have it`);
  if (Object.values(nics).includes(MANAGEMENT)) return nics;
  let own = OWN_WAY;
  while (own in nics) own = `${own}0`;
  return { ...nics, [own]: MANAGEMENT };
}

/** The last of a subnet that nobody is known to have, and that no Docker hands out: if that can be, or `apart` wants it. */
function freeIn(
  subnet: string,
  taken: readonly string[],
  ranges: readonly string[],
  apart: boolean,
): string | undefined {
  const whole = parseCidr(subnet);
  const known = new Set(taken.map((address) => parseAddress(address).value));
  const handedOut = ranges.map(parseCidr);
  const candidates: bigint[] = [];
  for (let value = whole.last - 1n; value > whole.first && whole.last - value < 4096n; value -= 1n)
    if (!known.has(value)) candidates.push(value);
  const unused = candidates.find(
    (value) => !handedOut.some((range) => contains(range, { family: whole.family, value })),
  );
  const found = unused ?? (apart ? undefined : candidates[0]);
  return found === undefined ? undefined : formatAddress(whole.family, found);
}

/** Whatever it says elsewhere: one too many does no harm. */
const addressesIn = (value: unknown): string[] =>
  (JSON.stringify(value ?? "").match(/(?<=")[0-9a-fA-F:.]+(?=[/"])/g) ?? []).filter(isIP);

/** By container, as last read. */
const usersOf = (old: Props | undefined): Record<string, string[]> => ({
  ...Object.fromEntries(((old?.["attachedContainers"] ?? []) as string[]).map((name) => [name, []])),
  ...((old?.["attachedAddresses"] ?? {}) as Record<string, string[]>),
});

interface Given {
  /** By the hosts' labels. */
  seen?: ReadonlyMap<string, Seen>;
  nics?: readonly KnownNic[];
  /** The major number of a host's Docker. */
  dockers?: Readonly<Record<string, number>>;
}

/**
 * @throws where no lab can be like the stack.
 */
export function planTwin(
  resources: readonly Reviewed[],
  before: Side,
  after: Side,
  { seen = new Map(), nics = [], dockers = {} }: Given = {},
): TwinPlan {
  const found = hostsIn(resources);
  const labelOf = (label: string): string => found.find(({ labels }) => labels.includes(label))?.label ?? label;
  for (const label of [...nics.map(({ host }) => host), ...Object.keys(dockers)])
    if (!found.some(({ labels }) => labels.includes(label)))
      throw new Error(
        `${quoted(label)} is no host of the stack: its hosts are ${found.map((host) => host.label).join(", ")}`,
      );
  const usesIn = (side: Side) =>
    side.hosts.flatMap((host) => usesOf(side, host)).map((use) => ({ ...use, host: labelOf(use.host) }));
  const [here, later] = [usesIn(before), usesIn(after)];
  // What a change puts on one wire is on one: no program says that it is not.
  const switchOf = wiring([...here, ...later]);
  const there = new Set(before.hosts.map(({ host }) => labelOf(host)));
  // Of a host that is new nothing else is known than what the program says.
  const known = [...here, ...later.filter(({ host }) => !there.has(host))];
  const hosts = found.map(({ label, labels, of }, index): TwinHostPlan => {
    const told = labels.map((one) => seen.get(one)).find((one) => one !== undefined);
    const given = nics.filter(({ host }) => labels.includes(host));
    const major = labels.map((one) => dockers[one]).find((one) => one !== undefined);
    const docker = major ?? Number.parseInt(told?.docker ?? "", 10);
    const all = nicsOf(label, known, switchOf, told, given);
    return { label, labels, name: `h${index + 1}`, of, nics: all, ...(docker > 0 && { docker }) };
  });
  const networks = resources.filter(({ type, old }) => type === "MacvlanNetwork" && old !== undefined);
  const asked = networks.flatMap((network) =>
    askedOn(network, resources, before, after, (host, nic) => switchOf(labelOf(host), nic)),
  );
  return { hosts, standIns: standInsOf(networks), asked, unlike: unlikeOf(hosts, there) };
}

function standInsOf(networks: readonly Reviewed[]): StandIn[] {
  const all = new Map<string, StandIn>();
  for (const { host = "", formerHost = host, old } of networks) {
    for (const [name, addresses] of Object.entries(usersOf(old))) {
      const key = `${formerHost} ${name}`;
      const entry = all.get(key) ?? { host: formerHost, name, on: [] };
      entry.on.push({ network: String(old?.["name"]), addresses });
      all.set(key, entry);
    }
  }
  return [...all.values()];
}

function askedOn(
  network: Reviewed,
  resources: readonly Reviewed[],
  before: Side,
  after: Side,
  switchOf: SwitchOf,
): Asked[] {
  const { host = "", formerHost = host, old, wanted } = network;
  const wire = (side: Side, at: string, props: Props | undefined): Wire[] => {
    const place = side.hosts.find((one) => one.host === at);
    const parent = place?.networks.find(({ name }) => name === props?.["name"])?.parent;
    if (!place || !parent) return [];
    const { nic, ...tag } = nicOf(place, parent);
    const { vlanId, protocol } = tag;
    if (vlanId !== undefined && !(vlanId >= 0 && vlanId < 4096 && TAGS.includes(protocol ?? ""))) return [];
    return [{ switch: switchOf(at, nic), ...tag }];
  };
  const [here, later] = [wire(before, formerHost, old), wire(after, host, wanted)];
  const wires = [...here, ...later.filter((one) => !here.some((other) => isDeepStrictEqual(other, one)))];
  const subnets = subnetsOf(old?.["subnets"]).map(({ subnet }) => subnet);
  const known = resources.flatMap(({ old: props, wanted: next }) => [props, next]);
  const taken = known.flatMap(addressesIn);
  const ranges = known.flatMap((props) =>
    subnetsOf(props?.["subnets"]).map(({ subnet, ipRange }) => ipRange ?? subnet),
  );
  return Object.entries(usersOf(old)).flatMap(([container, [address]]) => {
    const subnet = subnets.find((one) => address !== undefined && contains(parseCidr(one), parseAddress(address)));
    // With `probe` the one who asks would be a stranger in a range.
    const by = subnet === undefined ? undefined : freeIn(subnet, taken, ranges, wanted?.["probe"] === true);
    if (address === undefined || subnet === undefined || by === undefined) return [];
    const name = String(old?.["name"]);
    return [
      {
        host: formerHost,
        container,
        network: name,
        address: parseAddress(address).address,
        by: `${by}/${subnet.split("/")[1]}`,
        wires,
      },
    ];
  });
}

function unlikeOf(hosts: readonly TwinHostPlan[], there: ReadonlySet<string>): Said[] {
  const named = (some: readonly TwinHostPlan[]): Said =>
    joined(
      some.map(({ label }) => said`${label}`),
      ", ",
    );
  const about = (some: readonly TwinHostPlan[], text: (names: Said) => Said): Said[] =>
    some.length > 0 ? [text(named(some))] : [];
  const ownWay = hosts.filter(({ nics }) => Object.keys(nics).some((nic) => nic.startsWith(OWN_WAY)));
  const unseen = hosts.filter(({ docker }) => docker === undefined);
  const other = hosts.filter(({ docker }) => docker !== undefined && !DOCKERS.includes(docker));
  const fresh = hosts.filter(({ label }) => !there.has(label));
  return [
    said`what switches really pass: there each passes every VLAN, and interfaces that share one are on one switch`,
    said`other machines on the wire, other software on the hosts, containers that do not run, and what the others do but answer a ping`,
    ...about(
      ownWay,
      (names) => said`what a change does to the interface that SSH reaches ${names} over: there it has one of its own`,
    ),
    ...about(unseen, (names) => said`which Docker ${names} has: there it is 26 (--docker tells it)`),
    ...about(other, (names) => said`the Docker of ${names}: there it is the nearest of ${DOCKERS.join(", ")}`),
    ...about(fresh, (names) => said`which interfaces ${names} has: those that the program names are there`),
  ];
}
