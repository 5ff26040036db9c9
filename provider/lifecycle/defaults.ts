// What a resource's fields are where nobody says them. Pulumi writes all of a state again with every change of a stack, so what is default
// stays out of it, and out of previews. Hence a default is for ever: another one would change what states of before mean.
import { canonical } from "../vocabulary/values";
import type { ResourceKind } from "./kind";
import { fieldsOf } from "./lifecycle";

type Props = Record<string, unknown>;

const defaultsOf = (kind: ResourceKind): [field: string, value: unknown][] =>
  Object.entries(fieldsOf(kind)).flatMap(([field, reader]): [string, unknown][] => {
    const { success, data } = reader.safeParse(undefined);
    return success && data !== undefined ? [[field, data]] : [];
  });

/** Without what has its default, but for what programs read of it. */
export function lean(kind: ResourceKind, props: Props): Props {
  const defaults = defaultsOf(kind).filter(([field]) => !kind.shown?.includes(field));
  const left = new Set(
    defaults.filter(([field, value]) => canonical(props[field]) === canonical(value)).map(([f]) => f),
  );
  return Object.fromEntries(Object.entries(props).filter(([field]) => !left.has(field)));
}

/** With it. */
export function whole(kind: ResourceKind, props: Props): Props {
  const missing = defaultsOf(kind).filter(([field]) => props[field] === undefined);
  return { ...props, ...Object.fromEntries(missing) };
}
