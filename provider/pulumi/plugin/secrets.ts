// Secrets as Pulumi's engine wraps them, in values that come and go.
// https://www.pulumi.com/docs/iac/guides/building-extending/providers/implementers/secret-handling/
import { isMap } from "../../vocabulary/values";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const isSecret = (value: unknown): value is { value: unknown } => isMap(value) && value[SIGNATURE] === SECRET;

/** A value without them: what is done with it needs the text. */
export function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (isSecret(value)) return open(value.value);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner)]));
}

/** A value, secret wherever `like` is. */
export function secretAs(value: unknown, like: unknown): unknown {
  if (isSecret(like)) return { [SIGNATURE]: SECRET, value: open(value) };
  if (Array.isArray(value) && Array.isArray(like)) return value.map((item, index) => secretAs(item, like[index]));
  if (!isMap(value) || !isMap(like)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, secretAs(inner, like[key])]));
}
