import assert from "node:assert/strict";
import { parseCidr } from "../../../provider/vocabulary/addresses";
import { around, type Block, blockOf, formatBlock, without } from "../../../provider/vocabulary/blocks";

const of = (text: string): Block => blockOf(parseCidr(text));
const shown = (blocks: readonly Block[]): string[] => blocks.map((one) => formatBlock(4, one));

describe("blocks", () => {
  it("hold the address that they are around", () => {
    assert.deepEqual(shown([around(of("10.0.0.77/32").first, 5), around(of("10.0.0.77/32").first, 0)]), [
      "10.0.0.64/27",
      "10.0.0.77/32",
    ]);
  });

  it("without another one are what is outside of it", () => {
    assert.deepEqual(shown(without(of("10.0.0.0/24"), of("10.0.0.64/26"))), ["10.0.0.0/26", "10.0.0.128/25"]);
    assert.deepEqual(shown(without(of("10.0.0.0/24"), of("10.0.1.0/24"))), ["10.0.0.0/24"]);
    assert.deepEqual(shown(without(of("10.0.0.0/24"), of("10.0.0.0/23"))), []);
  });
});
