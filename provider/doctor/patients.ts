// Which hosts are meant: by what was typed, by a configuration of hosts, or by a stack's state. Pure.
import { z } from "zod";
import { isOurs } from "../review/stack";
import { isInterface, refusalsOf } from "../vocabulary/fields";
import { type Connection, hostLabel, hostSchema, publicPart, typedFields } from "../vocabulary/host";
import { isMap } from "../vocabulary/values";
import type { Patient } from "./doctor";

/** `user@host`, `host:port`, or an alias of ~/.ssh/config; an IPv6 address with a port stands in brackets. */
export function typedHost(text: string): Patient {
  const connection = typedFields(text);
  if (!connection) throw new Error(`"${text}" is no host: write user@host, host:port or an alias of ~/.ssh/config`);
  return { name: text, connection };
}

const configured = z.looseObject({ parent: z.string().optional(), uplink: z.string().optional() });

/** Hosts by name, as a stack's configuration has them (`hosts`): connections, each with its parent beside. */
export function configuredHosts(given: unknown, where: string): Patient[] {
  if (!isMap(given)) throw new Error(`${where} should hold hosts by name, each with at least an address`);
  return Object.entries(given).map(([name, entry]) => {
    const read = configured.safeParse(entry);
    const { parent, ...connection } = read.success ? read.data : { parent: undefined };
    delete (connection as { uplink?: string }).uplink;
    const checked = hostSchema.safeParse(
      isMap(connection) ? publicPart(connection as unknown as Connection) : connection,
    );
    if (!checked.success) {
      const [refusal] = refusalsOf(checked.error, [name]);
      throw new Error(`${where}: ${refusal?.property} ${refusal?.reason}`);
    }
    return {
      name,
      connection: { ...connection, name } as unknown as Connection,
      ...(parent && { nics: [parent] }),
    };
  });
}

interface Found {
  connection: Connection;
  parents: Set<string>;
  made: Set<string>;
}

/** A stack's hosts, with the interfaces that its VLANs stand on, and the VLANs. */
export function stackHosts(state: unknown): { patients: Patient[]; vlans: number[] } {
  const deployment = isMap(state) && isMap(state["deployment"]) ? state["deployment"] : undefined;
  if (!deployment) throw new Error("it should be what `pulumi stack export` printed");
  const hosts = new Map<string, Found>();
  const vlans = new Set<number>();
  for (const resource of (deployment["resources"] ?? []) as { type: string; inputs?: unknown }[]) {
    if (!isOurs(resource.type) || !isMap(resource.inputs)) continue;
    const { host, parent, vlanId, name } = resource.inputs;
    const read = hostSchema.safeParse(host);
    if (!read.success) continue;
    const connection = read.data as Connection;
    const label = hostLabel(connection);
    const found = hosts.get(label) ?? { connection, parents: new Set(), made: new Set() };
    hosts.set(label, found);
    if (typeof vlanId === "number") {
      vlans.add(vlanId);
      found.made.add(typeof name === "string" ? name : `${parent}.${vlanId}`);
    }
    if (typeof parent === "string" && isInterface(parent)) found.parents.add(parent);
  }
  return {
    patients: [...hosts].map(([name, { connection, parents, made }]) => ({
      name,
      connection,
      nics: [...parents].filter((parent) => !made.has(parent)).sort(),
    })),
    vlans: [...vlans].sort((one, other) => one - other),
  };
}
