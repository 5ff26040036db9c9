// The scripts that run on hosts: plain files, so that they can be read, linted and run as what they are.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const provider = join(__dirname, "..", "..", "..", "provider");

/** The texts that make up a script, in order: a connection sends each of them once. */
export type Script = readonly string[];

export const textOf = (script: Script): string => script.join("");

const cache = new Map<string, string>();

/** Comments and indentation need not travel. */
function read(file: string): string {
  const found = cache.get(file);
  if (found !== undefined) return found;
  const text = readFileSync(join(provider, `${file}.sh`), "utf8")
    .replace(/^\s*#.*\n/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/\n{2,}/g, "\n");
  cache.set(file, text);
  return text;
}

/** What every script begins with. */
const LIBRARY = ["lib", "guard", "persist"];

/** The library, with further parts of it. */
export const readLibrary = (...more: string[]): Script =>
  [...LIBRARY, ...more].map((part) => read(`host/library/${part}`));

/** The script of a kind, after the library; `more` names the parts that only some need. */
export const readScript = (kind: string, more: readonly string[] = []): Script => [
  ...readLibrary(...more),
  read(`kinds/${kind}/script`),
];

/** After it there is nothing more: a connection that breaks must not leave half a script to be run. */
const WHOLE = "# pulumi-macvlan:whole";

/**
 * The program for `sh -c` that takes everything else on standard input: lines that sudo left, a line that marks the start, the
 * session. Kept to one short line: login shells differ in what they make of more, and SSH servers in how long a command may be.
 * @param $1 the connection that it came over.
 */
export const LOADER = [
  'while IFS= read -r line && [ "$line" != pulumi-macvlan:1 ]; do :; done',
  `text=$(while IFS= read -r line; do printf "%s\\n" "$line"; [ "$line" != "${WHOLE}" ] || break; done)`,
  `case $text in *"${WHOLE}") eval "$text" ;; *) exit 3 ;; esac`,
].join("; ");

/** What the loader reads: a session (library/session.sh), which then reads the rest. */
export const openSession = (): string => `pulumi-macvlan:1\n${read("host/library/session")}${WHOLE}\n`;

/** Gives a session a text to keep. */
export function keepText(name: string, text: string): string {
  const sent = `${text}\n${WHOLE}\n`;
  return `keep ${name} ${Buffer.byteLength(sent)}\n${sent}`;
}

/** What a session is to run of what it keeps. */
export interface Order {
  nonce: string;
  names: readonly string[];
  /** Encoded. */
  data: string;
}

const orderText = ({ nonce, names, data }: Order): string => `${nonce} ${names.join(" ")}\n${data}`;

export const runText = (order: Order): string => `run ${orderText(order)}`;

/** In this order, under one lock; none of them begins before one that is guarded is decided. */
export const changeText = (orders: readonly Order[]): string =>
  `change ${orders.length}\n${orders.map(orderText).join("")}`;

/** How a session marks the end of an answer, on both of its ways. */
export const answerEnd = (nonce: string): string => `\npulumi-macvlan:${nonce} `;
