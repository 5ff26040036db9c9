import assert from "node:assert/strict";
import { handlers } from "../../../../provider/pulumi/dynamic/handlers";
import { UNKNOWN } from "../../../../provider/vocabulary/values";

type Props = Record<string, unknown>;
const LAN = "172.16.10.0/24";

const check = async (news: Props, olds: Props = {}) => handlers.check("AddressPlan", olds, news);
const rangesOf = (inputs: Props): Props =>
  Object.fromEntries(
    Object.entries(
      (inputs["plan"] as Record<string, { hosts: Record<string, { range: string }> }>)[LAN]?.hosts ?? {},
    ).map(([host, { range }]) => [host, range]),
  );

describe("an address plan in a stack", () => {
  it("is made by check, so that a preview shows it", async () => {
    const { inputs, failures } = await check({ subnets: [LAN], hosts: ["b", "a"] });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      subnets: [{ subnet: LAN }],
      hosts: { a: {}, b: {} },
      shims: false,
      plan: {
        [LAN]: {
          gateway: "172.16.10.1",
          hosts: { a: { range: "172.16.10.32/27" }, b: { range: "172.16.10.64/27" } },
          retired: [],
        },
      },
    });
    assert.deepEqual(await handlers.create("AddressPlan", inputs), { id: "addresses", outs: inputs });
  });

  it("moves nobody's range when hosts come and go", async () => {
    const first = (await check({ subnets: [LAN], hosts: ["m", "z"] })).inputs;
    const second = (await check({ subnets: [LAN], hosts: ["z", "m", "a"] }, first)).inputs;
    const third = (await check({ subnets: [LAN], hosts: ["z", "a"] }, second)).inputs;
    assert.deepEqual(rangesOf(second), { ...rangesOf(first), a: "172.16.10.96/27" });
    assert.deepEqual(rangesOf(third), { a: "172.16.10.96/27", z: rangesOf(first)["z"] });
    assert.equal((await handlers.diff("AddressPlan", second, third)).changes, true);
    assert.equal((await handlers.diff("AddressPlan", second, second)).changes, false);
    // Without its memory another one would have come out: the test could not fail else.
    assert.notDeepEqual(rangesOf((await check({ subnets: [LAN], hosts: ["z", "m", "a"] })).inputs), rangesOf(second));
  });

  it("keeps what hosts had until their names are in forget, which each acts once", async () => {
    const all = { subnets: [{ subnet: LAN, size: 64 }], hosts: ["a", "b", "c"] };
    const gone = (await check({ ...all, hosts: ["a", "b"] }, (await check(all)).inputs)).inputs;
    const full = await check({ ...all, hosts: ["a", "b", "d"] }, gone);
    assert.match(
      full.failures[0]?.reason ?? "",
      /^AddressPlan: subnet .* is full: .* 64 are kept for c, who had them: forget: \["c"\] frees them once no container there has one\. Give hosts a smaller size, reserve less, or take a larger subnet$/,
    );
    const { inputs, failures } = await check({ ...all, hosts: ["a", "b", "d"], forget: ["c", "c"] }, gone);
    assert.deepEqual([failures, inputs["forget"], rangesOf(inputs)["d"]], [[], ["c"], "172.16.10.192/26"]);
    assert.equal((await handlers.diff("AddressPlan", gone, inputs)).changes, true);
    // It stays in the program: what d has is kept for it all the same, and so is what c gets and gives up again.
    const again = (await check({ ...all, hosts: ["a", "b"], forget: ["c", "d"] }, inputs)).inputs;
    const back = await check({ ...all, hosts: ["a", "b", "c"], forget: ["c", "d"] }, again);
    assert.match(
      back.failures[0]?.reason ?? "",
      /64 are kept for d, who had them: .* What forget names already \(c, d\) has been forgotten once: take it out for one `pulumi up` before you name it again$/,
    );
    const without = (await check({ ...all, hosts: ["a", "b"], forget: [] }, again)).inputs;
    assert.equal("forget" in without, false);
    const named = await check({ ...all, hosts: ["a", "b", "c"], forget: ["d"] }, without);
    assert.deepEqual([named.failures, rangesOf(named.inputs)["c"]], [[], "172.16.10.192/26"]);
  });

  it("knows a host by its former name", async () => {
    const first = (await check({ subnets: [LAN], hosts: ["a", "b"] })).inputs;
    const renamed = (await check({ subnets: [LAN], hosts: { web: { formerly: "b" }, a: {} } }, first)).inputs;
    assert.deepEqual(rangesOf(renamed), { a: "172.16.10.32/27", web: "172.16.10.64/27" });
    const { failures } = await check({ subnets: [LAN], hosts: { web: { formerly: "b" }, b: {} } }, renamed);
    assert.match(failures[0]?.reason ?? "", /^AddressPlan: web was formerly b, and b is one of the hosts too/);
  });

  it("is no other one for a spelling or an order", async () => {
    const first = (await check({ subnets: [LAN, "fd00::/64"], hosts: ["a", "b"] })).inputs;
    const second = (await check({ subnets: [{ subnet: LAN }, " fd00:0::/64"], hosts: { b: {}, a: {} } }, first)).inputs;
    assert.deepEqual(second, first);
    assert.equal((await handlers.diff("AddressPlan", first, second)).changes, false);
  });

  it("is not known while what it is made of is not", async () => {
    const { inputs, failures } = await check({ subnets: [UNKNOWN], hosts: ["a"] });
    assert.deepEqual(failures, []);
    assert.equal(inputs["plan"], UNKNOWN);
    assert.equal((await handlers.diff("AddressPlan", {}, inputs)).changes, true);
  });

  const refused: [what: string, news: Props, reason: RegExp][] = [
    [
      "a subnet with host bits",
      { subnets: ["172.16.10.1/24"], hosts: ["a"] },
      /^AddressPlan: subnets\[0\]\.subnet "172\.16\.10\.1\/24" has host bits set: the subnet is 172\.16\.10\.0\/24/,
    ],
    [
      "a full subnet",
      { subnets: [{ subnet: LAN, size: 128 }], hosts: ["a", "b"] },
      /^AddressPlan: subnet 172\.16\.10\.0\/24 is full: 128 addresses are missing, for b/,
    ],
    [
      "a host that is not there",
      { subnets: [{ subnet: LAN, hosts: ["c"] }], hosts: ["a"] },
      /^AddressPlan: subnet 172\.16\.10\.0\/24 is to have c: no such host; there are a$/,
    ],
    [
      "an input that is none",
      { subnets: [{ subnet: LAN, gatway: "172.16.10.1" }], hosts: ["a"] },
      /^AddressPlan: subnets\[0\] must be a subnet, or \{subnet, gateway/,
    ],
    ["no hosts", { subnets: [LAN] }, /^AddressPlan: hosts must be names of hosts/],
  ];
  for (const [what, news, reason] of refused) {
    it(`refuses ${what}`, async () => {
      const { failures } = await check(news);
      assert.equal(failures.length > 0, true, "it was taken");
      assert.match(failures[0]?.reason ?? "", reason);
    });
  }
});
