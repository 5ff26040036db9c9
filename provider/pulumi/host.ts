import * as pulumi from "@pulumi/pulumi";
import { type Connection, type Credentials, type HostFields, publicPart, secretPart } from "../vocabulary/host";
import { canonical } from "../vocabulary/values";
import type { Arguments } from "./arguments";
import { isPlugin } from "./door";

/**
 * How a host is reached over SSH. Everything here but `address` has a default. No field of it makes a resource change
 * by itself, but for another host: a new address or port without the same pinned `hostKey` replaces.
 */
export interface HostConnection extends Arguments<Connection> {}

const isPlain = <T>(value: pulumi.Input<T>): value is T =>
  !pulumi.Output.isInstance(value) && !(value instanceof Promise);

/** Leaves secrets out before anything is resolved: a key that is not known yet must not hide the address from a preview. */
function withoutSecrets(host: HostConnection): HostConnection {
  const { privateKey: _key, passphrase: _phrase, password: _password, sudo, bastion, ...rest } = host;
  return {
    ...rest,
    sudo: sudo === undefined || !isPlain(sudo) ? sudo : sudo !== false,
    bastion: bastion === undefined || !isPlain(bastion) ? bastion : withoutSecrets(bastion),
  };
}

const unlessEmpty = (credentials: Credentials): Credentials | undefined =>
  canonical(credentials) === "{}" ? undefined : credentials;

/**
 * The two inputs that a connection becomes. The public half is no secret even where a key in it was one: previews are
 * there to be read. The other half always is one; it is left out where there is nothing in it, since Pulumi's state would keep it twice.
 */
export function splitConnection(host: pulumi.Input<HostConnection>): {
  host: pulumi.Output<HostFields>;
  credentials: pulumi.Output<Credentials | undefined>;
} {
  const open = pulumi.output(isPlain(host) ? withoutSecrets(host) : host) as pulumi.Output<Connection>;
  const whole = pulumi.output(host) as pulumi.Output<Connection>;
  return {
    host: pulumi.unsecret(open.apply(publicPart)),
    credentials: pulumi.secret(whole.apply(secretPart).apply(unlessEmpty)),
  };
}

/** The same for several hosts, by name. The plugin splits them itself. */
export function splitConnections(hosts: Record<string, pulumi.Input<HostConnection>>): pulumi.Inputs {
  if (isPlugin()) return { hosts };
  const split = Object.entries(hosts).map(([name, host]) => ({ name, ...splitConnection(host) }));
  return {
    hosts: pulumi.all(Object.fromEntries(split.map((entry) => [entry.name, entry.host]))),
    credentials: pulumi.secret(pulumi.all(Object.fromEntries(split.map((entry) => [entry.name, entry.credentials])))),
  };
}
