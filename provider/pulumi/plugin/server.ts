// Pulumi's provider contract, for all its languages: what the engine asks of the plugin over gRPC.
// https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { trace } from "../../host/trace";
import { kindOf } from "../../kinds";
import { type AddressesToPlan, type PlannedAddresses, planAddresses } from "../../kinds/address-plan/planner";
import { lean, whole } from "../../lifecycle/defaults";
import { PartialFailure } from "../../lifecycle/lifecycle";
import { type NetworkAttachmentArgs, toNetworkAttachmentDefinitions } from "../../plan/multus";
import { messageOf } from "../../vocabulary/errors";
import { canonical, UNKNOWN, withoutUndefined } from "../../vocabulary/values";
import { bePlugin } from "../door";
import { logWarning } from "../engine";
import { labHosts } from "../lab";
import { type Operations, operations } from "../operations";
import { type Change, detailsOf } from "./detail";
import { asGiven, type Hosts, hostsOf, NoSuchHost, withConnections } from "./hosts";
import { part, SDK, type Untyped } from "./sdk";
import { open, secretAs } from "./secrets";
import { VERSION } from "./version";

type Props = Record<string, unknown>;

const messages: Untyped = part("../../proto/provider_pb.js");
const { ResourceProviderService }: Untyped = part("../../proto/provider_grpc_pb.js");
const { PluginInfo }: Untyped = part("../../proto/plugin_pb.js");
const status: Untyped = part("../../proto/status_pb.js");
const { Any }: Untyped = part("google-protobuf/google/protobuf/any_pb.js");
const { Empty }: Untyped = part("google-protobuf/google/protobuf/empty_pb.js");
const structs: { Struct: typeof Struct } = part("google-protobuf/google/protobuf/struct_pb.js");
const { Server, ServerCredentials, Metadata, status: codes }: typeof grpc = part("@grpc/grpc-js");

/** With what is secret in `like` marked so: a field that came as a secret goes back as one. */
const structOf = (props: Props, like?: Struct): Struct =>
  structs.Struct.fromJavaScript(
    secretAs(withoutUndefined(props), like?.toJavaScript()) as Record<string, JavaScriptValue>,
  );

const propsOf = (struct: Struct | undefined): Props => (open(struct?.toJavaScript() ?? {}) as Props) ?? {};

/** `urn:pulumi:stack::project::types::name` as the mark has it: the same as the dynamic resource of that name. */
export function ownerOf(urn: string): string {
  const [head = "", project = "", , ...name] = urn.split("::");
  return [project, head.split(":").at(-1), name.join("::")].join("/");
}

const typeOf = (urn: string): string => urn.split("::")[2]?.split(":").at(-1) ?? "";

interface Schema {
  resources: Record<string, { properties: object; inputProperties: object }>;
}

/** Made by `npm run schema`; the sources' folder is a part of the package. */
const SCHEMA = join(__dirname, "..", "..", "..", "..", "provider", "pulumi", "plugin", "schema.json");

/** Pure: what they throw says what is wrong and what to do. */
const functions: Record<string, (args: Props) => Props> = {
  "macvlan:index:planAddresses": ({ previous, ...asked }) => ({
    plan: planAddresses(asked as unknown as AddressesToPlan, (previous ?? {}) as PlannedAddresses),
  }),
  "macvlan:index:toNetworkAttachmentDefinitions": (args) => ({
    definitions: toNetworkAttachmentDefinitions(args as unknown as NetworkAttachmentArgs),
  }),
};

export class Plugin {
  private hosts: Hosts | undefined = {};
  private components: Promise<Untyped> | undefined;
  private readonly operations: ReadonlyMap<string, Operations>;
  private readonly schema: Schema = JSON.parse(readFileSync(SCHEMA, "utf8"));

  constructor(private readonly engine: string) {
    bePlugin();
    this.operations = operations((_type, props, text) => this.warn(String(props["__urn"]), text));
  }

  private async warn(urn: string, text: string): Promise<void> {
    await logWarning(SDK, this.engine, text, urn).catch(() => console.error(text));
  }

  private of(urn: string): Operations {
    const found = this.operations.get(typeOf(urn));
    if (!found) throw new Error(`pulumi-macvlan has no resource "${typeOf(urn)}"`);
    return found;
  }

  /** What is done with a resource knows its mark and its URN, which is told apart from what a program says. */
  private given(urn: string, props: Props): Props {
    return { ...withConnections(props, this.hosts), __owner: ownerOf(urn), __urn: urn };
  }

  private known(urn: string, state: Props): Props {
    return { ...withConnections(state, this.hosts), __urn: urn };
  }

  private shown(props: Props, given: Props): Props {
    const { __urn, ...rest } = asGiven(props, given);
    return rest;
  }

  /** What a preview knows of one that is not there yet: what the program says, and of the rest nothing. */
  private foreseen(urn: string, inputs: Props): Props {
    const { properties = {}, inputProperties = {} } = this.schema.resources[`macvlan:index:${typeOf(urn)}`] ?? {};
    const outputs = Object.keys(properties).filter((name) => !(name in inputProperties) && name !== "drift");
    const kind = kindOf(typeOf(urn));
    return { ...Object.fromEntries(outputs.map((name) => [name, UNKNOWN])), ...(kind ? whole(kind, inputs) : inputs) };
  }

  private readonly calls: Record<string, (request: Untyped) => Promise<unknown>> = {
    getPluginInfo: async () => {
      const answer = new PluginInfo();
      answer.setVersion(VERSION);
      return answer;
    },
    getSchema: async () => {
      const answer = new messages.GetSchemaResponse();
      answer.setSchema(JSON.stringify({ ...this.schema, version: VERSION }));
      return answer;
    },
    // As it came: it goes into the state, and what is secret in it is so there too.
    checkConfig: async (request) => {
      const answer = new messages.CheckResponse();
      answer.setInputs(request.getNews());
      return answer;
    },
    diffConfig: async () => new messages.DiffResponse(),
    configure: async (request) => {
      this.hosts = hostsOf(propsOf(request.getArgs())["hosts"] ?? labHosts());
      const answer = new messages.ConfigureResponse();
      answer.setSupportspreview(true);
      // Whoever constructs components must.
      answer.setAcceptsecrets(true);
      answer.setAcceptresources(true);
      return answer;
    },
    cancel: async () => new Empty(),
    check: async (request) => {
      const [urn, given] = [request.getUrn(), propsOf(request.getNews())];
      let news: Props;
      try {
        news = this.given(urn, given);
      } catch (error) {
        if (!(error instanceof NoSuchHost)) throw error;
        const reason = `${typeOf(urn)}: ${error.property} ${error.reason}`;
        return checked(given, [{ property: error.property, reason }], request.getNews());
      }
      const { __urn, ...wanted } = news;
      const { inputs, failures } = await this.of(urn).check(propsOf(request.getOlds()), wanted);
      const { __owner, ...shown } = this.shown(inputs, given);
      return checked(shown, failures, request.getNews());
    },
    diff: async (request) => {
      const urn = request.getUrn();
      const [olds, oldInputs, news] = [request.getOlds(), request.getOldInputs(), request.getNews()].map(propsOf) as [
        Props,
        Props,
        Props,
      ];
      const [state, wanted] = [this.known(urn, olds), this.given(urn, news)];
      const found = await this.of(urn).diff(state, wanted);
      const answer = new messages.DiffResponse();
      answer.setChanges(
        found.changes ? messages.DiffResponse.DiffChanges.DIFF_SOME : messages.DiffResponse.DiffChanges.DIFF_NONE,
      );
      answer.setReplacesList(found.replaces);
      answer.setDeletebeforereplace(found.deleteBeforeReplace);
      if (!found.changes) return answer;
      const { Kind } = messages.PropertyDiff;
      // A state of before has what is default, which is no change.
      const kind = kindOf(typeOf(urn));
      const [before, after] = [oldInputs, news].map((props) => (kind ? lean(kind, props, "inputs") : props)) as [
        Props,
        Props,
      ];
      const fields = Object.keys({ ...before, ...after });
      answer.setDiffsList(fields.filter((field) => canonical(before[field]) !== canonical(after[field])));
      answer.setHasdetaileddiff(true);
      for (const field of fields) {
        const replaces = found.replaces.includes(field) ? "_REPLACE" : "";
        for (const [path, change] of detailsOf(field, before[field], after[field]) as Map<string, Change>) {
          const detail = new messages.PropertyDiff();
          detail.setKind(Kind[`${change.toUpperCase()}${replaces}`]);
          detail.setInputdiff(true);
          answer.getDetaileddiffMap().set(path, detail);
        }
      }
      return answer;
    },
    create: async (request) => {
      const [urn, said] = [request.getUrn(), request.getProperties()];
      const answer = new messages.CreateResponse();
      const outs = await this.changed(request, said, async (given) => {
        const made = await this.of(urn).create(given);
        answer.setId(made.id);
        return made.outs;
      });
      answer.setProperties(outs);
      return answer;
    },
    update: async (request) => {
      const [urn, said] = [request.getUrn(), request.getNews()];
      const answer = new messages.UpdateResponse();
      const outs = await this.changed(request, said, async (given) => {
        const state = this.known(urn, propsOf(request.getOlds()));
        return (await this.of(urn).update(state, given)).outs;
      });
      answer.setProperties(outs);
      return answer;
    },
    read: async (request) => {
      const [urn, state] = [request.getUrn(), propsOf(request.getProperties())];
      const id: string = request.getId();
      const known = Object.keys(state).length > 0;
      const given = known ? state : { host: id.split("/")[0] };
      const found = await (known ? this.of(urn).read(id, this.known(urn, state)) : this.imported(urn, id, given));
      const answer = new messages.ReadResponse();
      if (!found.props) return answer;
      answer.setId(id);
      answer.setProperties(structOf(this.shown(found.props, given), request.getProperties()));
      const { __owner, ...inputs } = this.shown(found.inputs ?? propsOf(request.getInputs()), given);
      answer.setInputs(structOf(inputs, request.getProperties()));
      return answer;
    },
    invoke: async (request) => {
      const args = propsOf(request.getArgs());
      const called = functions[request.getTok()];
      if (!called) throw new Error(`pulumi-macvlan has no function "${request.getTok()}"`);
      const answer = new messages.InvokeResponse();
      answer.setReturn(structOf(called(args)));
      return answer;
    },
    construct: async (request) => {
      // Pulumi's SDK is loaded for it, which takes as long as all the rest of a start.
      const { componentServer }: typeof import("./components") = require("./components");
      this.components ??= componentServer(this.engine);
      const components = await this.components;
      return new Promise((resolve, reject) => {
        components.construct(request, (error: Untyped, answer: unknown) =>
          error ? reject(new Error(error.details)) : resolve(answer),
        );
      });
    },
    delete: async (request) => {
      const urn = request.getUrn();
      await this.of(urn).delete(this.known(urn, propsOf(request.getProperties())));
      return new Empty();
    },
  };

  /** What `pulumi import` asks for: one with the mark that the resource of this name is going to have, or without any. */
  private async imported(urn: string, id: string, given: Props) {
    const { find } = this.of(urn);
    const what = `cannot import ${id} as a ${typeOf(urn)}`;
    if (!find)
      throw new Error(`${what}: its host does not tell all that a program says of it; write it, and let an up make it`);
    const found = await find(id.slice(id.indexOf("/") + 1), this.given(urn, given));
    if (found) return found;
    throw new Error(
      `${what}: its host has none of that name, or one that another resource than ${ownerOf(urn)} has made (its mark says so)`,
    );
  }

  /** The state after a change, foreseen in a preview. A half-made resource is recorded with its own, hosts as the program says them. */
  private async changed(request: Untyped, said: Struct, work: (given: Props) => Promise<Props>): Promise<Struct> {
    const [urn, given] = [request.getUrn(), propsOf(said)];
    if (request.getPreview()) return structOf(this.foreseen(urn, given), said);
    try {
      return structOf(this.shown(await work(this.given(urn, given)), given), said);
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      const properties = this.shown(error.properties, given);
      throw new PartialFailure(error.message, error.id, secretAs(properties, said.toJavaScript()) as Props);
    }
  }

  /** Listens, and gives its port. */
  async listen(): Promise<number> {
    const server = new Server({ "grpc.max_receive_message_length": 400 << 20 });
    const handlers = Object.entries(this.calls).map(([name, call]) => [
      name,
      ({ request }: Untyped, answer: Untyped) =>
        void call(request).then(
          (value) => answer(null, value),
          (error: unknown) => {
            trace({
              event: "failure",
              operation: name,
              type: typeOf(request.getUrn?.() ?? ""),
              stack: (error as Error).stack,
            });
            answer(failure(error));
          },
        ),
    ]);
    server.addService(ResourceProviderService, Object.fromEntries(handlers));
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }
}

function checked(inputs: Props, failures: readonly { property: string; reason: string }[], said: Struct) {
  const answer = new messages.CheckResponse();
  answer.setInputs(structOf(inputs, said));
  answer.setFailuresList(
    failures.map(({ property, reason }) => {
      const one = new messages.CheckFailure();
      one.setProperty(property);
      one.setReason(reason);
      return one;
    }),
  );
  return answer;
}

/** One sentence; with what was made in part, so that the engine records it. */
function failure(error: unknown) {
  const message = messageOf(error);
  if (!(error instanceof PartialFailure)) return { code: codes.UNKNOWN, message };
  const made = new messages.ErrorResourceInitFailed();
  made.setId(error.id);
  made.setProperties(structOf(error.properties));
  made.setReasonsList([message]);
  const detail = new Any();
  detail.pack(made.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const whole = new status.Status();
  whole.setCode(codes.UNKNOWN);
  whole.setMessage(message);
  whole.addDetails(detail);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return { code: codes.UNKNOWN, message, metadata };
}
