// What `pulumi preview --diff` tells, so that it can be read: of each resource that changes its fields before and after, as YAML, without
// hosts, and without what has its default on both sides. Pure.
import { structuredPatch } from "diff";
import { stringify } from "yaml";
import type { ResourceKind } from "../lifecycle/kind";
import { canonical, isMap, isUnknown, sortKeys } from "../vocabulary/values";
import { inOrder, type Props, type Reviewed } from "./stack";
import { LATER, nameOf, STEPS } from "./words";

/** Of a long list no more than these lines around what changes. */
const AROUND = 3;

/** Says of all others once more what they say of themselves. */
const SAID_ELSEWHERE = "Readiness";

/** A connection is nobody's business, and the same for all of a host. */
const OF_HOSTS = ["host", "hosts"];

function asShown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asShown);
  if (isMap(value)) return sortKeys(Object.fromEntries(Object.entries(value).map(([key, of]) => [key, asShown(of)])));
  return isUnknown(value) ? LATER : value;
}

const defaultOf = (kind: ResourceKind, field: string): unknown => kind.fields[field]?.safeParse(undefined).data;

/** A state tells of a resource on a host more than its fields, and of another one more than what a program says. */
function fieldsOf({ kind, old = {}, wanted = {} }: Reviewed): string[] {
  if (!kind) return Object.keys(wanted).filter((field) => !field.startsWith("__") && !OF_HOSTS.includes(field));
  const isDefault = (field: string, value: unknown): boolean =>
    value === undefined || canonical(value) === canonical(defaultOf(kind, field));
  return Object.keys(kind.fields).filter((field) => ![old, wanted].every((props) => isDefault(field, props[field])));
}

const linesOf = (fields: readonly string[], props: Props = {}): string =>
  fields
    .filter((field) => props[field] !== undefined)
    .map((field) => stringify({ [field]: asShown(props[field]) }, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join("");

function bodyOf(resource: Reviewed): string[] {
  const fields = fieldsOf(resource);
  const [before, after] = [linesOf(fields, resource.old), linesOf(fields, resource.wanted)];
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: AROUND });
  return hunks.flatMap(({ lines }, index) => [
    ...(index === 0 ? [] : ["     …"]),
    ...lines.filter((line) => !line.startsWith("\\")).map((line) => `${line.slice(0, 1)}    ${line.slice(1)}`),
  ]);
}

/** One line, whatever its names hold. */
function headOf(resource: Reviewed): string {
  const { step, type, name, host, kind } = resource;
  const what = kind ? nameOf(resource) : `${type} "${name}"`;
  const words = `${step === "same" ? "" : STEPS[step].sign} ${what}${host === undefined ? "" : ` on ${host}`}`;
  return words.replace(/\s+/g, " ");
}

/** As the text of a ```diff block. */
export const changedFields = (resources: readonly Reviewed[]): string =>
  inOrder(
    resources.filter(({ step, type }) => step !== "same" && type !== SAID_ELSEWHERE),
    ({ host = "", urn }) => `${host} ${urn}`,
  )
    .map((resource) => ({ resource, body: bodyOf(resource) }))
    .filter(({ resource, body }) => resource.kind || body.length > 0)
    .map(({ resource, body }) => [headOf(resource), ...body].join("\n"))
    .join("\n\n");
