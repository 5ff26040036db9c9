import assert from "node:assert/strict";
import { kinds } from "../../../provider/kinds";
import { changedFields } from "../../../provider/review/fields";
import type { Props, Reviewed, Step } from "../../../provider/review/stack";
import { UNKNOWN } from "../../../provider/vocabulary/values";
import { RIGHT, type Type } from "../inputs";

function of(type: Type, step: Step, old?: Props, wanted?: Props): Reviewed {
  const kind = kinds.find((candidate) => candidate.type === type);
  const whole = (props: Props): Props => ({ ...RIGHT[type], ...kind?.complete?.(RIGHT[type] as never), ...props });
  return {
    urn: `${type} ${step}`,
    type,
    name: "it",
    step,
    host: "host1",
    ...(kind && { kind }),
    ...(old && { old: whole(old) }),
    ...(wanted && { wanted: whole(wanted) }),
  };
}

describe("changed fields", () => {
  for (const [what, resource, lines] of [
    [
      "what changes beside what stays, without host and defaults",
      of("VlanSubinterface", "update", { mtu: 1500, persist: true }, { mtu: 1400, persist: true }),
      ['~ VLAN sub-interface "enp0s8.100" on host1', "     parent: enp0s8", "     vlanId: 100", "-    mtu: 1500"],
    ],
    [
      "a default that becomes another",
      of("VlanSubinterface", "update", {}, { persist: false }),
      ["+    persist: false"],
    ],
    [
      "what is not known yet",
      of("VlanSubinterface", "update", {}, { mtu: UNKNOWN }),
      ["+    mtu: what is known after the update"],
    ],
    ["all of what goes", of("VlanSubinterface", "delete", {}), ["-    parent: enp0s8", "-    vlanId: 100"]],
    ["all of what is new", of("MacvlanNetwork", "create", undefined, {}), ["+      - subnet: 172.16.10.0/24"]],
  ] as [string, Reviewed, string[]][])
    it(`tell ${what}`, () => {
      const text = changedFields([resource]);
      for (const line of lines) assert.ok(text.split("\n").includes(line), `no "${line}" in:\n${text}`);
      assert.doesNotMatch(text, /192\.0\.2\.1|hostKey|__owner|adopt|promiscuous/);
    });

  it("say nothing of what stays, nor twice what a resource says of itself", () => {
    const readiness = { urn: "r", type: "Readiness", name: "r", step: "update" as const, old: {}, wanted: { a: 1 } };
    assert.equal(changedFields([of("VlanSubinterface", "same", {}, {}), readiness]), "");
  });

  it("of a long list tell what is around a change", () => {
    const probes = Array.from({ length: 50 }, (_, index) => `10.0.0.${index}`);
    const changed = probes.map((probe, index) => (index === 25 ? "10.0.1.1" : probe));
    const text = changedFields([
      { urn: "r", type: "Reachability", name: "r", step: "update", old: { probes }, wanted: { probes: changed } },
    ]);
    assert.match(text, /-.*10\.0\.0\.25\n\+.*10\.0\.1\.1\n/);
    assert.equal(text.split("\n").length, 9);
  });

  it("have one line for a head, whatever a name holds", () => {
    const [head = "", next = ""] = changedFields([
      of("MacvlanNetwork", "create", undefined, { name: "a\n+ another" }),
    ]).split("\n");
    assert.match(head, /^\+ Docker network "a \+ another" on host1$/);
    assert.match(next, /^\+ {4}/);
  });
});
