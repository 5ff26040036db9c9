import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kinds } from "../../../provider/kinds";
import { lean, whole } from "../../../provider/lifecycle/defaults";
import { check, diff, fieldsOf } from "../../../provider/lifecycle/lifecycle";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";
import { RIGHT, type Type } from "../inputs";

const ROOT = join(__dirname, "..", "..", "..", "..");

const defaultOf = (field: string, kind: (typeof kinds)[number]): unknown =>
  fieldsOf(kind)[field]?.safeParse(undefined).data;

/** What states leave out means this, for ever: a line of it that has to change is a break with every stack that is there. */
const FOR_EVER: Record<string, object> = {
  VlanSubinterface: {
    adopt: false,
    protocol: "802.1Q",
    reorderHeader: true,
    egressQosMap: {},
    ingressQosMap: {},
    addresses: [],
    promiscuous: false,
    persist: true,
  },
  MacvlanLink: { adopt: false, kind: "macvlan", addresses: [], routes: [], promiscuous: false, persist: true },
  MacvlanNetwork: {
    adopt: false,
    driver: "macvlan",
    subnets: [],
    internal: false,
    labels: {},
    options: {},
    probe: false,
    scope: "local",
    configOnly: false,
  },
  InterVlanRouter: {
    adopt: false,
    name: "router",
    nat: [],
    policy: { default: "accept", rules: [] },
    probe: false,
    persist: true,
  },
  HostInterface: { adopt: false },
};

describe("what is default", () => {
  it("is so for ever", () => {
    assert.deepEqual(Object.fromEntries(kinds.map((kind) => [kind.type, whole(kind, {})])), FOR_EVER);
  });

  it("stays in inputs where it is a map, in which ignoreChanges may name something", () => {
    const network = kinds.find(({ type }) => type === "MacvlanNetwork");
    assert.ok(network);
    assert.deepEqual(lean(network, { labels: {}, internal: false }, "inputs"), { labels: {} });
    assert.deepEqual(lean(network, { labels: {}, internal: false }, "state"), {});
  });

  for (const kind of kinds) {
    const given = RIGHT[kind.type as Type];
    const { inputs } = check(kind, given);

    it(`of a ${kind.type} stays out of its state, and comes back as it was`, () => {
      const short = lean(kind, inputs, "state");
      assert.deepEqual(whole(kind, short), inputs);
      for (const [field, value] of Object.entries(short))
        if (!kind.shown?.includes(field)) assert.notDeepEqual(value, defaultOf(field, kind), field);
      assert.ok(Object.keys(short).length < Object.keys(inputs).length);
    });

    it(`of a ${kind.type} is no change where a state of before has it, and what is not default is one`, async () => {
      const { inputs: now } = await handlers.check(kind.type, {}, given);
      assert.deepEqual(now, lean(kind, inputs, "inputs"));
      assert.equal((await handlers.diff(kind.type, inputs, now)).changes, false);
      assert.equal((await handlers.diff(kind.type, now, now)).changes, false);
      assert.deepEqual(diff(kind, whole(kind, now), inputs).fields, []);
      if ("persist" in kind.fields)
        assert.equal((await handlers.diff(kind.type, now, { ...now, persist: false })).changes, true);
    });
  }

  it("is in a state all the same where programs read it", () => {
    const folder = join(ROOT, "provider", "pulumi", "resources");
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file), "utf8");
      const kind = kinds.find(({ type }) => text.includes(`class ${type} `));
      if (!kind) continue;
      const outputs = [...text.matchAll(/declare readonly (\w+):/g)].map(([, name = ""]) => name);
      assert.ok(outputs.length > 0, file);
      const hidden = outputs.filter((name) => defaultOf(name, kind) !== undefined && !kind.shown?.includes(name));
      assert.deepEqual(hidden, [], file);
    }
  });
});
