// Names that may change: what is called after hosts and VLANs is found again by the names that those had. Pure.
import { quoted } from "../vocabulary/errors";

interface Renamed {
  formerly?: string | undefined;
}

/** A name, and the one before. */
export const nameAndFormer = (name: string, { formerly }: Renamed): string[] =>
  formerly === undefined ? [name] : [name, formerly];

/** All names of what is called after these words, each with those that it had: the one of today comes first. */
export const joinNames = (...words: readonly (readonly string[])[]): string[] =>
  words.reduce<string[]>(
    (names, word) => (names.length === 0 ? [...word] : names.flatMap((name) => word.map((next) => `${name}-${next}`))),
    [],
  );

/** An old name is nobody's any more, and was one's only. */
export function refuseFormer(where: string, named: Readonly<Record<string, Renamed>>): string[] {
  const renamed = Object.entries(named).flatMap(([name, { formerly }]) =>
    formerly === undefined ? [] : [{ name, formerly }],
  );
  return renamed.flatMap(({ name, formerly }, index) => {
    const place = `${where}.${name}.formerly`;
    const other = renamed.slice(0, index).find((entry) => entry.formerly === formerly);
    return [
      ...(formerly in named
        ? [`${place} ${quoted(formerly)} is a name in ${where} still: it is for one that is gone; leave it out`]
        : []),
      ...(other
        ? [`${place} and ${where}.${other.name}.formerly are both ${quoted(formerly)}: only one of them was that one`]
        : []),
    ];
  });
}
