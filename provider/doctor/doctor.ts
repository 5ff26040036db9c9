// Asks hosts, all of them at once, what they are and what their switch passes between them. Nothing is changed there.
import { newNonce, type Runner } from "../host/guard";
import type { Datum } from "../host/quote";
import { readLibrary } from "../host/scripts";
import { ask } from "../lifecycle/ask";
import { messageOf } from "../vocabulary/errors";
import type { Connection } from "../vocabulary/host";
import { type Examined, factsIn } from "./facts";
import { type Diagnosis, diagnosisOf } from "./findings";
import { SIZES } from "./switch";

/** A host to look at. */
export interface Patient {
  /** As what it is told of. */
  name: string;
  connection: Connection;
  /** The interfaces that are to carry VLANs. Default: the physical ones that have a carrier, or the bond or bridge that they are ports of. */
  nics?: readonly string[] | undefined;
}

/** Seconds for which frames are sent and listened for: a slow login costs some of them. */
const LISTENING = 6;

/**
 * What will not work on these hosts, and what to do; with `vlans`, also what the switch passes between them.
 * @throws nothing for a host that can't be reached: that is a finding.
 */
export async function diagnoseBy(
  runner: Runner,
  patients: readonly Patient[],
  { vlans = [], seconds = LISTENING }: { vlans?: readonly number[]; seconds?: number } = {},
): Promise<Diagnosis> {
  const nonce = newNonce().slice(0, 12);
  const dataOf = (task: string, { nics = [] }: Patient, index: number): Datum[] => [
    ...[task, nonce, String(index), String(seconds)],
    ...[SIZES.map(String), nics, vlans.map(String)],
  ];
  const looked = await Promise.all(
    patients.map(async (patient, index): Promise<Examined> => {
      try {
        return {
          host: patient.name,
          facts: factsIn(await ask(runner, patient.connection, readLibrary("doctor"), dataOf("look", patient, index))),
        };
      } catch (error) {
        return { host: patient.name, refused: messageOf(error) };
      }
    }),
  );
  // All at the same time: whoever comes late is not heard.
  const hosts = await Promise.all(
    looked.map(async (examined, index): Promise<Examined> => {
      const [patient, { facts }] = [patients[index], examined];
      if (vlans.length === 0 || !patient || !facts?.root) return examined;
      try {
        const { sent, heard, neighbours, unheard } = factsIn(
          await ask(runner, patient.connection, readLibrary("doctor"), dataOf("listen", patient, index)),
        );
        return { ...examined, facts: { ...facts, sent, heard, neighbours, ...(unheard && { unheard }) } };
      } catch (error) {
        return { ...examined, facts: { ...facts, unheard: messageOf(error) } };
      }
    }),
  );
  return diagnosisOf(
    hosts,
    vlans,
    patients.map(({ nics = [] }) => nics),
  );
}
