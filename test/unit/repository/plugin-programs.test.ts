// Programs for the plugin in languages whose hosts can't be had here: every type and field is one of the schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { makeSchema } from "../../../tools/schema";

const file = join(__dirname, "..", "..", "..", "..", "docs", "plugin", "Pulumi.yaml");

type Spec = Record<string, unknown> & { properties?: object; enum?: { value: unknown }[] };

/** A type of Pulumi's schema as JSON Schema has it: closed, and with the values of an enum alone. */
const closed = ({ type, properties, required, enum: values }: Spec) =>
  values ? { enum: values.map(({ value }) => value) } : { type, properties, required, additionalProperties: false };

describe("a program in YAML", () => {
  const { resources, types } = makeSchema() as unknown as Record<"resources" | "types", Record<string, Spec>>;
  const program = parse(readFileSync(file, "utf8")) as {
    resources: Record<string, { type: string; properties: Record<string, unknown> }>;
  };

  function refusals(token: string, properties: object): string[] {
    const resource = resources[token];
    if (!resource) return [`${token} is no type of the plugin`];
    const validate = new Ajv({ strict: false, allErrors: true }).compile({
      types: Object.fromEntries(Object.entries(types).map(([name, spec]) => [name, closed(spec)])),
      type: "object",
      properties: resource["inputProperties"],
      required: resource["requiredInputs"],
      additionalProperties: false,
    });
    validate(properties);
    return (validate.errors ?? []).map(({ instancePath, message = "" }) => `${instancePath} ${message}`);
  }

  for (const [name, { type, properties }] of Object.entries(program.resources)) {
    it(`has types and fields of the schema: ${name}`, () => assert.deepEqual(refusals(type, properties), []));
  }

  it("refers to outputs that there are", () => {
    const text = readFileSync(file, "utf8");
    const unknown = [...text.matchAll(/\$\{(\w+)\.(\w+)\}/g)].filter(([, name = "", output = ""]) => {
      const outputs = resources[program.resources[name]?.type ?? ""]?.properties ?? {};
      return !(output in outputs);
    });
    assert.deepEqual(unknown.map(String), []);
  });

  it("is checked for what is missing, unknown, and of another type, however deep", () => {
    const { lan } = program.resources;
    assert.deepEqual(refusals("macvlan:index:VlanSubinterface", { host: "host1", vlanID: "300" }), [
      " must have required property 'parent'",
      " must have required property 'vlanId'",
      " must NOT have additional properties",
    ]);
    assert.match(
      String(refusals("macvlan:index:VlanTopology", { ...lan?.properties, vlans: { iot: { vlanId: "1" } } })),
      /\/vlans\/iot\/vlanId must be integer/,
    );
    assert.deepEqual(refusals("macvlan:index:Vlan", {}), ["macvlan:index:Vlan is no type of the plugin"]);
  });
});
