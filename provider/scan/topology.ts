// What of all that hosts have is one topology: networks of one name, VLAN and subnets on two hosts and more. Pure.
import type { Subnet } from "../formats/docker";
import { planAddresses } from "../kinds/address-plan/planner";
import { type DescribedTopology, type DescribedVlan, interfaceOf, refuseTopology, toPlan } from "../plan/topology";
import { contains, parseAddress, parseCidr } from "../vocabulary/addresses";
import { dockerName } from "../vocabulary/fields";
import { canonical, isMap, withoutUndefined } from "../vocabulary/values";
import type { Described, Scanned } from "./read";

type Props = Record<string, unknown>;

/** One host's network, with the interface that it stands on. */
export interface Placed {
  host: Scanned;
  /** The interface that frames come in through. */
  nic: string;
  network: Described;
  subinterface: Described | undefined;
  /** What it has in common with those of the same VLAN. */
  vlan: Props;
  subnets: Subnet[];
}

export interface FoundTopology {
  hosts: Record<string, { parent: string; ranges?: string[] }>;
  vlans: Record<string, Props>;
  probes: Props[];
  persist: unknown;
  /** What it describes. */
  places: readonly Placed[];
  /** By VLAN: addresses that several containers have. */
  twice: [vlan: string, address: string, containers: string[]][];
}

const OF_NETWORK = ["name", "parent", "driver", "mode", "flag", "internal", "labels", "options", "subnets", "adopt"];
const OF_SUBINTERFACE = ["name", "parent", "vlanId", "protocol", "mtu", "persist", "adopt"];
const OF_SUBNET = ["subnet", "gateway", "ipRange"];

const isSaid = (value: unknown): boolean =>
  value !== undefined &&
  !(isMap(value) && Object.keys(value).length === 0) &&
  !(Array.isArray(value) && value.length === 0);

const hasOnly = (props: object, fields: readonly string[]): boolean =>
  Object.entries(props).every(([field, value]) => fields.includes(field) || !isSaid(value));

/** Where a topology can say it. */
function placed(host: Scanned, network: Described): Placed[] {
  const { parent, subnets, driver, mode, flag, internal, labels, options } = network.inputs;
  const links = host.described.filter(({ type }) => type !== "MacvlanNetwork");
  const below = links.find(({ name }) => name === parent);
  const nic = below ? below.inputs["parent"] : parent;
  const { vlanId, protocol, mtu } = (below?.inputs ?? {}) as Partial<DescribedVlan>;
  const given = (subnets ?? []) as Subnet[];
  const canBeSaid =
    network.type === "MacvlanNetwork" &&
    hasOnly(network.inputs, OF_NETWORK) &&
    given.length > 0 &&
    given.every((entry) => hasOnly(entry, OF_SUBNET) && entry.gateway !== undefined) &&
    typeof nic === "string" &&
    !links.some(({ name }) => name === nic) &&
    (!below ||
      (below.type === "VlanSubinterface" &&
        hasOnly(below.inputs, OF_SUBINTERFACE) &&
        below.name === interfaceOf({ vlanId, protocol }, nic)));
  if (!canBeSaid) return [];
  const known = { vlanId, protocol, mtu, driver, mode, flag, internal, labels, options };
  const vlan = {
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => isSaid(value))),
    subnets: given.map(({ subnet, gateway }) => ({ subnet, gateway })),
  };
  return [{ host, nic: nic as string, network, subinterface: below, vlan, subnets: given }];
}

const rangesOf = (places: readonly Placed[]) => places.flatMap(({ subnets }) => subnets.map(({ ipRange }) => ipRange));

/** Undefined where ranges can't be told: some have one, others none. */
function isUnplanned(places: readonly Placed[]): boolean | undefined {
  const ranges = rangesOf(places);
  if (ranges.every((range) => range === undefined)) return true;
  return ranges.includes(undefined) ? undefined : false;
}

const mostOften = (texts: readonly string[]): string =>
  [...Map.groupBy(texts, (text) => text)].sort(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? "";

const vlanOf = (places: readonly Placed[]): string => places[0]?.network.name ?? "";

/** Each address of a VLAN's containers, with who has it. */
function holdersOf(places: readonly Placed[]): Map<string, string[]> {
  const held = places.flatMap(({ host, network: { addresses = {} } }) =>
    Object.entries(addresses).flatMap(([container, all]) =>
      all.map((address) => ({ address, who: `${container} (${host.name})` })),
    ),
  );
  const byAddress = Map.groupBy(held, ({ address }) => address);
  return new Map([...byAddress].map(([address, holders]) => [address, holders.map(({ who }) => who)]));
}

/** One container of each host asks one of the next: no other needs an address for that. */
function probesOf(places: readonly Placed[]): Props[] {
  const holders = holdersOf(places);
  const ends = places.flatMap(({ host, network: { addresses = {} } }) => {
    const alone = Object.entries(addresses).flatMap(([container, all]) => {
      const address = all.find((one) => holders.get(one)?.length === 1);
      return address !== undefined && dockerName.safeParse(container).success ? [{ container, address }] : [];
    });
    return alone.slice(0, 1).map((end) => ({ host: host.name, ...end }));
  });
  return ends.slice(1).map((to, index) => {
    const { host, container } = ends[index] as (typeof ends)[number];
    return {
      name: `${container} to ${to.container} in ${vlanOf(places)}`,
      from: { host, container },
      to: to.address,
      expect: "reachable",
    };
  });
}

/** What containers have beside their hosts' ranges: no host is to hand that out later. */
function withReserved(places: readonly Placed[]): Props[] {
  const ranges = rangesOf(places).flatMap((range) => (range === undefined ? [] : parseCidr(range)));
  const held = [...holdersOf(places).keys()].map(parseAddress);
  const free = held.filter((address) => !ranges.some((range) => contains(range, address)));
  return (places[0]?.subnets ?? []).map(({ subnet, gateway }) => {
    const here = free.filter((address) => contains(parseCidr(subnet), address));
    const sorted = here.sort((one, other) => (one.value < other.value ? -1 : 1)).map(({ address }) => address);
    return { subnet, gateway, ...(sorted.length > 0 && { reserved: sorted }) };
  });
}

function topologyOf(groups: readonly (readonly Placed[])[]): FoundTopology {
  const places = groups.flat();
  const names = [...new Set(places.map(({ host }) => host.name))];
  const hosts = Object.fromEntries(
    names.map((name) => {
      const here = places.filter(({ host }) => host.name === name);
      const ranges = rangesOf(here).filter((range) => range !== undefined);
      return [name, { parent: mostOften(here.map(({ nic }) => nic)), ...(ranges.length > 0 && { ranges }) }];
    }),
  );
  const vlans = groups.map((group): [string, Props] => {
    const on = group.map(({ host }) => host.name);
    const elsewhere = group.filter(({ host, nic }) => nic !== hosts[host.name]?.parent);
    return [
      vlanOf(group),
      {
        ...group[0]?.vlan,
        subnets: withReserved(group),
        ...(isUnplanned(group) && { unplanned: true }),
        ...(on.length < names.length && { hosts: on }),
        ...(elsewhere.length > 0 && { parent: Object.fromEntries(elsewhere.map(({ host, nic }) => [host.name, nic])) }),
      },
    ];
  });
  return {
    hosts,
    vlans: Object.fromEntries(vlans),
    probes: groups.flatMap(probesOf),
    persist: places.find(({ subinterface }) => subinterface)?.subinterface?.inputs["persist"],
    places,
    twice: groups.flatMap((group) =>
      [...holdersOf(group)].flatMap(([address, holders]): FoundTopology["twice"] =>
        holders.length > 1 ? [[vlanOf(group), address, holders]] : [],
      ),
    ),
  };
}

/** Whether it is taken, where SSH reaches its hosts, and plans the ranges that are there. */
function isTrue({ hosts, vlans, places }: FoundTopology): boolean {
  const reached = Object.entries(hosts).map(([name, host]) => {
    const { address, port } = places.find((place) => place.host.name === name)?.host.connection ?? {};
    return [name, { ...host, address, port }];
  });
  const topology = { hosts: Object.fromEntries(reached), vlans } as unknown as DescribedTopology;
  if (refuseTopology(topology).length > 0) return false;
  try {
    const plan = Object.values(planAddresses(toPlan(topology)));
    return Object.entries(hosts).every(([host, { ranges = [] }]) => {
      const planned = plan.flatMap((subnet) => subnet.hosts[host]?.range ?? []);
      return canonical(planned.sort()) === canonical([...ranges].sort());
    });
  } catch {
    return false;
  }
}

/** Undefined where nothing spans hosts, or not so that one description could say it. */
export function topologyIn(scanned: readonly Scanned[]): FoundTopology | undefined {
  const names = new Set<string>();
  const hosts = scanned.filter(({ name }) => !names.has(name) && names.add(name));
  const places = hosts.flatMap((host) => host.described.flatMap((entry) => placed(host, entry)));
  const byVlan = Map.groupBy(places, ({ network, vlan }) =>
    canonical(withoutUndefined({ name: network.name, ...vlan })),
  );
  const spanning = [...byVlan.values()].filter((group) => group.length > 1 && isUnplanned(group) !== undefined);
  const groups: Placed[][] = [];
  let found: FoundTopology | undefined;
  for (const group of spanning) {
    // One at a time: what can't stand beside the others stays by itself.
    if (groups.some((other) => vlanOf(other) === vlanOf(group))) continue;
    const withIt = topologyOf([...groups, group]);
    if (!isTrue(withIt)) continue;
    groups.push(group);
    found = withIt;
  }
  return found;
}
