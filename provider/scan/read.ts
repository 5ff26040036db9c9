// Reads hosts, all of them at once: what is there by name, then each of it as an import reads it.
import { decodeSections, failureIn } from "../formats/sections";
import type { Runner } from "../host/guard";
import { encodeData } from "../host/quote";
import { readLibrary } from "../host/scripts";
import { kindOf } from "../kinds";
import { lean } from "../lifecycle/defaults";
import { explainCommon } from "../lifecycle/explain";
import { readById } from "../lifecycle/lifecycle";
import { HostError, messageOf } from "../vocabulary/errors";
import { type Connection, hostSchema, publicPart, secretPart } from "../vocabulary/host";
import { type LeftOut, type Listed, listsIn, type Rule } from "./listed";

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
  const host = hostSchema.parse(publicPart(connection));
  const credentials = secretPart(connection);
  const answer = await runner.run(host, credentials, readLibrary("docker", "scan"), encodeData([]));
  const sections = decodeSections(answer.stdout);
  const failure = failureIn(sections);
  if (failure) throw new HostError(`cannot look at ${name}: ${explainCommon(failure, { host } as never)}`);
  if (!sections.has("end")) throw new HostError(`cannot look at ${name}: its shell ended with code ${answer.code}`);
  const { listed, leftOut, rules } = listsIn(sections);
  const described: Described[] = [];
  await Promise.all(
    listed.map(async (entry) => {
      try {
        const kind = kindOf(entry.type);
        const found = kind && (await readById(kind, runner, { host, credentials, __owner: OWNER }, entry.name));
        if (!kind || !found) throw new Error("it can't be read");
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
  return { name, connection, described, leftOut, rules };
}
