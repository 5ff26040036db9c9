// What `pulumi preview --diff` tells, so that it can be read: of each resource that changes its fields before and after, as YAML, without
// connections, and without what has its default before and after. Pure.
import { structuredPatch } from "diff";
import { stringify } from "yaml";
import { whole } from "../lifecycle/defaults";
import type { ResourceKind } from "../lifecycle/kind";
import { saidBefore } from "../lifecycle/lifecycle";
import { canonical, isMap, isUnknown, sortKeys } from "../vocabulary/values";
import { inOrder, type Props, type Reviewed } from "./stack";
import { ANOTHER_WAY, changesOf, LATER, nameOf, STEPS } from "./words";

/** Of a long list no more than these lines around what changes. */
const AROUND = 3;

/** Lines that differ, from which on two texts are shown whole, one after the other: to find what is the same would take too long. */
const MOST_EDITS = 2000;

/** What is told of those that are on no host; Readiness says of all others once more what they say of themselves. */
const ON_NO_HOST: Record<string, readonly string[]> = {
  AddressPlan: ["subnets", "hosts", "shims", "forget", "plan"],
  Reachability: ["probes", "triggers", "junit"],
};

function asShown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asShown);
  if (isMap(value)) return sortKeys(Object.fromEntries(Object.entries(value).map(([key, of]) => [key, asShown(of)])));
  return isUnknown(value) ? LATER : value;
}

/** What a field would be if the program did not say it. */
function defaultOf(kind: ResourceKind, field: string, props: Props): unknown {
  const rest = Object.fromEntries(Object.entries(props).filter(([key, value]) => key !== field && !isUnknown(value)));
  const isRead = Object.entries(rest).every(([key, value]) => kind.fields[key]?.safeParse(value).success ?? true);
  const completed: Props = isRead ? { ...kind.complete?.(rest as never) } : {};
  return completed[field] ?? whole(kind, rest)[field];
}

interface Sides {
  fields: string[];
  before: Props;
  after: Props;
}

function sidesOf({ kind, type, old, wanted }: Reviewed): Sides {
  const [before, after] = [old && kind ? saidBefore(kind, old) : (old ?? {}), wanted ?? {}];
  if (!kind) return { fields: [...(ON_NO_HOST[type] ?? [])], before, after };
  const isDefault = (props: Props, field: string): boolean =>
    props[field] === undefined || canonical(props[field]) === canonical(defaultOf(kind, field, props));
  const fields = Object.keys(kind.fields).filter((field) => ![before, after].every((props) => isDefault(props, field)));
  return { fields, before, after };
}

const linesOf = (fields: readonly string[], props: Props): string =>
  fields
    .filter((field) => props[field] !== undefined)
    .map((field) => stringify({ [field]: asShown(props[field]) }, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join("");

const indentOf = (line: string): number => line.search(/[^ ]|$/);

/** What a line of a text is inside of: the keys above it. */
function above(lines: readonly string[], at: number): string[] {
  const found: string[] = [];
  let indent = indentOf(lines[at] ?? "");
  for (let index = at - 1; index >= 0 && indent > 0; index -= 1) {
    const line = lines[index] ?? "";
    if (indentOf(line) >= indent) continue;
    found.unshift(line);
    indent = indentOf(line);
  }
  return found;
}

const signed = (sign: string, line: string): string => `${sign}    ${line}`;

function bodyOf(resource: Reviewed): string[] {
  const { fields, before, after } = sidesOf(resource);
  const [old, wanted] = [linesOf(fields, before), linesOf(fields, after)];
  const lines = old.split("\n");
  const patch = structuredPatch("", "", old, wanted, "", "", { context: AROUND, maxEditLength: MOST_EDITS });
  if (!patch) {
    const all = (text: string, sign: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => signed(sign, line));
    return [...all(old, "-"), ...all(wanted, "+")];
  }
  let shown = 0;
  return patch.hunks.flatMap(({ lines: changed, oldStart, oldLines }) => {
    const from = Math.max(0, oldStart - 1);
    const outer = from > shown ? above(lines, from).map((line) => signed(" ", line)) : [];
    const gap = from > shown ? ["     …"] : [];
    shown = from + oldLines;
    return [
      ...outer,
      ...gap,
      ...changed.filter((line) => !line.startsWith("\\")).map((line) => signed(line.slice(0, 1), line.slice(1))),
    ];
  });
}

/** One line, whatever its names hold. */
function headOf(resource: Reviewed): string {
  const { step, type, name, host, formerHost, kind } = resource;
  const what = kind ? nameOf(resource) : `${type} "${name}"`;
  const place = host === undefined ? "" : ` on ${host}`;
  const former = formerHost === undefined ? "" : `, was on ${formerHost}`;
  return `${step === "same" ? "" : STEPS[step].sign} ${what}${place}${former}`.replace(/\s+/g, " ");
}

/** As the text of a ```diff block. */
export const changedFields = (resources: readonly Reviewed[]): string =>
  inOrder(
    resources.filter(({ step, kind, type }) => step !== "same" && (kind || type in ON_NO_HOST)),
    ({ host = "", urn }) => `${host} ${urn}`,
  )
    .map((resource) => {
      const way = changesOf(resource).includes(ANOTHER_WAY) ? [signed(" ", `(${ANOTHER_WAY})`)] : [];
      return [headOf(resource), ...bodyOf(resource), ...way].join("\n");
    })
    .join("\n\n");
