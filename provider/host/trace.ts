// PULUMI_MACVLAN_TRACE: for tests, and for people who look for what is slow or where an error comes from.
import { appendFileSync } from "node:fs";

/** One JSON line for each event in the file that the variable names; nothing without it. */
export function trace(event: Record<string, unknown>): void {
  const file = process.env["PULUMI_MACVLAN_TRACE"];
  if (file) appendFileSync(file, `${JSON.stringify({ at: Date.now(), pid: process.pid, ...event })}\n`);
}
