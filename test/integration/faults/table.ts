// One table of all that the runner found: its files run in processes of their own, so it is kept in a file.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import Table from "cli-table3";
import type { Verdict } from "./faults";

/** Which file; npm test names a new one for each run. */
const FILE = "PULUMI_MACVLAN_FAULTS";

interface Row {
  fault: string;
  verdict: Verdict;
}

export function record(fault: string, verdict: Verdict): void {
  const file = process.env[FILE];
  if (file) appendFileSync(file, `${JSON.stringify({ fault, verdict } satisfies Row)}\n`);
}

/** Undefined where no fault was run. */
export function faultTable(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const rows = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
  const table = new Table({
    head: ["fault", "runs", "stranded", "wrong outcome", "doubled", "lost"],
    style: { head: [], border: [] },
  });
  for (const fault of [...new Set(rows.map((row) => row.fault))].sort()) {
    const verdicts = rows.filter((row) => row.fault === fault).map(({ verdict }) => verdict);
    const count = (kind: keyof Verdict) => verdicts.filter((verdict) => verdict[kind]).length;
    table.push([fault, verdicts.length, count("stranded"), count("wrong"), count("doubled"), count("lost")]);
  }
  return table.toString();
}
