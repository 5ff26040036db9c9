// The command as a user types it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { captured } from "../../review/golden";

const main = join(__dirname, "..", "..", "..", "provider", "commands", "main.js");
const files = (name: string): string[] => {
  const folder = join(captured, name);
  return ["--preview", join(folder, "preview.json"), "--state", join(folder, "state.json")];
};
const run = (...args: string[]) =>
  execa(process.execPath, [main, "review", ...args], { reject: false, stdin: "ignore" });

describe("pulumi-macvlan review", function () {
  this.timeout(30_000);

  it("writes the comment of a pull request", async () => {
    const { stdout, stderr, exitCode } = await run(...files("a-port-more"));
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.equal(`${stdout}\n`, readFileSync(join(captured, "a-port-more", "review.md"), "utf8"));
  });

  it("writes a page into a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-review-"));
    const file = join(folder, "review.html");
    try {
      const { stdout, exitCode } = await run(...files("a-port-more"), "--format", "html", "--output", file);
      assert.deepEqual([exitCode, stdout], [0, ""]);
      assert.equal(readFileSync(file, "utf8"), readFileSync(join(captured, "a-port-more", "review.html"), "utf8"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("gives programs JSON, and reads a preview from standard input", async () => {
    const [, preview = "", ...state] = files("another-vlan-id");
    const { stdout } = await execa(process.execPath, [main, "review", "--preview", "-", ...state, "--format", "json"], {
      inputFile: preview,
    });
    const found = JSON.parse(stdout) as { sentence: string; off: { users: string[] }[] };
    assert.match(found.sentence, /^2 hosts and the router change; 3 containers are off/);
    assert.deepEqual(found.off.flatMap(({ users }) => users).sort(), ["bulb", "camera", "hub"]);
  });

  it("ends with 2 where an update will be refused, if it is asked to", async () => {
    assert.equal((await run(...files("a-vlan-less-in-use"), "--fail-on", "refused")).exitCode, 2);
    assert.equal((await run(...files("a-port-more"), "--fail-on", "refused")).exitCode, 0);
    assert.equal((await run(...files("a-vlan-less-in-use"))).exitCode, 0);
  });

  it("says what it can't read, and what should be in it", async () => {
    const { stderr, exitCode } = await run("--preview", "/nonexistent");
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^pulumi-macvlan: cannot read \/nonexistent, which should hold what `pulumi preview --json` printed: ENOENT/,
    );
  });
});
