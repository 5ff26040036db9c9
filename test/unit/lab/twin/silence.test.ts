import assert from "node:assert/strict";
import { quietOf } from "pulumi-macvlan-lab";

describe("how long somebody gave no answer", () => {
  it("is what is longer than usual between two answers, summed", () =>
    assert.deepEqual(quietOf([1, 1.2, 3.2, 3.4, 6.4], 6.5, 0.25), { seconds: 5, lost: undefined }));

  it("is unknown where there never was one", () =>
    assert.deepEqual(quietOf([], 60, 0.25), { seconds: undefined, lost: undefined }));

  it("is told apart at the end, where nobody has answered since", () => {
    assert.deepEqual(quietOf([1, 2.5], 5, 1), { seconds: 1.5, lost: undefined });
    assert.deepEqual(quietOf([1, 2.5], 5.5, 1), { seconds: 1.5, lost: 3 });
  });
});
