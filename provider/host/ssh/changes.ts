// The changes of one host, one after the other: those that are ready at the same time go there together.
import type { Answer } from "../guard";
import { Held, type Request, type Session } from "./session";

export interface Change<T> {
  /** Those of one way go over one session. */
  way: string;
  session(): Promise<Session>;
  request: Request;
  /** What is done with the answer before others may begin: one that is guarded is confirmed. */
  settle(answer: Promise<Answer>): Promise<T>;
}

interface Waiting extends Change<unknown> {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Changes {
  private readonly waiting: Waiting[] = [];
  private busy = false;

  add<T>(change: Change<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.waiting.push({ ...change, resolve: resolve as Waiting["resolve"], reject });
    if (!this.busy) this.work();
    return promise;
  }

  private async work(): Promise<void> {
    this.busy = true;
    // What is ready in this turn is asked for in this turn.
    await new Promise((go) => setImmediate(go));
    for (let [first] = this.waiting; first; [first] = this.waiting) {
      const { way } = first;
      const other = this.waiting.findIndex((change) => change.way !== way);
      await this.together(first, this.waiting.splice(0, other < 0 ? this.waiting.length : other));
    }
    this.busy = false;
  }

  private async together({ session: sessionOf }: Waiting, changes: readonly Waiting[]): Promise<void> {
    const session = await sessionOf().catch((error: Error) => error);
    const answers =
      session instanceof Error
        ? changes.map(() => Promise.reject<Answer>(session))
        : session.change(changes.map(({ request }) => request));
    const held: Waiting[] = [];
    await Promise.all(
      changes.map(async (change, index) => {
        const answer = answers[index] as Promise<Answer>;
        const error = await answer.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error instanceof Held) held.push(change);
        else await change.settle(answer).then(change.resolve, change.reject);
      }),
    );
    if (held.length === 0 || session instanceof Error) return;
    session.resume();
    this.waiting.unshift(...held);
  }
}
