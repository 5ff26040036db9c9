// Pulumi's dynamic-provider contract: what the provider text in a stack's state calls, always the installed code.
import { writeFileSync } from "node:fs";
import type * as pulumi from "@pulumi/pulumi";
import { runner } from "../../host/ssh/connection";
import { trace } from "../../host/trace";
import { kinds } from "../../kinds";
import { checkPlan, planDiffers } from "../../kinds/address-plan/kind";
import { toJunit } from "../../kinds/reachability/junit";
import { checkReachability, type ReachabilityInputs, reachabilityDiffers } from "../../kinds/reachability/kind";
import { sendProbes, unexpected } from "../../kinds/reachability/probes";
import { askAll, askBefore, begin } from "../../kinds/readiness/ask";
import { checkReadiness, type ReadinessState, readinessDiffers, type Users } from "../../kinds/readiness/kind";
import { foretell, readUsers, usersLeft } from "../../kinds/readiness/look";
import type { ResourceKind } from "../../lifecycle/kind";
import { check, create, diff, interruption, PartialFailure, read, remove, update } from "../../lifecycle/lifecycle";
import { messageOf, type Refusal } from "../../vocabulary/errors";
import type { Credentials } from "../../vocabulary/host";
import { takeUrn, warn } from "./tell";

type Props = Record<string, unknown>;

/**
 * A half-made resource in the shape that Pulumi's dynamic provider saves; its properties must keep `__provider`.
 * https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/dynamic-provider/index.ts
 */
async function recordPartial<T>(inputs: Props, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    const properties = { ...error.properties, __provider: inputs["__provider"] };
    throw Object.assign(new Error(error.message), { id: error.id, properties, reasons: [error.message] });
  }
}

/** What Pulumi's dynamic providers do for one type. */
interface Operations {
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Refusal[] }>;
  diff(olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(inputs: Props): Promise<{ id: string; outs: Props }>;
  update(olds: Props, news: Props): Promise<{ outs: Props }>;
  /** Nothing where the object is gone. */
  read(id: string, props: Props): Promise<{ id?: string; props?: Props; inputs?: Props }>;
  delete(props: Props): Promise<void>;
}

const onHost = (kind: ResourceKind): Operations => ({
  async check(_olds, news) {
    const { inputs, refusals } = check(kind, news);
    return { inputs, failures: refusals };
  },
  async diff(olds, news) {
    const found = diff(kind, olds, news);
    const { changes, replaces, deleteBeforeReplace } = found;
    const told = interruption(kind, olds, news, found);
    if (told) await warn(kind.type, news, told);
    return { changes, replaces, deleteBeforeReplace };
  },
  async create(inputs) {
    await askBefore(runner, kind, inputs as never);
    return recordPartial(inputs, create(kind, runner, inputs));
  },
  async update(olds, news) {
    // Another way to a host changes nothing there.
    if (diff(kind, olds, news).fields.some((field) => field !== "host")) await askBefore(runner, kind, news as never);
    return recordPartial(news, update(kind, runner, olds, news));
  },
  async read(id, props) {
    const found = await read(kind, runner, props);
    return found ? { id, ...found } : {};
  },
  async delete(props) {
    // One that is made anew under its name goes first.
    await askBefore(runner, kind, props as never);
    const kept = await remove(kind, runner, props);
    if (kept) await warn(kind.type, props, kept);
  },
});

/** One that is nothing on a host: what it is stands in the state alone. */
const inState = (
  id: string,
  check: (olds: Props, news: Props) => { inputs: Props; refusals: Refusal[] },
  differs: (olds: Props, news: Props) => boolean,
  outs: (inputs: Props, olds?: Props) => Promise<Props>,
): Operations => ({
  async check(olds, news) {
    const { inputs, refusals } = check(olds, news);
    return { inputs, failures: refusals };
  },
  diff: async (olds, news) => ({ changes: differs(olds, news), replaces: [], deleteBeforeReplace: false }),
  create: async (inputs) => ({ id, outs: await outs(inputs) }),
  update: async (olds, news) => ({ outs: await outs(news, olds) }),
  read: async (id, props) => ({ id, props }),
  delete: async () => {},
});

const addressPlan = inState("addresses", checkPlan, planDiffers, async (inputs) => inputs);

/** Sent again with every change. */
const reachability = inState("reachability", (_olds, news) => checkReachability(news), reachabilityDiffers, prove);

async function prove(props: Props): Promise<Props> {
  const inputs = props as unknown as ReachabilityInputs;
  const results = await sendProbes(runner, inputs, (props["credentials"] ?? {}) as Record<string, Credentials>);
  if (inputs.junit) writeFileSync(inputs.junit, toJunit(results));
  const wrong = unexpected(results);
  if (wrong) throw wrong;
  return { ...props, results };
}

const stateOf = (news: Props, users: Users): Props => ({ ...news, ...(Object.keys(users).length > 0 && { users }) });

/** Asked before anything of what changes is made. */
const readiness: Operations = {
  ...inState(
    "readiness",
    (_olds, news) => {
      const checked = checkReadiness(news);
      if (checked.refusals.length === 0) begin(checked.inputs as never);
      return checked;
    },
    readinessDiffers,
    async (news, olds) => {
      const [wanted, before] = [news, olds] as unknown as [ReadinessState, ReadinessState | undefined];
      await askAll(runner, before, wanted);
      return stateOf(news, before ? usersLeft(before, wanted) : {});
    },
  ),
  async diff(olds, news) {
    const changes = readinessDiffers(olds, news);
    const told = changes ? foretell(olds as never, news as never) : undefined;
    if (told) await warn("Readiness", news, told);
    return { changes, replaces: [], deleteBeforeReplace: false };
  },
  async read(id, { users, ...inputs }) {
    const found = await readUsers(runner, { ...inputs, users } as unknown as ReadinessState);
    return { id, props: stateOf(inputs, found) };
  },
};

const types = new Map<string, Operations>([
  ...kinds.map((kind): [string, Operations] => [kind.type, onHost(kind)]),
  ["AddressPlan", addressPlan],
  ["Readiness", readiness],
  ["Reachability", reachability],
]);

function of(type: string): Operations {
  const operations = types.get(type);
  if (!operations) throw new Error(`pulumi-macvlan has no resource "${type}"`);
  return operations;
}

/**
 * What Pulumi's dynamic provider is about to print of failures: it prints what check, diff, read and delete throw, stack and all, before
 * its engine tells the same. https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/dynamic-provider/index.ts
 */
const toldTwice = new Set<string>();

const print = console.error;
console.error = (...words: unknown[]): void => {
  if (!toldTwice.delete(String(words[0]))) print.apply(console, words);
};

/** A failure comes to the user as one sentence, told once; where it came from stands in the trace. */
async function toldOnce<T>(operation: keyof Operations, type: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { stack, id, properties, reasons } = error as Error & Record<"id" | "properties" | "reasons", unknown>;
    trace({ event: "failure", operation, type, stack });
    const failure = new Error(messageOf(error));
    if (operation === "create" || operation === "update")
      throw id === undefined ? failure : Object.assign(failure, { id, properties, reasons });
    toldTwice.add(`${failure}: ${failure.stack}`);
    throw failure;
  }
}

type Handlers = {
  [O in keyof Operations]: (type: string, ...values: Parameters<Operations[O]>) => ReturnType<Operations[O]>;
};

/** By the type's name. */
export const handlers: Handlers = {
  check: (type, olds, news) => toldOnce("check", type, () => of(type).check(olds, takeUrn(type, news))),
  diff: (type, ...values) => toldOnce("diff", type, () => of(type).diff(...values)),
  create: (type, ...values) => toldOnce("create", type, () => of(type).create(...values)),
  update: (type, ...values) => toldOnce("update", type, () => of(type).update(...values)),
  read: (type, ...values) => toldOnce("read", type, () => of(type).read(...values)),
  delete: (type, ...values) => toldOnce("delete", type, () => of(type).delete(...values)),
};

/** What Pulumi's dynamic-provider server calls. (Old text has an object of functions of its own, which call `handlers`.) */
export const providerOf = (type: string): pulumi.dynamic.ResourceProvider => ({
  check: (olds, news) => handlers.check(type, olds, news),
  diff: (_id, olds, news) => handlers.diff(type, olds, news),
  create: (inputs) => handlers.create(type, inputs),
  update: (_id, olds, news) => handlers.update(type, olds, news),
  read: (id, props = {}) => handlers.read(type, id, props),
  delete: (_id, props) => handlers.delete(type, props),
});
