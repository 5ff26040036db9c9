// What is done for each type, the same through both doors: as Pulumi's dynamic providers (dynamic) and as its plugin (plugin).
import { writeFileSync } from "node:fs";
import { runner } from "../host/ssh/connection";
import { kinds } from "../kinds";
import { checkPlan, planDiffers } from "../kinds/address-plan/kind";
import { toJunit } from "../kinds/reachability/junit";
import { checkReachability, type ReachabilityInputs, reachabilityDiffers } from "../kinds/reachability/kind";
import { sendProbes, unexpected } from "../kinds/reachability/probes";
import { askAll, askBefore, begin, intend, isMade } from "../kinds/readiness/ask";
import { checkReadiness, type ReadinessState, readinessDiffers } from "../kinds/readiness/kind";
import { foretell, readHosts, seenSince, usersLeft } from "../kinds/readiness/look";
import { lean, whole } from "../lifecycle/defaults";
import type { ResourceKind } from "../lifecycle/kind";
import { adoption, check, create, diff, interruption, read, readById, remove, update } from "../lifecycle/lifecycle";
import { messageOf, type Refusal } from "../vocabulary/errors";
import type { Credentials } from "../vocabulary/host";

type Props = Record<string, unknown>;

export type Warn = (type: string, props: Props, text: string) => Promise<void>;

/** What Pulumi asks of one type, whichever door it comes through. A half-made resource is a `PartialFailure`. */
export interface Operations {
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: Refusal[] }>;
  diff(olds: Props, news: Props): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(inputs: Props): Promise<{ id: string; outs: Props }>;
  update(olds: Props, news: Props): Promise<{ outs: Props }>;
  /** Nothing where the object is gone. */
  read(id: string, props: Props): Promise<{ id?: string; props?: Props; inputs?: Props }>;
  delete(props: Props): Promise<void>;
  /** One that no state knows, by the end of its id; `props` are its host and its mark. Where it is missing, the id does not tell enough. */
  find?(localId: string, props: Props): Promise<{ props: Props; inputs: Props } | undefined>;
}

/** Pulumi checks what no state has against nothing. */
const isNew = (olds: Props | undefined): boolean => Object.keys(olds ?? {}).length === 0;

const onHost = (kind: ResourceKind, warn: Warn): Operations => ({
  async check(olds, news) {
    const { inputs, refusals } = check(kind, news);
    if (refusals.length === 0 && isNew(olds)) {
      // What can't be told now is none of a preview's failures.
      const told = await adoption(kind, runner, inputs).catch(messageOf);
      if (told) await warn(kind.type, news, told);
    }
    return { inputs: lean(kind, inputs, "inputs"), failures: refusals };
  },
  async diff(olds, news) {
    const [state, wanted] = [whole(kind, olds), whole(kind, news)];
    const found = diff(kind, state, wanted);
    const { replaces, deleteBeforeReplace } = found;
    const changes = found.changes || isMade(kind, wanted as never);
    const told = interruption(kind, state, wanted, found);
    if (told) await warn(kind.type, news, told);
    return { changes, replaces, deleteBeforeReplace };
  },
  async create(inputs) {
    const wanted = whole(kind, inputs);
    await askBefore(runner, kind, wanted as never);
    return create(kind, runner, wanted);
  },
  async update(olds, news) {
    const [state, wanted] = [whole(kind, olds), whole(kind, news)];
    // Another way to a host changes nothing there.
    if (diff(kind, state, wanted).fields.some((field) => field !== "host"))
      await askBefore(runner, kind, wanted as never);
    return update(kind, runner, state, wanted);
  },
  async read(id, props) {
    const found = await read(kind, runner, whole(kind, props));
    return found ? { id, props: found.props, inputs: lean(kind, found.inputs, "inputs") } : {};
  },
  ...(kind.byId && {
    async find(localId: string, props: Props) {
      const found = await readById(kind, runner, props, localId);
      return found && { props: found.props, inputs: lean(kind, found.inputs, "inputs") };
    },
  }),
  async delete(props) {
    const state = whole(kind, props);
    // One that is made anew under its name goes first.
    await askBefore(runner, kind, state as never);
    const kept = await remove(kind, runner, state);
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
  if (inputs.junit) writeFileSync(inputs.junit, await toJunit(results));
  const wrong = unexpected(results);
  if (wrong) throw wrong;
  return { ...props, results };
}

/** Without what says nothing. */
const stateOf = (news: Props, known: Pick<ReadinessState, "users" | "seen">): Props => ({
  ...news,
  ...Object.fromEntries(Object.entries(known).filter(([, found]) => Object.keys(found).length > 0)),
});

/** Asked before anything of what changes is made. */
const readiness = (warn: Warn): Operations => ({
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
      const seen = seenSince(before, wanted, await askAll(runner, before, wanted));
      return stateOf(news, { users: before ? usersLeft(before, wanted) : {}, seen });
    },
  ),
  async diff(olds, news) {
    const changes = readinessDiffers(olds, news);
    if (changes) intend(olds as never, news as never);
    const told = changes ? foretell(olds as never, news as never) : undefined;
    if (told) await warn("Readiness", news, told);
    return { changes, replaces: [], deleteBeforeReplace: false };
  },
  async read(id, { users, seen, ...inputs }) {
    const found = await readHosts(runner, { ...inputs, users, seen } as unknown as ReadinessState);
    return { id, props: stateOf(inputs, found) };
  },
});

/** By the type's name. `warn` tells what stands beside a resource's fields. */
export const operations = (warn: Warn): ReadonlyMap<string, Operations> =>
  new Map([
    ...kinds.map((kind): [string, Operations] => [kind.type, onHost(kind, warn)]),
    ["AddressPlan", addressPlan],
    ["Readiness", readiness(warn)],
    ["Reachability", reachability],
  ]);
