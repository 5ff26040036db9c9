// No input reaches a shell as text: 100,000 random values for every field either are refused, or arrive byte for byte.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import type { z } from "zod";
import { type Datum, encodeData } from "../../provider/host/quote";
import { kinds } from "../../provider/kinds";
import type { CommonInputs, ResourceKind } from "../../provider/lifecycle/kind";
import { ECHO, NASTY } from "../unit/host/nasty";
import { RIGHT, type Type } from "../unit/inputs";

const VALUES = 100_000;
const SHELLS = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]];
const SEED = 4;

const word = fc.oneof(
  fc.constantFrom(...NASTY, "\0", "a\0b"),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(..."ab1.-_:/$`'\"\\%;&|<>(){}[]*?!~# \n\t\0é"), maxLength: 20 }),
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 33 })).map(([ip, prefix]) => `${ip}/${prefix}`),
  fc.integer().map(String),
);
const values = fc.oneof(
  { weight: 6, arbitrary: word },
  { weight: 2, arbitrary: fc.array(word, { maxLength: 3 }) },
  { weight: 2, arbitrary: fc.dictionary(word, word, { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.array(fc.record({ to: word, via: word }), { maxLength: 2 }) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({ subnet: word, gateway: word, auxAddresses: fc.dictionary(word, word, { maxKeys: 2 }) }),
      { maxLength: 2 },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false) },
);

const flat = (data: readonly Datum[]): string[] =>
  data.flatMap((datum) => (typeof datum === "string" ? [datum] : [...datum]));

function arrives(shell: readonly string[], words: readonly string[]): void {
  const [program = "", ...options] = shell;
  const { stdout, status } = spawnSync(program, [...options, "-c", ECHO], {
    input: encodeData([String(words.length), ...words]),
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0);
  const expected = Buffer.concat(words.flatMap((text) => [Buffer.from(text, "utf8"), Buffer.from([0xff])]));
  assert.ok(stdout.equals(expected), `${shell.join(" ")} gives other bytes`);
}

/** All values of one field that its reader takes, as the words that would go to a script. */
function accepted(kind: ResourceKind, field: string, reader: z.ZodType): { refused: number; words: string[] } {
  const right = Object.fromEntries(
    Object.entries(kind.fields).flatMap(([name, read]) => {
      const parsed = read.safeParse((RIGHT[kind.type as Type] as Record<string, unknown>)[name]);
      return parsed.success && parsed.data !== undefined ? [[name, parsed.data]] : [];
    }),
  );
  const common = { __owner: "p/s/r", adopt: false, host: { address: "192.0.2.1" } };
  const base = { ...right, ...common, ...kind.complete?.(right as never) } as unknown as CommonInputs;
  let refused = 0;
  const words = new Set<string>();
  for (const value of fc.sample(values, { numRuns: VALUES, seed: SEED })) {
    const parsed = reader.safeParse(value === null ? undefined : value);
    const inputs = { ...base, [field]: parsed.data } as CommonInputs;
    if (!parsed.success || (parsed.data !== undefined && kind.refuse?.(inputs, new Set()).length)) {
      refused += 1;
      continue;
    }
    if (parsed.data === undefined) continue;
    for (const text of flat(kind.data(inputs))) words.add(text);
  }
  return { refused, words: [...words] };
}

describe(`${VALUES.toLocaleString("en")} random values`, function () {
  this.timeout(300_000);

  for (const shell of SHELLS) {
    it(`the nasty ones arrive in ${shell.join(" ")}`, () => arrives(shell, NASTY));
  }

  for (const kind of kinds) {
    for (const [field, reader] of Object.entries(kind.fields)) {
      it(`of ${kind.type}.${field} are refused, or arrive byte for byte`, () => {
        const { refused, words } = accepted(kind, field, reader);
        assert.ok(refused > 0, "nothing is refused: does this test reach the field?");
        assert.ok(
          words.every((text) => !text.includes("\0")),
          "NUL must be refused",
        );
        // Each byte is encoded for itself, so that words may travel together, which saves a fork for each.
        const packed: string[] = [];
        for (let at = 0; at < words.length; at += 50) packed.push(words.slice(at, at + 50).join("\u0001"));
        for (const shell of SHELLS) arrives(shell, [...words.slice(0, 200), ...packed]);
      });
    }
  }
});
