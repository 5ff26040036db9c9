// The review of a change: what a reviewer must know of it, as data; markdown.ts and html.ts show it. Pure.
import type { CommonInputs } from "../lifecycle/kind";
import { overlaps, parseCidr } from "../vocabulary/addresses";
import { canonical, isUnknown } from "../vocabulary/values";
import { type Cell, EVERYTHING, inWords, matrixOf, same } from "./reach";
import { joined, type Said, said } from "./said";
import { align, networksIn, networksOn, type PlacedNetwork, type Router, type Side, sideOf, subnetsOf } from "./side";
import { type Props, type Reviewed, readStackChange, type StackChange, type Step } from "./stack";
import { changesOf, nameOf } from "./words";

/** Something that stands against an update, with what to do. */
export interface Stop {
  /** The host, where it is known. */
  host?: string;
  text: string;
  /** Whether the update will be refused for it; else it may be, or it goes through and is wrong. */
  refuses: boolean;
}

/** Containers that are off a network while it is changed. */
export interface Off {
  host: string;
  network: string;
  users: string[];
  /** About, for each. */
  seconds: number;
}

/** One line of a host's table. */
export interface Line {
  step: Exclude<Step, "same">;
  what: string;
  changes: string[];
  /** Undone by the host unless a new connection confirms it. */
  guarded: boolean;
}

/** A host's addresses of a network that become others. */
export interface Move {
  host: string;
  network: string;
  before: string;
  after: string;
}

export interface Review {
  project: string;
  stack: string;
  /** All of it in one sentence. */
  sentence: Said;
  stops: Stop[];
  warnings: string[];
  before: Side;
  after: Side;
  cells: Cell[];
  hosts: { host: string; lines: Line[] }[];
  moves: Move[];
  off: Off[];
  others: StackChange["others"];
  /** Changes in the fields of each resource, without hosts and defaults. */
  raw: string;
}

const ALWAYS_GUARDED = ["InterVlanRouter"];

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
const inOrder = <T>(things: readonly T[], key: (thing: T) => string): T[] =>
  [...things].sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));

const RANK: readonly Step[] = ["delete", "replace", "update", "create"];

function linesOf(resource: Reviewed): { host: string; line: Line }[] {
  const { kind, step, host, formerHost } = resource;
  if (!kind || step === "same" || host === undefined) return [];
  const line = {
    step,
    what: nameOf(resource),
    changes: changesOf(resource),
    guarded: ALWAYS_GUARDED.includes(resource.type),
  };
  if (formerHost === undefined) return [{ host, line }];
  return [
    { host: formerHost, line: { ...line, step: "delete", changes: [] } },
    { host, line: { ...line, step: "create" } },
  ];
}

function tables(resources: readonly Reviewed[]): Review["hosts"] {
  const all = resources.flatMap(linesOf);
  const hosts = [...new Set(all.map(({ host }) => host))].sort();
  return hosts.map((host) => {
    const lines = all.filter((one) => one.host === host).map(({ line }) => line);
    return { host, lines: inOrder(lines, ({ step, what }) => `${RANK.indexOf(step)} ${what}`) };
  });
}

const usersOf = ({ old }: Reviewed): string[] => ((old?.["attachedContainers"] ?? []) as string[]).map(String);

const networkNameOf = ({ wanted, old }: Reviewed): string => String((wanted ?? old)?.["name"] ?? "");

/** Of what is not known yet, or hidden, nothing can be worked out. */
const isWhole = ({ subnets }: Props): boolean => Array.isArray(subnets) && subnetsOf(subnets).length === subnets.length;

function whoIsOff(resources: readonly Reviewed[]): Off[] {
  return resources.flatMap((resource) => {
    const { kind, step, host = "", old, wanted } = resource;
    if (step !== "update" || !kind?.interrupts || !old || !wanted || ![old, wanted].every(isWhole)) return [];
    const found = kind.interrupts(old as unknown as CommonInputs, wanted as unknown as CommonInputs, old);
    const network = networkNameOf(resource);
    return found ? [{ host, network, users: [...found.who].sort(), seconds: found.seconds }] : [];
  });
}

const are = (users: readonly string[]): string => (users.length === 1 ? "is" : "are");
const them = (users: readonly string[]): string => (users.length === 1 ? "it" : "them");

/** Whoever is on what goes is told, and what to do. Where other packages change something too, containers may be among it. */
function inUse(resources: readonly Reviewed[], alone: boolean): Stop[] {
  return resources.flatMap((resource): Stop[] => {
    const { type, step, host, formerHost = host } = resource;
    const users = usersOf(resource);
    if (type !== "MacvlanNetwork" || users.length === 0 || (step !== "delete" && step !== "replace")) return [];
    const what = `${nameOf(resource)} ${step === "delete" ? "goes" : "is made anew"} while ${users.join(", ")} ${are(users)} on it (as last read)`;
    const unless = alone ? "" : ", unless this program does so";
    return [
      {
        ...(formerHost !== undefined && { host: formerHost }),
        text: `${what}: remove or disconnect ${them(users)} first${unless}`,
        refuses: alone,
      },
    ];
  });
}

/** A sub-interface that is made anew under its name, or goes, from under a network that stays. */
function fromUnder(resources: readonly Reviewed[]): Stop[] {
  return resources.flatMap((resource): Stop[] => {
    const { type, step, host, old, wanted } = resource;
    const underItsName = step === "replace" && old?.["name"] === wanted?.["name"];
    if (type !== "VlanSubinterface" || host === undefined || !(underItsName || step === "delete")) return [];
    const on = resources.filter(
      (other) =>
        other.type === "MacvlanNetwork" &&
        other.host === host &&
        other.wanted?.["parent"] === old?.["name"] &&
        usersOf(other).length > 0,
    );
    return on.map((network) => ({
      host,
      text: `${nameOf(resource)} ${step === "delete" ? "goes" : "is made anew"} while ${usersOf(network).join(", ")} ${are(usersOf(network))} on ${nameOf(network)}, which stays on it (as last read): give the new one another name`,
      refuses: true,
    }));
  });
}

/** Two hosts that hand out the same addresses on one wire. */
function inTwoHands(side: Side): Stop[] {
  return side.segments.flatMap((segment) => {
    const all = networksOn(side, segment).flatMap(({ host, network }) =>
      network.subnets.map(({ subnet, ipRange }) => ({ host, range: ipRange ?? subnet })),
    );
    return all.flatMap((one, index) =>
      all
        .slice(index + 1)
        .filter((other) => other.host !== one.host && overlaps(parseCidr(one.range), parseCidr(other.range)))
        .map((other) => ({
          text: `addresses in two hands on ${segment.label}: ${one.host} hands out ${one.range}, and ${other.host} ${other.range}: give each network an ipRange of its own`,
          refuses: false,
        })),
    );
  });
}

/** A network's own words for what `off` and `inUse` have. */
const OWN_WORDS = /^Docker network .* (is made anew: |can be replaced only once )/;
/** What Pulumi puts before a refusal: the value, at any length. */
const PREAMBLE = /^\S+ resource '[\s\S]*?': property [\s\S]* has a problem: /;
const FORETOLD = /^an update will be refused, by what was last read:\n/;

/** The same refusal, in the words of another resource: of one network, and of the same containers. */
function again(text: string, known: readonly Stop[]): boolean {
  const networkIn = (of: string) => /"([^"]*)"/.exec(of)?.[1];
  const words: string[] = text.match(/[\w.-]+/g) ?? [];
  return known.some((stop) => {
    const users = / while (.*) (?:is|are) on it /.exec(stop.text)?.[1]?.split(", ") ?? [];
    return networkIn(stop.text) === networkIn(text) && users.every((user) => words.includes(user));
  });
}

function told({ told: all }: StackChange, known: readonly Stop[]): { stops: Stop[]; warnings: string[] } {
  const stops: Stop[] = [];
  const warnings: string[] = [];
  for (const { severity, text } of all) {
    if (severity === "error") stops.push({ text: text.replace(PREAMBLE, ""), refuses: true });
    else if (FORETOLD.test(text))
      for (const line of text.replace(FORETOLD, "").split("\n")) {
        const [, host = "", rest = ""] = /^\s*([^:]+): (.*)$/.exec(line) ?? [];
        if (rest !== "" && !again(rest, known)) stops.push({ host, text: rest, refuses: true });
      }
    else if (!OWN_WORDS.test(text)) warnings.push(text);
  }
  // Pulumi ends with this one, whatever it was.
  const real = stops.filter(({ text }) => text !== "preview failed");
  return { stops: real.length > 0 ? real : stops, warnings };
}

function movesOf(resources: readonly Reviewed[]): Move[] {
  return resources.flatMap((resource) => {
    const { type, host = "", old, wanted } = resource;
    if (type !== "MacvlanNetwork" || !old || !wanted) return [];
    if (isUnknown(wanted["subnets"])) return [];
    const rangesIn = (props: Props) => subnetsOf(props["subnets"]).map(({ subnet, ipRange }) => ipRange ?? subnet);
    const [before, after] = [rangesIn(old), rangesIn(wanted)];
    const [gone, fresh] = [
      before.filter((range) => !after.includes(range)),
      after.filter((range) => !before.includes(range)),
    ];
    if (gone.length === 0) return [];
    return [{ host, network: networkNameOf(resource), before: gone.join(", "), after: fresh.join(", ") || "none" }];
  });
}

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

function sentenceOf(found: Omit<Review, "sentence">): Said {
  const { hosts, off, cells, stops, others, before, after } = found;
  const isRouter = ({ lines }: Review["hosts"][number]) =>
    lines.some(({ guarded }) => guarded) && lines.every(({ guarded, what }) => guarded || what.startsWith("VLAN "));
  const routers = hosts.filter(isRouter).length;
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

const SIGNS: Record<Line["step"], string> = { create: "+", update: "~", replace: "±", delete: "-" };

function rawOf(hosts: Review["hosts"]): string {
  return hosts
    .map(({ host, lines }) =>
      [
        host,
        ...lines.flatMap(({ step, what, changes }) => [
          `${SIGNS[step]} ${what}`,
          ...changes.map((words) => `    ${words}`),
        ]),
      ].join("\n"),
    )
    .join("\n\n");
}

/**
 * Reviews a change of a stack. Neither a host nor Pulumi is asked; the same input gives the same review.
 *
 * @param preview what `pulumi preview --json` printed, parsed.
 * @param state what `pulumi stack export` printed, parsed: tells what stays, and who was on the networks at the last refresh.
 * @throws where the preview is none.
 */
export function review(preview: unknown, state?: unknown): Review {
  const change = readStackChange(preview, state);
  const { project, stack, resources, others } = change;
  const before = sideOf(resources, ({ old, host, formerHost = host }) => ({ host: formerHost, props: old }));
  const after = sideOf(resources, ({ wanted, host }) => ({ host, props: wanted }));
  align(before, after);
  const was = inTwoHands(before).map(canonical);
  const alone = Object.values(others).every((count) => count === 0);
  const found = [
    ...inUse(resources, alone),
    ...fromUnder(resources),
    ...inTwoHands(after).filter((stop) => !was.includes(canonical(stop))),
  ];
  const said = told(change, found);
  const hosts = tables(resources);
  const all = {
    project,
    stack,
    stops: [...found, ...said.stops],
    warnings: said.warnings,
    before,
    after,
    cells: matrixOf(before, after),
    hosts,
    moves: movesOf(resources),
    off: whoIsOff(resources),
    others,
    raw: rawOf(hosts),
  };
  return { ...all, sentence: sentenceOf(all) };
}
