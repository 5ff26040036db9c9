import assert from "node:assert/strict";
import { joinNames, nameAndFormer } from "../../../provider/plan/names";

describe("names of children", () => {
  it("are those of today, and every mix with those of before", () => {
    const host = nameAndFormer("a", { formerly: "host1" });
    const vlan = nameAndFormer("lan10", { formerly: "mac10" });
    assert.deepEqual(joinNames(["lan"], host, vlan), [
      "lan-a-lan10",
      "lan-a-mac10",
      "lan-host1-lan10",
      "lan-host1-mac10",
    ]);
    assert.deepEqual(joinNames(["lan"], nameAndFormer("a", {}), ["mac10"]), ["lan-a-mac10"]);
  });
});
