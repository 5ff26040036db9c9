import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { complaints, refuseOldPackage } from "pulumi-macvlan-lab";

describe("what Pulumi says went wrong on a twin", () => {
  const printed = `Updating (dev):
 ~  macvlan:MacvlanNetwork lan-host1-iot updating (0s) error: nothing was changed
Diagnostics:
  pulumi:pulumi:Stack (shop-dev):
    error: update failed
    token of the program: hush
  macvlan:Readiness (lan-ready):
    error: nothing was changed anywhere: 1 host is not ready:
      host1: parent "enp0s88" does not exist

Resources:
    3 unchanged
`;

  it("is each error with what stands further in, and nothing that a program prints", () =>
    assert.deepEqual(complaints(printed), [
      "error: update failed",
      "error: nothing was changed anywhere: 1 host is not ready:",
      'host1: parent "enp0s88" does not exist',
    ]));

  it("is no longer than people read", () => {
    const long = complaints(Array.from({ length: 90 }, () => `error: ${"x".repeat(900)}`).join("\n"));
    assert.ok(long.length <= 20 && long.every((line) => line.length <= 400));
  });
});

describe("the package of a program that is run on a twin", () => {
  const folder = mkdtempSync(join(tmpdir(), "twin-package-"));
  const installed = join(folder, "node_modules", "pulumi-macvlan");
  before(() => mkdirSync(installed, { recursive: true }));
  after(() => rmSync(folder, { recursive: true }));

  it("is one that knows of twins: another would reach the stack's own hosts", () => {
    assert.throws(() => refuseOldPackage(folder), /has no pulumi-macvlan in its node_modules that knows of twins/);
    writeFileSync(join(installed, "package.json"), JSON.stringify({ exports: { ".": "./index.js" } }));
    assert.throws(() => refuseOldPackage(folder), /knows of twins/);
    writeFileSync(join(installed, "package.json"), JSON.stringify({ exports: { "./twin": {} } }));
    refuseOldPackage(folder);
  });
});
