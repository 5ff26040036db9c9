// A plan that is lived in is changed: what a host has stays where it can, and what it had is nobody else's.
import assert from "node:assert/strict";
import {
  type AddressesToPlan,
  type PlannedAddresses,
  planAddresses,
} from "../../../../provider/kinds/address-plan/planner";

const LAN = "172.16.30.0/24";
const WIDE = "172.16.30.0/23";
const ELSEWHERE = "10.9.0.0/24";
const HOST1 = "172.16.30.32/27";
const HOST2 = "172.16.30.64/27";
const BOTH = { host1: HOST1, host2: HOST2 };

/** Of two hosts on one LAN, unless told otherwise. */
const plan = (change: Partial<AddressesToPlan> = {}, previous?: PlannedAddresses): PlannedAddresses =>
  planAddresses({ subnets: [LAN], hosts: ["host1", "host2"], ...change }, previous);
/** Each change on the plan of the one before; the first is made of two hosts. */
const lived = (...changes: Partial<AddressesToPlan>[]): PlannedAddresses =>
  changes.reduce((before: PlannedAddresses, change) => plan(change, before), plan());
const ranges = (planned: PlannedAddresses, subnet = LAN): Record<string, string> =>
  Object.fromEntries(Object.entries(planned[subnet]?.hosts ?? {}).map(([host, { range }]) => [host, range]));
const shims = (planned: PlannedAddresses): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(planned[LAN]?.hosts ?? {}).map(([host, { shim }]) => [host, shim]));
const kept = (planned: PlannedAddresses, subnet = LAN): string[] =>
  (planned[subnet]?.retired ?? []).map(({ host, range, shim }) => [host, range, ...(shim ? [shim] : [])].join(" "));
const sized = (size: number, subnet = LAN) => [{ subnet, size }];

describe("a plan that is lived in keeps", () => {
  it("ranges when its subnet gets wider, and narrower again", () => {
    const three = { hosts: ["host1", "host2", "host3"] };
    const wide = lived({ ...three, subnets: [WIDE] });
    // The new one gets what a /23 gives.
    const all = { ...BOTH, host3: "172.16.30.128/26" };
    assert.deepEqual(wide, {
      [WIDE]: {
        gateway: "172.16.30.1",
        hosts: Object.fromEntries(Object.entries(all).map(([host, range]) => [host, { range }])),
        retired: [],
      },
    });
    const back = plan(three, wide);
    assert.deepEqual([Object.keys(back), ranges(back), kept(back)], [[LAN], all, []]);
  });

  it("what does not fit a narrower subnet for its host, under the key that it had", () => {
    const wide = plan({ subnets: [WIDE], hosts: ["a", "b", "d", "e"] });
    const all = { a: "172.16.30.64/26", b: "172.16.30.128/26", d: "172.16.30.192/26" };
    assert.deepEqual(ranges(wide, WIDE), { ...all, e: "172.16.31.0/26" });
    const narrow = plan({ hosts: ["a", "b", "d", "e"] }, wide);
    assert.deepEqual(narrow, {
      [LAN]: {
        gateway: "172.16.30.1",
        hosts: {
          ...Object.fromEntries(Object.entries(all).map(([host, range]) => [host, { range }])),
          e: { range: "172.16.30.32/27" },
        },
        retired: [],
      },
      [WIDE]: { gateway: "172.16.30.1", hosts: {}, retired: [{ host: "e", range: "172.16.31.0/26" }] },
    });
    // Whoever is new there gets another one, and so does a subnet that is only the upper half.
    const again = plan({ subnets: [WIDE], hosts: ["a", "b", "d", "e", "new"] }, narrow);
    assert.deepEqual(ranges(again, WIDE), { ...all, e: "172.16.30.32/27", new: "172.16.31.64/26" });
    assert.deepEqual(kept(again, WIDE), ["e 172.16.31.0/26"]);
    const upper = plan(
      { subnets: [{ subnet: "172.16.31.0/24", gateway: "172.16.31.254" }], hosts: ["a", "e"] },
      narrow,
    );
    assert.deepEqual(ranges(upper, "172.16.31.0/24"), { a: "172.16.31.192/27", e: "172.16.31.0/26" });
  });

  it("what was in a subnet for when it comes back", () => {
    const shims = true;
    const moved = lived({ shims }, { shims, subnets: [ELSEWHERE], hosts: ["host1", "new"] });
    assert.deepEqual(ranges(moved, ELSEWHERE), { host1: "10.9.0.32/27", new: "10.9.0.64/27" });
    assert.deepEqual(kept(moved), [`host1 ${HOST1} 172.16.30.2`, `host2 ${HOST2} 172.16.30.3`]);
    const back = plan({ shims, hosts: ["host1", "host2", "new"] }, moved);
    assert.deepEqual(back[LAN]?.hosts, {
      host1: { range: HOST1, shim: "172.16.30.2" },
      host2: { range: HOST2, shim: "172.16.30.3" },
      new: { range: "172.16.30.96/27", shim: "172.16.30.4" },
    });
    assert.deepEqual(kept(back, ELSEWHERE), ["host1 10.9.0.32/27 10.9.0.2", "new 10.9.0.64/27 10.9.0.3"]);
    assert.deepEqual(Object.keys(plan({ forget: ["host1", "new"], shims }, back)), [LAN]);
  });

  it("one of two ranges when two subnets are one from now on, and the other one for its host", () => {
    const halves = ["10.0.0.0/25", "10.0.0.128/25"];
    const two = planAddresses({ subnets: halves, hosts: ["a", "b"] });
    const one = planAddresses({ subnets: ["10.0.0.0/24"], hosts: ["a", "b"] }, two);
    assert.deepEqual(ranges(one, "10.0.0.0/24"), { a: "10.0.0.16/28", b: "10.0.0.32/28" });
    assert.deepEqual(kept(one, "10.0.0.0/24"), ["a 10.0.0.144/28", "b 10.0.0.160/28"]);
    assert.deepEqual(planAddresses({ subnets: halves, hosts: ["a", "b"] }, one), two);
  });

  it("what a host gives up when it gets smaller, so that it can grow again", () => {
    const small = lived({ hosts: { host1: { size: 8 }, host2: {} } });
    assert.deepEqual(ranges(small), { host1: "172.16.30.32/29", host2: HOST2 });
    assert.deepEqual(kept(small), ["host1 172.16.30.40/29", "host1 172.16.30.48/28"]);
    const three = plan({ hosts: { host1: { size: 8 }, host2: {}, host3: { size: 16 } } }, small);
    assert.equal(ranges(three)["host3"], "172.16.30.16/28");
    assert.deepEqual(plan({ hosts: { host1: { size: 32 }, host2: {} } }, small), plan());
    // It keeps the size that it has where nobody asks for one.
    assert.deepEqual(plan({}, small), small);
  });

  it("what hosts give up when the subnet's size is smaller", () => {
    const small = lived({ subnets: sized(16) });
    assert.deepEqual(ranges(small), { host1: "172.16.30.32/28", host2: "172.16.30.64/28" });
    assert.deepEqual(kept(small), ["host1 172.16.30.48/28", "host2 172.16.30.80/28"]);
  });

  it("the place of one that grows where that can be, else what it had", () => {
    const large = lived({ subnets: sized(64) });
    assert.deepEqual(ranges(large), { host1: "172.16.30.128/26", host2: "172.16.30.64/26" });
    assert.deepEqual(kept(large), [`host1 ${HOST1}`]);
    const third = plan({ subnets: sized(32), hosts: ["host1", "host2", "host3"] }, large);
    assert.deepEqual(ranges(third), { host1: "172.16.30.128/27", host2: HOST2, host3: "172.16.30.192/27" });
    assert.deepEqual(kept(third), [`host1 ${HOST1}`, "host1 172.16.30.160/27", "host2 172.16.30.96/27"]);
  });

  it("a wider subnet's hosts at their size, whatever its default is", () => {
    assert.deepEqual(ranges(lived({ subnets: ["172.16.0.0/16"] }), "172.16.0.0/16"), BOTH);
    const six = planAddresses({ subnets: ["fd00::/64"], hosts: ["a"] });
    assert.deepEqual(planAddresses({ subnets: ["fd00::/63"], hosts: ["a"] }, six)["fd00::/63"]?.hosts, {
      a: { range: "fd00::1:0:0:0/80" },
    });
  });

  it("hosts' own addresses when there are to be none for a while", () => {
    const off = lived({ shims: true }, {});
    assert.deepEqual(kept(off), ["host1 172.16.30.2/32 172.16.30.2", "host2 172.16.30.3/32 172.16.30.3"]);
    const on = plan({ shims: true, hosts: ["a", "host1", "host2"] }, off);
    assert.deepEqual(shims(on), { a: "172.16.30.4", host1: "172.16.30.2", host2: "172.16.30.3" });
    assert.deepEqual(kept(on), []);
    // One that has become the last address of a narrower subnet can't stay.
    const last = { subnet: LAN, gateway: "172.16.30.254", reserved: ["172.16.30.0/26", "172.16.30.192-172.16.30.253"] };
    const edge = planAddresses({
      subnets: [{ ...last, subnet: WIDE, reserved: ["172.16.31.0/24", ...last.reserved] }],
      hosts: { a: { size: 64 } },
      shims: true,
    });
    assert.deepEqual(edge[WIDE]?.hosts, { a: { range: "172.16.30.64/26", shim: "172.16.30.255" } });
    const inner = planAddresses({ subnets: [last], hosts: ["a"], shims: true }, edge);
    assert.deepEqual(inner[LAN]?.hosts, { a: { range: "172.16.30.64/26", shim: "172.16.30.128" } });
    assert.deepEqual(kept(inner), ["a 172.16.30.255/32 172.16.30.255"]);
  });

  it("a former gateway from everybody in the plan that changes it, so that it can be changed back", () => {
    const elsewhere = [{ subnet: LAN, gateway: "172.16.30.254" }];
    const three = { hosts: ["host1", "host2", "host3"], shims: true };
    const changed = lived({ shims: true }, { ...three, subnets: elsewhere });
    assert.equal(shims(changed)["host3"], "172.16.30.4");
    assert.equal(plan(three, changed)[LAN]?.gateway, "172.16.30.1");
    // It was the router's own: once that has changed it is anybody's.
    const more = { subnets: elsewhere, hosts: [...three.hosts, "host4"], shims: true };
    assert.equal(shims(plan(more, changed))["host4"], "172.16.30.1");
  });

  it("a former gateway even where room is short, and says what gives room", () => {
    const chosen = plan({ subnets: [{ subnet: LAN, gateway: "172.16.30.200" }], hosts: [] });
    const upper = "172.16.30.128/25";
    const narrow = (...hosts: string[]) => plan({ subnets: [{ subnet: upper, size: 32 }], hosts }, chosen);
    assert.deepEqual(ranges(narrow("a", "b"), upper), { a: "172.16.30.160/27", b: "172.16.30.224/27" });
    assert.throws(
      () => narrow("a", "b", "c"),
      /is full: 32 addresses are missing, for c \(32\); .* free, in pieces; 172\.16\.30\.200 was the gateway until this change: let that be a change of its own before this one\. Give hosts/,
    );
    assert.deepEqual(
      ranges(plan({ subnets: [{ subnet: upper, size: 32 }], hosts: ["a", "b", "c"] }, narrow("a", "b")), upper),
      { a: "172.16.30.160/27", b: "172.16.30.224/27", c: "172.16.30.192/27" },
    );
  });

  it("both from a range that grows", () => {
    const shim = { subnet: LAN, gateway: "172.16.30.254", reserved: ["172.16.30.0/27", "172.16.30.128-172.16.30.253"] };
    const own = planAddresses({ subnets: [{ ...shim, size: 16 }], hosts: ["a"], shims: true });
    assert.deepEqual(own[LAN]?.hosts, { a: { range: "172.16.30.48/28", shim: "172.16.30.32" } });
    for (const shims of [true, false]) {
      const grown = planAddresses({ subnets: [{ ...shim, size: 32 }], hosts: ["a"], shims }, own);
      assert.deepEqual(ranges(grown), { a: "172.16.30.64/27" });
    }
    const beside = { subnet: LAN, gateway: "172.16.30.48", size: 16 };
    const small = planAddresses({ subnets: [beside], hosts: { a: { slot: 2 } } });
    assert.deepEqual(ranges(small), { a: "172.16.30.32/28" });
    const grown = planAddresses({ subnets: [{ subnet: LAN, size: 32 }], hosts: ["a"] }, small);
    assert.deepEqual(ranges(grown), { a: "172.16.30.64/27" });
    assert.equal(planAddresses({ subnets: [beside], hosts: ["a"] }, grown)[LAN]?.gateway, "172.16.30.48");
  });

  it("the old range of a host whose slot changes", () => {
    const slots = (host1: number, host2: number) => ({ hosts: { host1: { slot: host1 }, host2: { slot: host2 } } });
    const moved = lived(slots(1, 2), slots(3, 2));
    assert.deepEqual(ranges(moved), { host1: "172.16.30.96/27", host2: HOST2 });
    assert.deepEqual(kept(moved), [`host1 ${HOST1}`]);
    assert.deepEqual(plan(slots(1, 2), moved)[LAN]?.hosts, plan()[LAN]?.hosts);
  });

  it("what a host had for it under its new name, for ever", () => {
    const renamed = { hosts: { web: { formerly: "host1" }, host2: {} }, shims: true };
    const changed = lived({ shims: true, hosts: { host1: { size: 8 }, host2: {} } }, renamed);
    assert.deepEqual(ranges(changed), { host2: HOST2, web: "172.16.30.32/29" });
    assert.deepEqual(shims(changed), { host2: "172.16.30.3", web: "172.16.30.2" });
    assert.deepEqual(kept(changed), ["web 172.16.30.40/29", "web 172.16.30.48/28"]);
    assert.deepEqual(plan(renamed, changed), changed);
    assert.deepEqual(plan({ hosts: { web: {}, host2: {} }, shims: true }, changed), changed);
    const back = plan({ hosts: { host1: { formerly: "web" }, host2: {} }, shims: true }, changed);
    assert.deepEqual(ranges(back), { host1: "172.16.30.32/29", host2: HOST2 });
    assert.deepEqual(ranges(plan({ hosts: { other: { formerly: "gone" }, host1: {}, host2: {} } }, plan())), {
      ...BOTH,
      other: "172.16.30.96/27",
    });
  });

  it("the range of a host that a subnet leaves out", () => {
    const without = lived({
      subnets: [{ subnet: LAN, hosts: ["host2", "host3"] }],
      hosts: ["host1", "host2", "host3"],
    });
    assert.deepEqual(ranges(without), { host2: HOST2, host3: "172.16.30.96/27" });
    assert.deepEqual(kept(without), [`host1 ${HOST1}`]);
  });

  it("what is given up by the very plan that is to forget", () => {
    const forgetful = { hosts: { host1: { size: 8 }, host2: {} }, forget: ["host1", "nobody"] };
    const changed = lived(forgetful);
    assert.deepEqual(kept(changed), ["host1 172.16.30.40/29", "host1 172.16.30.48/28"]);
    assert.deepEqual(kept(plan(forgetful, changed)), []);
  });

  it("a plan of older versions as it is, without what had two owners there", () => {
    const old: PlannedAddresses = {
      [LAN]: {
        gateway: "172.16.30.2",
        hosts: { a: { range: "172.16.30.32/27" } },
        retired: [
          { host: "b", range: "172.16.30.64/27", shim: "172.16.30.2" },
          { host: "c", range: "172.16.30.96/27", shim: "172.16.30.40" },
          { host: "d", range: "172.16.30.128/27", shim: "172.16.30.4" },
        ],
      },
    };
    const planned = plan({ subnets: [{ subnet: LAN, gateway: "172.16.30.2" }], hosts: ["a"] }, old);
    assert.deepEqual(ranges(planned), { a: "172.16.30.32/27" });
    assert.deepEqual(kept(planned), ["b 172.16.30.64/27", "c 172.16.30.96/27", "d 172.16.30.128/27 172.16.30.4"]);
  });
});

describe("a plan that is lived in refuses", () => {
  const gone = lived({ hosts: ["host1"] });
  const withGateway = (gateway: string, more: Partial<AddressesToPlan> = {}) => ({
    subnets: [{ subnet: LAN, gateway }],
    ...more,
  });
  const slots = lived({ hosts: { host1: { slot: 1 }, host2: { slot: 2 } } });

  const refused: [what: string, change: Partial<AddressesToPlan>, before: PlannedAddresses, reason: RegExp][] = [
    [
      "a gateway in what a host has",
      withGateway("172.16.30.40"),
      plan(),
      /^Error: the range 172\.16\.30\.32\/27 of host1 in subnet 172\.16\.30\.0\/24 overlaps the gateway 172\.16\.30\.40: give the subnet another gateway, such as 172\.16\.30\.1; or take host1 out of the subnet first, then forget: \["host1"\] frees it once no container there has such an address$/,
    ],
    [
      "a gateway that is a host's own address",
      { ...withGateway("172.16.30.3"), shims: true },
      lived({ shims: true }),
      /the host's own address 172\.16\.30\.3 of host2 in subnet .* overlaps the gateway 172\.16\.30\.3: give the subnet another gateway, such as 172\.16\.30\.1/,
    ],
    [
      "a gateway in what a host had",
      withGateway("172.16.30.70", { hosts: ["host1"] }),
      gone,
      /^Error: 172\.16\.30\.64\/27, which host2 had in subnet .* overlaps the gateway 172\.16\.30\.70: give the subnet another gateway, such as 172\.16\.30\.1; or forget: \["host2"\] frees it once no container there has such an address$/,
    ],
    [
      "a gateway in what a host gives up by the same change",
      withGateway("172.16.30.70", { hosts: ["host1"], forget: ["host2"] }),
      plan(),
      /172\.16\.30\.64\/27, which host2 gives up by this change .*; or let that be a change of its own before this one, then forget: \["host2"\]/,
    ],
    [
      "the default gateway of a narrower subnet in what a host has",
      { subnets: ["172.16.31.0/24"], hosts: ["a", "b", "c", "d"] },
      plan({ subnets: [WIDE], hosts: ["a", "b", "c", "d"] }),
      /the range 172\.16\.31\.0\/26 of d in subnet 172\.16\.31\.0\/24 overlaps the gateway 172\.16\.31\.1: give the subnet another gateway, such as 172\.16\.31\.64;/,
    ],
    [
      "to reserve what a host had",
      { subnets: [{ subnet: LAN, reserved: ["172.16.30.90-172.16.30.110"] }], hosts: ["host1"] },
      gone,
      /172\.16\.30\.64\/27, which host2 had in subnet .* overlaps reserved 172\.16\.30\.90-172\.16\.30\.110: reserve others; or forget: \["host2"\]/,
    ],
    [
      "a slot that another host has",
      { hosts: { host1: { slot: 2 }, host2: { slot: 1 } } },
      slots,
      /slot 2 of host1 in subnet .* overlaps what host2 has: give another slot$/,
    ],
    [
      "a slot that another host had",
      { hosts: { host1: {}, host3: { slot: 2 } } },
      gone,
      /slot 2 of host3 in subnet .* overlaps 172\.16\.30\.64\/27, which host2 had: give another slot; or forget: \["host2"\] frees it/,
    ],
    [
      "slots that a wider subnet puts on others",
      { subnets: [WIDE], hosts: { host1: { slot: 1 }, host2: { slot: 2 } } },
      slots,
      /slot 1 of host1 in subnet .* overlaps what host2 has: give another slot, or the subnet size 32 as before/,
    ],
    [
      "a slot whose host's own address another host had",
      { hosts: { host1: {}, host3: { slot: 1 } }, shims: true, subnets: sized(16) },
      lived({ shims: true }, { shims: true, hosts: ["host1"] }),
      /the host's own address of host3 in subnet .* overlaps 172\.16\.30\.3, which host2 had: give another slot, a larger size, or plan without shims; or forget: \["host2"\]/,
    ],
    [
      "an old name that is a host's still",
      { hosts: { web: { formerly: "host1" }, host1: {} } },
      plan(),
      /web was formerly host1, and host1 is one of the hosts too: take one of both out/,
    ],
    [
      "an old name of two",
      { hosts: { web: { formerly: "host1" }, app: { formerly: "host1" } } },
      plan(),
      /app and web were both formerly host1: only one can have been/,
    ],
    [
      "what has no room beside that",
      { subnets: sized(64), hosts: ["host1", "host2", "host3", "host4"] },
      plan(),
      /is full: 64 addresses are missing, for host4 \(64\); .* 32 are given up by this change, by host1: let that be a change of its own before this one, then forget: \["host1"\] frees them once no container there has one\. Give hosts/,
    ],
  ];
  for (const [what, change, before, reason] of refused)
    it(what, () => assert.throws(() => plan(change, before), reason));

  it("nothing of that once it is forgotten", () => {
    assert.equal(
      plan(withGateway("172.16.30.70", { hosts: ["host1"], forget: ["host2"] }), gone)[LAN]?.gateway,
      "172.16.30.70",
    );
    assert.deepEqual(ranges(plan({ hosts: { host1: {}, host3: { slot: 2 } }, forget: ["host2"] }, gone)), {
      host1: HOST1,
      host3: HOST2,
    });
  });
});
