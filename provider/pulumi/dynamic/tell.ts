// What is told beside a resource's fields. What a dynamic provider prints stands at the stack: Pulumi's contract gives it no URN, nor a
// way to its engine. So the program says the URN as an input that check takes out again, before it would reach the state; and the engine,
// whose address the server was started with, is told in its own words.
import { logWarning } from "../engine";

type Props = Record<string, unknown>;

const urns = new Map<string, string>();

const keyOf = (type: string, { __owner }: Props): string => `${type} ${__owner}`;

/** What check is given, without the URN, which is kept for what is told later in this run. */
export function takeUrn(type: string, { __urn, ...news }: Props): Props {
  if (typeof __urn === "string") urns.set(keyOf(type, news), __urn);
  return news;
}

/** Stands at the resource; at the stack where the program has that resource no more. */
export async function warn(type: string, props: Props, text: string): Promise<void> {
  const [, server = "", engine = ""] = process.argv;
  const urn = urns.get(keyOf(type, props));
  try {
    if (urn === undefined) throw new Error("it has no URN");
    await logWarning(server, engine, text, urn);
  } catch {
    console.error(text);
  }
}
