import assert from "node:assert/strict";
import { batchesOf, sayOrder, withLast } from "../../../provider/plan/rollout";

const HOSTS = ["host1", "host2", "host3", "host4"];

describe("a rollout", () => {
  it("is one batch where none is asked for", () => assert.deepEqual(batchesOf(HOSTS), [HOSTS]));

  it("takes the canary first, then the batches in their order, then all others", () => {
    const orders: [object, string[][]][] = [
      [{ canary: "host2" }, [["host2"], ["host1", "host3", "host4"]]],
      [{ batches: [["host2"], ["host4", "host1"]] }, [["host2"], ["host4", "host1"], ["host3"]]],
      [{ canary: "host3", batches: [["host1"]] }, [["host3"], ["host1"], ["host2", "host4"]]],
      [{ canary: "host1", batches: [["host1", "host2"]] }, [["host1"], ["host2"], ["host3", "host4"]]],
      [
        { canary: "host1", batches: [["host1"], ["host2", "host3", "host4"]] },
        [["host1"], ["host2", "host3", "host4"]],
      ],
      [{ batches: [HOSTS] }, [HOSTS]],
    ];
    for (const [rollout, batches] of orders) assert.deepEqual(batchesOf(HOSTS, rollout), batches);
  });

  it("is told in one sentence", () => {
    assert.equal(
      sayOrder(withLast([["host2"], ["host1", "host4"], ["host3", "host5"]], ["the router"])),
      "host2 first; then, once packets have proved it, host1 and host4; then, once packets have proved them, host3, host5 and the router",
    );
    assert.equal(sayOrder([["host1"]]), "host1");
  });
});
