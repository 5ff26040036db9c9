// What may pass between VLANs, said once: the router's rules come from it, and the probes that show that what is allowed works
// and what is not does not. Pure.
import type { RouterPolicy } from "../formats/nftables";
import type { Endpoint, GivenProbe } from "../kinds/reachability/arguments";
import type { Expectation } from "../kinds/reachability/kind";
import { completeMode } from "../vocabulary/modes";
import { type DescribedTopology, type DescribedVlan, hostsOf, isRouted, networkOf, planned, shimmed } from "./topology";

/** As in "iot to nas: tcp 443, nothing else". */
export interface Allowed {
  /** A VLAN, an interface of the router, a subnet, or "any". */
  from: string;
  /** The same. */
  to: string;
  /** Default: every protocol. */
  protocol?: "tcp" | "udp" | "icmp" | undefined;
  /** Destination ports or ranges; needs tcp or udp. Default: all. */
  ports?: (number | string)[] | undefined;
}

export const rulesOf = (allow: readonly Allowed[]) => ({
  default: "drop" as const,
  rules: allow.map((entry) => ({ ...entry, action: "accept" as const })),
});

/** What a router is to let through, as it was said. */
export const policyOf = <Policy>({ policy, allow }: { policy?: Policy | undefined; allow?: Allowed[] | undefined }) =>
  policy ?? (allow && rulesOf(allow));

/** A policy with the router's interfaces instead of the VLANs' names. */
export const onInterfaces = (policy: RouterPolicy, names: Readonly<Record<string, string>>) => ({
  ...policy,
  rules: (policy.rules ?? []).map((rule) => ({
    ...rule,
    from: names[rule.from] ?? rule.from,
    to: names[rule.to] ?? rule.to,
  })),
});

/** A probe with the networks' names on the hosts instead of the VLANs'. */
export function onNetworks<Probe extends Pick<GivenProbe, "from" | "to">>(
  { vlans }: Pick<DescribedTopology, "vlans">,
  probe: Probe,
): Probe {
  const named = <End extends Endpoint | string>(end: End): End => {
    const { network } = end as { network?: string };
    const vlan = network === undefined ? undefined : vlans[network];
    return network !== undefined && vlan ? { ...(end as End & object), network: networkOf(network, vlan) } : end;
  };
  return { ...probe, from: named(probe.from), to: named(probe.to) };
}

/** A probe between VLANs and hosts of a topology. */
export interface PlannedProbe {
  /** With the networks' names on the hosts. */
  from: { host: string; network?: string };
  to: { host: string; network: string };
  /** Default: tcp with a port, else icmp. */
  protocol?: "udp";
  port?: number;
  ipVersion: 4 | 6;
  expect: Expectation;
}

/** What passes between VLANs: a list, everything, or what nobody here knows. */
export type Passing = readonly Allowed[] | "everything" | "unknown";

/** Tried where only some ports are allowed; nobody has a service there (RFC 863, discard). */
const OTHER_PORT = 9;

/** The protocols that have ports. */
const WITH_PORTS = ["tcp", "udp"] as const;

const passes = (entry: Allowed, protocol: "tcp" | "udp" | "icmp", port?: number): boolean =>
  (entry.protocol === undefined || entry.protocol === protocol) &&
  (entry.ports === undefined ||
    entry.ports.some((given) => {
      const [first = 0, last = first] = String(given).split("-").map(Number);
      return port !== undefined && port >= first && port <= last;
    }));

/**
 * The probes of a whole topology: hosts to each other in every VLAN, hosts to their own containers where they have shims,
 * and VLANs to each other. Without a router nothing passes between those.
 */
export function probesOf(topology: DescribedTopology, passing: Passing): PlannedProbe[] {
  const vlans = probed(topology);
  return vlans.flatMap(([name, vlan]) => [
    ...within(topology, name, vlan),
    ...vlans
      .filter(([other]) => other !== name)
      .flatMap(([other, to]) => between(topology, name, vlan, other, to, passing)),
  ]);
}

/** Where a probe's own containers may have any address that Docker gives them. */
const probed = ({ vlans }: DescribedTopology) =>
  Object.entries(vlans).filter(([, { internal, unplanned }]) => !internal && !unplanned);

/**
 * The probes that show that a batch of a rollout works before the next one is changed: its hosts to each other and to those before them
 * in every VLAN, and to their own containers. A host that is alone so far has but its own containers to show it with.
 */
export function probesOfBatch(
  topology: DescribedTopology,
  batches: readonly string[][],
  index: number,
): PlannedProbe[] {
  const batch = batches[index] ?? [];
  const sofar = batches.slice(0, index + 1).flat();
  return probed(topology).flatMap(([name, vlan]) => {
    const hosts = hostsOf(topology, vlan).filter((host) => sofar.includes(host));
    const probes = within(topology, name, { ...vlan, hosts });
    const found = probes.length === 0 ? besideItself(name, { ...vlan, hosts }) : probes;
    return found.filter(({ from, to }) => batch.includes(from.host) || batch.includes(to.host));
  });
}

/** One container to another of the same host, where the network lets them. */
function besideItself(name: string, vlan: DescribedVlan & { hosts: string[] }): PlannedProbe[] {
  const { mode, flag } = completeMode({ kind: vlan.driver ?? "macvlan", mode: vlan.mode, flag: vlan.flag });
  if ((flag ?? mode) !== "bridge") return [];
  const network = networkOf(name, vlan);
  return vlan.hosts.flatMap((host) =>
    versionsOf(vlan).map((ipVersion): PlannedProbe => {
      const end = { host, network };
      return { from: end, to: end, ipVersion, expect: "reachable" };
    }),
  );
}

/** A batch that nothing can show to work would be followed by the next one all the same. */
export function refuseUnproved(topology: DescribedTopology, batches: readonly string[][]): string[] {
  return batches.slice(0, -1).flatMap((batch, index) => {
    const vlans = Object.entries(topology.vlans).filter(([, vlan]) =>
      hostsOf(topology, vlan).some((host) => batch.includes(host)),
    );
    if (vlans.length === 0 || probesOfBatch(topology, batches, index).length > 0) return [];
    const names = vlans.map(([name]) => name).join(", ");
    return `rollout: no packet could show that ${batch.join(", ")} works (${names}) before others are changed: give the batch a second host of the same VLAN, or name it last`;
  });
}

/** Whatever the order in which a program names them: another order is no change. */
const inOrder = (topology: DescribedTopology, vlan: DescribedVlan): string[] => [...hostsOf(topology, vlan)].sort();

const versionsOf = ({ subnets }: DescribedVlan): (4 | 6)[] =>
  [...new Set(subnets.map((subnet): 4 | 6 => (planned(subnet).includes(":") ? 6 : 4)))].sort();

function within(topology: DescribedTopology, name: string, vlan: DescribedVlan): PlannedProbe[] {
  const hosts = inOrder(topology, vlan);
  const network = networkOf(name, vlan);
  return versionsOf(vlan).flatMap((ipVersion): PlannedProbe[] => {
    const reachable = { ipVersion, expect: "reachable" as const };
    const neighbours = hosts.slice(1).map((host, index) => ({
      from: { host: hosts[index] as string, network },
      to: { host, network },
      ...reachable,
    }));
    const own = hosts.map((host) => ({ from: { host }, to: { host, network }, ...reachable }));
    return shimmed(topology, name) ? [...neighbours, ...own] : neighbours;
  });
}

function between(
  topology: DescribedTopology,
  name: string,
  vlan: DescribedVlan,
  other: string,
  target: DescribedVlan,
  passing: Passing,
): PlannedProbe[] {
  const host = inOrder(topology, vlan)[0];
  const to = inOrder(topology, target).at(-1);
  const { router } = topology;
  if (host === undefined || to === undefined || (router && passing === "unknown")) return [];
  const routed = [name, other].every((entry) => isRouted(topology, entry));
  const allowed = typeof passing === "string" ? undefined : passing;
  const rules = allowed?.filter((entry) => [name, "any"].includes(entry.from) && [other, "any"].includes(entry.to));
  const open = (protocol: "tcp" | "udp" | "icmp", port?: number): Expectation =>
    routed && (rules?.some((entry) => passes(entry, protocol, port)) ?? true) ? "reachable" : "unreachable";
  const tried = WITH_PORTS.flatMap((protocol) => {
    const given = (rules ?? []).flatMap((entry) => (entry.protocol === protocol ? (entry.ports ?? []) : []));
    const ports = new Set(given.map((port) => Number(String(port).split("-")[0])));
    return ports.size > 0 ? [...ports, OTHER_PORT].map((port) => ({ protocol, port })) : [];
  });
  return versionsOf(vlan)
    .filter((ipVersion) => versionsOf(target).includes(ipVersion))
    .flatMap((ipVersion) => {
      const from = { host, network: networkOf(name, vlan) };
      const probe = { from, to: { host: to, network: networkOf(other, target) }, ipVersion };
      return [
        { ...probe, expect: open("icmp") },
        ...tried.map(({ protocol, port }) => ({
          ...probe,
          ...(protocol === "udp" ? { protocol } : {}),
          port,
          expect: open(protocol, port),
        })),
      ];
    });
}
