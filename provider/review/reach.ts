// Who reaches whom on one side of a change, and what becomes of it: from the hosts' networks and the routers' rules, as formats/nftables.ts
// writes them. Pure.
import type { RouterPolicy } from "../formats/nftables";
import { contains, containsRange, overlaps, parseCidr } from "../vocabulary/addresses";
import { type HostSide, networksOn, type Router, type Segment, type Side, segmentOfLeg } from "./side";
import { ALL, common, minus, NONE, type Traffic, trafficOf, trafficText, union } from "./traffic";
import { LATER } from "./words";

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

/** Whether a rule's end means a leg: all that is on it, or a part; `other` has the families that the two have in common. */
function fits(end: string, { interface: name, subnets }: Leg, other: Leg): Fit {
  if (end === "any" || end === name) return "all";
  if (!end.includes("/")) return "none";
  const given = parseCidr(end);
  const families = new Set(other.subnets.map((subnet) => parseCidr(subnet).family));
  const own = subnets.map(parseCidr).filter(({ family }) => families.has(family));
  if (own.length > 0 && own.every((subnet) => containsRange(given, subnet))) return "all";
  return own.some((subnet) => overlaps(given, subnet)) ? "some" : "none";
}

interface Verdict {
  passes: Traffic;
  /** What is another for some addresses, in words. */
  partly: string[];
}

/** In the order in which a router asks its rules: the first that fits decides, and `otherwise` where none does. */
function verdictOf({ rules = [] }: RouterPolicy, from: Leg, to: Leg, otherwise: "accept" | "drop"): Verdict {
  let open: Traffic = ALL;
  let passes: Traffic = NONE;
  const partly: string[] = [];
  for (const rule of rules) {
    const [source, target] = [fits(rule.from, from, to), fits(rule.to, to, from)];
    const meant = common(open, trafficOf(rule));
    if (source === "none" || target === "none" || meant.length === 0) continue;
    if (source === "some" || target === "some") {
      const where = [
        ...(source === "some" ? [`from ${rule.from}`] : []),
        ...(target === "some" ? [`to ${rule.to}`] : []),
      ].join(" ");
      partly.push(...trafficText(meant).map((what) => `${rule.action === "drop" ? "not " : ""}${what} ${where}`));
      continue;
    }
    if (rule.action === "accept") passes = union(passes, meant);
    open = minus(open, meant);
  }
  return { passes: otherwise === "accept" ? union(passes, open) : passes, partly };
}

const inText = ({ passes, partly }: Verdict): string[] => [...trafficText(passes), ...partly];

/** What passes from one leg to another where each of these policies must let it. */
export function passing(policies: readonly RouterPolicy[], from: Leg, to: Leg): Passing {
  const verdicts = policies.map((policy) => verdictOf(policy, from, to, policy.default ?? "accept"));
  return inText({
    passes: verdicts.map(({ passes }) => passes).reduce(common),
    partly: verdicts.flatMap(({ partly }) => partly),
  });
}

interface Placed extends Leg {
  segment: Segment | undefined;
}

function legsOf(side: Side, host: string, { legs }: Router): Placed[] {
  return legs.map((leg) => {
    const segment = segmentOfLeg(side, host, leg);
    const subnets = [...(segment?.subnets ?? []), ...leg.addresses];
    return { interface: leg.interface, subnets: [...new Set(subnets)], segment };
  });
}

/** By either of two ways. */
function both(one: Passing, other: Passing): Passing {
  const whole = [one, other].find((passes) => passes.length === 1 && passes[0] === EVERYTHING);
  return whole ?? [...new Set([...one, ...other])];
}

const at = (legs: readonly Placed[], { id }: Segment): Placed | undefined =>
  legs.find(({ segment }) => segment?.id === id);

/** Through one router, or through two of one host, where each must let it pass. */
function throughRouters(side: Side, from: Segment, to: Segment): Passing {
  let found: Passing = [];
  for (const { host, routers } of side.hosts) {
    const ends = routers.map((router) => {
      const legs = legsOf(side, host, router);
      return { policy: router.policy, source: at(legs, from), target: at(legs, to) };
    });
    for (const one of ends) {
      for (const other of ends) {
        const { source } = one;
        const { target } = other;
        if (!source || !target || (one !== other && one.target)) continue;
        const policies = (one === other ? [one] : [one, other]).flatMap(({ policy }) => policy ?? []);
        const known = one.policy && other.policy;
        found = both(found, known ? passing(policies, source, target) : [LATER]);
      }
    }
  }
  return found;
}

/** All addresses there are. */
const ANYWHERE = ["0.0.0.0/0", "::/0"];

/** After its rules a router lets out what goes where NAT leads, and lets nothing in from there. */
function throughNat(side: Side, segment: Segment, way: "out" | "in"): Passing {
  let found: Passing = [];
  for (const { host, routers } of side.hosts) {
    for (const router of routers) {
      const leg = at(legsOf(side, host, router), segment);
      if (!leg) continue;
      for (const { outInterface } of router.nat) {
        const outside = { interface: outInterface, subnets: ANYWHERE };
        const { policy } = router;
        const passes = policy
          ? inText(way === "out" ? verdictOf(policy, leg, outside, "accept") : verdictOf(policy, outside, leg, "drop"))
          : [LATER];
        found = both(found, passes);
      }
    }
  }
  return found;
}

/** A host reaches those of its containers that a link of its own has a route to. */
function ownContainers(side: Side, { host, links }: HostSide, to: Segment): Passing {
  const here = networksOn(side, to).filter((placed) => placed.host === host);
  const reached = here.some(({ network: { subnets } }) =>
    links.some(({ routes }) =>
      routes
        .map(parseCidr)
        .some(({ family, first }) =>
          subnets.some(({ subnet }) => contains(parseCidr(subnet), { family, value: first })),
        ),
    ),
  );
  return reached ? [OWN] : [];
}

/** Networks without a way to others stay among themselves. */
function closed(side: Side, segment: Segment): boolean {
  const networks = networksOn(side, segment);
  return networks.length > 0 && networks.every(({ network }) => network.internal);
}

function between(side: Side, from: End, to: End): Passing {
  const segment = ({ what, label }: End) =>
    what === "segment" ? side.segments.find((candidate) => candidate.label === label) : undefined;
  const [source, target] = [segment(from), segment(to)];
  const host = side.hosts.find((candidate) => from.what === "host" && candidate.host === from.label);
  if (host) return target ? ownContainers(side, host, target) : [];
  if ((source && closed(side, source)) || (target && closed(side, target))) return [];
  if (from.what === "outside") return target ? throughNat(side, target, "in") : [];
  if (to.what === "outside") return source ? throughNat(side, source, "out") : [];
  return source && target ? throughRouters(side, source, target) : [];
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
  const outside: End[] = leadsOut ? [{ what: "outside", label: OUTSIDE }] : [];
  const from = [...ends, ...outside, ...hosts.sort().map((label): End => ({ what: "host", label }))];
  return from.flatMap((source) => {
    const targets = [...ends, ...(source.what === "segment" ? outside : [])];
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
