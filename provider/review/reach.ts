// Who reaches whom on one side of a change, and what becomes of it: from the hosts' networks and the routers' rules. Pure.
import type { RouterPolicy, RouterRule } from "../formats/nftables";
import { contains, containsRange, overlaps, parseCidr } from "../vocabulary/addresses";
import { type HostSide, type Router, type Segment, type Side, segmentOfLeg } from "./side";

/** Where NAT leads to. */
export const OUTSIDE = "outside";
export const EVERYTHING = "everything";
const OWN = "its own containers";

/** An end of the matrix: a segment by its label, a host that has a way to its containers, or the outside. */
export interface End {
  what: "segment" | "host" | "outside";
  label: string;
}

export interface Cell {
  from: End;
  to: End;
  before: Passing;
  after: Passing;
}

/** What passes from one end to the other, each by itself: "everything", "tcp 443" and "icmp", or nothing. */
export type Passing = readonly string[];

interface Leg {
  interface: string;
  subnets: readonly string[];
}

type Fit = "all" | "some" | "none";

/** Whether a rule's end means a leg: all that is on it, or a part. */
function fits(end: string, { interface: name, subnets }: Leg): Fit {
  if (end === "any" || end === name) return "all";
  if (!end.includes("/")) return "none";
  const given = parseCidr(end);
  const own = subnets.map(parseCidr).filter(({ family }) => family === given.family);
  if (own.some((subnet) => containsRange(given, subnet))) return "all";
  return own.some((subnet) => overlaps(given, subnet)) ? "some" : "none";
}

/** One for each port, so that two lists can be compared. */
const words = ({ protocol, ports = [] }: RouterRule): string[] =>
  ports.length > 0 ? ports.map((port) => `${protocol} ${port}`) : [protocol ?? EVERYTHING];

/** In the order in which a router asks its rules: the first that fits decides. */
export function passing({ default: otherwise = "accept", rules = [] }: RouterPolicy, from: Leg, to: Leg): Passing {
  const accepted: string[] = [];
  const dropped: string[] = [];
  let rest = otherwise;
  for (const rule of rules) {
    const [source, target] = [fits(rule.from, from), fits(rule.to, to)];
    if (source === "none" || target === "none") continue;
    const partly = [
      ...(source === "some" ? [`from ${rule.from}`] : []),
      ...(target === "some" ? [`to ${rule.to}`] : []),
    ];
    if (partly.length === 0 && rule.protocol === undefined) {
      rest = rule.action;
      break;
    }
    (rule.action === "accept" ? accepted : dropped).push(...words(rule).map((what) => [what, ...partly].join(" ")));
  }
  const unique = (parts: readonly string[]) => [...new Set(parts)];
  if (rest === "accept")
    return dropped.length === 0 ? [EVERYTHING] : [`everything but ${unique(dropped).join(" and ")}`];
  return unique(accepted);
}

const legOf = (side: Side, host: string, leg: Router["legs"][number]): Leg & { segment: Segment | undefined } => {
  const segment = segmentOfLeg(side, host, leg);
  return { interface: leg.interface, subnets: segment?.subnets ?? [], segment };
};

const both = (one: Passing, other: Passing): Passing =>
  [one, other].some((passes) => passes.includes(EVERYTHING)) ? [EVERYTHING] : [...new Set([...one, ...other])];

function throughRouters(side: Side, from: Segment, to: Segment | undefined): Passing {
  let found: Passing = [];
  for (const { host, routers } of side.hosts) {
    for (const { legs, nat, policy } of routers) {
      const all = legs.map((leg) => legOf(side, host, leg));
      const source = all.find(({ segment }) => segment?.id === from.id);
      if (!source) continue;
      if (to) {
        const target = all.find(({ segment }) => segment?.id === to.id);
        if (target) found = both(found, passing(policy, source, target));
        continue;
      }
      for (const { outInterface, sources } of nat) {
        const out = { interface: outInterface, subnets: [] };
        const goes = sources === undefined || sources.some((given) => fits(given, source) !== "none");
        if (goes) found = both(found, passing(policy, source, out));
      }
    }
  }
  return found;
}

/** A host reaches those of its containers that a link of its own has a route to. */
function ownContainers(side: Side, { host, networks, links }: HostSide, to: Segment): Passing {
  const here = networks.filter(({ parent, subnets }) => {
    const on = side.segmentOf(
      host,
      parent,
      subnets.map(({ subnet }) => subnet),
    );
    return on?.id === to.id;
  });
  const reached = here.some(({ subnets }) =>
    links.some(({ routes }) =>
      routes.some((route) =>
        subnets.some(({ subnet }) =>
          contains(parseCidr(subnet), { ...parseCidr(route), value: parseCidr(route).first }),
        ),
      ),
    ),
  );
  return reached ? [OWN] : [];
}

/** Networks without a gateway to speak to others stay among themselves. */
const closed = (side: Side, { id }: Segment): boolean => {
  const networks = side.hosts.flatMap(({ host, networks: all }) =>
    all.filter(
      ({ parent, subnets }) =>
        side.segmentOf(
          host,
          parent,
          subnets.map(({ subnet }) => subnet),
        )?.id === id,
    ),
  );
  return networks.length > 0 && networks.every(({ internal }) => internal);
};

function between(side: Side, from: End, to: End): Passing {
  const segment = ({ what, label }: End) =>
    what === "segment" ? side.segments.find((candidate) => candidate.label === label) : undefined;
  const [source, target] = [segment(from), segment(to)];
  const host = side.hosts.find((candidate) => from.what === "host" && candidate.host === from.label);
  if (host) return target ? ownContainers(side, host, target) : [];
  if (!source || closed(side, source)) return [];
  if (to.what === "outside") return throughRouters(side, source, undefined);
  return !target || closed(side, target) ? [] : throughRouters(side, source, target);
}

const unique = (labels: readonly string[]): string[] => [...new Set(labels)];

/**
 * Every pair of ends, before and after. Within a segment everybody reaches everybody that its modes let, which is no matter of routers.
 */
export function matrixOf(before: Side, after: Side): Cell[] {
  const sides = [before, after];
  const segments = unique(sides.flatMap((side) => side.segments.map(({ label }) => label)));
  const all = sides.flatMap(({ hosts }) => hosts);
  const hosts = unique(
    all.filter(({ links }) => links.some(({ routes }) => routes.length > 0)).map(({ host }) => host),
  );
  const leadsOut = all.some(({ routers }) => routers.some(({ nat }) => nat.length > 0));
  const ends = segments.map((label): End => ({ what: "segment", label }));
  const from = [...ends, ...hosts.sort().map((label): End => ({ what: "host", label }))];
  const outside: End = { what: "outside", label: OUTSIDE };
  return from.flatMap((source) => {
    const targets = [...ends, ...(leadsOut && source.what === "segment" ? [outside] : [])];
    return targets
      .filter((target) => target !== source)
      .map((target) => ({
        from: source,
        to: target,
        before: between(before, source, target),
        after: between(after, source, target),
      }));
  });
}

export const same = ({ before, after }: Cell): boolean => before.join("\n") === after.join("\n");

/** In words: where it is worth a word that nothing passes. */
export const inWords = (passes: Passing): string => passes.join(", ") || "nothing";

/** The cells as a table: what goes there from each end; an end to itself is no cell. */
export function gridOf(cells: readonly Cell[]): { columns: End[]; rows: { from: End; cells: (Cell | undefined)[] }[] } {
  const equal = (one: End, other: End) => one.what === other.what && one.label === other.label;
  const ends = (all: readonly End[]) =>
    all.filter((end, index) => all.findIndex((other) => equal(end, other)) === index);
  const from = ends(cells.map((cell) => cell.from));
  const to = ends(cells.map((cell) => cell.to));
  // In one order, so that the diagonal is one.
  const columns = [
    ...from.filter((end) => to.some((other) => equal(end, other))),
    ...to.filter((end) => !from.some((other) => equal(end, other))),
  ];
  const at = (source: End, target: End) => cells.find((cell) => equal(cell.from, source) && equal(cell.to, target));
  return {
    columns,
    rows: from.map((source) => ({ from: source, cells: columns.map((target) => at(source, target)) })),
  };
}
