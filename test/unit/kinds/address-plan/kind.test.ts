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
