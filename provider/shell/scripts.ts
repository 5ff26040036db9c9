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
