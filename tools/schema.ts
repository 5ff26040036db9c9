// npm run schema: the plugin's schema, made from what is written once: the documented arguments of provider/kinds, and the outputs of the
// resources in provider/pulumi/resources.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { kinds } from "../provider/kinds";

const ROOT = join(__dirname, "..", "..");
const PROVIDER = join(ROOT, "provider");
export const schemaFile = join(PROVIDER, "pulumi", "plugin", "schema.json");

interface TypeSpec {
  type?: string;
  $ref?: string;
  items?: TypeSpec;
  additionalProperties?: TypeSpec;
  oneOf?: TypeSpec[];
}

interface Property extends TypeSpec {
  description?: string;
  default?: unknown;
  secret?: true;
  willReplaceOnChanges?: true;
}

interface ObjectSpec {
  description?: string;
  type?: string;
  properties?: Record<string, Property>;
  required?: string[];
  enum?: { value: unknown }[];
}

interface ComponentSpec extends ResourceSpec {
  isComponent: true;
}

interface FunctionSpec {
  description?: string;
  inputs: ObjectSpec;
  outputs: ObjectSpec;
}

interface ResourceSpec extends ObjectSpec {
  inputProperties: Record<string, Property>;
  requiredInputs: string[];
}

const RESOURCES = kinds
  .map(({ type }) => type)
  .concat("AddressPlan", "Reachability")
  .map((type) => ({ type, folder: type.replace(/(?<!^)[A-Z]/g, "-$&").toLowerCase() }));
const ARGUMENTS: Record<string, string> = { AddressPlan: "AddressesToPlan" };

/** What a program's own type has the fields of, each of which may come later there. */
const SAME: Record<string, string> = { ProbeArgs: "GivenProbe" };
const NAMELESS = ["__type", "Omit", "Pick"];

const text = (description: string): Property => ({ type: "string", description });

const HOST = "A name of the provider's `hosts`, or how it is reached.";

class Schema {
  readonly types: Record<string, ObjectSpec> = {};
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;

  constructor() {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config,
      ts.sys,
      ROOT,
    );
    this.program = ts.createProgram([join(PROVIDER, "index.ts")], options);
    this.checker = this.program.getTypeChecker();
  }

  private declared(file: string, name: string): ts.InterfaceDeclaration | ts.ClassDeclaration {
    const source = this.program.getSourceFile(join(PROVIDER, file));
    const found = source?.statements.find(
      (statement): statement is ts.InterfaceDeclaration | ts.ClassDeclaration =>
        (ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === name,
    );
    if (!found) throw new Error(`${file} declares no ${name}`);
    return found;
  }

  private words(symbol: ts.Symbol | undefined): { description?: string } {
    const text = ts.displayPartsToString(symbol?.getDocumentationComment(this.checker)).replace(/\s+/g, " ").trim();
    return text ? { description: text } : {};
  }

  /** `place` names what has no name of its own: an enumeration of one field. */
  private specOf(given: ts.Type, place: string): TypeSpec {
    const type = this.checker.getNonNullableType(given);
    if (given.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return { $ref: "pulumi.json#/Any" };
    if (type.flags & ts.TypeFlags.StringLike && !type.isUnion()) return { type: "string" };
    if (type.flags & ts.TypeFlags.NumberLike && !type.isUnion()) return { type: "integer" };
    if (type.flags & ts.TypeFlags.BooleanLike) return { type: "boolean" };
    if (type.isUnion()) return this.union(type, place);
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
      return { type: "array", items: this.specOf(item as ts.Type, place) };
    }
    const values = this.checker.getIndexTypeOfType(type, ts.IndexKind.String);
    if (values) return { type: "object", additionalProperties: this.specOf(values, place) };
    return this.named(type, place);
  }

  private union(union: ts.UnionType, place: string): TypeSpec {
    // What a program may have from other resources is the same thing, later.
    const types = union.types.filter((one) => !["Promise", "OutputInstance"].includes(one.getSymbol()?.name ?? ""));
    const [only] = types;
    if (only && types.length === 1) return this.specOf(only, place);
    if (types.every((one) => one.flags & ts.TypeFlags.BooleanLike)) return { type: "boolean" };
    if (types.every((one) => one.isNumberLiteral())) return { type: "integer" };
    if (types.every((one) => one.isStringLiteral())) {
      const name = union.aliasSymbol?.name ?? place;
      const values = types.map((one) => ({ value: (one as ts.StringLiteralType).value }));
      this.types[`macvlan:index:${name}`] ??= { type: "string", enum: values };
      return { $ref: `#/types/macvlan:index:${name}` };
    }
    const specs = types.map((one) => this.specOf(one, place));
    return { oneOf: [...new Map(specs.map((spec) => [JSON.stringify(spec), spec])).values()] };
  }

  private named(type: ts.Type, place: string): TypeSpec {
    const own = (type.aliasSymbol ?? (type.symbol as ts.Symbol | undefined))?.name ?? "__type";
    if (own === "HostConnection") return this.host();
    if (RESOURCES.some((resource) => resource.type === own)) return { $ref: `#/resources/macvlan:index:${own}` };
    const name = SAME[own] ?? (NAMELESS.includes(own) ? place : own.replace(/Args$/, ""));
    const token = `macvlan:index:${name}`;
    if (!this.types[token]) {
      this.types[token] = {};
      this.types[token] = { type: "object", ...this.words(type.symbol), ...this.fields(type, name) };
    }
    return { $ref: `#/types/${token}` };
  }

  private fields(type: ts.Type, owner: string): { properties: Record<string, Property>; required: string[] } {
    const symbols = this.checker.getPropertiesOfType(type);
    const required = symbols.filter(({ flags }) => !(flags & ts.SymbolFlags.Optional)).map(({ name }) => name);
    const properties = symbols.map((symbol): [string, Property] => {
      const place = `${owner}${symbol.name[0]?.toUpperCase()}${symbol.name.slice(1)}`;
      const words = this.words(symbol);
      const secret = /\bsecret\b/i.test(words.description ?? "") && symbol.name !== "sudo";
      const spec = this.specOf(this.checker.getTypeOfSymbol(symbol), place.replace("Arguments", ""));
      return [symbol.name, { ...spec, ...words, ...(secret ? { secret } : {}) }];
    });
    return { properties: Object.fromEntries(properties), required };
  }

  private host(): TypeSpec {
    return { oneOf: [{ type: "string" }, this.named(this.at("vocabulary/host.ts", "Connection"), "")] };
  }

  private component(file: string, type: string, outputs: Record<string, Property>, required: string[]): ComponentSpec {
    const declaration = this.declared(file, type);
    const inputs = this.fields(this.at(file, `${type}Args`), type);
    return {
      ...this.words(this.checker.getSymbolAtLocation(declaration.name as ts.Node)),
      isComponent: true,
      inputProperties: inputs.properties,
      requiredInputs: inputs.required,
      properties: outputs,
      required,
    };
  }

  shim(): ComponentSpec {
    const outputs = { linkName: text("The name of the link that it is made of."), macAddress: text("The link's.") };
    return this.component("pulumi/components/host-shim.ts", "HostShim", outputs, Object.keys(outputs));
  }

  topology(): ComponentSpec {
    const file = "pulumi/components/vlan-topology.ts";
    const outputs: Record<string, Property> = {
      plan: {
        type: "object",
        additionalProperties: this.specOf(this.at("kinds/address-plan/arguments.ts", "SubnetPlan"), ""),
        description: "By subnet: the gateway, and of each host its range and its own address.",
      },
      diagram: text("Mermaid text."),
      dot: text("The same as Graphviz's text, for `dot -Tsvg`."),
      networkIds: {
        type: "object",
        additionalProperties: { type: "object", additionalProperties: { type: "string" } },
        description: "Docker's ids of the networks, by host, then by VLAN.",
      },
      ruleset: text("The router's, as InterVlanRouter's; where there is one."),
      results: {
        type: "array",
        items: this.specOf(this.at("kinds/reachability/probes.ts", "ProbeResult"), ""),
        description: "What came of each probe, as Reachability's; where `prove` or `probes` ask for it.",
      },
    };
    const topology = this.component(file, "VlanTopology", outputs, ["plan", "diagram", "dot", "networkIds"]);
    const host = this.types["macvlan:index:TopologyHost"];
    const connection = host?.properties?.["connection"];
    if (!connection) throw new Error(`${file}: a host has no connection`);
    connection.description = `${HOST} Default: the one of the provider's hosts that its own key names.`;
    host.required = (host.required ?? []).filter((field) => field !== "connection");
    return topology;
  }

  private inputs(type: string, folder: string) {
    const declaration = this.declared(`kinds/${folder}/arguments.ts`, ARGUMENTS[type] ?? `${type}Arguments`);
    const { properties, required } = this.fields(this.checker.getTypeAtLocation(declaration), type);
    const kind = kinds.find((one) => one.type === type);
    for (const [field, property] of Object.entries(properties)) {
      const standard = kind?.fields[field]?.safeParse(undefined);
      const plain = ["string", "number", "boolean"].includes(typeof standard?.data);
      if (standard?.success && plain && property.type) property.default = standard.data;
      if (kind?.identity.includes(field)) property.willReplaceOnChanges = true;
    }
    return { properties, required };
  }

  resource(type: string, folder: string): ResourceSpec {
    const { properties, required } = this.inputs(type, folder);
    const host = this.host();
    if (type === "Reachability") {
      properties["hosts"] = {
        type: "object",
        additionalProperties: host,
        description: `By the names that probes use. ${HOST}`,
      };
      required.push("hosts");
    } else if (type !== "AddressPlan") {
      properties["host"] = { ...host, description: `The host it is on. ${HOST}`, willReplaceOnChanges: true };
      required.push("host");
    }
    const declaration = this.declared(`pulumi/resources/${folder}.ts`, type) as ts.ClassDeclaration;
    const outputs: Record<string, Property> = {};
    for (const member of declaration.members) {
      if (!ts.isPropertyDeclaration(member) || !member.type || !ts.isTypeReferenceNode(member.type)) continue;
      const name = (member.name as ts.Identifier).text;
      const [inner] = member.type.typeArguments ?? [];
      const place = `${type}${name[0]?.toUpperCase()}${name.slice(1)}`;
      const words = this.words(this.checker.getSymbolAtLocation(member.name));
      const { description } = { ...properties[name], ...words };
      const spec = properties[name] ?? this.specOf(this.checker.getTypeFromTypeNode(inner as ts.TypeNode), place);
      const { default: _default, willReplaceOnChanges: _replaces, ...shape } = spec as Property;
      outputs[name] = { ...shape, ...(description ? { description } : {}) };
    }
    const all: Record<string, Property> = { ...properties, ...outputs };
    return {
      ...this.words(this.checker.getSymbolAtLocation(declaration.name as ts.Node)),
      inputProperties: properties,
      requiredInputs: required,
      properties: Object.fromEntries(
        Object.entries(all).map(([name, { default: _default, ...property }]) => [name, property]),
      ),
      required: [...new Set([...required, ...Object.keys(outputs).filter((name) => !properties[name])])],
    };
  }

  private at(file: string, name: string): ts.Type {
    return this.checker.getTypeAtLocation(this.declared(file, name));
  }

  functions(): Record<string, FunctionSpec> {
    const plan = this.specOf(this.at("kinds/address-plan/arguments.ts", "SubnetPlan"), "");
    const plans: TypeSpec = { type: "object", additionalProperties: plan };
    const asked = this.fields(this.at("kinds/address-plan/arguments.ts", "AddressesToPlan"), "AddressesToPlan");
    asked.properties["previous"] = { ...plans, description: "The plan before: what it gave stays. Default: none." };
    const attachments = this.fields(this.at("plan/multus.ts", "NetworkAttachmentArgs"), "NetworkAttachment");
    const definition = this.specOf(this.at("plan/multus.ts", "NetworkAttachmentDefinition"), "");
    const result = (name: string, spec: TypeSpec, description: string): ObjectSpec => ({
      properties: { [name]: { ...spec, description } },
      required: [name],
    });
    return {
      "macvlan:index:planAddresses": {
        description:
          "Gives each host a range of each subnet of its own, by arithmetic alone: nothing is kept, so that `previous` must be. See AddressPlan.",
        inputs: asked,
        outputs: result("plan", plans, "By subnet."),
      },
      "macvlan:index:toNetworkAttachmentDefinitions": {
        description: "The same VLANs for Kubernetes with Multus: what pods are attached to, as manifests.",
        inputs: attachments,
        outputs: result(
          "definitions",
          { type: "array", items: definition },
          "One for each VLAN, and each node where ranges are its own.",
        ),
      },
    };
  }

  hosts(): Property {
    const connection = this.named(this.at("vocabulary/host.ts", "Connection"), "");
    const description =
      "Hosts by name, and how each is reached; resources name them. Default: those of a lab that runs on this machine (npm run lab).";
    return { type: "object", additionalProperties: connection, description, secret: true };
  }
}

/** As `pulumi package get-schema` shows it, but for the version, which the plugin adds. */
export function makeSchema() {
  const schema = new Schema();
  const resources: Record<string, ResourceSpec> = Object.fromEntries(
    RESOURCES.map(({ type, folder }) => [`macvlan:index:${type}`, schema.resource(type, folder)]),
  );
  resources["macvlan:index:HostShim"] = schema.shim();
  resources["macvlan:index:VlanTopology"] = schema.topology();
  const hosts = schema.hosts();
  const functions = schema.functions();
  return {
    name: "macvlan",
    displayName: "macvlan",
    description: "Puts the containers of many Docker hosts straight onto VLANs, over SSH, with no agent.",
    keywords: ["category/network", "docker", "macvlan", "vlan"],
    license: "Apache-2.0",
    language: {
      nodejs: {
        packageName: "pulumi-macvlan-sdk",
        respectSchemaVersion: true,
        typescriptVersion: "^6.0.0",
      },
      python: { packageName: "pulumi_macvlan", pyproject: { enabled: true }, respectSchemaVersion: true },
      go: { importBasePath: "pulumi-macvlan-sdk/macvlan", respectSchemaVersion: true },
    },
    config: { variables: { hosts } },
    provider: { inputProperties: { hosts } },
    types: schema.types,
    resources,
    functions,
  };
}

export const schemaText = (): string => `${JSON.stringify(makeSchema(), undefined, 2)}\n`;

if (require.main === module) writeFileSync(schemaFile, schemaText());
