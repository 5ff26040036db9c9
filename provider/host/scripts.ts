// The scripts that run on hosts: plain files, so that they can be read, linted and run as what they are.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const provider = join(__dirname, "..", "..", "..", "provider");
const cache = new Map<string, string>();

/** What every script begins with. */
const LIBRARY = ["lib", "guard", "persist"];

/** Comments and indentation need not travel. */
function joined(files: readonly string[]): string {
  const key = files.join();
  const found = cache.get(key);
  if (found !== undefined) return found;
  const text = files
    .map((file) => readFileSync(join(provider, `${file}.sh`), "utf8"))
    .join("\n")
    .replace(/^\s*#.*\n/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/\n{2,}/g, "\n");
  cache.set(key, text);
  return text;
}

const library = (more: readonly string[]): string[] => [...LIBRARY, ...more].map((part) => `host/library/${part}`);

/** The library, with further parts of it. */
export const readLibrary = (...more: string[]): string => joined(library(more));

/** The script of a kind, after the library; `more` names the parts that only some need: every operation sends its script. */
export const readScript = (kind: string, more: readonly string[] = []): string =>
  joined([...library(more), `kinds/${kind}/script`]);

/** After it there is nothing more: a connection that breaks must not leave half a script to be run. */
const WHOLE = "# pulumi-macvlan:whole";

/**
 * The program for `sh -c` that takes everything else on standard input: lines that sudo left, the data, the script. Kept to
 * one short line: login shells differ in what they make of more, and SSH servers in how long a command may be.
 * @param $1 the connection that it came over.
 */
export const LOADER = [
  'data=$(while IFS= read -r line; do printf "%s\\n" "$line"; [ "$line" != pulumi-macvlan:end ] || break; done)',
  'set -- "$(cat)" "$1"',
  `case $1 in *"${WHOLE}") printf "%s\\n" "$data" | eval "$1" ;; *) exit 3 ;; esac`,
].join("; ");

/** What the loader reads: encoded data, and the script that takes them. */
export const forLoader = (data: string, script: string): string => `${data}${script}\n${WHOLE}\n`;
