// Real answers of two Debian releases' tools; `npm run capture` makes them anew.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const RELEASES = ["bookworm", "trixie"] as const;

/** One captured answer, or several as the sections of a script's answer. */
export const captured = (release: string, name: string): string =>
  readFileSync(join(__dirname, "..", "..", "..", "test", "unit", "captured", release, `${name}.txt`), "utf8").trim();

export const sections = (release: string, names: Record<string, string>): Map<string, string> =>
  new Map(Object.entries(names).map(([section, name]) => [section, captured(release, name)]));
