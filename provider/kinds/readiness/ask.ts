// Asks every host that a change touches whether it can be made, all of them at once, before anything is changed.
import { decodeSections } from "../../formats/sections";
import type { Runner } from "../../host/guard";
import { encodeData } from "../../host/quote";
import { readScript } from "../../host/scripts";
import { HostError, messageOf } from "../../vocabulary/errors";
import { dataOf, noesOf } from "./answers";
import { changesOf, type HostChange, type ReadinessInputs } from "./kind";

const LEFT =
  "Where it is gone for good: take its resources out of the state (pulumi state delete), then pulumi up --replace with this one's URN";

async function ask(runner: Runner, change: HostChange, owner: string, before: string): Promise<string[]> {
  const { name, host, credentials, all } = change;
  try {
    const script = readScript("readiness", ["docker"]);
    const answer = await runner.run(host, credentials, script, encodeData(dataOf("ask", change, owner, before)));
    const sections = decodeSections(answer.stdout);
    const noes = noesOf(change, sections);
    if (noes.length === 0 && !sections.has("end"))
      noes.push(
        `its shell ended with code ${answer.code}: ${(answer.stderr || answer.stdout).trim() || "it printed nothing"}`,
      );
    return noes.map((why) => `${name}: ${why}`);
  } catch (error) {
    return [`${name}: ${messageOf(error)}${all.length === 0 ? `. ${LEFT}` : ""}`];
  }
}

/** One "no" is enough for nothing to be changed; all of them are told together. */
export async function askAll(runner: Runner, olds: ReadinessInputs | undefined, news: ReadinessInputs): Promise<void> {
  const changes = changesOf(olds, news);
  const before = olds?.__owner ?? news.__owner;
  const noes = await Promise.all(changes.map((change) => ask(runner, change, news.__owner, before)));
  const count = noes.filter((lines) => lines.length > 0).length;
  if (count === 0) return;
  const lines = noes.flat().map((line) => `  ${line}`);
  throw new HostError(
    `nothing was changed anywhere: ${count === 1 ? "1 host is" : `${count} hosts are`} not ready:\n${lines.join("\n")}`,
  );
}
