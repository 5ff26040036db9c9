// Faults at the steps of operations. In npm test every operation meets one fault, at its middle step; FAULTS=3 lets every
// operation meet every fault at three of its steps, FAULTS=all (npm run test:faults) at each.
import assert from "node:assert/strict";
import { assertSame } from "../hosts";
import { FAULTS, install, OPERATIONS, type Prepared, prepare, shape, suffer, uninstall } from "./faults";
import { record } from "./table";

const MANY = process.env["FAULTS"];
const names = Object.keys(FAULTS);

/** Steps of an operation, spread evenly over all of them. */
const chosen = (steps: number): number[] => {
  const count = MANY === "all" ? steps : Math.min(steps, Number(MANY ?? 1));
  return Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * steps) / count) + 1);
};

/** Those of one resource: a file each, so that they run side by side. */
export function faultsOf(resource: string): void {
  describe(`faults at the steps of operations: ${resource}`, function () {
    this.timeout(MANY ? 3_600_000 : 600_000);
    let clean = "";

    before(async () => {
      await install();
      clean = await shape();
    });
    after(uninstall);

    for (const [index, operation] of OPERATIONS.entries()) {
      if (operation.resource !== resource) continue;
      let prepared: Promise<Prepared> | undefined;
      for (const [fault, name] of names.entries()) {
        if (!MANY && index % names.length !== fault) continue;
        it(`${name}: ${operation.what}, and the next up goes on from there`, async () => {
          prepared ??= prepare(operation);
          const ready = await prepared;
          const wrong: string[] = [];
          for (const at of chosen(ready.steps)) {
            const verdict = await suffer(ready, name, at);
            record(name, verdict);
            for (const [kind, text] of Object.entries(verdict))
              if (text) wrong.push(`before step ${at} of ${ready.steps}: ${kind}: ${text}`);
          }
          assert.deepEqual(wrong, []);
        });
      }
    }

    it("leave nothing behind", async () => {
      await uninstall();
      assertSame(await shape(), clean);
    });
  });
}
