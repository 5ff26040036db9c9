import assert from "node:assert/strict";
import { overviewOf } from "pulumi-macvlan-lab";

describe("the overview of set-up", () => {
  const then = { what: "all tests", minutes: 60 };

  it("tells what is missing, and for about how long it is made on these cores", () => {
    const missing = [
      { what: "a kernel", minutes: 8, allCores: true },
      { what: "a disk", minutes: 1.3 },
    ];
    assert.equal(
      overviewOf(missing, 4, then),
      [
        "To be done, in about 65 minutes on 4 cores; all but the last only this once:",
        "  a kernel (about 4 minutes)",
        "  a disk (about a minute)",
        "  all tests (about 60 minutes)",
      ].join("\n"),
    );
    assert.match(overviewOf(missing, 1, then), /in about 77 minutes on 1 core;/);
  });

  it("is one line where all is there", () => {
    assert.equal(overviewOf([], 2, { what: "the fabric", minutes: 1 }), "the fabric: about a minute");
  });
});
