// Reads hosts, all of them at once: what is there by name, then each of it as an import reads it.
import type { Runner } from "../host/guard";
import { readLibrary } from "../host/scripts";
import { kindOf } from "../kinds";
import { ask } from "../lifecycle/ask";
import { lean } from "../lifecycle/defaults";
import { readById, readInputs } from "../lifecycle/lifecycle";
import { ConnectionError, HostError, messageOf } from "../vocabulary/errors";
import { type Connection, fieldsOf, secretPart } from "../vocabulary/host";
import { type LeftOut, type Listed, listsIn, type Rule } from "./listed";
import { aboutThem } from "./rules";

/** One thing of a host, with the inputs that describe it as it is. */
export interface Described extends Listed {
  inputs: Record<string, unknown>;
  /** What is so on the host, and no program says it. */
  drift: string[];
}

/** All of one host. */
export interface Scanned {
  /** As what it was named. */
  name: string;
  connection: Connection;
  described: Described[];
  leftOut: LeftOut[];
  rules: Rule[];
}

/** Nobody's: what has a stack's mark is not read by it. */
const OWNER = "scan/scan/scan";

export async function scanBy(runner: Runner, name: string, connection: Connection): Promise<Scanned> {
  const [host, credentials] = [fieldsOf(connection), secretPart(connection)];
  const sections = await ask(runner, connection, readLibrary("docker", "scan"), []).catch((error: unknown) => {
    if (error instanceof ConnectionError) throw error;
    throw new HostError(`cannot look at ${name}: ${messageOf(error)}`);
  });
  const { listed, leftOut, rules } = listsIn(sections);
  const described: Described[] = [];
  await Promise.all(
    listed.map(async (entry) => {
      try {
        const kind = kindOf(entry.type);
        const found = kind && (await readById(kind, runner, { host, credentials, __owner: OWNER }, entry.name));
        if (!kind || !found) throw new Error("it can't be read");
        const { refusals } = readInputs(kind, found.inputs);
        if (refusals.length > 0)
          throw new Error(refusals.map(({ property, reason }) => `${property} ${reason}`).join("; "));
        const inputs = lean(kind, found.inputs, "inputs");
        const { host: _host, credentials: _credentials, __owner: _owner, drift, ...said } = inputs;
        described.push({ ...entry, inputs: said, drift: (drift ?? []) as string[] });
      } catch (error) {
        leftOut.push({ what: entry.name, why: messageOf(error) });
      }
    }),
  );
  const place = ({ name: of }: Listed) => listed.findIndex((entry) => entry.name === of);
  described.sort((one, other) => place(one) - place(other));
  leftOut.sort((one, other) => one.what.localeCompare(other.what, "en", { numeric: true }));
  return { name, connection, described, leftOut, rules: aboutThem(rules, described) };
}
