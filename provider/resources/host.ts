import * as pulumi from "@pulumi/pulumi";
import { type Credentials, type HostFields, publicPart, secretPart } from "../core/host";

/**
 * How a host is reached over SSH. Everything here but `address` has a default. No field of it makes a resource change
 * by itself, but for another host: a new address or port without the same pinned `hostKey` replaces.
 */
export interface HostConnection {
  /** DNS name, IP address, or a `Host` alias of `~/.ssh/config`. */
  address: pulumi.Input<string>;
  /** TCP port, 1 to 65535. Default: 22. */
  port?: pulumi.Input<number> | undefined;
  /** Default: "root". Without root's rights set `sudo`. */
  user?: pulumi.Input<string> | undefined;
  /** A private key's text (OpenSSH or PEM). Secret. */
  privateKey?: pulumi.Input<string> | undefined;
  /** A private key's file, read when a host is reached. */
  privateKeyPath?: pulumi.Input<string> | undefined;
  /** The passphrase of the private key. Secret. */
  passphrase?: pulumi.Input<string> | undefined;
  /** A password for the login. Secret. */
  password?: pulumi.Input<string> | undefined;
  /** True, or an agent's socket. Default: the agent of SSH_AUTH_SOCK, if one runs. */
  agent?: pulumi.Input<boolean | string> | undefined;
  /** The host's public key(s), `type base64` as in known_hosts: nothing else is accepted then. Default: known_hosts decides. */
  hostKey?: pulumi.Input<string | string[]> | undefined;
  /** Default: `~/.ssh/known_hosts`. Format: sshd(8). */
  knownHostsPath?: pulumi.Input<string> | undefined;
  /** Become root with sudo: true where it asks for no password, else `{password}` (secret, sent on standard input only). */
  sudo?: pulumi.Input<boolean | { password: pulumi.Input<string> }> | undefined;
  /** A host to go through, with a check of its key of its own. May have a bastion itself. */
  bastion?: pulumi.Input<HostConnection> | undefined;
  /** Seconds until a connection must stand, 1 to 3600. Default: 10. */
  connectTimeout?: pulumi.Input<number> | undefined;
  /** Seconds until a command must have answered, 1 to 3600. Default: 60. */
  commandTimeout?: pulumi.Input<number> | undefined;
  /**
   * Seconds within which a change that may cut SSH off must be confirmed over a new connection, 5 to 3600; else the host
   * undoes it by itself. Default: 30.
   */
  confirmTimeout?: pulumi.Input<number> | undefined;
  /**
   * Take a host key that is not known yet, and add it to known_hosts: whoever answers first is believed. A changed key is
   * refused all the same. Default: false.
   */
  trustOnFirstUse?: pulumi.Input<boolean> | undefined;
  /** A label for messages and ids. Default: the address. */
  name?: pulumi.Input<string> | undefined;
}

type Plain = pulumi.Unwrap<HostConnection>;

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

/**
 * The two inputs that a connection becomes. The public half is no secret even where a key in it was one: previews are
 * there to be read. The other half always is one.
 */
export function splitConnection(host: pulumi.Input<HostConnection>): {
  host: pulumi.Output<HostFields>;
  credentials: pulumi.Output<Credentials>;
} {
  const open = pulumi.output(isPlain(host) ? withoutSecrets(host) : host) as pulumi.Output<Plain>;
  const whole = pulumi.output(host) as pulumi.Output<Plain>;
  return { host: pulumi.unsecret(open.apply(publicPart)), credentials: pulumi.secret(whole.apply(secretPart)) };
}
