// What is sent on the twin to see whether its networks and routers do what the review says of them. Pure.
import type { GivenProbe } from "../kinds/reachability/arguments";
import { type Cell, EVERYTHING, OUTSIDE, type Passing } from "../review/reach";
import { networksOn, type Segment, type Side } from "../review/side";
import { LATER } from "../review/words";
import { parseAddress, parseCidr } from "../vocabulary/addresses";
import type { StandIn } from "./plan";

/** Tried where only some ports pass; nobody has a service there (RFC 863, discard). */
const OTHER_PORT = 9;
/** Of each pair of ends: more would take longer than they tell. */
const MOST_PORTS = 4;

type Sent = { protocol: "icmp" } | { protocol: "tcp"; port: number };

const covers = (part: string, sent: Sent): boolean => {
  const [protocol, span] = part.split(" ");
  if (protocol !== sent.protocol) return false;
  if (span === undefined) return true;
  const [first = 0, last = first] = span.split("-").map(Number);
  return sent.protocol === "tcp" && sent.port >= first && sent.port <= last;
};

/** What a review's words come to for one packet; undefined where they are about some addresses only, or nobody knows yet. */
export function passes(passing: Passing, sent: Sent): boolean | undefined {
  if (passing.some((text) => text === LATER || / (?:from|to) /.test(text))) return undefined;
  return passing.some((text) => {
    const [what = "", ...stopped] = text.split(/ but | and /);
    // "tcp but 22" stops a port of tcp; "everything but icmp and tcp 22" names protocols.
    const left = stopped.map((part) => (/^\d/.test(part) ? `${what} ${part}` : part));
    return (what === EVERYTHING || covers(what, sent)) && !left.some((part) => covers(part, sent));
  });
}

/** Docker networks of it whose containers answer those of others. */
const placesOn = (side: Side, segment: Segment): { host: string; network: string }[] =>
  networksOn(side, segment)
    .filter(({ network: { mode, parent } }) => parent !== "" && ["", "bridge", "l2"].includes(mode))
    .map(({ host, network }) => ({ host, network: network.name }));

/** Within a segment, from each host to the next. */
const withinOne = (side: Side, segment: Segment): GivenProbe[] =>
  familiesOf(segment).flatMap((ipVersion) => {
    const places = placesOn(side, segment);
    return places.slice(1).map((to, index): GivenProbe => {
      const from = places[index];
      const name = `${from?.host}/${from?.network} to ${to.host}/${to.network}${ipVersion === 6 ? " (IPv6)" : ""}`;
      return { name, from: from ?? to, to, ipVersion, expect: "reachable" };
    });
  });

const portsIn = (texts: Passing): number[] => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(/\btcp(?: but)? (\d+)/g)].map(([, port]) => Number(port)))),
];

const familiesOf = ({ subnets }: Segment): (4 | 6)[] => [...new Set(subnets.map((subnet) => parseCidr(subnet).family))];

/** `outside`: an address beyond the routers, where the twin has one. */
export function flowsOf(
  side: Side,
  cells: readonly Cell[],
  when: "before" | "after",
  outside: string | undefined,
): GivenProbe[] {
  const bySegment = new Map(side.segments.map((segment) => [segment.label, segment]));
  const across = cells.flatMap(({ from, to, before, after, [when]: foretold }): GivenProbe[] => {
    const source = from.what === "segment" ? bySegment.get(from.label) : undefined;
    const [sender] = source ? placesOn(side, source) : [];
    if (!source || !sender) return [];
    const tried: Sent[] = [
      { protocol: "icmp" },
      ...[...portsIn([...before, ...after]).slice(0, MOST_PORTS), OTHER_PORT].map(
        (port): Sent => ({ protocol: "tcp", port }),
      ),
    ];
    const probe = (target: GivenProbe["to"], ipVersion: 4 | 6, all: readonly Sent[]): GivenProbe[] =>
      all.flatMap((sent): GivenProbe[] => {
        const wanted = passes(foretold, sent);
        if (wanted === undefined) return [];
        const how = sent.protocol === "tcp" ? `tcp ${sent.port}` : sent.protocol;
        const name = `${from.label} to ${to.label} (${how})`;
        return [{ name, from: sender, to: target, ipVersion, ...sent, expect: wanted ? "reachable" : "unreachable" }];
      });
    if (to.what === "outside" && to.label === OUTSIDE)
      return outside === undefined || !familiesOf(source).includes(4) ? [] : probe(outside, 4, tried.slice(0, 1));
    const target = to.what === "segment" ? bySegment.get(to.label) : undefined;
    const receiver = target && placesOn(side, target).at(-1);
    if (!target || !receiver) return [];
    const ipVersion = familiesOf(source).find((family) => familiesOf(target).includes(family));
    return ipVersion === undefined ? [] : probe(receiver, ipVersion, tried);
  });
  return [...side.segments.flatMap((segment) => withinOne(side, segment)), ...across];
}

/** From a container to one on another network: connections, one after the other, all the time. */
export interface Stream {
  name: string;
  from: { host: string; container: string };
  to: { host: string; container: string; network: string; address: string };
  port: number;
}

/** What passes before a change and after it: between containers of one network each, whose way is known. */
export function streamsOf(before: Side, cells: readonly Cell[], standIns: readonly StandIn[]): Stream[] {
  const bySegment = new Map(before.segments.map((segment) => [segment.label, segment]));
  const on = (label: string) => {
    const segment = bySegment.get(label);
    const places = segment ? placesOn(before, segment) : [];
    return standIns.flatMap(({ host, name, on: [first, ...more] }) => {
      const [address] = first?.addresses ?? [];
      const here = places.some((place) => place.host === host && place.network === first?.network);
      return first && address !== undefined && here && more.length === 0
        ? [{ host, container: name, network: first.network, address }]
        : [];
    });
  };
  return cells.flatMap(({ from, to, before: passed, after: passing }): Stream[] => {
    if (from.what !== "segment" || to.what !== "segment") return [];
    const port = [...portsIn([...passed, ...passing]), OTHER_PORT].find((one) =>
      [passed, passing].every((words) => passes(words, { protocol: "tcp", port: one })),
    );
    const familyOf = (address: string) => parseAddress(address).family;
    for (const sender of on(from.label)) {
      const receiver = on(to.label).findLast(({ address }) => familyOf(address) === familyOf(sender.address));
      if (port === undefined || !receiver) continue;
      const name = `${from.label} to ${to.label} (tcp ${port})`;
      return [{ name, from: { host: sender.host, container: sender.container }, to: receiver, port }];
    }
    return [];
  });
}
