// The review of a change: what a reviewer must know of it, as data; markdown.ts and html.ts show it. Pure.
import type { CommonInputs } from "../lifecycle/kind";
import { overlaps, parseCidr } from "../vocabulary/addresses";
import { canonical } from "../vocabulary/values";
import { type Cell, EVERYTHING, inWords, matrixOf, same } from "./reach";
import { joined, type Said, said } from "./said";
import { type HostSide, type Side, sideOf } from "./side";
import { type Props, type Reviewed, readStackChange, type StackChange, type Step } from "./stack";
import { changesOf, nameOf } from "./words";

/** Something on a host that an update will be refused for, with what to do. */
export interface Stop {
  /** The host, where it is known. */
  host?: string;
  text: string;
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

function tables(resources: readonly Reviewed[]): Review["hosts"] {
  const changed = resources.filter(({ kind, step, host }) => kind && step !== "same" && host !== undefined);
  const hosts = [...new Set(changed.map(({ host }) => host ?? ""))].sort();
  return hosts.map((host) => {
    const lines = changed
      .filter((resource) => resource.host === host)
      .map(
        (resource): Line => ({
          step: resource.step as Line["step"],
          what: nameOf(resource),
          changes: changesOf(resource),
          guarded: ALWAYS_GUARDED.includes(resource.type),
        }),
      );
    return { host, lines: inOrder(lines, ({ step, what }) => `${RANK.indexOf(step)} ${what}`) };
  });
}

const usersOf = ({ old }: Reviewed): string[] => ((old?.["attachedContainers"] ?? []) as string[]).map(String);

const networkNameOf = ({ wanted, old }: Reviewed): string => String((wanted ?? old)?.["name"] ?? "");

function whoIsOff(resources: readonly Reviewed[]): Off[] {
  return resources.flatMap(({ kind, step, host = "", old, wanted, ...rest }) => {
    if (step !== "update" || !kind?.interrupts || !old || !wanted) return [];
    const found = kind.interrupts(old as unknown as CommonInputs, wanted as unknown as CommonInputs, old);
    const network = networkNameOf({ ...rest, step, old, wanted });
    return found ? [{ host, network, users: [...found.who].sort(), seconds: found.seconds }] : [];
  });
}

/** Whoever is on what goes is told, and what to do. */
function inUse(resources: readonly Reviewed[]): Stop[] {
  return resources.flatMap((resource) => {
    const { type, step, host } = resource;
    const users = usersOf(resource);
    if (type !== "MacvlanNetwork" || users.length === 0 || (step !== "delete" && step !== "replace")) return [];
    const how = step === "delete" ? "goes" : "is made anew";
    return [
      {
        ...(host !== undefined && { host }),
        text: `${nameOf(resource)} ${how} while ${users.join(", ")} ${users.length === 1 ? "is" : "are"} on it (as last read): remove or disconnect ${users.length === 1 ? "it" : "them"} first, unless this program does so`,
      },
    ];
  });
}

interface Handed {
  host: string;
  network: string;
  range: string;
}

const handedOut = (side: Side, label: string): Handed[] =>
  side.hosts.flatMap(({ host, networks }: HostSide) =>
    networks
      .filter(
        ({ parent, subnets }) =>
          side.segmentOf(
            host,
            parent,
            subnets.map(({ subnet }) => subnet),
          )?.label === label,
      )
      .flatMap(({ name, subnets }) =>
        subnets.map(({ subnet, ipRange }) => ({ host, network: name, range: ipRange ?? subnet })),
      ),
  );

/** Two hosts that hand out the same addresses on one wire. */
function inTwoHands(side: Side): Stop[] {
  return side.segments.flatMap(({ label }) => {
    const all = handedOut(side, label);
    return all.flatMap((one, index) =>
      all
        .slice(index + 1)
        .filter((other) => other.host !== one.host && overlaps(parseCidr(one.range), parseCidr(other.range)))
        .map((other) => ({
          text: `addresses in two hands on ${label}: ${one.host} hands out ${one.range}, and ${other.host} ${other.range}: give each network an ipRange of its own`,
        })),
    );
  });
}

/** A network's own words for what `off` has. */
const MADE_ANEW = /^Docker network .* is made anew: /;
/** What Pulumi puts before a refusal: the value, at any length. */
const PREAMBLE = /^.* resource '[^']*': property [\s\S]* has a problem: /;
const FORETOLD = /^an update will be refused, by what was last read:\n/;

function told({ told: all }: StackChange, known: readonly Stop[]): { stops: Stop[]; warnings: string[] } {
  const stops: Stop[] = [];
  const warnings: string[] = [];
  for (const { severity, text } of all) {
    if (severity === "error") stops.push({ text: text.replace(PREAMBLE, "") });
    else if (FORETOLD.test(text))
      for (const line of text.replace(FORETOLD, "").split("\n")) {
        const [, host = "", rest = ""] = /^\s*([^:]+): (.*)$/.exec(line) ?? [];
        const again = known.some((stop) => stop.host === host && stop.text.split('"')[1] === rest.split('"')[1]);
        if (rest !== "" && !again) stops.push({ host, text: rest });
      }
    else if (!MADE_ANEW.test(text)) warnings.push(text);
  }
  // Pulumi ends with this one, whatever it was.
  const real = stops.filter(({ text }) => text !== "preview failed");
  return { stops: real.length > 0 ? real : stops, warnings };
}

function movesOf(resources: readonly Reviewed[]): Move[] {
  return resources.flatMap((resource) => {
    const { type, host = "", old, wanted } = resource;
    if (type !== "MacvlanNetwork" || !old || !wanted) return [];
    const rangesIn = (props: Props) =>
      ((props["subnets"] ?? []) as { subnet: string; ipRange?: string }[]).map(
        ({ subnet, ipRange }) => ipRange ?? subnet,
      );
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

function sentenceOf({ hosts, off, cells, stops, others, before, after }: Omit<Review, "sentence">): Said {
  const routers = hosts.filter(({ lines }) => lines.some(({ guarded }) => guarded));
  const others_ = hosts.length - routers.length;
  const changing = [
    ...(others_ > 0 ? [plural(others_, "host")] : []),
    ...(routers.length > 0 ? [routers.length === 1 ? "the router" : `${routers.length} routers`] : []),
  ].join(" and ");
  const elsewhere = Object.values(others).reduce((sum, count) => sum + count, 0);
  const count = off.reduce((sum, { users }) => sum + users.length, 0);
  const longest = Math.max(0, ...off.map(({ seconds }) => seconds));
  const segments = segmentWords(before, after);
  const reach = reachWords(cells, [before, after]);
  const cutOff =
    reach.some(({ loses }) => loses) ||
    before.segments.some(({ label }) => !after.segments.some((one) => one.label === label));
  const words: Said[] = [
    [changing === "" ? "nothing changes on any host" : `${changing} ${hosts.length === 1 ? "changes" : "change"}`],
    ...(count > 0
      ? [
          [
            `${plural(count, "container")} ${count === 1 ? "is" : "are"} off for about ${longest} s${count === 1 ? "" : " each"}`,
          ],
        ]
      : []),
    ...few(segments),
    ...few(reach.map((one) => one.words)),
    ...(changing !== "" && !cutOff ? [["nothing is cut off"]] : []),
    ...(elsewhere > 0
      ? [[`${plural(elsewhere, "resource")} of other packages ${elsewhere === 1 ? "changes" : "change"} too`]]
      : []),
    ...(stops.length > 0 ? [[`an update will be refused, for ${plural(stops.length, "reason")}`]] : []),
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
  const before = sideOf(resources, ({ old }) => old);
  const after = sideOf(resources, ({ wanted }) => wanted);
  const was = inTwoHands(before).map(canonical);
  const found = [...inUse(resources), ...inTwoHands(after).filter((stop) => !was.includes(canonical(stop)))];
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
