// What the serialised provider in a stack's state calls: always the installed code, whatever the state's age.
// This module's path, `pulumi-macvlan/handlers`, is part of that state: keep it exported for ever.
import { interVlanRouter } from "./core/inter-vlan-router";
import { check, create, diff, PartialFailure, read, remove, update } from "./core/lifecycle";
import { macvlanLink } from "./core/macvlan-link";
import { macvlanNetwork } from "./core/macvlan-network";
import type { ResourceKind } from "./core/resource";
import { vlanSubinterface } from "./core/vlan-subinterface";
import { runner } from "./ssh/connection";

type Props = Record<string, unknown>;

export const kinds = [vlanSubinterface, macvlanLink, macvlanNetwork, interVlanRouter] as unknown as ResourceKind[];

function kindOf(type: string): ResourceKind {
  const kind = kinds.find((candidate) => candidate.type === type);
  if (!kind) throw new Error(`pulumi-macvlan has no resource "${type}"`);
  return kind;
}

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

/** Pulumi's dynamic-provider contract: the only place that knows it besides dynamic.ts. */
export const handlers = {
  async check(type: string, _olds: Props, news: Props) {
    const { inputs, refusals } = check(kindOf(type), news);
    return { inputs, failures: refusals };
  },
  async diff(type: string, olds: Props, news: Props) {
    const { changes, replaces } = diff(kindOf(type), olds, news);
    return { changes, replaces, deleteBeforeReplace: replaces.length > 0 };
  },
  create: (type: string, inputs: Props) => recordPartial(inputs, create(kindOf(type), runner, inputs)),
  update: (type: string, olds: Props, news: Props) => recordPartial(news, update(kindOf(type), runner, olds, news)),
  async read(type: string, id: string, props: Props) {
    const found = await read(kindOf(type), runner, props);
    return found ? { id, ...found } : {};
  },
  async delete(type: string, props: Props) {
    const kept = await remove(kindOf(type), runner, props);
    if (kept) console.error(kept);
  },
};
