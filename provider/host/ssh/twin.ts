// A twin of a stack (npx pulumi-macvlan twin) is reached instead of its hosts, whatever a program says of them; and nothing else is.
import { readFileSync } from "node:fs";
import { ConnectionError } from "../../vocabulary/errors";
import { type Credentials, type HostFields, hostLabel, sameHost } from "../../vocabulary/host";

/** In the environment of whoever runs a program on a twin: the file that has its hosts. */
export const TWIN = "PULUMI_MACVLAN_TWIN";

/** One host of the twin. */
export interface TwinHost {
  /** Whose twin it is: by each connection that a program has had to it. */
  of: HostFields[];
  /** Where it is. */
  connection: HostFields;
}

/** What the environment says of ways to the stack's own hosts, which a twin has nothing of. */
export const fromEnvironment = (name: string): string | undefined =>
  isOnTwin() ? undefined : process.env[`PULUMI_MACVLAN_${name}`];

export const isOnTwin = (): boolean => process.env[TWIN] !== undefined;

const read = (file: string): TwinHost[] => JSON.parse(readFileSync(file, "utf8"));

/** The way to a host: the one given, or that to its twin. */
export function wayOn(
  host: HostFields,
  credentials: Credentials,
  file = process.env[TWIN],
): { host: HostFields; credentials: Credentials } {
  if (file === undefined) return { host, credentials };
  const label = hostLabel(host);
  const twins = read(file);
  const found =
    twins.find(({ of, connection }) => [...of, connection].some((other) => sameHost(other, host))) ??
    twins.find(({ of }) => of.some((other) => hostLabel(other) === label));
  if (!found)
    throw new ConnectionError(`${label} is no host of the twin: neither the state nor the preview knew of it`);
  const { connectTimeout, commandTimeout, confirmTimeout } = host;
  return {
    host: { connectTimeout, commandTimeout, confirmTimeout, ...found.connection, name: label },
    credentials: {},
  };
}
