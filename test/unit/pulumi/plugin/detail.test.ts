import assert from "node:assert/strict";
import { detailsOf } from "../../../../provider/pulumi/plugin/detail";

describe("what a preview shows of a change", () => {
  const cases: [what: string, old: unknown, wanted: unknown, shown: Record<string, string>][] = [
    ["nothing where only the order of keys differs", { a: 1, b: [2] }, { b: [2], a: 1 }, {}],
    ["a field that comes", undefined, 1400, { field: "add" }],
    ["a field that goes", 1400, undefined, { field: "delete" }],
    [
      "a value of a map",
      { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
      { subnet: "10.0.0.0/24" },
      { "field.gateway": "delete" },
    ],
    ["an item of a list", ["a", "b"], ["a", "c", "d"], { "field[1]": "update", "field[2]": "add" }],
    ["a key that is no word", { "6": 5 }, { "6": 4 }, { 'field["6"]': "update" }],
    ["a list that was empty, as one", [], ["a"], { field: "update" }],
    ["one kind of value for another", { a: 1 }, "text", { field: "update" }],
  ];
  for (const [what, old, wanted, shown] of cases)
    it(`is ${what}`, () => assert.deepEqual(Object.fromEntries(detailsOf("field", old, wanted)), shown));
});
