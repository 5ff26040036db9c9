// The address plan of a stack: each plan takes the one before from the resource's own inputs, where `check` finds it, in a
// preview too. Nothing here reaches a host.
import { z } from "zod";
import { messageOf, type Refusal } from "../../vocabulary/errors";
import { address, flag, plainText, refusalsOf, subnet, wholeNumber } from "../../vocabulary/fields";
import { canonical, isUnknown, sortKeys, UNKNOWN, withoutUndefined } from "../../vocabulary/values";
import type { AddressesToPlan, PlannedAddresses } from "./arguments";
import { planAddresses } from "./planner";

type Props = Record<string, unknown>;

const size = wholeNumber(1, 2 ** 31, "a number of addresses").optional();
const names = z.array(plainText, { error: "must be a list of host names" });
const subnetFields = { subnet, gateway: address.optional(), reserved: z.array(plainText).optional(), size };
const hostFields = {
  size,
  slot: wholeNumber(0, 2 ** 31, "a slot: a whole number from 0 on").optional(),
  ranges: z.array(subnet, { error: "must be a list of CIDRs" }).optional(),
  formerly: plainText.optional(),
};
const sorted = (list: string[]): string[] => [...new Set(list)].sort();

const subnetToPlan = z.preprocess(
  (given) => (typeof given === "string" ? { subnet: given } : given),
  z.strictObject(
    { ...subnetFields, hosts: names.transform(sorted).optional() },
    { error: "must be a subnet, or {subnet, gateway?, reserved?, size?, hosts?}" },
  ),
);

const reader = z.object({
  subnets: z.array(subnetToPlan, { error: "must be a list of subnets" }),
  hosts: z
    .preprocess(
      (given) => (Array.isArray(given) ? Object.fromEntries(given.map((host) => [String(host), {}])) : given),
      z.record(plainText, z.strictObject(hostFields), {
        error: "must be names of hosts, or a map of name to {size?, slot?, ranges?, formerly?}",
      }),
    )
    .transform(sortKeys),
  shims: flag(false),
  // None is as good as an empty list: state that older versions wrote has none.
  forget: names.transform((list) => (list.length === 0 ? undefined : sorted(list))).optional(),
});

const FIELDS = ["subnets", "hosts", "shims", "forget", "plan"];

/**
 * A name that stands in `forget` acts once: programs keep it, and what its host gives up later is to be kept for it as for anybody.
 */
function planFrom(olds: Props, wanted: AddressesToPlan): PlannedAddresses {
  const before = (olds["forget"] ?? []) as string[];
  const given = wanted.forget ?? [];
  const done = given.filter((host) => before.includes(host));
  try {
    const forget = given.filter((host) => !done.includes(host));
    return planAddresses({ ...wanted, forget }, olds["plan"] as PlannedAddresses | undefined);
  } catch (error) {
    const again = done.length > 0 && messageOf(error).includes("forget: [");
    const told = `. What forget names already (${done.join(", ")}) has been forgotten once: take it out for one \`pulumi up\` before you name it again`;
    throw new Error(`${messageOf(error)}${again ? told : ""}`);
  }
}

/** `plan` is the one input that no program gives: it is what these inputs, and the plan before, come to. */
export function checkPlan(olds: Props, news: Props): { inputs: Props; refusals: Refusal[] } {
  const given = withoutUndefined({
    subnets: news["subnets"],
    hosts: news["hosts"],
    shims: news["shims"],
    forget: news["forget"],
  });
  if (isUnknown(given)) return { inputs: { ...given, plan: UNKNOWN }, refusals: [] };
  const read = reader.safeParse(given);
  if (!read.success) {
    const refusals = refusalsOf(read.error).map(({ property, reason }) => ({
      property,
      reason: `AddressPlan: ${property} ${reason}`,
    }));
    return { inputs: given, refusals };
  }
  const inputs = withoutUndefined(read.data);
  try {
    return { inputs: { ...inputs, plan: planFrom(olds, inputs as unknown as AddressesToPlan) }, refusals: [] };
  } catch (error) {
    return { inputs, refusals: [{ property: "hosts", reason: `AddressPlan: ${messageOf(error)}` }] };
  }
}

/** What a host was called is no wish: once the plan has followed, the word may go without a change. */
const compared = (field: string, value: unknown): string =>
  canonical(
    field === "hosts" && typeof value === "object"
      ? Object.entries(value ?? {}).map(([host, { formerly: _, ...wish }]) => [host, wish])
      : value,
  );

export const planDiffers = (olds: Props, news: Props): boolean =>
  FIELDS.some((field) => isUnknown(news[field]) || compared(field, olds[field]) !== compared(field, news[field]));
