// Asks a host something that is about no resource, and changes nothing there.
import { decodeSections, failureIn, type Sections } from "../formats/sections";
import type { Runner } from "../host/guard";
import { type Datum, encodeData } from "../host/quote";
import type { Script } from "../host/scripts";
import { HostError } from "../vocabulary/errors";
import { type Connection, fieldsOf, secretPart } from "../vocabulary/host";
import { explainCommon } from "./explain";

export async function ask(
  runner: Runner,
  connection: Connection,
  script: Script,
  data: readonly Datum[],
): Promise<Sections> {
  const host = fieldsOf(connection);
  const answer = await runner.run(host, secretPart(connection), script, encodeData(data));
  const sections = decodeSections(answer.stdout);
  const failure = failureIn(sections);
  if (failure) throw new HostError(explainCommon(failure, { host } as never));
  if (sections.has("end")) return sections;
  const said = (answer.stderr || answer.stdout).trim() || "it printed nothing";
  throw new HostError(`its shell ended with code ${answer.code}: ${said}`);
}
