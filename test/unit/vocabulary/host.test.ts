import assert from "node:assert/strict";
import { typedFields } from "../../../provider/vocabulary/host";

describe("a host as people type it", () => {
  for (const [text, fields] of [
    ["host1", { address: "host1" }],
    ["ops@host1", { address: "host1", user: "ops" }],
    ["ops@host1:2222", { address: "host1", user: "ops", port: 2222 }],
    ["fd00::5", { address: "fd00::5" }],
    ["ops@fd00::5", { address: "fd00::5", user: "ops" }],
    ["root@[fd00::5]:2222", { address: "fd00::5", user: "root", port: 2222 }],
    ["a b", undefined],
  ] as const)
    it(`is read: ${text}`, () => assert.deepEqual(typedFields(text), fields));
});
