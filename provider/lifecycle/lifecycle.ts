// check, diff, create, read, update and delete, once for all resources. No Pulumi here: an adapter (pulumi/dynamic) maps
// these onto its own calls. check and diff are pure; the other four are one round trip to the host each; what is adopted is read first.
import type { z } from "zod";
import { z as schema } from "zod";
import { decodeSections, failureIn, notPutBack, outcomeOf, type Sections } from "../formats/sections";
import { type Answer, confirmSeconds, makeChange, newNonce, RolledBack, type Runner } from "../host/guard";
import { type Datum, encodeData } from "../host/quote";
import { readScript } from "../host/scripts";
import { ConnectionError, HostError, messageOf, type Refusal } from "../vocabulary/errors";
import { flag, plainText, refusalsOf } from "../vocabulary/fields";
import { type Credentials, type HostFields, hostLabel, hostSchema, sameHost } from "../vocabulary/host";
import { markOf } from "../vocabulary/mark";
import { canonical, isUnknown, UNKNOWN, withoutUndefined } from "../vocabulary/values";
import { conflictsOf, isWanted, recordClaims, recordWanted } from "./claims";
import { explainCommon } from "./explain";
import type { CommonInputs, Observed, ResourceKind } from "./kind";

type Props = Record<string, unknown>;

/** A failure that may have left something behind: it must be recorded, so that the next run goes on from there. */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  constructor(
    message: string,
    readonly id: string,
    readonly properties: Props,
  ) {
    super(message);
  }
}

const commonFields: Record<string, z.ZodType> = {
  host: hostSchema,
  credentials: schema.record(schema.string(), schema.unknown()).optional(),
  __owner: plainText,
  adopt: flag(false),
};

export const fieldsOf = (kind: ResourceKind): Record<string, z.ZodType> => ({ ...commonFields, ...kind.fields });

function hostText(host: unknown): string {
  const { address, port, name } = (host ?? {}) as { address?: unknown; port?: unknown; name?: unknown };
  if (typeof address !== "string" || address === UNKNOWN) return "its host";
  return hostLabel({ address, port: Number(port) || undefined, name: typeof name === "string" ? name : undefined });
}

// --- check -------------------------------------------------------------------------------------------------

/** Normalises the inputs, and refuses what can be known to fail by them alone. */
export function readInputs(kind: ResourceKind, news: Props): { inputs: Props; refusals: Refusal[] } {
  const fields = fieldsOf(kind);
  const inputs: Props = {};
  const known: Props = {};
  const refusals: Refusal[] = [];
  for (const key of Object.keys(news)) {
    if (!(key in fields) && !key.startsWith("__") && news[key] !== undefined && !outputsOf.has(key)) {
      refusals.push({
        property: key,
        reason: `is no input of ${kind.type}: its inputs are ${Object.keys(kind.fields).join(", ")}`,
      });
    }
  }
  for (const [field, reader] of Object.entries(fields)) {
    const value = news[field] === null ? undefined : news[field];
    if (isUnknown(value)) {
      inputs[field] = value;
      continue;
    }
    const result = reader.safeParse(value);
    if (result.success) {
      if (result.data !== undefined) known[field] = result.data;
    } else {
      for (const { property, reason } of refusalsOf(result.error, [field])) {
        refusals.push({ property, reason: value === undefined ? `is missing: it ${reason}` : reason });
      }
    }
  }
  if (refusals.length === 0) {
    const complete = { ...known, ...kind.complete?.(known as never) };
    refusals.push(...(kind.refuse?.(complete as never, new Set(Object.keys(inputs))) ?? []));
    Object.assign(inputs, complete);
  } else {
    Object.assign(inputs, news, known);
  }
  return { inputs: withoutUndefined(inputs), refusals };
}

/** The same, and what other resources of the program have already. */
export function check(kind: ResourceKind, news: Props): { inputs: Props; refusals: Refusal[] } {
  const { inputs, refusals } = readInputs(kind, news);
  if (refusals.length === 0 && !isUnknown(inputs)) {
    const checked = inputs as unknown as CommonInputs;
    const claims = kind.claims?.(checked) ?? [];
    refusals.push(...conflictsOf(checked, claims));
    if (refusals.length === 0) {
      recordClaims(checked, claims);
      recordWanted(checked, ...thing(kind, inputs));
    }
  }
  const where = `${kind.type} on ${hostText(news["host"])}`;
  return {
    inputs,
    refusals: refusals.map(({ property, reason }) => ({ property, reason: `${where}: ${property} ${reason}` })),
  };
}

/** Outputs that a refreshed state may hand back as inputs. */
const outputsOf = new Set(["drift"]);

// --- diff --------------------------------------------------------------------------------------------------

export interface Diff {
  changes: boolean;
  replaces: string[];
  /** Whether the old one must go before the new one is made; else it stands until all that was on it is on the new one. */
  deleteBeforeReplace: boolean;
  /** Every field that differs, for messages and tests. */
  fields: string[];
}

/** The fields that a program had said of what a state has. One of an earlier version may lack a field, or spell it in another way. */
export function saidBefore(kind: ResourceKind, olds: Props): Props {
  const known = inputsOf(kind, olds) as unknown as Props;
  return Object.fromEntries(
    Object.entries(kind.fields).map(([field, reader]) => {
      const reread = reader.safeParse(known[field]);
      return [field, reread.success && reread.data !== undefined ? reread.data : known[field]];
    }),
  );
}

/** What separates the state from the inputs; equal in meaning is equal. */
export function diff(kind: ResourceKind, olds: Props, news: Props): Diff {
  const fields: string[] = [];
  const replaces: string[] = [];
  const known = inputsOf(kind, olds) as unknown as Props;
  const before = saidBefore(kind, olds);
  for (const field of Object.keys(kind.fields)) {
    if (!isUnknown(news[field]) && canonical(before[field]) === canonical(news[field])) continue;
    fields.push(field);
    if (kind.identity.includes(field)) replaces.push(field);
  }
  const remade = kind.remade?.(known as never, news as never) ?? [];
  replaces.push(...remade.filter((field) => fields.includes(field)));
  if (
    isUnknown(news["host"])
      ? hostIsUnknown(news["host"])
      : !sameHost(olds["host"] as HostFields, news["host"] as HostFields)
  ) {
    fields.push("host");
    replaces.push("host");
  } else if (!isUnknown(news["host"]) && canonical(wayTo(olds["host"])) !== canonical(wayTo(news["host"]))) {
    fields.push("host");
  }
  if (olds["__owner"] !== news["__owner"]) fields.push("__owner");
  if (Array.isArray(olds["drift"]) && olds["drift"].length > 0) fields.push("drift");
  const beside = !replaces.includes("host") && (kind.beside?.(known as never, news as never) ?? false);
  return { changes: fields.length > 0, replaces, deleteBeforeReplace: replaces.length > 0 && !beside, fields };
}

/** What a preview has to tell of a change besides its fields. */
export function interruption(kind: ResourceKind, olds: Props, news: Props, { replaces }: Diff): string | undefined {
  const [old, wanted] = [inputsOf(kind, olds), inputsOf(kind, news)];
  const found = kind.interrupts?.(old, wanted, olds);
  if (!found) return undefined;
  const place = `${kind.describe(old)} on ${hostLabel(old.host)}`;
  const users = `${found.who.join(", ")} (as last read)`;
  return replaces.length > 0
    ? `${place} can be replaced only once no container is on it: ${users} must be removed or disconnected first, unless this program does so`
    : `${place} is made anew: ${users} will be off it for about ${found.seconds} s, until they are put back as they were`;
}

/** An unknown credential is no unknown host: only address and port tell which host it is. */
const hostIsUnknown = (host: unknown): boolean =>
  host === UNKNOWN || isUnknown((host as HostFields).address) || isUnknown((host as HostFields).port);

/**
 * The part of a connection whose change must reach the state, since read and delete know nothing else. Keys, passwords
 * and time limits are not part of it: a changed credential is no change of a resource.
 */
export function wayTo(host: unknown): unknown {
  const { address, port, user, sudo, hostKey, knownHostsPath, bastion } = host as HostFields;
  return { address, port: port ?? 22, user, sudo, hostKey, knownHostsPath, bastion: bastion && wayTo(bastion) };
}

// --- the four that reach the host --------------------------------------------------------------------------

type Verb = "ensure" | "read" | "delete";

async function runVerb(
  kind: ResourceKind,
  runner: Runner,
  verb: Verb,
  inputs: CommonInputs,
  previous?: CommonInputs,
): Promise<Sections> {
  const { mark, family } = markOf(inputs.__owner);
  // A stack or resource may have been renamed: what carries the mark that state knows is ours as well.
  const before = markOf((previous ?? inputs).__owner).mark;
  const nonce = newNonce();
  const persist = String("persist" in kind.fields && (inputs as { persist?: boolean }).persist !== false);
  const guard = [persist, nonce, String(confirmSeconds(inputs.host))];
  const data: Datum[] = [verb, mark, family, before, String(inputs.adopt), ...guard, ...kind.data(inputs, previous)];
  const doing = { ensure: "set up", read: "read", delete: "delete" }[verb];
  const place = `${kind.describe(inputs)} on ${hostLabel(inputs.host)}`;
  const { host } = inputs;
  const credentials = (inputs.credentials ?? {}) as Credentials;
  const script = readScript(kind.script, kind.library);
  const input = encodeData(data);
  let answer: Answer;
  try {
    answer =
      verb === "read"
        ? await runner.run(host, credentials, script, input)
        : await makeChange(runner, host, credentials, script, input, nonce);
  } catch (error) {
    // Where the connection broke after the script was sent, nobody knows how far it came.
    const known = error instanceof ConnectionError || error instanceof RolledBack;
    const unsure = !known && verb !== "read";
    throw new HostError(`cannot ${doing} ${place}: ${messageOf(error)}`, unsure);
  }
  const sections = decodeSections(answer.stdout);
  const failure = failureIn(sections);
  // A full disk may have swallowed all that a confirmed change said of itself.
  const made = sections.has("made") || sections.has("incomplete") || wasGuarded(sections);
  if (failure) {
    const { code } = failure;
    const why = kind.explain(failure, inputs) ?? explainCommon(failure, inputs);
    // "undone" and a guard that failed say that the host is as it was: so must the state be.
    const undone = code === "undone" || sections.get("guard") === "failed" || outcomeOf(sections) === "failed";
    const incomplete = sections.has("incomplete");
    const back = incomplete
      ? ` could not put back ${notPutBack(sections)}; the next up goes on from there`
      : " was put back as it was";
    throw new HostError(
      `cannot ${doing} ${place}: ${why}${undone && code !== "undone" ? `. ${hostLabel(host)}${back}` : ""}`,
      incomplete || (made && !undone),
    );
  }
  if (answer.code !== 0 || !sections.has("end")) {
    const said = (answer.stderr || answer.stdout).trim() || "it printed nothing";
    throw new HostError(`cannot ${doing} ${place}: the host's shell ended with code ${answer.code}: ${said}`, made);
  }
  return sections;
}

/** In state where a change of it could have cut SSH off and was guarded: others of it may be as well. */
export const GUARDED = "__guarded";

const guardedBefore = (guarded: boolean): Props => (guarded ? { [GUARDED]: true } : {});

const wasGuarded = (sections: Sections): boolean => outcomeOf(sections) === "confirmed";

/** Some inputs are outputs as well where they were not given (mtu): state lists those here, since diff sees outputs only. */
const DERIVED = "__derived";

function inputsOf(kind: ResourceKind, props: Props): CommonInputs {
  const derived = new Set(props[DERIVED] as string[] | undefined);
  const entries = Object.entries(props).filter(([key]) => key in fieldsOf(kind) && !derived.has(key));
  return Object.fromEntries(entries) as unknown as CommonInputs;
}

/** What goes into state: the inputs, and of the outputs what is no input that was given. */
function stateOf(kind: ResourceKind, inputs: Props, { outputs, drift }: Observed, guarded: boolean): Props {
  const derived = Object.keys(outputs).filter((key) => key in kind.fields && inputs[key] === undefined);
  return withoutUndefined({ ...outputs, ...inputs, drift, [DERIVED]: derived, ...guardedBefore(guarded) });
}

/** What the host does not show as wanted, by path; a field the host can't show is missing from `observed`. */
function differences(kind: ResourceKind, wanted: Props, observed: Observed): string[] {
  return Object.keys(kind.fields)
    .filter((field) => field in observed.inputs && canonical(wanted[field]) !== canonical(observed.inputs[field]))
    .map((field) => `${field}: wanted ${canonical(wanted[field])}, the host shows ${canonical(observed.inputs[field])}`)
    .concat(observed.drift);
}

async function ensure(kind: ResourceKind, runner: Runner, props: Props, previous?: Props): Promise<Props> {
  const inputs = inputsOf(kind, props);
  let guarded = previous?.[GUARDED] === true;
  try {
    const sections = await runVerb(kind, runner, "ensure", inputs, previous && inputsOf(kind, previous));
    guarded ||= wasGuarded(sections);
    const observed = kind.decode(sections, inputs);
    const place = `${kind.describe(inputs)} on ${hostLabel(inputs.host)}`;
    if (!observed) throw new HostError(`cannot set up ${place}: it was made, but the host does not show it`, true);
    const wrong = differences(kind, props, observed);
    if (wrong.length > 0) {
      throw new HostError(
        `cannot set up ${place}: the host does not show what was asked for: ${wrong.join("; ")}`,
        true,
      );
    }
    return stateOf(kind, inputs as unknown as Props, observed, guarded);
  } catch (error) {
    if (error instanceof HostError && error.made) {
      throw new PartialFailure(
        error.message,
        idOf(kind, inputs),
        withoutUndefined({ ...inputs, drift: [], ...guardedBefore(guarded) }),
      );
    }
    throw error;
  }
}

export const idOf = (kind: ResourceKind, inputs: CommonInputs): string =>
  `${hostLabel(inputs.host)}/${kind.localId(inputs)}`;

/** What is to be taken over is no state's yet: its host is asked. */
async function foundThere(
  kind: ResourceKind,
  runner: Runner,
  props: Props,
): Promise<{ observed: Observed; different: string[] } | undefined> {
  const inputs = inputsOf(kind, props);
  if (!inputs.adopt) return undefined;
  const observed = kind.decode(await runVerb(kind, runner, "read", inputs), inputs);
  return observed && { observed, different: differences(kind, props, observed) };
}

/** What is as wanted already is known: then nothing of it is made anew. */
async function asItIs(kind: ResourceKind, runner: Runner, props: Props): Promise<Props | undefined> {
  return (await foundThere(kind, runner, props))?.different.length === 0 ? props : undefined;
}

/** What a preview has to tell of one that is to be taken over: what differs, field by field, and who is off it meanwhile. */
export async function adoption(kind: ResourceKind, runner: Runner, wanted: Props): Promise<string | undefined> {
  if (isUnknown(wanted)) return undefined;
  const found = await foundThere(kind, runner, wanted);
  if (!found || found.different.length === 0) return undefined;
  const inputs = inputsOf(kind, wanted);
  const state = stateOf(kind, { ...inputs, ...found.observed.inputs }, found.observed, false);
  const place = `${kind.describe(inputs)} on ${hostLabel(inputs.host)}`;
  const changed = `${place} is there already, and is changed when it is taken over: ${found.different.join("; ")}`;
  const interrupted = interruption(kind, state, wanted, diff(kind, state, wanted));
  return [changed, interrupted].filter(Boolean).join(". ");
}

export async function create(kind: ResourceKind, runner: Runner, inputs: Props): Promise<{ id: string; outs: Props }> {
  const previous = await asItIs(kind, runner, inputs);
  return { id: idOf(kind, inputsOf(kind, inputs)), outs: await ensure(kind, runner, inputs, previous) };
}

export async function update(kind: ResourceKind, runner: Runner, olds: Props, news: Props): Promise<{ outs: Props }> {
  return { outs: await ensure(kind, runner, news, olds) };
}

/** The state as the host has it; undefined where the object is not there any more. */
export async function read(
  kind: ResourceKind,
  runner: Runner,
  props: Props,
): Promise<{ props: Props; inputs: Props } | undefined> {
  const inputs = inputsOf(kind, props);
  const sections = await runVerb(kind, runner, "read", inputs);
  const observed = kind.decode(sections, inputs);
  if (!observed) return undefined;
  const persist = "persist" in kind.fields ? { persist: sections.get("persisted") === "yes" } : {};
  const found = withoutUndefined({ ...inputs, ...observed.inputs, ...persist });
  // As an input too, so that the preview of the next up shows what it is going to put right.
  const drift = observed.drift.length > 0 ? { drift: observed.drift } : {};
  return { inputs: { ...found, ...drift }, props: stateOf(kind, found, observed, props[GUARDED] === true) };
}

/**
 * The state of one that no state knows yet, by its id; undefined where the host has none of that name, or somebody else's. What nobody
 * has marked is taken over as it is. What a program would leave out stands for what is not known before it is read.
 */
export async function readById(
  kind: ResourceKind,
  runner: Runner,
  common: Props,
  localId: string,
): Promise<{ props: Props; inputs: Props } | undefined> {
  const known = kind.byId?.(localId) ?? [];
  for (const one of [false, true].flatMap((adopt) => known.map((fields) => ({ ...fields, adopt })))) {
    const defaults = Object.entries(fieldsOf(kind)).map(([field, reader]) => {
      const left = reader.safeParse(undefined);
      return [field, left.success ? left.data : ""];
    });
    const inputs = { ...Object.fromEntries(defaults), ...common, ...one };
    const found = await read(kind, runner, { ...inputs, ...kind.complete?.(inputs as never) });
    // What it has as its parent's own is known only by its parent.
    if (found) return read(kind, runner, found.inputs);
  }
  return undefined;
}

/** Where it is among its kind on a host, and what makes it what it is. */
function thing(kind: ResourceKind, props: Props): [place: string, what: string] {
  const identity = kind.identity.map((field) => props[field]);
  return [`${kind.type} ${kind.localId(props as never)}`, canonical(identity)];
}

/** Gives what was left alone since it is not ours any more, for the user to read. */
export async function remove(kind: ResourceKind, runner: Runner, props: Props): Promise<string | undefined> {
  const inputs = inputsOf(kind, props);
  if (isWanted(inputs, ...thing(kind, inputs as unknown as Props))) return undefined;
  const kept = (await runVerb(kind, runner, "delete", inputs)).get("kept");
  if (kept === undefined) return undefined;
  const mark = kept ? `its mark says "${kept}"` : "it has no mark";
  return `${kind.describe(inputs)} on ${hostLabel(inputs.host)} was left there: it is not this resource's any more (${mark})`;
}
