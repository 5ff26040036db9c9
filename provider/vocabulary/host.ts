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
} satisfies { [K in Exclude<keyof HostFields, "bastion">]-?: z.ZodType<HostFields[K]> };

/** `type base64` of a public key, without its comment. */
function bareKey(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(" ");
}

/** For a user who must give a password to become root. */
export interface SudoPassword {
  /** Secret; sent on standard input only. */
  password: string;
}

/** How a host is reached over SSH, as a program says it; users read these words. Everything but `address` has a default. */
export interface Connection {
  /** DNS name, IP address, or a `Host` alias of `~/.ssh/config`. */
  address: string;
  /** TCP port, 1 to 65535. Default: 22. */
  port?: number | undefined;
  /** Default: "root". Without root's rights set `sudo`. */
  user?: string | undefined;
  /** A private key's text (OpenSSH or PEM). Secret. */
  privateKey?: string | undefined;
  /** A private key's file, read when a host is reached. */
  privateKeyPath?: string | undefined;
  /** The passphrase of the private key. Secret. */
  passphrase?: string | undefined;
  /** A password for the login. Secret. */
  password?: string | undefined;
  /** True, or an agent's socket. Default: the agent of SSH_AUTH_SOCK, if one runs. */
  agent?: boolean | string | undefined;
  /** The host's public key(s), `type base64` as in known_hosts: nothing else is accepted then. Default: known_hosts decides. */
  hostKey?: string | string[] | undefined;
  /** Default: `~/.ssh/known_hosts`. Format: sshd(8). */
  knownHostsPath?: string | undefined;
  /** Become root with sudo: true where it asks for no password, else `{password}` (secret, sent on standard input only). */
  sudo?: boolean | SudoPassword | undefined;
  /** A host to go through, with a check of its key of its own. May have a bastion itself. */
  bastion?: Connection | undefined;
  /** Seconds until a connection must stand, 1 to 3600. Default: 10. */
  connectTimeout?: number | undefined;
  /** Seconds until a command must have answered, 1 to 3600. Default: 60. */
  commandTimeout?: number | undefined;
  /**
   * Seconds within which a change that may cut SSH off must be confirmed over a new connection, 5 to 3600; else the host
   * undoes it by itself. Default: 30.
   */
  confirmTimeout?: number | undefined;
  /**
   * Take a host key that is not known yet, and add it to known_hosts: whoever answers first is believed. A changed key is
   * refused all the same. Default: false.
   */
  trustOnFirstUse?: boolean | undefined;
  /** A label for messages and ids. Default: the address. */
  name?: string | undefined;
}

/** What previews, state and messages may show of it. */
export interface HostFields
  extends Omit<Connection, "privateKey" | "passphrase" | "password" | "sudo" | "agent" | "hostKey" | "bastion"> {
  agent?: true | string | undefined;
  hostKey?: string[] | undefined;
  sudo?: boolean | undefined;
  bastion?: HostFields | undefined;
}

export const hostSchema: z.ZodType<HostFields> = z.lazy(() =>
  z.object(
    { ...publicFields, bastion: hostSchema.optional() },
    { error: "must be a HostConnection: at least {address}" },
  ),
);

/** The secret half of a connection; it has an input of its own, so that only it is secret in state. */
export interface Credentials extends Pick<Connection, "privateKey" | "passphrase" | "password"> {
  sudoPassword?: string | undefined;
  bastion?: Credentials | undefined;
}

/** What of a connection may be read by everybody. */
export function publicPart(connection: Connection): HostFields {
  const { privateKey: _key, passphrase: _phrase, password: _password, sudo, bastion, agent, ...rest } = connection;
  return {
    ...rest,
    ...(agent ? { agent } : {}),
    ...(sudo ? { sudo: true } : {}),
    ...(bastion ? { bastion: publicPart(bastion) } : {}),
  } as HostFields;
}

/** The same as a resource has it: checked, and without what is no field of a connection. */
export const fieldsOf = (connection: Connection): HostFields => hostSchema.parse(publicPart(connection));

/** What of a connection nobody may read. */
export function secretPart({ privateKey, passphrase, password, sudo, bastion }: Connection): Credentials {
  return {
    privateKey,
    passphrase,
    password,
    sudoPassword: typeof sudo === "object" ? sudo.password : undefined,
    bastion: bastion && secretPart(bastion),
  };
}

/** `user@host:port` as people type it; an IPv6 address with a port stands in brackets. Nothing where it is no host. */
export function typedFields(text: string): Pick<HostFields, "address" | "user" | "port"> | undefined {
  const [, user, bracketed, plain, port] =
    /^(?:([^@\s]+)@)?(?:\[([0-9A-Fa-f:.]+)\]|([^\s[\]]+?))(?::(\d+))?$/.exec(text) ?? [];
  const whole = plain !== undefined && port !== undefined && plain.includes(":");
  const address = whole ? `${plain}:${port}` : (bracketed ?? plain);
  return address ? { address, ...(user && { user }), ...(port && !whole && { port: Number(port) }) } : undefined;
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
