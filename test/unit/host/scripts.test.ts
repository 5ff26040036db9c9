import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeData } from "../../../provider/host/quote";
import { forLoader, LOADER, readLibrary, readScript } from "../../../provider/host/scripts";
import { kinds } from "../../../provider/kinds";

const PROVIDER = join(__dirname, "..", "..", "..", "..", "provider");
const KINDS = join(PROVIDER, "kinds");
const names = readdirSync(join(PROVIDER, "host", "library")).sort();
const scripts = new Map([
  ["confirm", readLibrary("confirm")],
  ...kinds.map(({ script, library }): [string, string] => [script, readScript(script, library)]),
  ["reachability", readScript("reachability")],
  ["readiness", readScript("readiness", ["docker"])],
]);
const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]].filter(
  ([program]) => spawnSync(program ?? "", ["--help"]).error === undefined,
);

describe("scripts", () => {
  it("are there", () => {
    assert.deepEqual(names, ["confirm.sh", "docker.sh", "guard.sh", "legs.sh", "lib.sh", "persist.sh", "strangers.sh"]);
    const folders = readdirSync(KINDS).filter((folder) => existsSync(join(KINDS, folder, "script.sh")));
    assert.deepEqual(folders.concat("confirm").sort(), [...scripts.keys()].sort());
    assert.deepEqual([...scripts.keys()].sort(), [
      "confirm",
      "host-interface",
      "inter-vlan-router",
      "macvlan-link",
      "macvlan-network",
      "reachability",
      "readiness",
      "vlan-subinterface",
    ]);
  });

  for (const [program = "", ...options] of shells) {
    for (const [name, text] of scripts) {
      it(`${name} is read by ${[program, ...options].join(" ")}, and does nothing without data`, () => {
        assert.equal(spawnSync(program, [...options, "-n", "-c", text], { encoding: "utf8" }).stderr, "");
        const { status, stdout } = spawnSync(program, [...options, "-c", text], {
          input: "",
          encoding: "utf8",
        });
        assert.equal(status, 3);
        assert.equal(stdout, "\n@error\nprotocol\nbegin\n");
      });
    }
  }

  it("fit into one argument of a command line, which Linux limits to 128 KiB", () => {
    for (const [name, text] of scripts) assert.ok(text.length < 65_536, name);
  });
});

describe("the loader", () => {
  const load = ([program = "", ...options]: string[], input: string) =>
    spawnSync(program, [...options, "-c", LOADER, "pulumi-macvlan", "its connection"], { input, encoding: "utf8" });
  const script = `${readLibrary()}\nbegin; take one; take_list two; end; printf '%s|%s|%s' "$one" "$two" "$connection"`;
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
