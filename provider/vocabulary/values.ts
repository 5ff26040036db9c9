// Values as Pulumi hands them over: known or not, equal in meaning or not.

/** The string that stands for a value which is not known before other resources are made. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Props = Record<string, unknown>;

/** What a program says, once it is checked: what it left out has its default, but for `Optional`, which has none. */
export type Checked<T, Optional extends keyof T = never> = {
  [K in Exclude<keyof T, Optional>]-?: Exclude<T[K], undefined>;
} & { [K in Optional]?: T[K] | undefined };

export const isMap = (value: unknown): value is Props =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function isUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(isUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(isUnknown);
}

export const sortKeys = <T>(map: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A value with its object keys sorted and what is undefined left out: equal text means equal. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isMap(inner) ? sortKeys(inner) : inner)) ?? "null";
}

export const withoutUndefined = (props: Props): Props => JSON.parse(JSON.stringify(props)) as Props;

/** What somebody else wrote, as text alone: nothing of it moves a terminal's cursor, or ends a line. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
