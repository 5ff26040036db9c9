import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { quoteWord } from "../../../provider/shell/quote";
import { readScript } from "../../../provider/shell/scripts";

const folder = join(__dirname, "..", "..", "..", "..", "provider", "scripts");
const names = readdirSync(folder).map((file) => file.replace(/\.sh$/, ""));
const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]].filter(
  ([program]) => spawnSync(program ?? "", ["--help"]).error === undefined,
);

describe("scripts", () => {
  it("are there", () =>
    assert.deepEqual(names.sort(), [
      "confirm",
      "guard",
      "host-interface",
      "inter-vlan-router",
      "lib",
      "macvlan-link",
      "macvlan-network",
      "persist",
      "reachability",
      "strangers",
      "vlan-subinterface",
    ]));
  const library = ["lib", "guard", "persist", "strangers"];

  for (const [program = "", ...options] of shells) {
    for (const name of names.filter((candidate) => !library.includes(candidate))) {
      it(`${name} is read by ${[program, ...options].join(" ")}, and does nothing without data`, () => {
        assert.equal(spawnSync(program, [...options, "-n", "-c", readScript(name)], { encoding: "utf8" }).stderr, "");
        const { status, stdout } = spawnSync(program, [...options, "-c", readScript(name)], {
          input: "",
          encoding: "utf8",
        });
        assert.equal(status, 3);
        assert.equal(stdout, "\n@error\nprotocol\nbegin\n");
      });
    }
  }

  it("are, quoted, no longer than the packets that every SSH server takes (RFC 4253, 6.1)", () => {
    for (const name of names) {
      const { length } = quoteWord(readScript(library.includes(name) ? "" : name));
      assert.ok(length < 35_000, `${name}: ${length}`);
    }
  });
});
