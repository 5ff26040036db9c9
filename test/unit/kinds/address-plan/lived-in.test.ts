import assert from "node:assert/strict";
import { live } from "./lived-in";

describe("3,000 changes of a plan that is lived in", () => {
  it("leave no address in two hands, and are refused seldom", () => {
    const { changes, refused } = live(3_000);
    assert.ok(refused < changes / 5, `${refused} of ${changes} were refused`);
  });
});
