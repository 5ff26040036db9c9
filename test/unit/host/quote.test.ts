import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { encodeData, quoteWord } from "../../../provider/host/quote";
import { ECHO, NASTY } from "./nasty";

const present = (program: string): boolean => spawnSync(program, ["--help"]).error === undefined;
const SHELLS: [string, string[]][] = [
  ["sh", []],
  ["dash", []],
  ["bash", ["--posix"]],
  ["bash", []],
  ["busybox", ["sh"]],
].filter(([program]) => present(program as string)) as [string, string[]][];

const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0")),
);

describe("data on standard input", () => {
  for (const [shell, options] of SHELLS) {
    it(`arrives byte for byte in ${[shell, ...options].join(" ")}`, () => {
      fc.assert(
        fc.property(fc.array(nasty, { maxLength: 50 }), (values) => {
          const out = execFileSync(shell, [...options, "-c", ECHO], {
            input: encodeData([String(values.length), ...values]),
          });
          const parts: string[] = [];
          let from = 0;
          for (let at = out.indexOf(0xff); at !== -1; at = out.indexOf(0xff, from)) {
            parts.push(out.subarray(from, at).toString("utf8"));
            from = at + 1;
          }
          assert.deepEqual(
            parts,
            values.map((value) => Buffer.from(value, "utf8").toString("utf8")),
          );
        }),
        { numRuns: 40, examples: [[NASTY]] },
      );
    });
  }

  it("is refused when it is cut off", () => {
    const whole = encodeData(["2", "a", "b"]);
    for (let length = 0; length < whole.length - 1; length += 1) {
      const { status, stdout } = spawnSync("sh", ["-c", `${ECHO}\nprintf changed`], {
        input: whole.slice(0, length),
        encoding: "utf8",
      });
      assert.equal(status, 3, `after ${length} bytes`);
      assert.match(stdout, /@error\nprotocol/);
      assert.doesNotMatch(stdout, /changed/);
    }
  });

  it("is read after a line that sudo left behind", () => {
    const out = execFileSync("sh", ["-c", ECHO], { input: `secret\n${encodeData(["1", "a"])}` });
    assert.equal(out.subarray(0, 1).toString(), "a");
  });
});

describe("quoteWord", () => {
  it("gives a shell exactly the word", () => {
    fc.assert(
      fc.property(nasty, (word) => {
        assert.equal(
          execFileSync("sh", ["-c", `printf %s ${quoteWord(word)}`]).toString("utf8"),
          Buffer.from(word).toString("utf8"),
        );
      }),
      { numRuns: 60 },
    );
  });
});
