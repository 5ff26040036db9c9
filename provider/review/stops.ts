// What stands against an update, and what to do. Pure.
import { overlaps, parseCidr } from "../vocabulary/addresses";
import { canonical } from "../vocabulary/values";
import type { Stop } from "./found";
import { networksOn, type Side } from "./side";
import type { Reviewed, StackChange } from "./stack";
import { nameOf } from "./words";

const usersOf = ({ old }: Reviewed): string[] => ((old?.["attachedContainers"] ?? []) as string[]).map(String);

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

/** What somebody else has done on a host, as a refresh found it: an update puts it right. */
const driftOf = ({ old, host, ...resource }: Reviewed): string[] =>
  Array.isArray(old?.["drift"])
    ? old["drift"].map(
        (what) => `${nameOf({ ...resource, old })} on ${host}, as last read: ${what}; an update puts it right`,
      )
    : [];

/** By what was last read, and by what Pulumi said; and what else it warned of. */
export function stopsOf(change: StackChange, before: Side, after: Side): { stops: Stop[]; warnings: string[] } {
  const { resources, others } = change;
  const was = inTwoHands(before).map(canonical);
  const alone = Object.values(others).every((count) => count === 0);
  const found = [
    ...inUse(resources, alone),
    ...fromUnder(resources),
    ...inTwoHands(after).filter((stop) => !was.includes(canonical(stop))),
  ];
  const { stops, warnings } = told(change, found);
  return { stops: [...found, ...stops], warnings: [...warnings, ...resources.flatMap(driftOf)] };
}
