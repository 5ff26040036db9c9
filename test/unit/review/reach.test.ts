import assert from "node:assert/strict";
import type { RouterRule } from "../../../provider/formats/nftables";
import { gridOf, inWords, passing } from "../../../provider/review/reach";

const FROM = { interface: "eth0.100", subnets: ["10.1.0.0/24", "fd01::/64"] };
const TO = { interface: "eth0.200", subnets: ["10.2.0.0/24", "fd02::/64"] };

const rule = (more: Partial<RouterRule>): RouterRule => ({ from: "any", to: "any", action: "accept", ...more });

describe("what a router lets pass", () => {
  for (const [what, policy, expected] of [
    ["everything without a policy", {}, "everything"],
    ["nothing where the default is drop", { default: "drop" }, "nothing"],
    [
      "each allowed port",
      { default: "drop", rules: [rule({ protocol: "tcp", ports: [443, "8000-8100"] })] },
      "tcp 443, tcp 8000-8100",
    ],
    [
      "a protocol",
      { default: "drop", rules: [rule({ protocol: "icmp", from: "eth0.100", to: "10.0.0.0/8" })] },
      "icmp to 10.0.0.0/8",
    ],
    [
      "nothing of rules for others",
      { default: "drop", rules: [rule({ from: "eth0.300" }), rule({ to: "10.3.0.0/16" })] },
      "nothing",
    ],
    [
      "what is from a part of it, as such",
      { default: "drop", rules: [rule({ from: "10.1.0.7/32", protocol: "tcp", ports: [22] })] },
      "tcp 22 from 10.1.0.7/32",
    ],
    [
      "what the first rule that fits says",
      { default: "accept", rules: [rule({ action: "drop" }), rule({})] },
      "nothing",
    ],
    [
      "all but what is dropped",
      { rules: [rule({ protocol: "tcp", ports: [22, 23], action: "drop" })] },
      "everything but tcp 22-23",
    ],
    [
      "what an earlier rule has not decided yet",
      {
        default: "drop",
        rules: [
          rule({ protocol: "tcp", ports: [22], action: "drop" }),
          rule({ protocol: "tcp" }),
          rule({ protocol: "tcp", ports: [22] }),
        ],
      },
      "tcp but 22",
    ],
    [
      "what was accepted before all of it is dropped",
      {
        default: "accept",
        rules: [rule({ protocol: "tcp", ports: [443] }), rule({ protocol: "tcp", action: "drop" })],
      },
      "everything but tcp 0-442 and tcp 444-65535",
    ],
    [
      "of one family only, where a rule names one",
      { rules: [rule({ from: "10.1.0.0/24", action: "drop" })] },
      "everything, not everything from 10.1.0.0/24",
    ],
    [
      "what is accepted before everything is",
      { default: "drop", rules: [rule({ protocol: "udp", ports: [53] }), rule({ to: "eth0.200" })] },
      "everything",
    ],
  ] as const)
    it(`is ${what}`, () => assert.equal(inWords(passing([policy as never], FROM, TO)), expected));
});

describe("the matrix", () => {
  it("has its ends in one order, and no cell of an end to itself", () => {
    const [a, b, out] = [
      { what: "segment", label: "a" },
      { what: "segment", label: "b" },
      { what: "outside", label: "outside" },
    ] as const;
    const cell = (from: typeof a | typeof b, to: typeof a | typeof b | typeof out) => ({
      from,
      to,
      before: [],
      after: [],
    });
    const { columns, rows } = gridOf([cell(a, b), cell(a, out), cell(b, a), cell(b, out)]);
    assert.deepEqual(
      columns.map(({ label }) => label),
      ["a", "b", "outside"],
    );
    assert.deepEqual(
      rows.map(({ cells }) => cells.map((found) => found !== undefined)),
      [
        [false, true, true],
        [true, false, true],
      ],
    );
  });
});
