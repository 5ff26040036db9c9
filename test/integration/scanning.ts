// `pulumi-macvlan scan`, typed as users type it, on hosts of the lab.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { connection } from "./hosts";
import { COMMAND } from "./pulumi";

/** A file of hosts; `changes` to what it says of one, by name. */
export function inventory(folder: string, names: readonly string[], changes: Record<string, object> = {}): string {
  const file = join(folder, "hosts.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(names.map((name) => [name, connection(name, changes[name])]))));
  return file;
}

/** What it writes is in a folder of that name, in this one. */
export const scanned = (folder: string, names: readonly string[], output: string) =>
  execa(process.execPath, [COMMAND, "scan", "--inventory", inventory(folder, names), "--output", output], {
    cwd: folder,
    stdin: "ignore",
    reject: false,
  });

export const programIn = (folder: string, output: string): string =>
  readFileSync(join(folder, output, "index.ts"), "utf8");

/** Nothing more is taken over by it. */
export const withoutAdopt = (program: string): string => program.replaceAll(/^ *adopt: true,\n/gm, "");
