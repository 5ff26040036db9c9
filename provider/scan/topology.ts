// What of all that hosts have is one topology: networks of one name, VLAN and subnets on two hosts and more. Pure.
import { planAddresses } from "../kinds/address-plan/planner";
import { type DescribedTopology, type DescribedVlan, interfaceOf, refuseTopology, toPlan } from "../plan/topology";
import { canonical, isMap, withoutUndefined } from "../vocabulary/values";
import type { Described, Scanned } from "./read";

type Props = Record<string, unknown>;

interface Subnet {
  subnet: string;
  gateway?: string;
  ipRange?: string;
}

/** One host's network, with the interface that it stands on. */
interface Placed {
  host: string;
  /** The interface that frames come in through. */
  nic: string;
  network: Described;
  subinterface: Described | undefined;
  /** What it has in common with those of the same VLAN. */
  vlan: Props;
  persist: boolean | undefined;
  subnets: Subnet[];
}

export interface FoundTopology {
  hosts: Record<string, { parent: string; ranges?: string[] }>;
  vlans: Record<string, Props>;
  probes: Props[];
  persist: boolean | undefined;
  /** What it describes. */
  of: ReadonlySet<Described>;
  /** Of its networks, in the order of its VLANs: who is on them, each with its host. */
  users: [vlan: string, containers: string[]][];
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
function placed({ name: host, described }: Scanned, network: Described): Placed[] {
  const { parent, subnets, driver, mode, flag, internal, labels, options } = network.inputs;
  const links = described.filter(({ type }) => type !== "MacvlanNetwork");
  const below = links.find(({ name }) => name === parent);
  const nic = below ? below.inputs["parent"] : parent;
  const { vlanId, protocol, mtu, persist } = (below?.inputs ?? {}) as Partial<DescribedVlan> & { persist?: boolean };
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
  return [{ host, nic: nic as string, network, subinterface: below, vlan, persist, subnets: given }];
}

/** Undefined where ranges can't be told: some have one, others none. */
function isUnplanned(places: readonly Placed[]): boolean | undefined {
  const ranges = places.flatMap(({ subnets }) => subnets.map(({ ipRange }) => ipRange));
  if (ranges.every((range) => range === undefined)) return true;
  return ranges.includes(undefined) ? undefined : false;
}

const mostOften = (texts: readonly string[]): string =>
  [...Map.groupBy(texts, (text) => text)].sort(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? "";

/** One container of each host asks one of the next: no other needs an address for that. */
const probesOf = (vlan: string, places: readonly Placed[]): Props[] => {
  const ends = places.flatMap(({ host, network: { containers, addresses } }) => {
    const container = containers.find((name) => addresses?.[name]);
    return container === undefined ? [] : [{ host, container, address: addresses?.[container] }];
  });
  return ends.slice(1).map((to, index) => {
    const { host, container } = ends[index] as (typeof ends)[number];
    return {
      name: `${container} to ${to.container} in ${vlan}`,
      from: { host, container },
      to: to.address,
      expect: "reachable",
    };
  });
};

function topologyOf(groups: readonly (readonly Placed[])[]): FoundTopology {
  const all = groups.flat();
  const names = [...new Set(all.map(({ host }) => host))];
  const hosts = Object.fromEntries(
    names.map((name) => {
      const here = all.filter(({ host }) => host === name);
      const ranges = here.flatMap(({ subnets }) => subnets.flatMap(({ ipRange }) => ipRange ?? []));
      return [name, { parent: mostOften(here.map(({ nic }) => nic)), ...(ranges.length > 0 && { ranges }) }];
    }),
  );
  const vlans = groups.map((places): [string, Props] => {
    const on = places.map(({ host }) => host);
    const elsewhere = places.filter(({ host, nic }) => nic !== hosts[host]?.parent);
    return [
      places[0]?.network.name ?? "",
      {
        ...places[0]?.vlan,
        ...(isUnplanned(places) && { unplanned: true }),
        ...(on.length < names.length && { hosts: on }),
        ...(elsewhere.length > 0 && { parent: Object.fromEntries(elsewhere.map(({ host, nic }) => [host, nic])) }),
      },
    ];
  });
  return {
    hosts,
    vlans: Object.fromEntries(vlans),
    probes: groups.flatMap((places) => probesOf(places[0]?.network.name ?? "", places)),
    persist: all.find(({ persist }) => persist !== undefined)?.persist,
    of: new Set(all.flatMap(({ network, subinterface }) => [network, subinterface ?? network])),
    users: groups.map((places) => [
      places[0]?.network.name ?? "",
      places.flatMap(({ host, network }) => network.containers.map((container) => `${container} (${host})`)),
    ]),
  };
}

/** Whether it is taken, and plans the ranges that are there. */
function isTrue({ hosts, vlans }: FoundTopology): boolean {
  const topology = { hosts, vlans } as unknown as DescribedTopology;
  if (refuseTopology(topology).length > 0) return false;
  try {
    const plan = Object.values(planAddresses(toPlan(topology)));
    return Object.entries(hosts).every(([host, { ranges = [] }]) => {
      const planned = plan.flatMap((subnet) => subnet.hosts[host]?.range ?? []);
      return canonical([...planned].sort()) === canonical([...ranges].sort());
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
  const found: Placed[][] = [];
  for (const group of spanning) {
    // One at a time: what can't stand beside the others stays by itself.
    const persists = new Set([...found, group].flat().flatMap(({ persist }) => persist ?? []));
    const taken = found.some(([first]) => first?.network.name === group[0]?.network.name);
    if (!taken && persists.size < 2 && isTrue(topologyOf([...found, group]))) found.push(group);
  }
  return found.length > 0 ? topologyOf(found) : undefined;
}
