// One operation in a process of its own, which can be killed: JSON on standard input, JSON on standard output.
import { readFileSync } from "node:fs";
import { closeConnections } from "../../../provider/host/ssh/connection";
import { forgetClaims } from "../../../provider/lifecycle/claims";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";
import { PluginProcess } from "../plugin";

type Props = Record<string, unknown>;

export const DOORS = ["dynamic resources", "the plugin"] as const;

export interface Order {
  /** Whose operation it is. */
  through: (typeof DOORS)[number];
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

export async function perform({ through, verb, type, news, olds }: Order): Promise<Outcome> {
  const plugin = through === "the plugin" ? new PluginProcess(() => ({})) : undefined;
  try {
    await plugin?.start();
    const door = plugin?.door(String(news["__owner"] ?? olds["__owner"])) ?? handlers;
    if (verb === "create") return { outs: (await door.create(type, news)).outs };
    if (verb === "update") return { outs: (await door.update(type, olds, news)).outs };
    // As a destroy, which runs no program: what a program has is not deleted under it.
    forgetClaims();
    await door.delete(type, olds);
    return { outs: {} };
  } catch (error) {
    const { message, properties } = error as Error & { properties?: Props };
    return { error: message, ...(properties ? { properties } : {}) };
  } finally {
    plugin?.end();
  }
}

if (require.main === module) {
  perform(JSON.parse(readFileSync(0, "utf8")) as Order).then(async (outcome) => {
    await closeConnections();
    console.log(JSON.stringify(outcome));
  });
}
