// Takes a script's answer apart.

/** One answer of a script: the text of each section it printed. */
export type Sections = ReadonlyMap<string, string>;

/** What stands between the lines `@name`; what comes before the first is noise of a login. */
export function decodeSections(stdout: string): Map<string, string> {
  const sections = new Map<string, string>();
  const [, ...parts] = `\n${stdout}`.split("\n@");
  for (const part of parts) {
    const [name = "", ...body] = part.split("\n");
    sections.set(name, body.join("\n").trim());
  }
  return sections;
}

/** A script's `fail`: its code, and what it says about it. */
export interface ScriptFailure {
  code: string;
  details: string[];
}

export function failureIn(sections: ReadonlyMap<string, string>): ScriptFailure | undefined {
  const text = sections.get("error");
  if (text === undefined) return undefined;
  const [code = "", ...details] = text.split("\n");
  return { code, details };
}

/** What an undo could not put back; a full disk may have swallowed its words. */
export const notPutBack = (sections: Sections): string => sections.get("incomplete") || "what it had no room to say";

/** A section that holds one JSON document; undefined where it is empty. */
export function jsonSection<T>(sections: ReadonlyMap<string, string>, name: string): T | undefined {
  const text = sections.get(name);
  if (!text) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(
      `the host's answer to "${name}" is no JSON (is its iproute2 older than 4.16?): ${text.slice(0, 200)}`,
    );
  }
}

/** A section of "one|two|..." lines. */
export const rowsOf = (sections: Sections, name: string): string[][] =>
  (sections.get(name) ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("|"));

/** What became of a guarded change. */
export const outcomeOf = (sections: Sections): string | undefined => sections.get("outcome")?.split("\n")[0];
