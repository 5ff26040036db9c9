// What a preview shows of a change, field by field.
import { canonical, isMap } from "../../vocabulary/values";

export type Change = "add" | "delete" | "update";

const hasKeys = (value: unknown): value is Record<string, unknown> => isMap(value) && Object.keys(value).length > 0;

/** As Pulumi writes paths: https://www.pulumi.com/docs/iac/concepts/miscellaneous/property-paths/ */
const step = (path: string, key: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;

/** By the path of what differs, down to where one is a value and the other one not. */
export function detailsOf(path: string, old: unknown, wanted: unknown): Map<string, Change> {
  if (canonical(old) === canonical(wanted)) return new Map();
  if (old === undefined) return new Map([[path, "add"]]);
  if (wanted === undefined) return new Map([[path, "delete"]]);
  if (Array.isArray(old) && Array.isArray(wanted) && old.length > 0 && wanted.length > 0) {
    const indexes = Array.from({ length: Math.max(old.length, wanted.length) }, (_, index) => index);
    return new Map(indexes.flatMap((index) => [...detailsOf(`${path}[${index}]`, old[index], wanted[index])]));
  }
  if (!hasKeys(old) || !hasKeys(wanted)) return new Map([[path, "update"]]);
  const keys = new Set([...Object.keys(old), ...Object.keys(wanted)]);
  return new Map([...keys].flatMap((key) => [...detailsOf(step(path, key), old[key], wanted[key])]));
}
