// One long-lived shell on a host that runs scripts one after the other (library/session.sh): each of them costs one round trip.
import type { Readable, Writable } from "node:stream";
import { ConnectionError } from "../../vocabulary/errors";
import { type Answer, newNonce } from "../guard";
import { answerEnd, changeText, keepText, type Order, openSession, runText, type Script } from "../scripts";
import { trace } from "../trace";

/** What an SSH channel is to us. */
export interface Channel extends Readable, Pick<Writable, "write" | "end"> {
  stderr: Readable;
}

export interface Request {
  script: Script;
  /** Encoded. */
  input: string;
  /** That it may take from the moment on which those before it have come to their end. */
  seconds: number;
}

/** The connection ended before anything went over it. */
export const brokeBefore = (label: string): Error =>
  new ConnectionError(`the connection to ${label} broke before this was sent: nothing was changed`);

const brokeRunning = (): Error =>
  new Error("the SSH connection broke while the command ran; the next run finds out how far it came");

/** A change that was not begun, since one before it waits to be confirmed. */
export class Held extends Error {}

interface Running extends Request {
  nonce: string;
  started?: number;
  deadline?: NodeJS.Timeout;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** What came on one way, up to where the answer of a request ends. */
class Way {
  private text = Buffer.alloc(0);

  constructor(from: Readable, onData: () => void) {
    from.on("data", (chunk: Buffer) => {
      this.text = Buffer.concat([this.text, chunk]);
      onData();
    });
  }

  has(nonce: string): boolean {
    const at = this.text.indexOf(answerEnd(nonce));
    return at >= 0 && this.text.indexOf("\n", at + 1) >= 0;
  }

  /** The answer, and how it ended. */
  take(nonce: string): [answer: string, how: string] {
    const mark = answerEnd(nonce);
    const at = this.text.indexOf(mark);
    const end = this.text.indexOf("\n", at + 1);
    const taken = this.text.subarray(0, at).toString("utf8");
    const how = this.text.subarray(at + mark.length, end).toString("utf8");
    this.text = this.text.subarray(end + 1);
    return [taken, how];
  }

  rest(): string {
    return this.text.toString("utf8");
  }
}

export class Session {
  private readonly texts = new Map<string, string>();
  private readonly running: Running[] = [];
  private readonly ended: (() => void)[] = [];
  private channel: Channel | undefined;
  private opening: Promise<Channel> | undefined;
  private out: Way | undefined;
  private errors: Way | undefined;

  constructor(
    private readonly label: string,
    /** Starts the loader there. */
    private readonly open: () => Promise<Channel>,
    /** What goes in before all that is ours. */
    private readonly first: string,
    /** A host that does not answer any more: its connection is of no use. */
    private readonly onOverdue: () => void,
  ) {}

  /** When all that was asked for has come to its end. */
  async over(): Promise<void> {
    while (this.running.length > 0) await new Promise<void>((resolve) => this.ended.push(resolve));
  }

  run(request: Request): Promise<Answer> {
    return this.send([request], ([order]) => runText(order as Order))[0] as Promise<Answer>;
  }

  /** In this order, all under one lock; those after one that is guarded are not begun, and reject as Held. */
  change(requests: readonly Request[]): Promise<Answer>[] {
    return this.send(requests, changeText);
  }

  /** Changes may begin again. */
  resume(): void {
    this.channel?.write("resume\n");
  }

  private send(requests: readonly Request[], text: (orders: Order[]) => string): Promise<Answer>[] {
    const sent = requests.map((request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const running: Running = { ...request, nonce: newNonce(), resolve, reject };
      this.running.push(running);
      return { running, promise };
    });
    this.start();
    this.opened().then(
      (channel) => {
        const kept: string[] = [];
        const orders = sent.map(({ running: { nonce, script, input } }) => ({
          nonce,
          names: script.map((part) => this.nameOf(part, kept)),
          data: input,
        }));
        channel.write(`${kept.join("")}${text(orders)}`);
      },
      (error: Error) => this.end(error),
    );
    return sent.map(({ promise }) => promise);
  }

  /** The name of a text there; `kept` grows by what makes one known that is new. */
  private nameOf(part: string, kept: string[]): string {
    const known = this.texts.get(part);
    if (known !== undefined) return known;
    const name = String(this.texts.size);
    this.texts.set(part, name);
    kept.push(keepText(name, part));
    return name;
  }

  private opened(): Promise<Channel> {
    this.opening ??= this.open().then((channel) => {
      this.channel = channel;
      this.texts.clear();
      this.out = new Way(channel, () => this.settle());
      this.errors = new Way(channel.stderr, () => this.settle());
      channel.on("error", () => undefined);
      channel.once("close", (code: number | null | undefined) => this.closed(code ?? undefined));
      channel.write(`${this.first}${openSession()}`);
      return channel;
    });
    return this.opening;
  }

  /** The clock runs for the one whose turn it is. */
  private start(): void {
    const [next] = this.running;
    if (!next || next.started !== undefined) return;
    next.started = Date.now();
    trace({ event: "start", host: this.label });
    next.deadline = setTimeout(() => {
      next.reject(new Error(`no answer within ${next.seconds} s (commandTimeout); it may still be running there`));
      this.running.shift();
      this.onOverdue();
    }, next.seconds * 1000);
  }

  private settle(): void {
    for (let [next] = this.running; next; [next] = this.running) {
      if (!this.out?.has(next.nonce) || !this.errors?.has(next.nonce)) return;
      const [stdout, how] = this.out.take(next.nonce);
      const [stderr] = this.errors.take(next.nonce);
      this.finish(next);
      if (how === "held") next.reject(new Held());
      else next.resolve({ code: Number(how), stdout, stderr });
      this.start();
    }
    for (const resolve of this.ended.splice(0)) resolve();
  }

  private finish(running: Running): void {
    this.running.shift();
    clearTimeout(running.deadline);
    trace({ event: "command", host: this.label, ms: Date.now() - (running.started ?? 0) });
  }

  /** The shell there has ended by itself: what it said is the answer of the one that it had before it. */
  private closed(code: number | undefined): void {
    const [next] = this.running;
    if (next && code !== undefined) {
      this.finish(next);
      next.resolve({ code, stdout: this.out?.rest() ?? "", stderr: this.errors?.rest() ?? "" });
    }
    this.end(brokeRunning());
  }

  /** Nothing that was sent comes to an end here any more. */
  private end(error: Error): void {
    this.channel = undefined;
    this.opening = undefined;
    for (const running of this.running.splice(0)) {
      clearTimeout(running.deadline);
      running.reject(error);
    }
    for (const resolve of this.ended.splice(0)) resolve();
  }

  /** The connection is gone. */
  broke(): void {
    const error = this.channel ? brokeRunning() : brokeBefore(this.label);
    this.end(error);
  }
}
