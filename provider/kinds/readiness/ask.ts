// Asks every host that a change touches whether it can be made, all of them at once, before anything is changed.
import { decodeSections } from "../../formats/sections";
import type { Runner } from "../../host/guard";
import { encodeData } from "../../host/quote";
import { readScript } from "../../host/scripts";
import type { CommonInputs, ResourceKind } from "../../lifecycle/kind";
import { HostError, messageOf } from "../../vocabulary/errors";
import { sameHost } from "../../vocabulary/host";
import { isUnknown } from "../../vocabulary/values";
import { dataOf, noesOf, seenIn } from "./answers";
import {
  changesOf,
  type Entry,
  entriesOf,
  type HostChange,
  type ReadinessInputs,
  type ReadinessState,
  type Seen,
} from "./kind";

const LEFT =
  "Where it is gone for good: take its resources out of the state (pulumi state delete), then pulumi up --replace with this one's URN";

const TOLD = "not all hosts are ready, as is told at another resource";

interface Answered {
  noes: string[];
  seen?: Seen | undefined;
}

async function ask(runner: Runner, change: HostChange, owner: string, before: string): Promise<Answered> {
  const { name, host, credentials, all } = change;
  try {
    const script = readScript("readiness", ["docker", "routers"]);
    const answer = await runner.run(host, credentials, script, encodeData(dataOf("ask", change, owner, before)));
    const sections = decodeSections(answer.stdout);
    const noes = noesOf(change, sections);
    if (noes.length === 0 && !sections.has("end"))
      noes.push(
        `its shell ended with code ${answer.code}: ${(answer.stderr || answer.stdout).trim() || "it printed nothing"}`,
      );
    return { noes: noes.map((why) => `${name}: ${why}`), seen: seenIn(sections) };
  } catch (error) {
    return { noes: [`${name}: ${messageOf(error)}${all.length === 0 ? `. ${LEFT}` : ""}`] };
  }
}

/** What this process knows of a Readiness: what is wanted now, and which of it hosts have said yes to. */
interface Run {
  news: ReadinessInputs;
  asked: Set<string>;
  /** What the change makes on hosts, or changes there. */
  made: Set<string>;
  /** The question about all the rest, once it is under way. */
  rest?: Promise<AllSeen>;
  told: boolean;
}

const runs = new Map<string, Run>();

const placeOf = (host: string, { key }: Pick<Entry, "key">): string => `${host} ${key}`;

/** Every process that changes something checks what the program wants first. */
export function begin(news: ReadinessInputs): void {
  if (!isUnknown([news.hosts, news.wanted]))
    runs.set(news.__owner, { news, asked: new Set(), made: new Set(), told: false });
}

/** What separates the program from what was wanted before: each resource asks `isMade`. */
export function intend(olds: ReadinessInputs, news: ReadinessInputs): void {
  const run = runs.get(news.__owner);
  if (run && !isUnknown([olds.hosts, olds.wanted]))
    for (const { name, made } of changesOf(olds, news)) for (const entry of made) run.made.add(placeOf(name, entry));
}

/**
 * Whether a change makes this one, whatever its own state says: an update that broke off may have deleted it on its host and never have heard
 * of that, so that the state still has it when the old program is put back.
 */
export const isMade = (kind: ResourceKind, inputs: CommonInputs): boolean =>
  !isUnknown(inputs) &&
  [...runs.values()].some(({ news, made }) =>
    placesIn(news, kind, inputs).some(({ name, key }) => made.has(placeOf(name, { key }))),
  );

/** Where a Readiness would have it: on its host, by each name that this has there. */
function placesIn({ hosts }: ReadinessInputs, kind: ResourceKind, inputs: CommonInputs) {
  const key = `${kind.type} ${kind.localId(inputs)}`;
  return Object.entries(hosts).flatMap(([name, host]) => (sameHost(host, inputs.host) ? [{ name, key }] : []));
}

/** For tests: a new process. */
export const forgetRuns = (): void => runs.clear();

type AllSeen = NonNullable<ReadinessState["seen"]>;

/** One "no" is enough for nothing to be changed; all of them are told together. */
async function askThese(runner: Runner, changes: HostChange[], owner: string, before: string): Promise<AllSeen> {
  const asked = runs.get(owner)?.asked;
  const whole = asked === undefined || asked.size === 0;
  const answers = await Promise.all(changes.map((change) => ask(runner, change, owner, before)));
  const count = answers.filter(({ noes }) => noes.length > 0).length;
  if (count === 0) {
    for (const { name, made } of changes) for (const entry of made) asked?.add(placeOf(name, entry));
    return Object.fromEntries(
      changes.flatMap(({ name }, index) => {
        const seen = answers[index]?.seen;
        return seen ? [[name, seen]] : [];
      }),
    );
  }
  const lines = answers.flatMap(({ noes }) => noes.map((line) => `  ${line}`));
  throw new HostError(
    `nothing ${whole ? "was changed anywhere" : "more was changed"}: ${count === 1 ? "1 host is" : `${count} hosts are`} not ready:\n${lines.join("\n")}`,
  );
}

/** What the hosts that were asked told of themselves. */
export const askAll = (runner: Runner, olds: ReadinessInputs | undefined, news: ReadinessInputs): Promise<AllSeen> =>
  askThese(runner, changesOf(olds, news), news.__owner, olds?.__owner ?? news.__owner);

const restOf = ({ news, asked }: Run): HostChange[] =>
  changesOf(undefined, news)
    .map((change) => ({ ...change, made: change.made.filter((entry) => !asked.has(placeOf(change.name, entry))) }))
    .filter(({ made }) => made.length > 0);

/**
 * Before a resource is changed: where a Readiness speaks for it that has not asked about it, since it wants what it wanted before (an
 * update that broke off is tried again, or a refresh has found what is not as wanted), hosts are asked about all that they were not
 * asked about yet. What of it is going to change nobody can know: it is in the state of resources that come later.
 */
export async function askBefore(runner: Runner, kind: ResourceKind, inputs: CommonInputs): Promise<void> {
  for (const run of runs.values()) {
    const { news, asked } = run;
    const speaks = placesIn(news, kind, inputs).some(
      ({ name, key }) => !asked.has(placeOf(name, { key })) && entriesOf(news, name).has(key),
    );
    if (!speaks) continue;
    run.rest ??= askThese(runner, restOf(run), news.__owner, news.__owner);
    try {
      await run.rest;
    } catch (error) {
      if (run.told) throw new HostError(`${kind.describe(inputs)} was not changed: ${TOLD}`);
      run.told = true;
      throw error;
    }
  }
}
