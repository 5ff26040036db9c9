// Faults at the steps of operations: every step of every one; FAULTS=short takes one step of some.
import assert from "node:assert/strict";
import Table from "cli-table3";
import { step } from "../../../tools/progress";
import { assertSame, snapshot } from "../../integration/hosts";
import { FAULTS, install, OPERATIONS, type Prepared, prepare, suffer, uninstall, type Verdict } from "./faults";

const ALL = process.env["FAULTS"] !== "short";

/** In the short form each fault meets two operations, at a step in their middle. */
const chosen = (fault: number, operation: number): boolean => ALL || operation % 7 === fault;

describe("faults at the steps of operations", function () {
  this.timeout(ALL ? 12 * 3_600_000 : 1_200_000);
  after(uninstall);

  it(`leave no host stranded, and the next up goes on from there (${ALL ? "every step" : "short form"})`, async () => {
    await install();
    const before = await snapshot("host1");
    const rows = new Map(Object.keys(FAULTS).map((name) => [name, [] as Verdict[]]));
    const wrong: string[] = [];
    for (const [index, operation] of OPERATIONS.entries()) {
      const met = Object.keys(FAULTS).filter((_, fault) => chosen(fault, index));
      if (met.length === 0) continue;
      const prepared: Prepared = await prepare(operation);
      for (const name of met) {
        const steps = Array.from({ length: prepared.steps }, (_, at) => at + 1);
        for (const at of ALL ? steps : [Math.ceil(prepared.steps / 2)]) {
          const what = `${name}: ${operation.what}, before step ${at} of ${prepared.steps}`;
          const verdict = await step(what, () => suffer(prepared, name, at));
          rows.get(name)?.push(verdict);
          for (const [kind, text] of Object.entries(verdict)) if (text) wrong.push(`${what}: ${kind}: ${text}`);
        }
      }
    }
    const table = new Table({ head: ["fault", "runs", "stranded", "wrong outcome", "doubled", "lost"] });
    for (const [name, verdicts] of rows) {
      const count = (kind: keyof Verdict) => verdicts.filter((verdict) => verdict[kind]).length;
      table.push([name, verdicts.length, count("stranded"), count("wrong"), count("doubled"), count("lost")]);
    }
    console.log(table.toString());
    assert.deepEqual(wrong, []);
    for (const [name, verdicts] of rows) assert.ok(verdicts.length > 0, `${name} was not run`);
    await uninstall();
    assertSame(await snapshot("host1"), before);
  });
});
