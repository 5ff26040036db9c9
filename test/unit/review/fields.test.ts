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
      assert.doesNotMatch(text, /192\.0\.2\.1|hostKey|__owner|adopt|promiscuous|mode:/);
    });

  it("take nothing away that no program had said", () => {
    const old = { mtu: 1500, __derived: ["mtu"] };
    const text = changedFields([of("VlanSubinterface", "update", old, { persist: false })]);
    assert.doesNotMatch(text, /mtu/);
    assert.match(text, /^\+ {4}persist: false$/m);
  });

  it("tell of a resource on no host what its program says, what it no longer says, and nothing else", () => {
    const host = { address: "192.0.2.1", privateKeyPath: "/secret/key" };
    const one = { urn: "r", type: "Reachability", name: "r", old: { junit: "a.xml", probes: [] } };
    const text = changedFields([
      { ...one, step: "update", wanted: { probes: [], hosts: { host1: host }, connection: host } },
      { ...one, urn: "s", name: "s", step: "delete" },
      { urn: "t", type: "VlanTopology", name: "t", step: "update", old: {}, wanted: { router: { connection: host } } },
    ]);
    assert.deepEqual(text.split("\n\n"), [
      '~ Reachability "r"\n     probes: []\n-    junit: a.xml',
      '- Reachability "s"\n-    probes: []\n-    junit: a.xml',
    ]);
  });

  it("tell where a resource was, and that only the way to its host is another", () => {
    const moved = { ...of("VlanSubinterface", "replace", {}, {}), formerHost: "host2" };
    assert.equal(changedFields([moved]), '± VLAN sub-interface "enp0s8.100" on host1, was on host2');
    const other = { host: { name: "host1", address: "192.0.2.9", hostKey: ["ssh-ed25519 AAAA"] } };
    assert.match(changedFields([of("VlanSubinterface", "update", {}, other)]), /\(another way to its host\)$/);
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
    assert.match(text, /^ {5}probes:$/m, "what it is in");
    assert.match(text, /-.*10\.0\.0\.25\n\+.*10\.0\.1\.1\n/);
    assert.equal(text.split("\n").length, 11);
  });

  it("of two texts that have nothing in common are both, at once", () => {
    const probes = (net: number) =>
      Array.from({ length: 3000 }, (_, index) => `10.${net}.${index >> 8}.${index & 255}`);
    const began = Date.now();
    const text = changedFields([
      {
        urn: "r",
        type: "Reachability",
        name: "r",
        step: "update",
        old: { probes: probes(1) },
        wanted: { probes: probes(2) },
      },
    ]);
    assert.equal(text.match(/^[-+] {4} {2}- 10\./gm)?.length, 6000);
    assert.ok(Date.now() - began < 5000);
  });

  it("have one line for a head, whatever a name holds", () => {
    const [head = "", next = ""] = changedFields([
      of("MacvlanNetwork", "create", undefined, { name: "a\n+ another" }),
    ]).split("\n");
    assert.match(head, /^\+ Docker network "a \+ another" on host1$/);
    assert.match(next, /^\+ {4}/);
  });
});
