import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeData } from "../../../provider/host/quote";
import {
  changeText,
  keepText,
  LOADER,
  openSession,
  readLibrary,
  readScript,
  runText,
  textOf,
} from "../../../provider/host/scripts";
import { kinds } from "../../../provider/kinds";

const PROVIDER = join(__dirname, "..", "..", "..", "..", "provider");
const KINDS = join(PROVIDER, "kinds");
const names = readdirSync(join(PROVIDER, "host", "library")).sort();
const scripts = new Map([
  ["confirm", textOf(readLibrary("confirm"))],
  ...kinds.map(({ script, library }): [string, string] => [script, textOf(readScript(script, library))]),
  ["reachability", textOf(readScript("reachability"))],
  ["doctor", textOf(readLibrary("doctor"))],
  ["scan", textOf(readLibrary("docker", "scan"))],
  ["readiness", textOf(readScript("readiness", ["docker", "routers"]))],
]);
const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]].filter(
  ([program]) => spawnSync(program ?? "", ["--help"]).error === undefined,
);

describe("scripts", () => {
  it("are there", () => {
    assert.deepEqual(names, [
      "advertised.sh",
      "confirm.sh",
      "docker.sh",
      "doctor.sh",
      "guard.sh",
      "legs.sh",
      "lib.sh",
      "persist.sh",
      "routers.sh",
      "scan.sh",
      "session.sh",
      "standin.sh",
      "strangers.sh",
    ]);
    const folders = readdirSync(KINDS).filter((folder) => existsSync(join(KINDS, folder, "script.sh")));
    assert.deepEqual(folders.concat("confirm", "doctor", "scan").sort(), [...scripts.keys()].sort());
    assert.deepEqual([...scripts.keys()].sort(), [
      "confirm",
      "doctor",
      "host-interface",
      "inter-vlan-router",
      "macvlan-link",
      "macvlan-network",
      "reachability",
      "readiness",
      "scan",
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

describe("a session", () => {
  const load = ([program = "", ...options]: string[], input: string) =>
    spawnSync(program, [...options, "-c", LOADER, "pulumi-macvlan", "its connection"], { input, encoding: "utf8" });
  const library = textOf(readLibrary());
  const kept = `${keepText("0", library)}${keepText("1", `begin; take one; take_list two; end; printf '%s|%s|%s' "$one" "$two" "$connection"; exit 7\n`)}`;
  const run = (nonce: string, data: Parameters<typeof encodeData>[0]) =>
    runText({ nonce, names: ["0", "1"], data: encodeData(data) });
  const answer = (nonce: string, text: string) => `${text}\npulumi-macvlan:${nonce} 7\n`;

  for (const shell of shells) {
    const name = shell.join(" ");

    it(`gives data and connection to scripts, one after the other, and skips what sudo left, in ${name}`, () => {
      const sent = `a password\n${openSession()}${kept}${run("n1", ["a\nb", ["c", "d"]])}${run("n2", ["é", []])}`;
      const { status, stdout, stderr } = load(shell, sent);
      assert.equal(stdout, `${answer("n1", "a\nb|c\nd\n|its connection")}${answer("n2", "é||its connection")}`);
      assert.equal(stderr, `${answer("n1", "")}${answer("n2", "")}`);
      assert.equal(status, 0);
    });

    it(`takes no datum for the end, in ${name}`, () => {
      const sent = `${openSession()}${kept}${run("n1", ["pulumi-macvlan:end", ["echo", "pulumi-macvlan:1", "exit 1"]])}`;
      const said = "pulumi-macvlan:end|echo\npulumi-macvlan:1\nexit 1\n|its connection";
      assert.equal(load(shell, sent).stdout, answer("n1", said));
    });

    it(`runs nothing that was cut, in ${name}`, () => {
      const sent = `${openSession()}${keepText("0", library)}${keepText("1", "printf changed\n")}${run("n1", ["a", ["b"]])}`;
      assert.match(load(shell, sent).stdout, /changed/);
      for (const share of [0, 0.001, 0.01, 0.1, 0.3, 0.9, 0.999]) {
        const cut = sent.slice(0, Math.floor(sent.length * share));
        const { status, stdout } = load(shell, cut);
        assert.equal(stdout, "", String(share));
        assert.ok(status === 3 || cut.length < openSession().length + 10, `${share}: ${status}`);
      }
    });

    it(`leaves nothing of one script to the next, in ${name}`, () => {
      const sent = [
        openSession(),
        keepText("0", "cat >/dev/null; PATH=/nowhere; script=none; taken=x; cd /; umask 0; trap 'echo left' EXIT\n"),
        keepText("1", 'cat >/dev/null; command -v dd >/dev/null && printf "%s %s" "$(echo $taken)" "$(umask)"\n'),
        runText({ nonce: "n1", names: ["0"], data: encodeData([]) }),
        runText({ nonce: "n2", names: ["1"], data: encodeData([]) }),
      ];
      assert.equal(load(shell, sent.join("")).stdout, "left\n\npulumi-macvlan:n1 0\n 0022\npulumi-macvlan:n2 0\n");
    });

    it(`begins no change while one waits for its confirmation, in ${name}`, () => {
      const one = (nonce: string, code: string) => ({ nonce, names: ["0"], data: encodeData([code]) });
      const sent = [
        openSession(),
        keepText("0", "read -r _; read -r code; exit $code\n"),
        changeText([one("n1", "9"), one("n2", "0")]),
        runText(one("n3", "4")),
        changeText([one("n4", "0")]),
        "resume\n",
        changeText([one("n5", "5"), one("n6", "6")]),
      ];
      const ends = [...load(shell, sent.join("")).stdout.matchAll(/^pulumi-macvlan:(.*)$/gm)].map(([, end]) => end);
      assert.deepEqual(ends, ["n1 9", "n2 held", "n3 4", "n4 held", "n5 5", "n6 6"]);
    });

    it(`begins none of several changes before all of them are there, in ${name}`, () => {
      const one = (nonce: string) => ({ nonce, names: ["0"], data: encodeData([]) });
      const before = `${openSession()}${keepText("0", "printf changed\n")}`;
      const whole = `${before}${changeText([one("n1"), one("n2")])}`;
      assert.equal(load(shell, whole).stdout.split("changed").length, 3);
      for (let length = before.length; length < whole.length; length += 3) {
        assert.equal(load(shell, whole.slice(0, length)).stdout, "", String(length));
      }
    });

    it(`takes texts from the shell where dd can't, in ${name}`, () => {
      const [program = "", ...options] = shell;
      const sent = `${openSession()}${kept}${run("n1", ["a", ["c"]])}`;
      const none = `dd() { return 1; }; ${LOADER}`;
      const { stdout } = spawnSync(program, [...options, "-c", none, "pulumi-macvlan", "its connection"], {
        input: sent,
        encoding: "utf8",
      });
      assert.equal(stdout, answer("n1", "a|c\n|its connection"));
    });
  }

  it("begins with a line that is short enough for every SSH server, and one line, which every login shell takes", () => {
    assert.ok(LOADER.length < 500);
    assert.doesNotMatch(LOADER, /\n|!(?![= (])/);
  });
});
