import assert from "node:assert/strict";
import { open, secretAs } from "../../../../provider/pulumi/plugin/secrets";

const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

describe("secrets of the plugin's values", () => {
  const said = {
    host: { address: "192.0.2.1", password: secret("x") },
    list: [1, secret({ a: secret(2) })],
    all: secret([3]),
  };
  const plain = { host: { address: "192.0.2.1", password: "x" }, list: [1, { a: 2 }], all: [3] };

  it("are opened, wherever they are", () => assert.deepEqual(open(said), plain));

  it("are secret again where they were, and nothing else is", () => {
    assert.deepEqual(secretAs({ ...plain, all: [4], more: "y" }, said), {
      ...said,
      list: [1, secret({ a: 2 })],
      all: secret([4]),
      more: "y",
    });
    assert.deepEqual(secretAs(plain, undefined), plain);
    assert.deepEqual(secretAs({ host: "host1" }, said), { host: "host1" });
  });

  it("once wrapped are not wrapped again", () =>
    assert.deepEqual(secretAs(secretAs(plain, said), said), secretAs(plain, said)));
});
