// What a resource's fields are where nobody says them. Pulumi writes all of a state again with every change of a stack, so what is default
// stays out of it, and out of previews. Hence a default is for ever: another one would change what states of before mean.
import { canonical, isMap } from "../vocabulary/values";
import type { ResourceKind } from "./kind";
import { fieldsOf } from "./lifecycle";

type Props = Record<string, unknown>;

interface Default {
  field: string;
  value: unknown;
  text: string;
}

const known = new Map<ResourceKind, readonly Default[]>();

/** Asked for with every operation of a resource, and the same for all of its kind. */
function defaultsOf(kind: ResourceKind): readonly Default[] {
  let found = known.get(kind);
  if (!found) {
    found = Object.entries(fieldsOf(kind)).flatMap(([field, reader]): Default[] => {
      const { success, data } = reader.safeParse(undefined);
      return success && data !== undefined ? [{ field, value: data, text: canonical(data) }] : [];
    });
    known.set(kind, found);
  }
  return found;
}

/**
 * Without what has its default, but for what programs read of it. Of inputs a map stays: Pulumi's `ignoreChanges` names what is in it, which
 * it does not find in a map that is not there.
 */
export function lean(kind: ResourceKind, props: Props, of: "inputs" | "state"): Props {
  const left = new Set(
    defaultsOf(kind)
      .filter(({ field, value }) => !kind.shown?.includes(field) && !(of === "inputs" && isMap(value)))
      .filter(({ field, text }) => canonical(props[field]) === text)
      .map(({ field }) => field),
  );
  return Object.fromEntries(Object.entries(props).filter(([field]) => !left.has(field)));
}

/** With it. */
export function whole(kind: ResourceKind, props: Props): Props {
  const missing = defaultsOf(kind).filter(({ field }) => props[field] === undefined);
  return { ...props, ...Object.fromEntries(missing.map(({ field, value }) => [field, value])) };
}
