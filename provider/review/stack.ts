// What `pulumi preview --json` printed and what `pulumi stack export` has, read into this package's resources before and after. Pure.
import { kindOf } from "../kinds";
import { whole } from "../lifecycle/defaults";
import type { ResourceKind } from "../lifecycle/kind";
import { type Connection, hostLabel } from "../vocabulary/host";
import { isMap, isUnknown } from "../vocabulary/values";

export type Props = Record<string, unknown>;

export type Step = "same" | "create" | "update" | "replace" | "delete";

/** One of this package's resources. */
export interface Reviewed {
  urn: string;
  /** Its class, such as `VlanSubinterface`; a component's too. */
  type: string;
  name: string;
  step: Step;
  /** Where it is a resource on a host. */
  kind?: ResourceKind;
  /** The label of the host that it is to be on, else of the one that it was on. */
  host?: string;
  /** Where it was on another one. */
  formerHost?: string;
  /** As the state has it; missing where it is new. */
  old?: Props;
  /** As the program wants it; missing where it goes. */
  wanted?: Props;
}

export const isRouter = ({ type }: { type: string }): boolean => type === "InterVlanRouter";

/** What Pulumi said beside the steps. */
export interface Told {
  severity: "error" | "warning";
  text: string;
  /** The resource it is about. */
  urn?: string;
}

export interface StackChange {
  project: string;
  stack: string;
  resources: Reviewed[];
  /** Of other packages, and how many change; not described. */
  others: Record<Exclude<Step, "same">, number>;
  told: Told[];
}

/** What Pulumi writes in the place of a secret, or of one that somebody let it show. */
const SECRET = "[secret]";
export const SECRET_KEY = "4dabf18193072939515e22adb298388d";

/** Fields of a connection, wherever one stands, and of our own. */
const LEFT_OUT = ["credentials", "__provider", "password", "privateKey", "passphrase", "sudo", "sudoPassword"];

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isMap(value)) return value;
  if (SECRET_KEY in value) return SECRET;
  const entries = Object.entries(value).filter(([field]) => !LEFT_OUT.includes(field));
  return Object.fromEntries(entries.map(([field, inner]) => [field, hidden(inner)]));
}

interface RawState {
  urn: string;
  type: string;
  inputs?: Props;
  outputs?: Props;
}

interface RawStep {
  op: string;
  urn: string;
  oldState?: RawState;
  newState?: RawState;
}

interface RawDiagnostic {
  urn?: string;
  message?: string;
  severity?: string;
}

const OURS = /^(?:pulumi-nodejs:dynamic\/macvlan|macvlan:index|pulumi-macvlan:index):(\w+)$/;

/** A type of this package, through whichever door. */
export const isOurs = (type: string): boolean => OURS.test(type);

/** The last of a URN's types: those before it are its parents'. */
const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

const STEPS: Record<string, Exclude<Step, "same">> = {
  create: "create",
  import: "create",
  update: "update",
  "create-replacement": "replace",
  replace: "replace",
  "delete-replaced": "replace",
  delete: "delete",
};

/** A host by its label; the plugin's may be one by name. */
function labelOf(host: unknown): string | undefined {
  if (host === undefined) return undefined;
  if (isUnknown(host) || host === SECRET) return "a host that is known later";
  if (typeof host === "string") return host;
  return isMap(host) && typeof host["address"] === "string" ? hostLabel(host as unknown as Connection) : undefined;
}

const withConnection = (props: Props): Props =>
  typeof props["host"] === "string" ? { ...props, host: { name: props["host"], address: props["host"] } } : props;

function propsOf(kind: ResourceKind | undefined, ...candidates: (Props | undefined)[]): Props | undefined {
  const given = candidates.find((props) => props !== undefined && Object.keys(props).length > 0);
  const props = given && withConnection(hidden(given) as Props);
  return props && kind ? whole(kind, props) : props;
}

function reviewed(urn: string, step: Step, before: RawState | undefined, after: RawState | undefined): Reviewed {
  const type = OURS.exec(typeOf(urn))?.[1] ?? "";
  const kind = kindOf(type);
  // What is on no host has said all that it is; its outputs are what came of it.
  const old = kind ? propsOf(kind, before?.outputs, before?.inputs) : propsOf(kind, before?.inputs, before?.outputs);
  const wanted = propsOf(kind, after?.inputs);
  const formerHost = labelOf(old?.["host"]);
  const host = labelOf(wanted?.["host"]) ?? formerHost;
  return {
    urn,
    type,
    name: nameOf(urn),
    step,
    ...(kind && { kind }),
    ...(host !== undefined && { host }),
    ...(formerHost !== undefined && formerHost !== host && { formerHost }),
    ...(old && step !== "create" && { old }),
    ...(wanted && step !== "delete" && { wanted }),
  };
}

/** A diagnostic's text without the colours of a terminal. */
const plain = (text: string): string =>
  text
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/\u001b\[[0-9;]*m/g, "")
    .replace(/^(?:warning|error): /, "")
    .trim();

function told(diagnostics: readonly RawDiagnostic[]): Told[] {
  return diagnostics.flatMap(({ urn, message = "", severity }): Told[] => {
    if ((severity !== "error" && severity !== "warning") || plain(message) === "") return [];
    return [{ severity, text: plain(message), ...(urn ? { urn } : {}) }];
  });
}

export const inOrder = <T>(things: readonly T[], key: (thing: T) => string): T[] =>
  [...things].sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));

/**
 * Reads them.
 *
 * @param preview what `pulumi preview --json` printed, parsed.
 * @param state what `pulumi stack export` printed, parsed; without it only what changes is known.
 * @throws where the preview is none.
 */
export function readStackChange(preview: unknown, state?: unknown): StackChange {
  const { steps, diagnostics = [] } = (isMap(preview) ? preview : {}) as {
    steps?: RawStep[];
    diagnostics?: RawDiagnostic[];
  };
  if (!Array.isArray(steps) && diagnostics.length === 0)
    throw new Error("the preview has no steps: give what `pulumi preview --json` printed");
  const there = ((state ?? {}) as { deployment?: { resources?: RawState[] } }).deployment?.resources ?? [];
  const resources = new Map<string, Reviewed>();
  const others = { create: 0, update: 0, replace: 0, delete: 0 };
  const counted = new Set<string>();
  const seen = new Set<string>();
  for (const step of steps ?? []) {
    const what = STEPS[step.op];
    const type = typeOf(step.urn);
    if (what !== undefined && !OURS.test(type) && !type.startsWith("pulumi:") && !counted.has(step.urn)) {
      counted.add(step.urn);
      others[what] += 1;
    }
    if (!OURS.test(type)) continue;
    // By an alias the state may know it under another name.
    for (const known of [step.urn, step.oldState?.urn]) if (known) seen.add(known);
    // A replacement comes as three steps, one of which has both states.
    const known = resources.get(step.urn);
    const found = reviewed(step.urn, what ?? "same", step.oldState, step.newState);
    const wanted = known?.wanted ?? found.wanted;
    const old = known?.old ?? found.old;
    resources.set(step.urn, {
      ...found,
      step: known?.step ?? found.step,
      ...(old && found.step !== "create" && { old }),
      ...(wanted && { wanted }),
    });
  }
  // What a preview does not name stays as it is.
  for (const raw of there) {
    if (!OURS.test(typeOf(raw.urn)) || seen.has(raw.urn)) continue;
    const same = reviewed(raw.urn, "same", raw, raw);
    resources.set(raw.urn, same.old ? { ...same, wanted: same.old } : same);
  }
  const [first = ""] = [...(steps ?? []), ...there].map(({ urn }) => urn);
  const [, , stack = ""] = (first.split("::")[0] ?? "").split(":");
  const project = first.split("::")[1] ?? "";
  return {
    project,
    stack,
    resources: inOrder([...resources.values()], ({ urn }) => urn),
    others,
    told: told(diagnostics),
  };
}
