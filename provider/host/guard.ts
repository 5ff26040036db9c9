// A change that may cut SSH off stays only if a new connection can be made afterwards. The host decides whether a change
// is such a one, and undoes it by itself when nobody confirms it in time (library/guard.sh); this is our half of it.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeSections, notPutBack, outcomeOf, type Sections } from "../formats/sections";
import { ConnectionError, HostError, messageOf } from "../vocabulary/errors";
import { type Credentials, type HostFields, hostLabel } from "../vocabulary/host";
import { encodeData } from "./quote";
import { readLibrary, type Script } from "./scripts";

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs scripts on hosts: the only I/O there is. */
export interface Runner {
  /** `fresh` makes a new connection for it, all the way from the TCP handshake; later calls use that one. */
  run(
    host: HostFields,
    credentials: Credentials,
    script: Script,
    input: string,
    options?: { fresh?: boolean },
  ): Promise<Answer>;
  /**
   * One change at a time on a host, in the order of the calls. Those that wait are not sent, so that they don't use up their time
   * limit, until all before them have been answered, and what `settle` makes of the answers has come to its end.
   */
  change<T>(
    host: HostFields,
    credentials: Credentials,
    script: Script,
    input: string,
    settle: (answer: Promise<Answer>) => Promise<T>,
  ): Promise<T>;
}

/** Seconds until a change that may cut SSH off must be confirmed. */
export const confirmSeconds = (host: HostFields): number => host.confirmTimeout ?? 30;

/** Names a guard, and lets only us confirm it. */
export const newNonce = (): string => randomBytes(16).toString("hex");

/** The host has put itself back: the change was made, and taken back. */
export class RolledBack extends HostError {}

/**
 * Makes a change and, where the host guards it, confirms it over a new connection. Gives the script's answer; throws
 * RolledBack, or an error with `made` where nobody knows what came of it.
 */
export function makeChange(
  runner: Runner,
  host: HostFields,
  credentials: Credentials,
  script: Script,
  input: string,
  nonce: string,
): Promise<Answer> {
  return runner.change(host, credentials, script, input, async (answering) => {
    let answer: Answer | undefined;
    let broken: unknown;
    try {
      answer = await answering;
      const guard = decodeSections(answer.stdout).get("guard");
      if (guard === undefined || guard === "failed") return answer;
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      broken = error;
    }
    return confirm(runner, host, credentials, nonce, answer, broken);
  });
}

async function confirm(
  runner: Runner,
  host: HostFields,
  credentials: Credentials,
  nonce: string,
  first: Answer | undefined,
  broken: unknown,
): Promise<Answer> {
  const seconds = confirmSeconds(host);
  // By then the host has decided, and a way in that it has put back can be used again.
  const deadline = Date.now() + (seconds + 40) * 1000;
  const label = hostLabel(host);
  let last = broken;
  while (Date.now() < deadline) {
    let sections: Sections;
    let answer: Answer;
    try {
      const input = encodeData(["confirm", nonce, String(seconds)]);
      answer = await runner.run(host, credentials, readLibrary("confirm"), input, { fresh: true });
      sections = decodeSections(answer.stdout);
    } catch (error) {
      last = error;
      await sleep(1000);
      continue;
    }
    const outcome = outcomeOf(sections);
    switch (outcome) {
      case "confirmed":
      case "failed":
        return answer;
      case "expired":
        if (sections.has("incomplete")) {
          throw new HostError(
            `the change was not confirmed over a new SSH connection within ${seconds} s (confirmTimeout), and ${label} could not put back ${notPutBack(sections)}; the next up goes on from there`,
            true,
          );
        }
        throw new RolledBack(
          `rolled back: the change was not confirmed over a new SSH connection within ${seconds} s (confirmTimeout)${last ? `, since ${messageOf(last)}` : ""}. ${label} has put itself back as it was`,
        );
      case "stuck":
        throw new HostError(
          `unknown: the change was not confirmed in time, and ${label} has not finished putting itself back (/run/pulumi-macvlan/guard/${nonce}/undo.log there tells how far it came); the next up or refresh finds out`,
          true,
        );
      case "gone":
        // It was made, but the guard went with a restart, and perhaps the change with it.
        if (first) {
          throw new HostError(
            `unknown: ${label} was restarted before the change was confirmed, and may have lost it; the next up or refresh finds out`,
            true,
          );
        }
        // Either it was not guarded, or never began, or the host was restarted.
        throw broken;
      case "early":
      case "old-connection":
        continue;
      default:
        last = new Error((answer.stderr || answer.stdout).trim() || `its shell ended with code ${answer.code}`);
        await sleep(1000);
    }
  }
  throw new HostError(
    `unknown: ${label} could not be asked what came of it (${messageOf(last)}); unless somebody confirms a guarded change within ${seconds} s, the host undoes it by itself. The next up or refresh finds out`,
    true,
  );
}
