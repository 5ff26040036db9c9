// One operation in a process of its own, which can be killed: JSON on standard input, JSON on standard output.
import { readFileSync } from "node:fs";
import { closeConnections } from "../../../provider/host/ssh/connection";
import { forgetClaims } from "../../../provider/lifecycle/claims";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";

type Props = Record<string, unknown>;

export interface Order {
  verb: "create" | "update" | "delete";
  type: string;
  news: Props;
  olds: Props;
}

/** What the engine would get to know. */
export interface Outcome {
  outs?: Props;
  error?: string;
  /** A half-made resource's, which the engine would save. */
  properties?: Props;
}

export async function perform({ verb, type, news, olds }: Order): Promise<Outcome> {
  try {
    if (verb === "create") return { outs: (await handlers.create(type, news)).outs };
    if (verb === "update") return { outs: (await handlers.update(type, olds, news)).outs };
    // As a destroy, which runs no program: what a program has is not deleted under it.
    forgetClaims();
    await handlers.delete(type, olds);
    return { outs: {} };
  } catch (error) {
    const { message, properties } = error as Error & { properties?: Props };
    return { error: message, ...(properties ? { properties } : {}) };
  }
}

if (require.main === module) {
  perform(JSON.parse(readFileSync(0, "utf8")) as Order).then(async (outcome) => {
    await closeConnections();
    console.log(JSON.stringify(outcome));
  });
}
