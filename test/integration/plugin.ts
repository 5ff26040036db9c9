// The plugin as Pulumi's engine runs it: a process of its own, asked over gRPC.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PartialFailure } from "../../provider/lifecycle/lifecycle";
import { part, type Untyped } from "../../provider/pulumi/plugin/sdk";
import type { Door, Props } from "./hosts";

const grpc: Untyped = part("@grpc/grpc-js");
const structs: Untyped = part("google-protobuf/google/protobuf/struct_pb.js");
export const messages: Untyped = part("../../proto/provider_pb.js");
const services: Untyped = part("../../proto/provider_grpc_pb.js");

export const PLUGIN = require.resolve("../../provider/pulumi/plugin/main");

export const struct = (props: object) => structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(props)));

export class PluginProcess {
  private process: ChildProcess | undefined;
  private client: Untyped;

  /** `hosts` is the provider's configuration. */
  constructor(private readonly hosts: () => object) {}

  async start(): Promise<void> {
    this.process = spawn(process.execPath, [PLUGIN, "127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: this.process?.stdout as never }).once("line", resolve);
      this.process?.once("exit", (code) => reject(new Error(`the plugin ended with ${code}`)));
    });
    this.client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const request = new messages.ConfigureRequest();
    request.setArgs(struct({ hosts: JSON.stringify(this.hosts()) }));
    await this.call("configure", request);
  }

  end(): void {
    this.client?.close();
    this.process?.kill("SIGKILL");
  }

  call(method: string, request: Untyped): Promise<Untyped> {
    return new Promise((resolve, reject) => {
      this.client[method](request, (error: Untyped, answer: Untyped) =>
        error ? reject(failureOf(error)) : resolve(answer),
      );
    });
  }

  /** For the resource of a mark (`project/stack/name`), which names its host, or has its connection among its inputs. */
  door(owner: string, host?: string): Door {
    const [project, stack, name] = owner.split("/");
    const ask = (Request: Untyped, type: string, set: Record<string, object>): Untyped => {
      const request = new Request();
      request.setUrn(`urn:pulumi:${stack}::${project}::macvlan:index:${type}::${name}`);
      for (const [field, props] of Object.entries(set)) request[`set${field}`](struct(props));
      return request;
    };
    const said = ({ __owner, ...props }: Props): Props => ({ ...props, ...(host && { host }) });
    /** What the engine keeps of the last check: a diff is told it. */
    let inputs: Props = {};
    return {
      check: async (type, _olds, news) => {
        const answer = await this.call("check", ask(messages.CheckRequest, type, { Olds: inputs, News: said(news) }));
        const failures = answer
          .getFailuresList()
          .map((one: Untyped) => ({ property: one.getProperty(), reason: one.getReason() }));
        return { inputs: answer.getInputs().toJavaScript(), failures };
      },
      diff: async (type, olds, news) => {
        const answer = await this.call(
          "diff",
          ask(messages.DiffRequest, type, { Olds: olds, OldInputs: inputs, News: news }),
        );
        return {
          changes: answer.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
          replaces: answer.getReplacesList(),
          deleteBeforeReplace: answer.getDeletebeforereplace(),
        };
      },
      create: async (type, given) => {
        const answer = await this.call("create", ask(messages.CreateRequest, type, { Properties: given }));
        inputs = given;
        return { id: answer.getId(), outs: answer.getProperties().toJavaScript() };
      },
      update: async (type, olds, news) => {
        const answer = await this.call("update", ask(messages.UpdateRequest, type, { Olds: olds, News: news }));
        inputs = news;
        return { outs: answer.getProperties().toJavaScript() };
      },
      read: async (type, id, props) => {
        const request = ask(messages.ReadRequest, type, { Properties: props, Inputs: inputs });
        request.setId(id);
        const answer = await this.call("read", request);
        if (!answer.getId()) return {};
        inputs = answer.getInputs().toJavaScript();
        return { id, props: answer.getProperties().toJavaScript(), inputs };
      },
      // As in a destroy: what a program has is not deleted under it.
      delete: async (type, props) => {
        this.end();
        await this.start();
        await this.call("delete", ask(messages.DeleteRequest, type, { Properties: props }));
      },
    };
  }
}

/** What the engine makes of an error, with what it records of a resource that was made in part. */
function failureOf(error: Untyped): Error {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!details) return new Error(error.details);
  const { Status } = part("../../proto/status_pb.js");
  const [first] = Status.deserializeBinary(details).getDetailsList();
  const made = messages.ErrorResourceInitFailed.deserializeBinary(first.getValue_asU8());
  return new PartialFailure(error.details, made.getId(), made.getProperties().toJavaScript());
}
