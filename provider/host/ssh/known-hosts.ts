// known_hosts, as sshd(8) describes it under "SSH_KNOWN_HOSTS FILE FORMAT".
import { createHmac } from "node:crypto";

/** What the file says of one key of one host. */
export type Verdict =
  | { kind: "trusted" }
  | { kind: "revoked" }
  | { kind: "changed"; line: number }
  | { kind: "authority"; line: number }
  | { kind: "unknown" };

interface Entry {
  line: number;
  marker: string;
  hosts: string;
  /** `type base64` */
  key: string;
}

function parse(text: string): Entry[] {
  return text.split("\n").flatMap((raw, index) => {
    const words = raw.trim().split(/\s+/);
    if (!words[0] || words[0].startsWith("#")) return [];
    const marker = words[0].startsWith("@") ? (words.shift() ?? "") : "";
    const [hosts = "", type = "", blob = ""] = words;
    return blob ? [{ line: index + 1, marker, hosts, key: `${type} ${blob}` }] : [];
  });
}

/** The name a host has in the file: alone on port 22, else `[name]:port`. */
export const knownHostsName = (address: string, port: number): string =>
  port === 22 ? address : `[${address}]:${port}`;

function matchesHash(field: string, name: string): boolean {
  const [, version, salt = "", hash = ""] = field.split("|");
  return version === "1" && createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "i").test(name);
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return matchesHash(hosts, name);
  const patterns = hosts.split(",");
  if (patterns.some((pattern) => pattern.startsWith("!") && matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

const entriesFor = (text: string, address: string, port: number): Entry[] => {
  const name = knownHostsName(address, port);
  return parse(text).filter((entry) => matches(entry.hosts, name));
};

/** The key types that the file knows for a host: those are asked for first, as OpenSSH does. */
export const knownTypes = (text: string, address: string, port: number): string[] =>
  entriesFor(text, address, port)
    .filter((entry) => entry.marker === "")
    .map((entry) => entry.key.split(" ")[0] ?? "");

export function verdict(text: string, address: string, port: number, key: string): Verdict {
  const entries = entriesFor(text, address, port);
  if (entries.some((entry) => entry.marker === "@revoked" && entry.key === key)) return { kind: "revoked" };
  const plain = entries.filter((entry) => entry.marker === "");
  if (plain.some((entry) => entry.key === key)) return { kind: "trusted" };
  const authority = entries.find((entry) => entry.marker === "@cert-authority");
  if (authority) return { kind: "authority", line: authority.line };
  const type = key.split(" ")[0];
  const changed = plain.find((entry) => entry.key.split(" ")[0] === type);
  return changed ? { kind: "changed", line: changed.line } : { kind: "unknown" };
}
