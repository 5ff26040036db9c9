// The one place that quotes for a shell, and the one place that encodes data for a script.

/** One word for a POSIX shell. Only our own script texts and fixed words go through here, never inputs. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export const quoteWords = (words: readonly string[]): string => words.map(quoteWord).join(" ");

/** Lines that mark start and end: no datum may pass for one, since scripts follow the end. */
const MARK = /^pulumi-macvlan:/;

/**
 * One datum as one line of plain ASCII: every byte that is not printable, and the backslash, becomes `\0ooo`, which
 * `printf %b` of dash, bash and busybox turns back: a process for each datum that has one. NUL can't be a shell's variable;
 * `check` refuses it.
 */
export function encodeDatum(value: string): string {
  const harmless = MARK.test(value) ? /[A-Za-z0-9]/ : /[ -[\]-~]/;
  let line = "";
  for (const byte of Buffer.from(value, "utf8")) {
    const char = String.fromCharCode(byte);
    line += harmless.test(char) ? char : `\\0${byte.toString(8).padStart(3, "0")}`;
  }
  return line;
}

/** A datum is a word, or a list of words: its length first, then one line each. */
export type Datum = string | readonly string[];

/** What the script reads on standard input: a line that marks the start, the data, a line that proves the end. */
export function encodeData(data: readonly Datum[]): string {
  const lines = data.flatMap((datum) =>
    typeof datum === "string" ? [encodeDatum(datum)] : [String(datum.length), ...datum.map(encodeDatum)],
  );
  return ["pulumi-macvlan:1", ...lines, "pulumi-macvlan:end", ""].join("\n");
}
