// All of a review in one sentence. Pure.
import type { Review } from "./found";
import { type Cell, EVERYTHING, inWords, same } from "./reach";
import { joined, plural, type Said, said } from "./said";
import { networksIn, type PlacedNetwork, type Router, type Side } from "./side";
import { isRouter } from "./stack";

/** What is on one wire at one side only: "cam is new", "nas goes". */
function segmentWords(before: Side, after: Side): Said[] {
  const labels = ({ segments }: Side) => segments.map(({ label }) => label);
  const only = (one: Side, other: Side) => labels(one).filter((label) => !labels(other).includes(label));
  return [
    ...only(after, before).map((label) => said`${label} is new`),
    ...only(before, after).map((label) => said`${label} goes`),
  ];
}

/** "iot to nas gains tcp 445", or what it loses, of what is there on both sides. */
function reachWords(cells: readonly Cell[], sides: readonly Side[]): { words: Said; loses: boolean }[] {
  const there = ({ what, label }: Cell["from"]) =>
    what !== "segment" || sides.every(({ segments }) => segments.some((segment) => segment.label === label));
  return cells
    .filter((cell) => !same(cell) && there(cell.from) && there(cell.to))
    .flatMap(({ from, to, before, after }) => {
      const pair = said`${from.label} to ${to.label}`;
      const lost = before.filter((part) => !after.includes(part));
      const gained = after.filter((part) => !before.includes(part));
      if (after.includes(EVERYTHING)) return [{ words: said`${pair} gains everything`, loses: false }];
      if (before.includes(EVERYTHING) && after.length > 0)
        return [{ words: said`${pair} keeps only ${inWords(after)}`, loses: true }];
      return [
        ...(gained.length > 0 ? [{ words: said`${pair} gains ${inWords(gained)}`, loses: false }] : []),
        ...(lost.length > 0 ? [{ words: said`${pair} loses ${inWords(lost)}`, loses: true }] : []),
      ];
    });
}

const MOST = 3;

/** Of a long list the first few, and how many more. */
const few = (all: readonly Said[]): Said[] =>
  all.length <= MOST ? [...all] : [...all.slice(0, MOST), [`${all.length - MOST} more such changes`]];

const FAMILIES = [".", ":"];

/** The NIC that carries a network. */
const nicOf = (side: Side, { host, network }: PlacedNetwork): string => {
  const own = side.hosts.find((candidate) => candidate.host === host)?.subinterfaces ?? [];
  return own.find(({ name }) => name === network.parent)?.parent ?? network.parent.replace(/\.\d+$/, "");
};

/** Whether every network and every leg that was there is there still, on the same wire, as open, and in each family. */
function keepsAll(before: Side, after: Side): boolean {
  const now = networksIn(after);
  const familiesOf = (subnets: readonly string[]) =>
    FAMILIES.filter((sign) => subnets.some((one) => one.includes(sign)));
  const keeps = (one: readonly string[], other: readonly string[]) =>
    familiesOf(one).every((family) => familiesOf(other).includes(family));
  const subnets = ({ network }: PlacedNetwork) => network.subnets.map(({ subnet }) => subnet);
  const networks = networksIn(before).every((old) => {
    const found = now.find(({ host, network }) => host === old.host && network.name === old.network.name);
    if (!found || found.segment?.label !== old.segment?.label) return false;
    // On another NIC it is on another cable.
    if (nicOf(after, found) !== nicOf(before, old)) return false;
    if (found.network.internal && !old.network.internal) return false;
    const same = found.network.driver === old.network.driver && found.network.mode === old.network.mode;
    return (same || found.network.mode === "bridge") && keeps(subnets(old), subnets(found));
  });
  const routersIn = (side: Side) =>
    side.hosts.flatMap(({ host, routers }) => routers.map((router) => ({ host, router })));
  const addresses = (router: Router) => router.legs.flatMap((leg) => leg.addresses);
  const routers = routersIn(before).every(({ host, router }) => {
    const found = routersIn(after).find((other) => other.host === host && other.router.name === router.name);
    return found !== undefined && keeps(addresses(router), addresses(found.router));
  });
  return networks && routers;
}

/** A host's network that is on another wire than before. */
const leaves = (before: Side, after: Side): Said[] =>
  networksIn(before).flatMap(({ host, network, segment }) => {
    const found = networksIn(after).find((other) => other.host === host && other.network.name === network.name);
    const wires = [segment?.label, found?.segment?.label];
    return found && wires[0] !== wires[1] && wires[0] ? [said`${host} leaves ${wires[0]}`] : [];
  });

export function sentenceOf(found: Omit<Review, "sentence">): Said {
  const { hosts, off, cells, stops, others, before, after } = found;
  const isOfRouter = ({ lines }: Review["hosts"][number]) =>
    lines.some(isRouter) && lines.every((line) => isRouter(line) || line.type === "VlanSubinterface");
  const routers = hosts.filter(isOfRouter).length;
  const changing = [
    ...(hosts.length > routers ? [plural(hosts.length - routers, "host")] : []),
    ...(routers > 0 ? [routers === 1 ? "the router" : `${routers} routers`] : []),
  ].join(" and ");
  const elsewhere = Object.values(others).reduce((sum, count) => sum + count, 0);
  const count = new Set(off.flatMap(({ host, users }) => users.map((user) => `${host} ${user}`))).size;
  const longest = Math.max(0, ...off.map(({ seconds }) => seconds));
  const reach = reachWords(cells, [before, after]);
  const refusals = stops.filter(({ refuses }) => refuses).length;
  const doubts = stops.length - refusals;
  const whole = changing !== "" && stops.length === 0 && keepsAll(before, after) && !reach.some(({ loses }) => loses);
  const words: Said[] = [
    [changing === "" ? "nothing changes on any host" : `${changing} ${hosts.length === 1 ? "changes" : "change"}`],
    ...(count > 0
      ? [
          [
            `${plural(count, "container")} ${count === 1 ? "is" : "are"} off for about ${longest} s${count === 1 ? "" : " each"}`,
          ],
        ]
      : []),
    ...few(segmentWords(before, after)),
    ...few(leaves(before, after)),
    ...few(reach.map((one) => one.words)),
    ...(whole ? [["nothing is cut off"]] : []),
    ...(elsewhere > 0
      ? [[`${plural(elsewhere, "resource")} of other packages ${elsewhere === 1 ? "changes" : "change"} too`]]
      : []),
    ...(refusals > 0 ? [[`an update will be refused, for ${plural(refusals, "reason")}`]] : []),
    ...(doubts > 0 ? [[`${plural(doubts, "thing")} to look at before`]] : []),
  ];
  return [...joined(words, "; "), "."];
}
