// The scripts that run on hosts: plain files, so that they can be read, linted and run as what they are.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "..", "..", "..", "provider", "scripts");
const cache = new Map<string, string>();

const load = (name: string): string => readFileSync(join(folder, `${name}.sh`), "utf8");

const LIBRARY = ["lib", "guard", "persist"];
/** What only some need: every operation sends its script. */
const MORE: Record<string, string[]> = { "macvlan-network": ["strangers"], "inter-vlan-router": ["strangers"] };

/** The library alone (no name), or followed by one resource's script; comments and indentation need not travel. */
export function readScript(name = ""): string {
  let text = cache.get(name);
  if (text === undefined) {
    text = [...LIBRARY, ...(MORE[name] ?? []), ...(name ? [name] : [])]
      .map(load)
      .join("\n")
      .replace(/^\s*#.*\n/gm, "")
      .replace(/^[ \t]+/gm, "")
      .replace(/\n{2,}/g, "\n");
    cache.set(name, text);
  }
  return text;
}

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
