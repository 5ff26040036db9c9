// What the serialised provider in a stack's state calls: always the installed code, whatever the state's age.
// This module's path, `pulumi-macvlan/handlers`, is part of that state: keep it exported for ever.
import { writeFileSync } from "node:fs";
import { checkPlan, planDiffers } from "./core/address-plan";
import type { Refusal } from "./core/errors";
import type { Credentials } from "./core/host";
import { hostInterface } from "./core/host-interface";
import { interVlanRouter } from "./core/inter-vlan-router";
import { toJunit } from "./core/junit";
import { check, create, diff, interruption, PartialFailure, read, remove, update } from "./core/lifecycle";
import { macvlanLink } from "./core/macvlan-link";
import { macvlanNetwork } from "./core/macvlan-network";
import { sendProbes, unexpected } from "./core/probes";
import { checkReachability, type ReachabilityInputs, reachabilityDiffers } from "./core/reachability";
import type { ResourceKind } from "./core/resource";
import { vlanSubinterface } from "./core/vlan-subinterface";
import { runner } from "./ssh/connection";

type Props = Record<string, unknown>;

export const kinds = [
  vlanSubinterface,
  macvlanLink,
  macvlanNetwork,
  interVlanRouter,
  hostInterface,
] as unknown as ResourceKind[];

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
    const { changes, replaces } = found;
    const told = interruption(kind, olds, news, found);
    if (told) console.error(told);
    return { changes, replaces, deleteBeforeReplace: replaces.length > 0 };
  },
  create: (inputs) => recordPartial(inputs, create(kind, runner, inputs)),
  update: (olds, news) => recordPartial(news, update(kind, runner, olds, news)),
  async read(id, props) {
    const found = await read(kind, runner, props);
    return found ? { id, ...found } : {};
  },
  async delete(props) {
    const kept = await remove(kind, runner, props);
    if (kept) console.error(kept);
  },
});

/** One that is nothing on a host: what it is stands in the state alone. */
const inState = (
  id: string,
  check: (olds: Props, news: Props) => { inputs: Props; refusals: Refusal[] },
  differs: (olds: Props, news: Props) => boolean,
  outs: (inputs: Props) => Promise<Props>,
): Operations => ({
  async check(olds, news) {
    const { inputs, refusals } = check(olds, news);
    return { inputs, failures: refusals };
  },
  diff: async (olds, news) => ({ changes: differs(olds, news), replaces: [], deleteBeforeReplace: false }),
  create: async (inputs) => ({ id, outs: await outs(inputs) }),
  update: async (_olds, news) => ({ outs: await outs(news) }),
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

const types = new Map<string, Operations>([
  ...kinds.map((kind): [string, Operations] => [kind.type, onHost(kind)]),
  ["AddressPlan", addressPlan],
  ["Reachability", reachability],
]);

function of(type: string): Operations {
  const operations = types.get(type);
  if (!operations) throw new Error(`pulumi-macvlan has no resource "${type}"`);
  return operations;
}

/** Pulumi's dynamic-provider contract: the only place that knows it besides dynamic.ts. */
export const handlers = {
  check: async (type: string, olds: Props, news: Props) => of(type).check(olds, news),
  diff: async (type: string, olds: Props, news: Props) => of(type).diff(olds, news),
  create: async (type: string, inputs: Props) => of(type).create(inputs),
  update: async (type: string, olds: Props, news: Props) => of(type).update(olds, news),
  read: async (type: string, id: string, props: Props) => of(type).read(id, props),
  delete: async (type: string, props: Props) => of(type).delete(props),
};
