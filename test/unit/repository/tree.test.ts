// Habits that a machine can check.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..", "..");
const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");

describe("the repository", () => {
  it("is formatted and free of lint", function () {
    this.timeout(60_000);
    const { status, stdout, stderr } = spawnSync(join(ROOT, "node_modules", ".bin", "biome"), ["check", "."], {
      cwd: ROOT,
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });

  it("names no registry and no path of a machine", () => {
    const found = tracked
      .filter((file) => existsSync(join(ROOT, file)) && !file.includes("repository/tree.test"))
      .filter((file) =>
        /deb\.debian\.org|registry\.npmjs|proxy\.golang|pypi\.org|\/work\/main|\/root\/\.cache/.test(
          readFileSync(join(ROOT, file), "utf8"),
        ),
      );
    assert.deepEqual(found, []);
  });

  it("keeps Pulumi out of the core", () => {
    const importing = tracked
      .filter(
        (file) =>
          file.startsWith("provider/") &&
          file.endsWith(".ts") &&
          !/^provider\/(resources\/|components\/|dynamic\.ts|index\.ts)/.test(file),
      )
      .filter((file) =>
        /@pulumi\/pulumi/.test(readFileSync(join(ROOT, file), "utf8").replace(/^\s*(\/\/|\*).*$/gm, "")),
      );
    assert.deepEqual(importing, []);
  });

  it("has a unit test in the place of the source it tests", () => {
    const tests = tracked
      .filter((file) => /^test\/unit\/.*\.test\.ts$/.test(file))
      .map((file) => file.split("/").slice(2, -1).join("/"));
    for (const folder of new Set(tests))
      assert.ok(
        ["", "repository"].includes(folder) || tracked.some((file) => file.startsWith(`provider/${folder}/`)),
        folder,
      );
  });
});
