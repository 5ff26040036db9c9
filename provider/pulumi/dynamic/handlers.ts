// Pulumi's dynamic-provider contract: what the provider text in a stack's state calls, always the installed code.
import type * as pulumi from "@pulumi/pulumi";
import { trace } from "../../host/trace";
import { kindOf } from "../../kinds";
import { lean } from "../../lifecycle/defaults";
import { PartialFailure } from "../../lifecycle/lifecycle";
import { messageOf } from "../../vocabulary/errors";
import { type Operations, operations } from "../operations";
import { takeUrn, warn } from "./tell";

type Props = Record<string, unknown>;

/** What goes into the state: every change of the stack writes it again. */
function kept(type: string, outs: Props): Props {
  const kind = kindOf(type);
  return kind ? lean(kind, outs, "state") : outs;
}

/**
 * What a change has made, as the state has it; a half-made resource in the shape that Pulumi's dynamic provider saves, which must keep
 * `__provider`.
 * https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/dynamic-provider/index.ts
 */
async function recorded<T extends { outs: Props }>(type: string, inputs: Props, operation: Promise<T>): Promise<T> {
  try {
    const done = await operation;
    return { ...done, outs: kept(type, done.outs) };
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    const properties = { ...kept(type, error.properties), __provider: inputs["__provider"] };
    throw Object.assign(new Error(error.message), { id: error.id, properties, reasons: [error.message] });
  }
}

const types = operations(warn);

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
async function toldOnce<T>(operation: keyof Asked, type: string, work: () => Promise<T>): Promise<T> {
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

/** A dynamic resource can't be imported. */
type Asked = Omit<Operations, "find">;

type Handlers = { [O in keyof Asked]: (type: string, ...values: Parameters<Asked[O]>) => ReturnType<Asked[O]> };

/** By the type's name. */
export const handlers: Handlers = {
  check: (type, olds, news) => toldOnce("check", type, () => of(type).check(olds, takeUrn(type, news))),
  diff: (type, ...values) => toldOnce("diff", type, () => of(type).diff(...values)),
  create: (type, inputs) => toldOnce("create", type, () => recorded(type, inputs, of(type).create(inputs))),
  update: (type, olds, news) => toldOnce("update", type, () => recorded(type, news, of(type).update(olds, news))),
  read: (type, ...values) =>
    toldOnce("read", type, async () => {
      const found = await of(type).read(...values);
      return found.props ? { ...found, props: kept(type, found.props) } : found;
    }),
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
