// The plugin's hosts: configured once, and named by resources. What a program says of a host stands in its state as it was said; only what
// is done on a host knows how it is reached.
import { quoted } from "../../vocabulary/errors";
import { refusalsOf } from "../../vocabulary/fields";
import { type Connection, hostSchema, publicPart, secretPart } from "../../vocabulary/host";
import { isMap, isUnknown, UNKNOWN } from "../../vocabulary/values";

type Props = Record<string, unknown>;

/** Of the provider's configuration, by name. */
export type Hosts = Readonly<Record<string, Connection>>;

/** The configuration's `hosts`: a map, or its JSON text. Undefined where it is not known before other resources are made. */
export function hostsOf(configured: unknown): Hosts | undefined {
  if (isUnknown(configured)) return undefined;
  const wrong = (what: string, reason: string) =>
    new Error(
      `the provider's ${what} ${reason}: hosts is a map of name to connection (pulumi config set --path 'macvlan:hosts.NAME.address' ADDRESS)`,
    );
  let hosts = configured ?? {};
  try {
    if (typeof hosts === "string") hosts = JSON.parse(hosts);
  } catch {
    throw wrong("hosts", "is no JSON");
  }
  if (typeof hosts !== "object" || Array.isArray(hosts)) throw wrong("hosts", "is no map");
  for (const [name, host] of Object.entries(hosts)) {
    const read = hostSchema.safeParse(isMap(host) ? publicPart(host as unknown as Connection) : host);
    const [refusal] = read.success || isUnknown(host) ? [] : refusalsOf(read.error, ["hosts", name]);
    if (refusal) throw wrong(refusal.property, refusal.reason);
  }
  return hosts as Hosts;
}

/** A resource names a host that the provider has not. */
export class NoSuchHost extends Error {
  constructor(
    readonly property: string,
    readonly reason: string,
  ) {
    super(`${property} ${reason}`);
  }
}

function connectionOf(given: unknown, hosts: Hosts | undefined, property: string): Connection | typeof UNKNOWN {
  if (typeof given !== "string") return given as Connection;
  if (!hosts) return UNKNOWN;
  const found = hosts[given];
  if (found) return { name: given, ...found };
  const known = Object.keys(hosts).map(quoted).join(", ");
  const there = known ? `its hosts are ${known}` : "it has none";
  throw new NoSuchHost(
    property,
    `${quoted(given)} is not configured in the provider: ${there}; configure it (pulumi config set --secret --path 'macvlan:hosts.${given}.address' ADDRESS), or give its connection`,
  );
}

const halvesOf = (given: unknown, hosts: Hosts | undefined, property: string) => {
  if (given === undefined || given === UNKNOWN) return { host: given };
  const connection = connectionOf(given, hosts, property);
  if (typeof connection !== "object" || connection === null) return { host: connection };
  const read = hostSchema.safeParse(publicPart(connection));
  // What is wrong with it, or not known yet, a check says.
  return { host: read.success ? read.data : publicPart(connection), credentials: secretPart(connection) };
};

/** A resource's inputs or state, as what is done with them wants it: connections instead of names, each in its two halves. */
export function withConnections(props: Props, hosts: Hosts | undefined): Props {
  if (props["hosts"] !== undefined && ("probes" in props || "wanted" in props)) {
    if (typeof props["hosts"] !== "object" || props["hosts"] === null) return props;
    const halves = Object.entries(props["hosts"]).map(
      ([name, given]) => [name, halvesOf(given, hosts, `hosts.${name}`)] as const,
    );
    return {
      ...props,
      hosts: Object.fromEntries(halves.map(([name, { host }]) => [name, host])),
      credentials: Object.fromEntries(halves.map(([name, { credentials = {} }]) => [name, credentials])),
    };
  }
  return "host" in props ? { ...props, ...halvesOf(props["host"], hosts, "host") } : props;
}

/** The way back: hosts as the program says them. */
export function asGiven(props: Props, given: Props): Props {
  const { credentials: _credentials, ...rest } = props;
  for (const field of ["host", "hosts"]) if (field in given && field in rest) rest[field] = given[field];
  return rest;
}
