import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RouterRules, renderRuleset } from "../../../../provider/formats/nftables";
import { readScript, textOf } from "../../../../provider/host/scripts";

describe("inter-vlan-router's script", () => {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-router-"));
  after(() => rmSync(folder, { recursive: true }));

  /** What one of its functions reads in the rules of a router. */
  const reads = (name: string, rules: string): string => {
    const text = textOf(readScript("inter-vlan-router", ["routers", "strangers"]));
    const [found] = new RegExp(`^${name}\\(\\) \\{.*\\}$`, "m").exec(text) ?? [];
    assert.ok(found);
    writeFileSync(join(folder, "ruleset"), rules);
    return spawnSync("sh", ["-c", `${found}\n${name} "$1"`, "sh", folder], { encoding: "utf8" }).stdout.trim();
  };
  const rulesOf = (interfaces: string[], uplinks: string[], rules: RouterRules["policy"]["rules"] = []) =>
    renderRuleset("pulumi_macvlan_router_b", "pulumi-macvlan project/stack/b~1f2e3d4c", {
      interfaces,
      nat: uplinks.map((outInterface) => ({ outInterface, sources: ["172.16.10.0/24", "fd00:10::/64"] })),
      policy: { default: "drop", rules },
    });
  /** As it was rendered when a host had one router only. */
  const earlier = (rules: string) => rules.replace(/^\tset others \{[^}]*\}\n|^.*(@others| != ).*\n/gm, "");

  const cases: [what: string, rules: string, devices: string, uplinks: string][] = [
    ["one interface", rulesOf(["a.1"], []), '"a.1"', ""],
    ["several", rulesOf(["a.1", "b-2", "c"], ["up"]), '"a.1"\n"b-2"\n"c"', '"up"\n"up"'],
    [
      "rules that look alike",
      rulesOf(["a.1", "b"], ["up", "out"], [{ from: "x", to: "x", action: "accept" }]),
      '"a.1"\n"b"',
      '"up"\n"up"\n"out"\n"out"',
    ],
  ];
  for (const [what, rules, devices, uplinks] of cases) {
    for (const [version, text] of [["", rules] as const, [", of an earlier version", earlier(rules)] as const]) {
      it(`reads in a router's rules what it has: ${what}${version}`, () => {
        assert.equal(text.includes("others"), version === "");
        assert.equal(reads("devices_of", text), devices);
        assert.equal(reads("uplinks_of", text), uplinks);
        assert.equal(reads("mark_of", text), "pulumi-macvlan project/stack/b~1f2e3d4c");
      });
    }
  }
});
