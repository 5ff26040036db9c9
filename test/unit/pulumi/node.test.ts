import assert from "node:assert/strict";
import { requireNode } from "../../../provider/pulumi/node";

describe("the Node that runs this", () => {
  for (const version of ["22.0.0", "24.21.0", process.versions.node])
    it(`may be ${version}`, () => requireNode(version));
  for (const version of ["18.20.4", "20.19.5"])
    it(`is told to be too old where it is ${version}`, () =>
      assert.throws(() => requireNode(version), {
        message: `pulumi-macvlan needs Node 22 or newer, and this is Node ${version} (${process.execPath}): put a newer \`node\` first on PATH`,
      }));
});
