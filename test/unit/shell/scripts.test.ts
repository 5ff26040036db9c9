import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeData } from "../../../provider/shell/quote";
import { forLoader, LOADER, readScript } from "../../../provider/shell/scripts";

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

describe("the loader", () => {
  const load = ([program = "", ...options]: string[], input: string) =>
    spawnSync(program, [...options, "-c", LOADER, "pulumi-macvlan", "its connection"], { input, encoding: "utf8" });
  const script = `${readScript()}\nbegin; take one; take_list two; end; printf '%s|%s|%s' "$one" "$two" "$connection"`;
  const sent = forLoader(encodeData(["a\nb", ["c", "d"]]), script);

  for (const shell of shells) {
    it(`gives data and connection to the script, and skips what sudo left, in ${shell.join(" ")}`, () => {
      const { status, stdout, stderr } = load(shell, `a password\n${sent}`);
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "a\nb|c\nd\n|its connection", stderr: "" });
    });

    it(`takes no datum for the end, in ${shell.join(" ")}`, () => {
      const text = forLoader(encodeData(["pulumi-macvlan:end", ["echo", "pulumi-macvlan:1"]]), script);
      assert.equal(load(shell, text).stdout, "pulumi-macvlan:end|echo\npulumi-macvlan:1\n|its connection");
    });

    it(`runs nothing that was cut, in ${shell.join(" ")}`, () => {
      for (const share of [0, 0.001, 0.01, 0.3, 0.9, 0.999]) {
        const cut = sent.slice(0, Math.floor(sent.length * share));
        assert.deepEqual([load(shell, cut).status, load(shell, cut).stdout], [3, ""], String(share));
      }
    });
  }

  it("is short enough for every SSH server, and one line, which every login shell takes", () => {
    assert.ok(LOADER.length < 500);
    assert.doesNotMatch(LOADER, /\n|!(?![= (])/);
  });
});
