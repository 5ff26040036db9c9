// What is one wire before and after, and what passes between wires: of hosts and routers put together by hand.
import assert from "node:assert/strict";
import { inWords, matrixOf } from "../../../provider/review/reach";
import { align, type Side, sideOf } from "../../../provider/review/side";
import type { Props, Reviewed } from "../../../provider/review/stack";
import { UNKNOWN } from "../../../provider/vocabulary/values";

const on = (host: string, type: string, wanted: Props): Reviewed => ({
  urn: `${host} ${type} ${wanted["name"]}`,
  type,
  name: String(wanted["name"]),
  step: "same",
  host,
  wanted,
});

const vlan = (host: string, vlanId: number) =>
  on(host, "VlanSubinterface", { name: `eth1.${vlanId}`, parent: "eth1", vlanId, protocol: "802.1Q" });
const network = (host: string, name: string, parent: unknown, subnet: unknown, more: Props = {}) =>
  on(host, "MacvlanNetwork", { name, parent, subnets: [{ subnet }], mode: "bridge", ...more });
const router = (host: string, legs: Record<number, string[]>, more: Props = {}, name = "router") =>
  on(host, "InterVlanRouter", {
    name,
    interfaces: Object.entries(legs).map(([vlanId, addresses]) => ({ interface: `eth1.${vlanId}`, addresses })),
    ...more,
  });

const IOT = [vlan("h1", 100), network("h1", "iot", "eth1.100", "10.1.0.0/24")];
const NAS = [vlan("h1", 200), network("h1", "nas", "eth1.200", "10.2.0.0/24")];
const LEGS = { 100: ["10.1.0.1/24"], 200: ["10.2.0.1/24"] };
const TAGS = [vlan("r", 100), vlan("r", 200)];

const side = (...resources: Reviewed[]): Side => sideOf(resources, ({ host, wanted }) => ({ host, props: wanted }));

const labels = (before: Side, after: Side): [string[], string[]] => {
  align(before, after);
  return [before, after].map(({ segments }) => segments.map(({ label }) => label)) as [string[], string[]];
};

function passes(from: string, to: string, ...resources: Reviewed[]): string {
  const [before, after] = [side(), side(...resources)];
  align(before, after);
  const cell = matrixOf(before, after).find((one) => one.from.label === from && one.to.label === to);
  return cell ? inWords(cell.after) : "no cell";
}

describe("a wire before and after", () => {
  for (const [what, before, after, expected] of [
    ["another VLAN", IOT, [vlan("h1", 101), network("h1", "iot", "eth1.101", "10.1.0.0/24")], [["iot"], ["iot"]]],
    [
      "another name",
      IOT,
      [vlan("h1", 100), network("h1", "things", "eth1.100", "10.1.0.0/24")],
      [["things"], ["things"]],
    ],
    ["no network any more", IOT, [vlan("h1", 100)], [["iot"], ["iot"]]],
    ["a name more", IOT, [...IOT, network("h2", "extra", "eth1.100", "10.1.0.0/24")], [["extra/iot"], ["extra/iot"]]],
    [
      "a typo on one of two hosts",
      [...IOT, vlan("h2", 100), network("h2", "iot", "eth1.100", "10.1.0.0/24")],
      [...IOT, vlan("h2", 101), network("h2", "iot", "eth1.101", "10.1.0.0/24")],
      [["iot"], ["iot", "iot (VLAN 101)"]],
    ],
    [
      "two that change their VLANs",
      [...IOT, ...NAS],
      [
        vlan("h1", 100),
        vlan("h1", 200),
        network("h1", "iot", "eth1.200", "10.1.0.0/24"),
        network("h1", "nas", "eth1.100", "10.2.0.0/24"),
      ],
      [
        ["iot", "nas"],
        ["nas", "iot"],
      ],
    ],
  ] as const)
    it(`is known by its tag and its names: ${what}`, () =>
      assert.deepEqual(labels(side(...before), side(...after)), expected));

  it("is none of a Swarm's whole network, and one of its nodes' parts", () =>
    assert.deepEqual(
      labels(
        side(),
        side(
          vlan("h1", 100),
          network("h1", "iot-node", "eth1.100", "10.1.0.0/24"),
          network("h1", "iot", undefined, undefined, { scope: "swarm", subnets: [] }),
        ),
      ),
      [[], ["iot-node"]],
    ));

  it("is not made up of what is not known yet", () => {
    const [, after] = labels(
      side(),
      side(
        network("h1", "iot", UNKNOWN, UNKNOWN),
        network("h1", "nas", UNKNOWN, "10.2.0.0/24"),
        on("h1", "VlanSubinterface", { parent: UNKNOWN, vlanId: 100 }),
        on("h1", "MacvlanLink", { name: "shim", parent: UNKNOWN, routes: [{ to: UNKNOWN }] }),
        on("h1", "InterVlanRouter", { name: "router", interfaces: [{ interface: UNKNOWN, addresses: [UNKNOWN] }] }),
      ),
    );
    assert.deepEqual(after, ["iot", "nas"]);
  });
});

describe("between wires passes", () => {
  const lan = [...IOT, ...NAS, ...TAGS];
  const drop = { policy: { default: "drop", rules: [] } };

  it("nothing without a router", () => assert.equal(passes("iot", "nas", ...IOT, ...NAS), "nothing"));
  it("what the router's policy says", () => {
    assert.equal(passes("iot", "nas", ...lan, router("r", LEGS)), "everything");
    assert.equal(passes("iot", "nas", ...lan, router("r", LEGS, drop)), "nothing");
  });

  it("out through NAT all that no rule stops, whatever the default is, and in nothing but what a rule opens", () => {
    const nat = [{ outInterface: "eth9" }];
    const opened = {
      nat,
      policy: {
        default: "drop",
        rules: [{ from: "eth9", to: "eth1.200", protocol: "tcp", ports: [22], action: "accept" }],
      },
    };
    assert.equal(passes("nas", "outside", ...lan, router("r", LEGS, { ...drop, nat })), "everything");
    assert.equal(passes("outside", "nas", ...lan, router("r", LEGS, { ...drop, nat })), "nothing");
    assert.equal(passes("outside", "nas", ...lan, router("r", LEGS, opened)), "tcp 22");
    assert.equal(passes("outside", "iot", ...lan, router("r", LEGS, opened)), "nothing");
    const shut = { nat, policy: { rules: [{ from: "eth1.100", to: "0.0.0.0/0", action: "drop" }] } };
    assert.equal(passes("iot", "outside", ...lan, router("r", LEGS, shut)), "nothing");
  });

  it("what both of a host's two routers let pass", () => {
    const two = (more: Props) => [
      router("r", { 100: ["10.1.0.1/24"] }, {}, "a"),
      router("r", { 200: ["10.2.0.1/24"] }, more, "b"),
    ];
    assert.equal(passes("iot", "nas", ...lan, ...two({})), "everything");
    assert.equal(passes("iot", "nas", ...lan, ...two(drop)), "nothing");
  });

  it("what a rule says of a leg that no Docker network is on", () => {
    const policy = { default: "drop", rules: [{ from: "10.9.0.0/24", to: "any", protocol: "icmp", action: "accept" }] };
    const legs = { ...LEGS, 300: ["10.9.0.1/24"] };
    assert.equal(passes("VLAN 300", "nas", ...lan, vlan("r", 300), router("r", legs, { policy })), "icmp");
  });

  it("nothing to and from what is internal", () =>
    assert.equal(
      passes(
        "iot",
        "nas",
        ...IOT,
        vlan("h1", 200),
        network("h1", "nas", "eth1.200", "10.2.0.0/24", { internal: true }),
        ...TAGS,
        router("r", LEGS),
      ),
      "nothing",
    ));

  it("what is known later, where the policy is", () =>
    assert.equal(
      passes("iot", "nas", ...lan, router("r", LEGS, { policy: UNKNOWN })),
      "what is known after the update",
    ));
});
