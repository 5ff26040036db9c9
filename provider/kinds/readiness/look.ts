// Who is on the networks: read in a refresh, so that a preview can tell what an update would be refused for. What goes is in no program any
// more, so that none of its own resources is asked in a preview.
import { decodeSections } from "../../formats/sections";
import type { Runner } from "../../host/guard";
import { encodeData } from "../../host/quote";
import { readScript } from "../../host/scripts";
import { sameHost } from "../../vocabulary/host";
import { isUnknown } from "../../vocabulary/values";
import { type MacvlanNetworkInputs, macvlanNetwork } from "../macvlan-network/kind";
import { dataOf, explainEntry, seenIn, takenIn, unfitting, usersOf } from "./answers";
import {
  changesOf,
  type Entry,
  entriesOf,
  formerName,
  type HostChange,
  type ReadinessState,
  type Seen,
  type Users,
} from "./kind";

/** As the hosts have it. What one that does not answer had stays: its own resources tell what is wrong with it. */
export async function readHosts(
  runner: Runner,
  state: ReadinessState,
): Promise<Pick<ReadinessState, "users" | "seen">> {
  const { hosts, credentials, wanted, __owner, users = {}, seen = {} } = state;
  const found = Object.keys(wanted).map(async (name) => {
    const networks = [...entriesOf(state, name).values()].filter(({ kind }) => kind === macvlanNetwork);
    const host = hosts[name];
    const before = { name, here: users[name], seen: seen[name] };
    if (!host || networks.length === 0) return { ...before, here: {} };
    const change: HostChange = {
      name,
      was: name,
      host,
      credentials: credentials?.[name] ?? {},
      made: [],
      goes: networks,
      all: [],
    };
    try {
      const input = encodeData(dataOf("look", change, __owner, __owner));
      const { stdout } = await runner.run(
        host,
        change.credentials,
        readScript("readiness", ["docker", "routers"]),
        input,
      );
      const sections = decodeSections(stdout);
      if (!sections.has("end")) return before;
      const all = networks.map(({ kind, inputs }) => kind.localId(inputs));
      const here = all.map((network): [string, string[]] => [network, usersOf({ name: network }, sections)]);
      const found = Object.fromEntries(here.filter(([, on]) => on.length > 0));
      return { name, here: found, seen: seenIn(sections) ?? before.seen };
    } catch {
      return before;
    }
  });
  const all = await Promise.all(found);
  return {
    users: Object.fromEntries(
      all.flatMap(({ name, here = {} }) => (Object.keys(here).length > 0 ? [[name, here]] : [])),
    ),
    seen: Object.fromEntries(all.flatMap(({ name, seen }) => (seen ? [[name, seen]] : []))),
  };
}

/** Those of networks that stay. */
export function usersLeft(olds: ReadinessState, news: ReadinessState): Users {
  const left = Object.keys(news.wanted).map((name): [string, Record<string, string[]>] => {
    const now = entriesOf(news, name);
    const here = Object.entries(olds.users?.[formerName(olds, news, name)] ?? {});
    return [name, Object.fromEntries(here.filter(([network]) => now.has(`${macvlanNetwork.type} ${network}`)))];
  });
  return Object.fromEntries(left.filter(([, here]) => Object.keys(here).length > 0));
}

type AllSeen = NonNullable<ReadinessState["seen"]>;

/** With what was known of hosts that stay, under the names that they have now: not all is asked each time. */
export function seenSince(olds: ReadinessState | undefined, news: ReadinessState, asked: AllSeen): AllSeen {
  const all = Object.keys(news.wanted).map((name): [string, Seen | undefined, Seen | undefined] => [
    name,
    olds?.seen?.[formerName(olds, news, name)],
    asked[name],
  ]);
  return Object.fromEntries(
    all.flatMap(([name, old, now]) => (old || now ? [[name, { nics: [], ...old, ...now }]] : [])),
  );
}

/** What an update would be refused for, by what was last read. */
export function foretell(olds: ReadinessState, news: ReadinessState): string | undefined {
  if (isUnknown([news.hosts, news.wanted])) return undefined;
  const lines = changesOf(olds, news).flatMap(({ name, was, host, made, goes }) => {
    const usersOn = ({ kind, inputs }: Entry): string[] =>
      kind === macvlanNetwork ? (olds.users?.[was]?.[kind.localId(inputs)] ?? []) : [];
    const left = goes.flatMap((entry) => {
      const names = usersOn(entry).map((user) => user.split(" ")[0]);
      return names.length > 0 ? [explainEntry(entry, { code: "in-use", details: [names.join(" ")] })] : [];
    });
    // Another machine under the name of the old one has none of its containers.
    const before = olds.hosts[was];
    const stays = before !== undefined && sameHost(before, host);
    const moved = (stays ? made : []).flatMap((entry) =>
      unfitting(entry.inputs as MacvlanNetworkInputs, usersOn(entry)).map(
        (why) => `${entry.kind.describe(entry.inputs)}: ${why}`,
      ),
    );
    const taken = takenIn(stays ? olds.seen?.[was] : undefined, made).map((entry) =>
      explainEntry(entry, { code: "foreign", details: [""] }),
    );
    return [...left, ...moved, ...taken].map((line) => `  ${name}: ${line}`);
  });
  return lines.length === 0 ? undefined : `an update will be refused, by what was last read:\n${lines.join("\n")}`;
}
