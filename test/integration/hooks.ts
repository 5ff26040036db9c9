// One lab for the whole run, of its own name, so that a lab somebody works in stays as it is.
import { closeConnections } from "../../provider/ssh/connection";
import { Lab } from "../lab/lab";

export const lab = new Lab("test");

/** Mocha's root hooks: a lab that can't be had fails the run. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(30 * 60_000);
    if ((await lab.up()) === "found") await lab.reset();
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(60_000);
    await closeConnections();
    if (!process.env["KEEP_LAB"]) await lab.down();
  },
};

/** For suites that build on the lab test by test: one that fails in the middle must not spoil those after it. */
export function resetAfterFailure(): void {
  let failed = false;
  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });
  after(async function () {
    this.timeout(120_000);
    if (failed) await lab.reset();
  });
}
