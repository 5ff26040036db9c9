// The host a resource lives on: how it is reached, and which host it is.
import { createHash } from "node:crypto";
import { z } from "zod";
import { wholeNumber } from "./fields";

const text = z.string({ error: "must be text" }).min(1, { error: "must not be empty" });
const seconds = wholeNumber(1, 3600, "a whole number of seconds from 1 to 3600");

/** What previews, state and messages may show of a connection. */
const publicFields = {
  address: text.refine((address) => /^[A-Za-z0-9_.:%-]+$/.test(address) && !address.startsWith("-"), {
    error: "must be a DNS name, an IP address or a Host alias of ~/.ssh/config",
  }),
  port: wholeNumber(1, 65535, "a TCP port from 1 to 65535").optional(),
  user: text.optional(),
  name: text.optional(),
  privateKeyPath: text.optional(),
  agent: z.union([z.literal(true), text], { error: "must be true or the path of an agent's socket" }).optional(),
  hostKey: z
    .union([text, z.array(text)], { error: "must be one or more OpenSSH public keys" })
    .transform((keys) => (typeof keys === "string" ? keys.split("\n") : keys).map(bareKey).filter(Boolean).sort())
    .refine((keys) => keys.every((key) => /^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/.test(key)), {
      error: 'must be OpenSSH public keys such as "ssh-ed25519 AAAA…"',
    })
    .optional(),
  knownHostsPath: text.optional(),
  sudo: z.boolean({ error: "must be true, or {password}" }).optional(),
  connectTimeout: seconds.optional(),
  commandTimeout: seconds.optional(),
  confirmTimeout: wholeNumber(5, 3600, "a whole number of seconds from 5 to 3600").optional(),
  trustOnFirstUse: z.boolean({ error: "must be true or false" }).optional(),
};

/** `type base64` of a public key, without its comment. */
function bareKey(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(" ");
}

export interface HostFields {
  address: string;
  port?: number | undefined;
  user?: string | undefined;
  name?: string | undefined;
  privateKeyPath?: string | undefined;
  agent?: true | string | undefined;
  hostKey?: string[] | undefined;
  knownHostsPath?: string | undefined;
  sudo?: boolean | undefined;
  connectTimeout?: number | undefined;
  commandTimeout?: number | undefined;
  confirmTimeout?: number | undefined;
  trustOnFirstUse?: boolean | undefined;
  bastion?: HostFields | undefined;
}

export const hostSchema: z.ZodType<HostFields> = z.lazy(() =>
  z.object(
    { ...publicFields, bastion: hostSchema.optional() },
    { error: "must be a HostConnection: at least {address}" },
  ),
);

/** The secret half of a connection; it has an input of its own, so that only it is secret in state. */
export interface Credentials {
  privateKey?: string | undefined;
  passphrase?: string | undefined;
  password?: string | undefined;
  sudoPassword?: string | undefined;
  bastion?: Credentials | undefined;
}

/** A connection as a user writes it, with all values known. */
export type PlainConnection = Omit<HostFields, "sudo" | "agent" | "hostKey" | "bastion"> &
  Omit<Credentials, "sudoPassword" | "bastion"> & {
    sudo?: boolean | { password: string } | undefined;
    agent?: boolean | string | undefined;
    hostKey?: string | string[] | undefined;
    bastion?: PlainConnection | undefined;
  };

/** What of a connection may be read by everybody. */
export function publicPart(connection: PlainConnection): HostFields {
  const { privateKey: _key, passphrase: _phrase, password: _password, sudo, bastion, agent, ...rest } = connection;
  return {
    ...rest,
    ...(agent ? { agent } : {}),
    ...(sudo ? { sudo: true } : {}),
    ...(bastion ? { bastion: publicPart(bastion) } : {}),
  } as HostFields;
}

/** What of a connection nobody may read. */
export function secretPart({ privateKey, passphrase, password, sudo, bastion }: PlainConnection): Credentials {
  return {
    privateKey,
    passphrase,
    password,
    sudoPassword: typeof sudo === "object" ? sudo.password : undefined,
    bastion: bastion && secretPart(bastion),
  };
}

/** For messages and ids: the label, else the address. */
export function hostLabel(host: { address: string; port?: number | undefined; name?: string | undefined }): string {
  if (host.name) return host.name;
  return host.port && host.port !== 22 ? `${host.address}:${host.port}` : host.address;
}

/**
 * Whether two connections lead to one and the same host. A pinned host key proves it whatever the address has
 * become; without one the address and port decide.
 */
export function sameHost(a: HostFields, b: HostFields): boolean {
  const keys = new Set(a.hostKey ?? []);
  if (b.hostKey?.some((key) => keys.has(key))) return true;
  return a.address === b.address && (a.port ?? 22) === (b.port ?? 22);
}

/** Stable across runs and addresses: what tells hosts apart when inputs are compared with each other. */
export function hostIdentity(host: HostFields): string {
  return host.hostKey?.[0] ?? `${host.address}:${host.port ?? 22}`;
}

/** One connection serves all resources that reach a host in the same way with the same credentials. */
export function connectionKey(host: HostFields, credentials: Credentials): string {
  return createHash("sha256")
    .update(JSON.stringify([host, credentials]))
    .digest("hex");
}
