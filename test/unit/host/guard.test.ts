// What is made of a host's answers; hosts themselves are in test/integration/guard.test.ts.
import assert from "node:assert/strict";
import { type Answer, makeChange, RolledBack, type Runner } from "../../../provider/host/guard";
import { ConnectionError, type HostError } from "../../../provider/vocabulary/errors";

type Step = string | Error;

const HOST = { address: "192.0.2.1", name: "host1", confirmTimeout: 5 };

/** Answers in turn; every confirmation must ask for a fresh connection. */
function scripted(...steps: Step[]): Runner & { calls: boolean[] } {
  const calls: boolean[] = [];
  return {
    calls,
    change(host, credentials, script, input, settle) {
      return settle(this.run(host, credentials, script, input));
    },
    async run(_host, _credentials, _script, _input, { fresh = false } = {}) {
      calls.push(fresh);
      const step = steps.shift() ?? new Error("asked once too often");
      if (typeof step !== "string") throw step;
      return { code: 0, stdout: step, stderr: "" };
    },
  };
}

const change = (runner: Runner): Promise<Answer> => makeChange(runner, HOST, {}, ["script"], "input", "nonce");
const guarded = "\n@armed\n\n@guard\ndone\n@made\n@end\n";
const outcome = (word: string) => `\n@outcome\n${word}\n@link\n[]\n@end\n`;
const broken = new Error("the SSH connection broke");

describe("a change", () => {
  it("that the host does not guard needs no second connection", async () => {
    const runner = scripted("\n@made\n@end\n");
    await change(runner);
    assert.deepEqual(runner.calls, [false]);
  });

  it("that the host guards is confirmed over a fresh connection, whose answer counts", async () => {
    const runner = scripted(guarded, outcome("confirmed"));
    assert.match((await change(runner)).stdout, /@link/);
    assert.deepEqual(runner.calls, [false, true]);
  });

  it("asks again over yet another connection where the first was too early", async () => {
    const runner = scripted(guarded, outcome("early"), outcome("old-connection"), outcome("confirmed"));
    await change(runner);
    assert.deepEqual(runner.calls, [false, true, true, true]);
  });

  it("that was cut off is still confirmed where a fresh connection gets through", async () => {
    const runner = scripted(broken, new ConnectionError("no route"), outcome("confirmed"));
    await change(runner);
    assert.deepEqual(runner.calls, [false, true, true]);
  });

  it("that expired was rolled back", () =>
    assert.rejects(change(scripted(guarded, broken, outcome("expired"))), (error: HostError) => {
      assert.ok(error instanceof RolledBack);
      assert.equal(error.made, false);
      assert.match(
        error.message,
        /within 5 s \(confirmTimeout\), since the SSH connection broke\. host1 has put itself back/,
      );
      return true;
    }));

  it("that failed on the host is its own answer", async () => {
    const failed = "\n@guard\nfailed\n@made\n@error\ncommand\n";
    assert.equal((await change(scripted(failed))).stdout, failed);
  });

  it("that never reached the host changed nothing", async () => {
    const refused = new ConnectionError("refused");
    const runner = scripted(refused);
    await assert.rejects(change(runner), refused);
    assert.deepEqual(runner.calls, [false]);
  });

  it("of which the host knows nothing is what the broken connection says", () =>
    assert.rejects(change(scripted(broken, outcome("gone"))), broken));

  it("of which a host that was restarted knows nothing is unknown, and must be recorded", () =>
    assert.rejects(change(scripted(guarded, outcome("gone"))), (error: HostError) => {
      assert.equal(error.made, true);
      assert.match(error.message, /^unknown: host1 was restarted before the change was confirmed, .*the next up/);
      return true;
    }));

  it("whose undo hangs is unknown, and must be recorded", () =>
    assert.rejects(change(scripted(guarded, outcome("stuck"))), (error: HostError) => {
      assert.equal(error.made, true);
      assert.match(error.message, /^unknown: .*the next up or refresh finds out/);
      return true;
    }));
});
