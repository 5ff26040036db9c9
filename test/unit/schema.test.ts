// The plugin's schema says the same as the documented arguments.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { kinds } from "../../provider/kinds";
import { makeSchema, schemaFile, schemaText } from "../../tools/schema";

describe("the plugin's schema", function () {
  this.timeout(60_000);
  const { functions, resources, types } = makeSchema();

  it("is the one of today's arguments", () =>
    assert.equal(readFileSync(schemaFile, "utf8"), schemaText(), "make it again with npm run schema"));

  it("has a word for every field", () => {
    const ends = Object.entries(functions).flatMap(([token, { inputs, outputs }]) => [
      [`${token} of`, inputs] as const,
      [`${token} gives`, outputs] as const,
    ]);
    const bare = [...Object.entries({ ...types, ...resources }), ...ends].flatMap(([token, object]) =>
      Object.entries({ ...object.properties, ...("inputProperties" in object ? object.inputProperties : {}) })
        .filter(([, { description }]) => !description)
        .map(([field]) => `${token} ${field}`),
    );
    assert.deepEqual(bare, []);
  });

  it("has every field that a kind reads, and no other", () => {
    for (const kind of kinds) {
      const given = Object.keys(resources[`macvlan:index:${kind.type}`]?.inputProperties ?? {});
      const outside = ["host", "adopt"];
      assert.deepEqual(given.filter((field) => !outside.includes(field)).sort(), Object.keys(kind.fields).sort());
    }
  });

  it("says what replaces, what stands for what is left out, and what is secret", () => {
    const { inputProperties = {}, requiredInputs } = resources["macvlan:index:VlanSubinterface"] ?? {};
    const { vlanId, mtu, persist } = inputProperties;
    assert.deepEqual(
      [vlanId?.willReplaceOnChanges, mtu?.willReplaceOnChanges, persist?.default],
      [true, undefined, true],
    );
    assert.deepEqual(requiredInputs, ["parent", "vlanId", "host"]);
    const connection = types["macvlan:index:Connection"]?.properties ?? {};
    const secret = Object.keys(connection).filter((field) => connection[field]?.secret);
    assert.deepEqual(secret, ["privateKey", "passphrase", "password"]);
  });
});
