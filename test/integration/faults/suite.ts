// Faults at the steps of operations. In npm test every operation meets one fault, at its middle step; FAULTS=3 lets every
// operation meet every fault at three of its steps, FAULTS=all (npm run test:faults) at each.
import assert from "node:assert/strict";
import { messageOf } from "../../../provider/vocabulary/errors";
import { resetLab } from "../hooks";
import { assertSame, on } from "../hosts";
import { FAULTS, HOST, install, OPERATIONS, prepare, shape, suffer, uninstall, type Verdict } from "./faults";
import { DOORS } from "./operation";
import { record } from "./table";

const MANY = process.env["FAULTS"];
const names = Object.keys(FAULTS);

/** Steps of an operation, spread evenly over all of them. */
const chosen = (steps: number): number[] => {
  const count = MANY === "all" ? steps : Math.min(steps, Number(MANY ?? 1));
  return Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * steps) / count) + 1);
};

/** Those of one fault: a file each, so that they run side by side. */
export function sufferAll(fault: string): void {
  describe(`faults at the steps of operations: ${fault}`, function () {
    this.timeout(MANY ? 3_600_000 : 600_000);
    let clean = "";

    before(async () => {
      await install();
      clean = await shape();
    });
    after(uninstall);

    const here = OPERATIONS.filter((_, index) => MANY || index % names.length === names.indexOf(fault));
    // What the host has to do is the same: where all of it is asked for, one door is enough.
    const doors = MANY ? DOORS.slice(0, 1) : DOORS;
    for (const operation of doors.flatMap((through) => here.map((told) => ({ ...told, through })))) {
      it(`${operation.what} through ${operation.through}, and the next up goes on from there`, async () => {
        const ready = await prepare(operation);
        const wrong: string[] = [];
        for (const at of chosen(ready.steps)) {
          const verdict = await suffer(ready, fault, at).catch(
            (error: unknown): Verdict => ({ stranded: false, wrong: "", doubled: "", lost: messageOf(error) }),
          );
          record(fault, verdict);
          const found = Object.entries(verdict).filter(([, text]) => text);
          if (found.length === 0) continue;
          wrong.push(
            ...found.map(([kind, text]) => `${operation.what}, before step ${at} of ${ready.steps}: ${kind}: ${text}`),
          );
          // Hours may pass until the file has ended and mocha tells; and what is left must not spoil the next run.
          console.error(`${fault}: ${wrong.slice(-found.length).join("\n")}`);
          await resetLab();
          await install();
        }
        assert.deepEqual(wrong, []);
      });
    }

    it("leave nothing behind", async () => {
      await uninstall();
      assertSame(await shape(), clean);
      await on(HOST, "docker network create other && docker network rm other");
    });
  });
}
