import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareCidr,
  contains,
  formatCidr,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../../provider/vocabulary/addresses";

const cidr4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => `${address}/${prefix}`);
const cidr6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, prefix]) => `${address}/${prefix}`);
const cidr = fc.oneof(
  cidr4,
  cidr6.filter((text) => !text.includes(".")),
);

describe("addresses", () => {
  it("are spelt in one way, whatever the spelling was", () => {
    assert.equal(formatCidr(parseCidr("FD00:0:0:0:0:0:0:2/64")), "fd00::2/64");
    fc.assert(
      fc.property(cidr, (text) => formatCidr(parseCidr(formatCidr(parseCidr(text)))) === formatCidr(parseCidr(text))),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => parseAddress(text).address === text));
  });

  it("lie in their own network, whose ends are its first and last", () => {
    fc.assert(
      fc.property(cidr, (text) => {
        const parsed = parseCidr(text);
        const bits = parsed.family === 4 ? 32 : 128;
        assert.ok(contains(parseCidr(networkOf(parsed)), parsed));
        assert.equal(parsed.last - parsed.first + 1n, 1n << BigInt(bits - parsed.prefix));
        assert.equal(parsed.first % (1n << BigInt(bits - parsed.prefix)), 0n);
      }),
    );
  });

  it("overlap just when one holds an end of the other", () => {
    fc.assert(
      fc.property(cidr4, cidr4, (a, b) => {
        const [left, right] = [parseCidr(a), parseCidr(b)];
        const expected =
          contains(left, { family: 4, value: right.first }) || contains(right, { family: 4, value: left.first });
        assert.equal(overlaps(left, right), expected);
      }),
    );
  });

  it("have one order", () => {
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 8 }), (list) => {
        const sorted = [...list].sort(compareCidr).map((text) => formatCidr(parseCidr(text)));
        assert.deepEqual(
          [...list]
            .reverse()
            .sort(compareCidr)
            .map((text) => formatCidr(parseCidr(text))),
          sorted,
        );
      }),
    );
  });

  for (const bad of ["172.16.10", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "::g", "1:2", "", " ", "a", "1.2.3.4/x"]) {
    it(`refuses ${JSON.stringify(bad)}`, () => assert.throws(() => parseCidr(`${bad}/24`)));
  }
  for (const bad of ["1.2.3.4/33", "::/129", "1.2.3.4", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/2/3"]) {
    it(`refuses ${bad}`, () => assert.throws(() => parseCidr(bad)));
  }
});
