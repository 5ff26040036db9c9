import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
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

  it("fit into one argument of a command line, which Linux limits to 128 KiB", () => {
    for (const name of names) assert.ok(readScript(library.includes(name) ? "" : name).length < 65_536, name);
  });
});
