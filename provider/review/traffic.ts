// What passes a router, as places on one line: tcp's ports, udp's ports, icmp, and all else. Sets of them are lists of spans. Pure.
import type { RouterRule } from "../formats/nftables";

type Span = readonly [first: number, last: number];

/** In order, without two that touch. */
export type Traffic = readonly Span[];

const PORTS = 65_536;
const [TCP, UDP, ICMP, ELSE] = [0, PORTS, 2 * PORTS, 2 * PORTS + 1] as const;

export const NONE: Traffic = [];
export const ALL: Traffic = [[TCP, ELSE]];

const whole: Record<string, Span> = { tcp: [TCP, UDP - 1], udp: [UDP, ICMP - 1], icmp: [ICMP, ICMP] };

export function union(...sets: readonly Traffic[]): Traffic {
  const joined: [number, number][] = [];
  for (const [first, last] of sets.flat().sort(([one], [other]) => one - other)) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

export const minus = (from: Traffic, what: Traffic): Traffic =>
  what.reduce<Traffic>(
    (left, [first, last]) =>
      left.flatMap(([start, end]): Span[] =>
        last < start || first > end
          ? [[start, end]]
          : [
              ...(start < first ? [[start, first - 1] as const] : []),
              ...(end > last ? [[last + 1, end] as const] : []),
            ],
      ),
    from,
  );

export const common = (one: Traffic, other: Traffic): Traffic => minus(one, minus(ALL, other));

/** What a rule speaks of. */
export function trafficOf({ protocol, ports = [] }: Pick<RouterRule, "protocol" | "ports">): Traffic {
  if (protocol === undefined) return ALL;
  const [start, end] = whole[protocol] as Span;
  if (ports.length === 0) return [[start, end]];
  const spans = ports.map((port): Span => {
    const [first = 0, last = first] = String(port).split("-").map(Number);
    return [start + first, start + last];
  });
  return union(spans);
}

const spansText = (spans: Traffic, start: number): string[] =>
  spans.map(([first, last]) => (first === last ? `${first - start}` : `${first - start}-${last - start}`));

/** `plainly`: without a "but" of its own. */
function partsOf(traffic: Traffic, plainly = false): string[] {
  return Object.entries(whole).flatMap(([protocol, span]) => {
    const passes = common(traffic, [span]);
    const stopped = minus([span], traffic);
    if (passes.length === 0) return [];
    if (stopped.length === 0) return [protocol];
    return !plainly && stopped.length < passes.length
      ? [`${protocol} but ${spansText(stopped, span[0]).join(" and ")}`]
      : spansText(passes, span[0]).map((ports) => `${protocol} ${ports}`);
  });
}

/** Each by itself, so that two can be compared: "everything", "everything but tcp 22", or "tcp 443" and "icmp". */
export function trafficText(traffic: Traffic): string[] {
  const stopped = minus(ALL, traffic);
  if (stopped.length === 0) return ["everything"];
  const rest = common(traffic, [[ELSE, ELSE]]).length > 0;
  return rest ? [`everything but ${partsOf(stopped, true).join(" and ")}`] : partsOf(traffic);
}
