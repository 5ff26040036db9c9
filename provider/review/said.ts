// A sentence whose names are known to be names, so that whoever shows it can keep them from being anything else. Pure.

export interface Name {
  name: string;
}

export type Said = readonly (string | Name)[];

/** `said\`${label} is new\``: what stands in braces is a name, or said already. */
export const said = (texts: TemplateStringsArray, ...names: readonly (string | number | Said)[]): Said =>
  texts.flatMap((text, index) => {
    const name = names[index];
    const next = name === undefined ? [] : Array.isArray(name) ? name : [{ name: String(name) }];
    return [...(text === "" ? [] : [text]), ...next] as (string | Name)[];
  });

export const joined = (parts: readonly Said[], between: string): Said =>
  parts.flatMap((part, index) => (index === 0 ? part : [between, ...part]));

export const show = (words: Said, name: (name: string) => string, text: (text: string) => string): string =>
  words.map((word) => (typeof word === "string" ? text(word) : name(word.name))).join("");

const itself = (text: string): string => text;

export const plainly = (words: Said): string => show(words, itself, itself);

/** "1 host", "2 hosts". */
export const plural = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;
