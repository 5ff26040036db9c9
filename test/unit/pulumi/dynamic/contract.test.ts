// Pulumi's own dynamic-provider server, driven over gRPC with our provider's text: an upgrade of @pulumi/pulumi that
// changes the contract fails here first.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import * as structs from "google-protobuf/google/protobuf/struct_pb";
import { UNKNOWN } from "../../../../provider/vocabulary/values";
import { RIGHT } from "../../inputs";

const ROOT = join(__dirname, "..", "..", "..", "..", "..");

// The generated stubs have no types.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = any;
const messages: Untyped = require("@pulumi/pulumi/proto/provider_pb");
const services: Untyped = require("@pulumi/pulumi/proto/provider_grpc_pb");
const { EngineService }: Untyped = require("@pulumi/pulumi/proto/engine_grpc_pb");
const { Empty }: Untyped = require("google-protobuf/google/protobuf/empty_pb");

async function todaysText(): Promise<string> {
  let text: unknown;
  pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => {
        text = inputs["__provider"];
        return { id: name, state: inputs };
      },
      call: ({ inputs }) => inputs,
    },
    "project",
    "stack",
  );
  const { VlanSubinterface } = await import("pulumi-macvlan");
  new VlanSubinterface("x", { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: 100 });
  while (text === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  return typeof text === "string" ? text : (text as { value: string }).value;
}

/** As Pulumi's serialiser wrote it into state before it became one line: it stays there until its users make anew what is in it. */
const oldText = (): string =>
  readFileSync(join(ROOT, "test", "unit", "captured", "provider-of-functions.js.txt"), "utf8");

for (const [whose, textOf] of [
  ["today's", todaysText],
  ["yesterday's", oldText],
] as const) {
  describe(`Pulumi's dynamic-provider server with ${whose} provider text`, function () {
    this.timeout(30_000);
    let server: ChildProcess;
    let printed = "";
    let client: Untyped;
    let text: string;
    /** Pulumi's engine, of which only what it is told is wanted here. */
    const engine = new grpc.Server();
    const told: string[] = [];

    before(async () => {
      text = await textOf();
      const unused = () => {};
      engine.addService(EngineService, {
        ...Object.fromEntries(Object.keys(EngineService).map((name) => [name, unused])),
        log: ({ request }: Untyped, answer: Untyped) => {
          told.push(`${request.getUrn()} ${request.getMessage()}`);
          answer(null, new Empty());
        },
      });
      const listening = await new Promise<number>((resolve, reject) =>
        engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
          error ? reject(error) : resolve(port),
        ),
      );
      const script = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
      server = spawn(process.execPath, [script, `127.0.0.1:${listening}`], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      server.stderr?.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
      });
      const port = await new Promise<string>((resolve, reject) => {
        createInterface({ input: server.stdout as never }).once("line", resolve);
        server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      });
      client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
      const request = new messages.ConfigureRequest();
      request.setArgs(structs.Struct.fromJavaScript({}));
      await call("configure", request);
    });
    after(() => {
      client?.close();
      server?.kill("SIGKILL");
      engine.forceShutdown();
    });

    const call = (method: string, request: Untyped): Promise<Untyped> =>
      new Promise((resolve, reject) => {
        client[method](request, (error: Error | null, answer: Untyped) => (error ? reject(error) : resolve(answer)));
      });
    const struct = (props: object) => structs.Struct.fromJavaScript({ __provider: text, ...props } as never);

    async function check(news: object) {
      const request = new messages.CheckRequest();
      request.setUrn("urn:pulumi:s::p::t::x");
      request.setOlds(struct({}));
      request.setNews(struct(news));
      const answer = await call("check", request);
      return {
        inputs: answer.getInputs().toJavaScript(),
        failures: answer.getFailuresList().map((failure: Untyped) => [failure.getProperty(), failure.getReason()]),
      };
    }

    async function diff(olds: object, news: object) {
      const request = new messages.DiffRequest();
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const answer = await call("diff", request);
      return {
        changes: answer.getChanges(),
        replaces: answer.getReplacesList(),
        first: answer.getDeletebeforereplace(),
      };
    }

    it("checks: normalises, refuses, and lets unknown values pass", async () => {
      const { inputs, failures } = await check(RIGHT.VlanSubinterface);
      assert.deepEqual(failures, []);
      assert.equal(inputs.name, "enp0s8.100");
      assert.match((await check({ ...RIGHT.VlanSubinterface, vlanId: 4095 })).failures[0][1], /4095/);
      assert.equal((await check({ ...RIGHT.VlanSubinterface, parent: UNKNOWN })).inputs.parent, UNKNOWN);
    });

    it("diffs: none, in place, replace with the old one deleted first", async () => {
      const { inputs } = await check(RIGHT.VlanSubinterface);
      const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
      assert.deepEqual(await diff(inputs, inputs), { changes: DIFF_NONE, replaces: [], first: false });
      assert.deepEqual(await diff(inputs, { ...inputs, mtu: 1400 }), {
        changes: DIFF_SOME,
        replaces: [],
        first: false,
      });
      assert.deepEqual(await diff(inputs, { ...inputs, vlanId: 101 }), {
        changes: DIFF_SOME,
        replaces: ["vlanId"],
        first: true,
      });
    });

    /** Of another type, by the same text. */
    const network = (__owner: string) => ({
      host: { address: "192.0.2.1", name: "host1" },
      name: "mac10",
      parent: "enp0s8",
      subnets: [{ subnet: "172.16.10.0/24" }],
      __owner,
      __provider: text.replaceAll("VlanSubinterface", "MacvlanNetwork"),
    });

    it("warns at the resource, whose URN reaches no state", async () => {
      const urn = "urn:pulumi:s::p::c$t::lan-host1-mac10";
      const { inputs } = await check({ ...network("p/s/lan-host1-mac10"), __urn: urn });
      assert.equal(inputs.__urn, undefined);
      printed = "";
      await diff({ ...inputs, attachedContainers: ["web"] }, { ...inputs, labels: { a: "b" } });
      assert.deepEqual(
        told.map((line) => line.split(": ")[0]),
        [`${urn} Docker network "mac10" on host1 is made anew`],
      );
      assert.equal(printed, "");
    });

    it("warns all the same where it knows no URN", async () => {
      const { inputs } = await check(network("p/s/other"));
      told.length = 0;
      printed = "";
      await diff({ ...inputs, attachedContainers: ["web"] }, { ...inputs, labels: { a: "b" } });
      // What was printed before an answer has come once another answer is there.
      await assert.rejects(call("invoke", new messages.InvokeRequest()));
      assert.match(printed, /^Docker network "mac10" on host1 is made anew: web /);
      assert.deepEqual(told, []);
    });

    it("says why a create failed, without the text of a credential", async () => {
      const { inputs } = await check({
        ...RIGHT.VlanSubinterface,
        host: { address: "127.0.0.1", port: 1, name: "host1" },
        credentials: { password: "canary-4711" },
      });
      const request = new messages.CreateRequest();
      request.setProperties(struct(inputs));
      await assert.rejects(call("create", request), (error: Error) => {
        assert.match(
          error.message,
          /cannot set up VLAN sub-interface "enp0s8.100" on host1: cannot reach host1: 127.0.0.1:1 refuses connections/,
        );
        assert.doesNotMatch(error.message, /canary-4711/);
        return true;
      });
    });

    it("deletes nothing that the program has: two of a state may be one thing on the host", async () => {
      const { inputs } = await check({ ...RIGHT.VlanSubinterface, host: { address: "127.0.0.1", port: 1 } });
      const request = new messages.DeleteRequest();
      request.setId("127.0.0.1:1/enp0s8.100");
      request.setProperties(struct(inputs));
      await call("delete", request);
      request.setProperties(struct({ ...inputs, vlanId: 101 }));
      await assert.rejects(call("delete", request), ({ details }: grpc.ServiceError) =>
        /there is nothing to log in with/.test(details),
      );
    });

    for (const [method, Request, doing] of [
      ["read", messages.ReadRequest, "read"],
      ["delete", messages.DeleteRequest, "delete"],
    ] as const) {
      it(`says why a ${doing} failed in one sentence, told once`, async () => {
        const { inputs } = await check({
          ...RIGHT.VlanSubinterface,
          host: { address: "127.0.0.1", port: 1, name: "host1" },
          credentials: { password: "x" },
        });
        const request = new Request();
        request.setId("host1/enp0s8.100");
        // One that the program does not have: what it has is not deleted under it.
        request.setProperties(struct({ ...inputs, __owner: "p/s/gone" }));
        const sentence = `cannot ${doing} VLAN sub-interface "enp0s8.100" on host1: cannot reach host1: 127.0.0.1:1 refuses connections: does sshd run there, and on that port?`;
        printed = "";
        await assert.rejects(call(method, request), ({ details }: grpc.ServiceError) => {
          assert.equal(details, sentence);
          return true;
        });
        // What the server prints comes to the user as well: what is printed after it must be all there is.
        await assert.rejects(call("invoke", new messages.InvokeRequest()));
        assert.equal(printed, "");
      });
    }
  });
}
