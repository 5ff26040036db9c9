import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readScript } from "../../../../provider/host/scripts";

// The lab's Dockers are older than 28, which brought the priority: the rest of this function is tested with real ones.
describe("macvlan-network's connect", () => {
  const connectOf = (line: string): string => {
    const [connect] = /^connect\(\) \{[\s\S]*?^\}$/m.exec(readScript("macvlan-network")) ?? [];
    assert.ok(connect);
    const script = `nl='\n'\nset -uf\ndocker() { printf '%s ' "$@" >&2; }\nname=mac1\nsaid=\n${connect}\nconnect "$1"`;
    // What Docker answers is caught: its own words go where they can be seen.
    const shown = script.replace("2>&1) && return", ") && return");
    return spawnSync("sh", ["-c", shown, "sh", line], { encoding: "utf8" }).stderr.trim();
  };

  it("puts a container back with the gateway priority that it had", () => {
    assert.equal(
      connectOf("0123456789abcdef|172.16.10.20||web 0123456789ab |-5"),
      "network connect --ip 172.16.10.20 --gw-priority -5 --alias web mac1 0123456789abcdef",
    );
  });

  for (const [what, end] of Object.entries({
    "Docker knows none": "|",
    "nobody chose one": "|0",
    "an older run kept it": "",
  })) {
    it(`says nothing of a priority where ${what}`, () => {
      assert.equal(
        connectOf(`0123|172.16.10.20|fd00::2|${end}`),
        "network connect --ip 172.16.10.20 --ip6 fd00::2 mac1 0123",
      );
    });
  }
});
