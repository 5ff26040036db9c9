import assert from "node:assert/strict";
import {
  type AddressesToPlan,
  type PlannedAddresses,
  planAddresses,
} from "../../../../provider/kinds/address-plan/planner";

const LAN = "172.16.10.0/24";
const ranges = (plan: PlannedAddresses, subnet = LAN): Record<string, string> =>
  Object.fromEntries(Object.entries(plan[subnet]?.hosts ?? {}).map(([host, { range }]) => [host, range]));

describe("planAddresses", () => {
  it("gives each host an eighth of the subnet, after the block of the gateway", () => {
    assert.deepEqual(planAddresses({ subnets: [LAN], hosts: ["b", "a"], shims: true }), {
      [LAN]: {
        gateway: "172.16.10.1",
        hosts: {
          a: { range: "172.16.10.32/27", shim: "172.16.10.2" },
          b: { range: "172.16.10.64/27", shim: "172.16.10.3" },
        },
        retired: [],
      },
    });
  });

  it("does so for IPv6, with a /80 each", () => {
    assert.deepEqual(planAddresses({ subnets: ["fd00::/64"], hosts: ["a"], shims: true }), {
      "fd00::/64": {
        gateway: "fd00::1",
        hosts: { a: { range: "fd00::1:0:0:0/80", shim: "fd00::2" } },
        retired: [],
      },
    });
  });

  it("keeps clear of reserved addresses and of a gateway of your own", () => {
    const subnet = {
      subnet: LAN,
      gateway: "172.16.10.254",
      reserved: ["172.16.10.40-172.16.10.50", "172.16.10.96/27"],
    };
    assert.deepEqual(ranges(planAddresses({ subnets: [subnet], hosts: ["a", "b", "c", "d", "e"] })), {
      a: "172.16.10.0/27",
      b: "172.16.10.64/27",
      // The smallest piece that holds it, so that larger ones stay whole.
      c: "172.16.10.192/27",
      d: "172.16.10.128/27",
      e: "172.16.10.160/27",
    });
  });

  it("moves nobody when hosts come, go or are named in another order", () => {
    const first = planAddresses({ subnets: [LAN], hosts: ["a", "b", "c"] });
    const second = planAddresses({ subnets: [LAN], hosts: ["c", "0", "a"] }, first);
    assert.deepEqual(ranges(second), { "0": "172.16.10.128/27", a: "172.16.10.32/27", c: "172.16.10.96/27" });
    assert.deepEqual(second[LAN]?.retired, [{ host: "b", range: "172.16.10.64/27" }]);
  });

  it("keeps the range of a host that is gone for it, and gives it back to a host that comes back", () => {
    let plan = planAddresses({ subnets: [LAN], hosts: ["a", "b", "c", "d", "e", "f", "g"] });
    plan = planAddresses({ subnets: [LAN], hosts: ["a", "b", "d", "e", "f", "g"] }, plan);
    plan = planAddresses({ subnets: [LAN], hosts: ["b", "d", "e", "f", "g"] }, plan);
    assert.deepEqual(
      plan[LAN]?.retired.map(({ host }) => host),
      ["c", "a"],
    );
    assert.equal(
      ranges(planAddresses({ subnets: [LAN], hosts: ["a", "b", "d", "e", "f", "g"] }, plan))["a"],
      "172.16.10.32/27",
    );
    // Nothing else is left: somebody has to say that nobody there holds one any more.
    const more = { subnets: [LAN], hosts: ["b", "d", "e", "f", "g", "new"] };
    assert.throws(
      () => planAddresses(more, plan),
      /is full: 32 addresses are missing, for new \(32\); 31 are free, in pieces; 64 are kept for a, c, who had them: forget: \["a", "c"\] frees them once no container there has one\. Give hosts a smaller size/,
    );
    const reused = planAddresses({ ...more, forget: ["c"] }, plan);
    assert.equal(ranges(reused)["new"], "172.16.10.96/27");
    assert.deepEqual(
      reused[LAN]?.retired.map(({ host }) => host),
      ["a"],
    );
  });

  it("places slots by arithmetic alone", () => {
    const hosts = { a: { slot: 3 }, b: { slot: 1 } };
    const plan = planAddresses({ subnets: [LAN], hosts, shims: true });
    assert.deepEqual(plan[LAN]?.hosts, {
      a: { range: "172.16.10.96/27", shim: "172.16.10.5" },
      b: { range: "172.16.10.32/27", shim: "172.16.10.3" },
    });
    const more = planAddresses({ subnets: [LAN], hosts: { c: { slot: 2 }, ...hosts }, shims: true });
    assert.deepEqual({ ...more[LAN]?.hosts, c: undefined }, { ...plan[LAN]?.hosts, c: undefined });
  });

  it("takes ranges that are there as they are, in each subnet that one is in", () => {
    const other = "172.16.20.0/24";
    const hosts = { a: { ranges: ["172.16.10.128/25", "172.16.20.16/28"] }, b: { ranges: ["172.16.10.64/26"] } };
    const plan = planAddresses({ subnets: [LAN, { subnet: other, size: 64 }], hosts, shims: true });
    assert.deepEqual(ranges(plan), { a: "172.16.10.128/25", b: "172.16.10.64/26" });
    assert.deepEqual(
      Object.entries(plan[other]?.hosts ?? {}).map(([host, { range }]) => [host, range]),
      [
        ["a", "172.16.20.16/28"],
        ["b", "172.16.20.64/26"],
      ],
    );
    const without = { a: {}, b: {}, c: {} };
    const later = planAddresses({ subnets: [LAN, other], hosts: without, shims: true }, plan);
    assert.deepEqual(ranges(later), {
      a: "172.16.10.128/25",
      b: "172.16.10.64/26",
      c: "172.16.10.32/27",
    });
  });

  it("lets a host with another size keep its place where that can be", () => {
    const first = planAddresses({ subnets: [LAN], hosts: ["a", "b"] });
    const smaller = planAddresses({ subnets: [LAN], hosts: { a: { size: 16 }, b: {} } }, first);
    assert.deepEqual(ranges(smaller), { a: "172.16.10.32/28", b: "172.16.10.64/27" });
    const larger = planAddresses({ subnets: [LAN], hosts: { a: {}, b: { size: 50 } } }, first);
    assert.deepEqual(ranges(larger), { a: "172.16.10.32/27", b: "172.16.10.64/26" });
  });

  it("says how many addresses are missing, and what to do", () => {
    const hosts = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    assert.throws(
      () => planAddresses({ subnets: [LAN], hosts }),
      /^Error: subnet 172\.16\.10\.0\/24 is full: 64 addresses are missing, for h \(32\), i \(32\); 31 are free, in pieces\. Give hosts a smaller size, reserve less, or take a larger subnet$/,
    );
  });

  const refused: [what: string, args: AddressesToPlan, reason: RegExp][] = [
    ["host bits", { subnets: ["172.16.10.1/24"], hosts: [] }, /has host bits: write 172\.16\.10\.0\/24/],
    [
      "a gateway elsewhere",
      { subnets: [{ subnet: LAN, gateway: "172.16.11.1" }], hosts: [] },
      /gateway 172\.16\.11\.1 is not in subnet/,
    ],
    [
      "reserved elsewhere",
      { subnets: [{ subnet: LAN, reserved: ["10.0.0.1"] }], hosts: [] },
      /reserved 10\.0\.0\.1 is not in subnet/,
    ],
    [
      "overlapping subnets",
      { subnets: ["172.16.0.0/16", "10.0.0.0/8", LAN], hosts: [] },
      /subnets 172\.16\.0\.0\/16 and 172\.16\.10\.0\/24 overlap/,
    ],
    ["one name twice", { subnets: [LAN], hosts: ["a", "a"] }, /two hosts have one name/],
    ["a size of nothing", { subnets: [LAN], hosts: { a: { size: 0 } } }, /size 0 of a does not fit/],
    [
      "a size above the subnet",
      { subnets: [{ subnet: LAN, size: 257 }], hosts: [] },
      /size 257 of subnet does not fit.*1 to 2\^8/,
    ],
    [
      "a slot that is not there",
      { subnets: [LAN], hosts: { a: { slot: 8 } } },
      /slot 8 of a is not in subnet.*slots 0 to 7/,
    ],
    [
      "a slot taken",
      { subnets: [LAN], hosts: { a: { slot: 2 }, b: { slot: 2 } } },
      /slot 2 of b .* overlaps what a has: give another slot/,
    ],
    [
      "the gateway's slot",
      { subnets: [LAN], hosts: { a: { slot: 0 } } },
      /slot 0 of a .* overlaps the gateway 172\.16\.10\.1/,
    ],
    [
      "a slot and ranges",
      { subnets: [LAN], hosts: { a: { slot: 1, ranges: ["172.16.10.64/26"] } } },
      /a has both a slot and ranges: say it once/,
    ],
    [
      "the gateway in a range",
      { subnets: [LAN], hosts: { a: { ranges: ["172.16.10.0/26"] } } },
      /range 172\.16\.10\.0\/26 of a in subnet .* overlaps the gateway 172\.16\.10\.1: give another range/,
    ],
    [
      "a range taken",
      { subnets: [LAN], hosts: { a: { ranges: ["172.16.10.64/26"] }, b: { ranges: ["172.16.10.96/27"] } } },
      /range 172\.16\.10\.96\/27 of b .* overlaps what a has: give another range/,
    ],
    [
      "two ranges in a subnet",
      { subnets: [LAN], hosts: { a: { ranges: ["172.16.10.64/26", "172.16.10.128/26"] } } },
      /a has two ranges in subnet 172\.16\.10\.0\/24: leave one out/,
    ],
    [
      "a range above the subnet",
      { subnets: [LAN], hosts: { a: { ranges: ["172.16.0.0/16"] } } },
      /range 172\.16\.0\.0\/16 of a is no part of subnet 172\.16\.10\.0\/24/,
    ],
    [
      "a range elsewhere",
      { subnets: [LAN], hosts: { a: { ranges: ["172.16.11.64/26"] } } },
      /range 172\.16\.11\.64\/26 of a is in no subnet of the plan in which a takes part/,
    ],
    [
      "a range where the host takes no part",
      {
        subnets: [{ subnet: LAN, hosts: ["b"] }],
        hosts: { a: { ranges: ["172.16.10.64/26"] }, b: {} },
      },
      /range 172\.16\.10\.64\/26 of a is in no subnet of the plan in which a takes part/,
    ],
  ];
  for (const [what, args, reason] of refused)
    it(`refuses ${what}`, () => assert.throws(() => planAddresses(args), reason));

  it("refuses to reserve what a host has already", () => {
    const plan = planAddresses({ subnets: [LAN], hosts: ["a"] });
    assert.throws(
      () => planAddresses({ subnets: [{ subnet: LAN, reserved: ["172.16.10.40"] }], hosts: ["a"] }, plan),
      /the range 172\.16\.10\.32\/27 of a in subnet .* overlaps reserved 172\.16\.10\.40: reserve others; or take a out of the subnet first, then forget: \["a"\] frees it once no container there has such an address/,
    );
  });
});
