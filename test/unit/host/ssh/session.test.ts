// The near end of a session, against a shell of this machine.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import type { Answer } from "../../../../provider/host/guard";
import { encodeData } from "../../../../provider/host/quote";
import { LOADER } from "../../../../provider/host/scripts";
import { Changes } from "../../../../provider/host/ssh/changes";
import { type Channel, Held, type Request, Session } from "../../../../provider/host/ssh/session";
import { ConnectionError } from "../../../../provider/vocabulary/errors";

const scriptOf = (code: string) => ["read -r _; read -r one; read -r _\n", `${code}\n`];
const request = (code: string, datum = "", seconds = 5): Request => ({
  script: scriptOf(code),
  input: encodeData([datum]),
  seconds,
});

describe("a session's near end", () => {
  const shells: ChildProcessWithoutNullStreams[] = [];
  let sent = "";
  let overdue = 0;
  const open = async (command = LOADER): Promise<Channel> => {
    const shell = spawn("sh", ["-c", command, "pulumi-macvlan", "its connection"]);
    shells.push(shell);
    shell.stdin.on("error", () => undefined);
    const write = (text: string) => {
      sent += text;
      return shell.stdin.write(text);
    };
    const channel = Object.assign(new EventEmitter(), { stderr: shell.stderr, write }) as unknown as Channel;
    shell.stdout.on("data", (chunk) => channel.emit("data", chunk));
    // Its children may hold its ends open after it.
    shell.once("exit", (code) => setTimeout(() => channel.emit("close", code), 50));
    return channel;
  };
  const session = (command?: string) =>
    new Session(
      "host1",
      () => open(command),
      "",
      () => overdue++,
    );

  beforeEach(() => {
    sent = "";
    overdue = 0;
  });
  afterEach(() => {
    for (const shell of shells.splice(0)) shell.kill("SIGKILL");
  });

  it("gives each script its own answer, in order, over one shell that gets each text once", async () => {
    const one = session();
    const code = 'printf "<%s>" "$one"; printf "not %s" "$one" >&2; exit 3';
    const asked = ["a", "b", "c"].map((datum) => one.run(request(code, datum)));
    assert.deepEqual(
      await Promise.all(asked),
      ["a", "b", "c"].map((datum) => ({ code: 3, stdout: `<${datum}>`, stderr: `not ${datum}` })),
    );
    assert.equal((await one.run(request("printf d"))).stdout, "d");
    assert.equal(shells.length, 1);
    assert.equal(sent.split(code).length, 2, "sent once");
    assert.equal(sent.split("\nread -r _; read -r one;").length, 2, "what they have in common as well");
  });

  it("takes an answer that comes in pieces and looks like an end", async () => {
    const said = await session().run(
      request("printf '\\npulumi-macvlan:'; sleep 0.1; printf 'x 0\\n'; sleep 0.1; printf é"),
    );
    assert.deepEqual(said, { code: 0, stdout: "\npulumi-macvlan:x 0\né", stderr: "" });
  });

  it("gives the answer of a shell that did not even begin, such as one whose sudo refused", async () => {
    const answer = await session("echo 'sudo: a password is required' >&2; exit 1").run(request("true"));
    assert.deepEqual(answer, { code: 1, stdout: "", stderr: "sudo: a password is required\n" });
  });

  it("begins anew where its shell was killed, and says of what ran that nobody knows", async () => {
    const one = session();
    const running = one.run(request("sleep 20"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    shells[0]?.kill("SIGKILL");
    await assert.rejects(running, /the SSH connection broke while the command ran/);
    assert.equal((await one.run(request("printf again"))).stdout, "again");
  });

  it("counts a time limit from the moment on which its turn came", async () => {
    const one = session();
    const first = one.run(request("sleep 0.7", "", 2));
    const second = one.run(request("sleep 0.7", "", 1));
    assert.equal((await first).code, 0);
    assert.equal((await second).code, 0);
    await assert.rejects(one.run(request("sleep 3", "", 0.3)), /no answer within 0.3 s/);
    assert.equal(overdue, 1);
  });

  it("knows whether anything was sent when the connection breaks", async () => {
    const never = new Session(
      "host1",
      () => new Promise(() => undefined),
      "",
      () => undefined,
    );
    const asked = never.run(request("true"));
    never.broke();
    await assert.rejects(
      asked,
      (error) => error instanceof ConnectionError && /nothing was changed/.test(error.message),
    );
    const one = session();
    const running = one.run(request("sleep 20"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    one.broke();
    await assert.rejects(running, (error) => !(error instanceof ConnectionError));
  });

  it("holds back what comes after a change that waits to be confirmed", async () => {
    const one = session();
    const [first, second] = one.change([request("exit 9"), request("printf no")]);
    assert.equal((await first)?.code, 9);
    await assert.rejects(second as Promise<Answer>, Held);
    assert.equal((await one.run(request("printf read"))).stdout, "read");
    one.resume();
    assert.equal((await one.change([request("printf yes")])[0])?.stdout, "yes");
  });

  describe("changes", () => {
    const change = (
      changes: Changes,
      one: Session,
      code: string,
      settle?: (answer: Answer) => Promise<void>,
      way = "way",
    ) =>
      changes.add({
        way,
        session: async () => one,
        request: request(code),
        settle: async (answer) => {
          const found = await answer;
          await settle?.(found);
          return found.stdout;
        },
      });

    it("that are ready together go in one write, and each has its own end", async () => {
      const [changes, one, ends] = [new Changes(), session(), [] as string[]];
      const all = ["printf a", "exit 3", "printf c"].map((code) =>
        change(changes, one, code).then((text) => ends.push(text)),
      );
      await Promise.all(all);
      assert.deepEqual(ends, ["a", "", "c"]);
      assert.deepEqual(sent.match(/^change .*$/gm), ["change 3"]);
    });

    it("wait for one that is guarded, and begin when it is decided", async () => {
      const [changes, one, told] = [new Changes(), session(), [] as string[]];
      const decide = async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        told.push("decided");
      };
      await Promise.all([
        change(changes, one, "exit 9", decide),
        change(changes, one, "printf b").then((text) => told.push(text)),
        change(changes, one, "printf c").then((text) => told.push(text)),
      ]);
      assert.deepEqual(told, ["decided", "b", "c"]);
    });

    it("go on after one whose host can't be reached", async () => {
      const [changes, one] = [new Changes(), session()];
      const refused = changes.add({
        way: "another",
        session: () => Promise.reject(new ConnectionError("no")),
        request: request("true"),
        settle: (answer) => answer,
      });
      const next = change(changes, one, "printf b");
      await assert.rejects(refused, ConnectionError);
      assert.equal(await next, "b");
    });
  });
});
