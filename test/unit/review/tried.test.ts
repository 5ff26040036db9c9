// In which words a twin's experience is told.
import assert from "node:assert/strict";
import { toMarkdown } from "../../../provider/review/markdown";
import { plainly } from "../../../provider/review/said";
import { type Tried, tellTried, wentWell } from "../../../provider/review/tried";
import { reviewOf } from "../../review/golden";

const worked = { worked: true, took: 3, said: [] };
const WELL: Tried = {
  base: worked,
  up: worked,
  again: worked,
  back: worked,
  left: [],
  containers: 3,
  asked: 3,
  failed: [],
  silent: [],
  streams: 0,
  still: [],
  flows: 8,
  unexpected: [],
  unlike: [],
  took: 70.4,
};
const silent = (container: string, seconds: number, lost = false) => ({
  host: "host1",
  network: "iot",
  container,
  seconds,
  lost,
});
const told = (change: Partial<Tried>): string[] => tellTried({ ...WELL, ...change }).map(plainly);

describe("what a twin tells", () => {
  it("is short where all went well", () => {
    assert.deepEqual(told({}), [
      "the update, a second one and the way back all went well",
      "no container missed an answer",
      "8 packets were sent from network to network; all of it took 70 s",
    ]);
    assert.ok(wentWell(WELL));
  });

  it("does not say of those that nobody asked that they missed nothing", () => {
    assert.equal(told({ asked: 2 })[1], "no container missed an answer (2 of 3 containers could be asked)");
    assert.equal(told({ asked: 0 })[1], "no container could be asked");
    assert.equal(told({ asked: 0, containers: 0 })[1], "no container is on its networks");
    assert.equal(told({ silent: [silent("db", 9, true)] })[1], "no other container missed an answer");
  });

  it("says who was off longest", () => {
    assert.equal(told({ silent: [silent("hub", 0.4)] })[1], "hub gave no answer for 0.4 s");
    assert.equal(
      told({ silent: [silent("hub", 0.4), silent("bulb", 1.25)] })[1],
      "2 containers gave no answer for a while, bulb longest (1.3 s)",
    );
    assert.ok(wentWell({ ...WELL, silent: [silent("hub", 0.4)] }));
  });

  it("says which ways did not come through, and for how long", () => {
    const still = (seconds: number, lost = false) => [{ name: "iot to nas (tcp 443)", seconds, lost }];
    assert.equal(told({ streams: 2 })[2], "2 connections from network to network came through all the time");
    assert.equal(told({ streams: 2, still: still(2.34) })[2], "iot to nas (tcp 443) did not come through for 2.3 s");
    assert.equal(
      told({ streams: 2, still: still(20, true) })[2],
      "iot to nas (tcp 443) did not come through from the change on (20.0 s)",
    );
    assert.ok(wentWell({ ...WELL, streams: 2, still: still(2.34) }));
  });

  const failed = { worked: false, took: 1, said: [] };
  const bad: [what: string, change: Partial<Tried>, verdict: string][] = [
    ["a failed update", { up: failed }, "the update failed"],
    ["a failed base", { base: failed }, "not tried: the stack as it is could not be made there"],
    ["one that is lost", { silent: [silent("db", 20, true)] }, "db did not answer any more"],
    [
      "a way that is lost",
      { streams: 1, still: [{ name: "iot to nas (tcp 443)", seconds: 20, lost: true }] },
      "what passed between networks did not come through any more",
    ],
    [
      "a packet",
      { unexpected: [{ name: "a to b", expect: "reachable", found: "unreachable" }] },
      "1 packet did not fare as foretold",
    ],
    ["what could not be looked at", { failed: ["host1 does not answer"] }, "not all could be looked at"],
    ["traces", { left: ['host1 has "x"'] }, "going back did not leave the hosts as they were"],
    ["a second update", { again: failed }, "a second update did not find everything as it is to be"],
  ];
  for (const [what, change, verdict] of bad)
    it(`says so of ${what}`, () => {
      assert.equal(told(change)[0], verdict);
      assert.ok(!wentWell({ ...WELL, ...change }));
    });

  it("tells what Pulumi said, as data", () => {
    const tried = { ...WELL, up: { worked: false, took: 1, said: ["<img> @everyone"] } };
    assert.ok(told(tried).includes("the update: <img> @everyone"));
    const text = toMarkdown({ ...reviewOf("a-port-more"), tried });
    assert.match(text, /#### Tried on a twin/);
    assert.doesNotMatch(text, /<img>|@everyone/);
  });
});
