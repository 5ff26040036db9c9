// Readiness's inputs: what is wanted on hosts. What changes on which of them, so that just those are asked. Pure.
import { z } from "zod";
import type { CommonInputs, ResourceKind } from "../../lifecycle/kind";
import { diff, readInputs, wayTo } from "../../lifecycle/lifecycle";
import type { Refusal } from "../../vocabulary/errors";
import { plainText, refusalsOf } from "../../vocabulary/fields";
import { type Credentials, type HostFields, hostLabel, hostSchema, sameHost } from "../../vocabulary/host";
import { canonical, isUnknown } from "../../vocabulary/values";
import { kinds } from "..";
import type { ReadinessArguments } from "./arguments";

type Props = Record<string, unknown>;

export interface ReadinessInputs extends ReadinessArguments {
  hosts: Record<string, HostFields>;
  credentials?: Record<string, Credentials>;
  /** As every resource's: its family is the one of all that is wanted. */
  __owner: string;
}

/** By the names of hosts, then of networks: containers as last read (stopped ones too), each with the addresses that its user chose for it. */
export type Users = Record<string, Record<string, string[]>>;

/** What a host has that no program says: for its twin, and for what a preview foretells. */
export interface Seen {
  /** The version of its Docker. */
  docker?: string;
  /** Its physical interfaces. */
  nics: string[];
  /** That of them over which SSH came. */
  way?: string;
  /** What of somebody else has a name that none of ours can have: `link enp0s8.100`, `network mac10`. */
  foreign?: string[];
}

export interface ReadinessState extends ReadinessInputs {
  users?: Users;
  /** By the names of hosts, as last asked. */
  seen?: Record<string, Seen>;
}

/** One thing that is wanted, or was. */
export interface Entry {
  kind: ResourceKind;
  /** As in `MacvlanNetwork mac10`: unique on its host. */
  key: string;
  inputs: CommonInputs;
}

/** What changes on one host. */
export interface HostChange {
  name: string;
  /** Its name before the change. */
  was: string;
  host: HostFields;
  credentials: Credentials;
  /** Made, or changed. */
  made: Entry[];
  /** Deleted, by itself or to be made anew. */
  goes: Entry[];
  /** All that is there in the end. */
  all: Entry[];
}

const wantedOn = ({ wanted, hosts, __owner }: ReadinessInputs, name: string) =>
  kinds.flatMap((kind) => {
    const entries = (wanted[name] as Record<string, Props[] | undefined> | undefined)?.[kind.type] ?? [];
    return entries.map((entry) => ({ kind, ...readInputs(kind, { ...entry, host: hosts[name], __owner }) }));
  });

export function entriesOf(props: ReadinessInputs | undefined, name: string): Map<string, Entry> {
  const entries = props ? wantedOn(props, name) : [];
  return new Map(
    entries.map(({ kind, inputs }) => {
      const read = inputs as unknown as CommonInputs;
      const key = `${kind.type} ${kind.localId(read)}`;
      return [key, { kind, key, inputs: read }];
    }),
  );
}

const hostsSchema = z.record(plainText, hostSchema, { error: "must be a map of name to HostConnection" });

/** In one call, so that a refusal of one resource stands beside those of all others, and before any of them is made. */
export function checkReadiness(news: Props): { inputs: Props; refusals: Refusal[] } {
  const { wanted, credentials, __owner } = news;
  const read = isUnknown(news["hosts"]) ? undefined : hostsSchema.safeParse(news["hosts"]);
  const inputs = { hosts: read?.data ?? news["hosts"], wanted, credentials, __owner };
  if (read?.error) {
    const refusals = refusalsOf(read.error, ["hosts"]);
    return {
      inputs,
      refusals: refusals.map(({ property, reason }) => ({ property, reason: `Readiness: ${property} ${reason}` })),
    };
  }
  const given = inputs as unknown as ReadinessInputs;
  if (!read || typeof wanted !== "object") return { inputs, refusals: [] };
  const refusals = Object.keys(given.wanted).flatMap((name) =>
    wantedOn(given, name).flatMap(({ kind, refusals }) =>
      refusals.map(({ property, reason }) => ({
        property: `wanted.${name}.${kind.type}`,
        reason: `${kind.type} on ${hostLabel(given.hosts[name] as HostFields)}: ${property} ${reason}`,
      })),
    ),
  );
  return { inputs, refusals };
}

/** The name that a host of the new program had in the old one: a host under another name is the same host. */
export const formerName = (olds: ReadinessInputs | undefined, news: ReadinessInputs, name: string): string =>
  Object.keys(olds?.wanted ?? {}).find(
    (old) =>
      !(old in news.wanted) &&
      !(name in (olds?.wanted ?? {})) &&
      sameHost(olds?.hosts[old] as HostFields, news.hosts[name] as HostFields),
  ) ?? name;

/** What changes, of those hosts on which something does; without `olds` all is new. */
export function changesOf(olds: ReadinessInputs | undefined, news: ReadinessInputs): HostChange[] {
  const names = Object.keys(news.wanted).map((name) => ({ name, old: formerName(olds, news, name) }));
  const known = new Set(names.map(({ old }) => old));
  const gone = Object.keys(olds?.wanted ?? {}).filter((old) => !known.has(old));
  return [...names, ...gone.map((name) => ({ name, old: name }))]
    .flatMap(({ name, old: oldName }): HostChange[] => {
      const [before, now] = [entriesOf(olds, oldName), entriesOf(news, name)];
      const made: Entry[] = [];
      const goes = [...before.values()].filter(({ key }) => !now.has(key));
      for (const entry of now.values()) {
        const old = before.get(entry.key);
        const { fields, replaces } = old
          ? diff(entry.kind, old.inputs as unknown as Props, entry.inputs as unknown as Props)
          : { fields: ["all"], replaces: [] };
        if (old && replaces.length > 0) goes.push(old);
        // Another way to the same host changes nothing there.
        if (replaces.length > 0 || fields.some((field) => field !== "host")) made.push(entry);
      }
      const all = [...now.values()];
      const [from, to] = [olds?.hosts[oldName], news.hosts[name]];
      const old = from && { name: oldName, was: oldName, host: from, credentials: olds?.credentials?.[oldName] ?? {} };
      const wanted = to && { name, was: oldName, host: to, credentials: news.credentials?.[name] ?? {} };
      if (old && wanted && !sameHost(from, to)) {
        return [
          { ...old, made: [], goes, all: [] },
          { ...wanted, made, goes: [], all },
        ];
      }
      const place = wanted ?? old;
      return place ? [{ ...place, made, goes, all }] : [];
    })
    .filter(({ made, goes }) => made.length + goes.length > 0);
}

/** Another way to a host is kept for the day on which the host goes; nobody is asked for it. */
export function readinessDiffers(olds: Props, news: Props): boolean {
  if (isUnknown([news["hosts"], news["wanted"]])) return true;
  const [before, now] = [olds, news] as unknown as [ReadinessInputs, ReadinessInputs];
  const ways = ({ hosts }: ReadinessInputs) =>
    canonical(Object.entries(hosts).map(([name, host]) => [name, wayTo(host)]));
  return ways(before) !== ways(now) || changesOf(before, now).length > 0;
}
