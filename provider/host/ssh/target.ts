// From a HostConnection to what ssh2 needs: ~/.ssh/config, defaults, keys, and the check of the host's key.
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import SSHConfig from "ssh-config";
import type { ConnectConfig } from "ssh2";
import { utils } from "ssh2";
import { ConnectionError, messageOf } from "../../vocabulary/errors";
import { type Credentials, type HostFields, hostLabel, typedFields } from "../../vocabulary/host";
import { knownHostsName, knownTypes, verdict } from "./known-hosts";
import { fromEnvironment } from "./twin";

const expand = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());

function readOptional(path: string): string {
  try {
    return readFileSync(expand(path), "utf8");
  } catch {
    return "";
  }
}

/** A host with what ~/.ssh/config says of it filled in; what the connection itself says goes first. */
export interface Resolved {
  host: HostFields;
  /** The file's IdentityFile. As with ssh, it need not be there, and an agent may hold it instead. */
  identityFile?: string | undefined;
}

export function resolveAlias(host: HostFields): Resolved {
  const text = readOptional("~/.ssh/config");
  if (!text) return { host };
  const found = SSHConfig.parse(text).compute(host.address) as Record<string, string | string[] | undefined>;
  const first = (key: string): string | undefined => [found[key]].flat()[0];
  const jump = first("ProxyJump");
  const resolved = {
    ...host,
    address: first("HostName") ?? host.address,
    port: host.port ?? (first("Port") ? Number(first("Port")) : undefined),
    user: host.user ?? first("User"),
    knownHostsPath: host.knownHostsPath ?? first("UserKnownHostsFile")?.split(" ")[0],
    bastion: host.bastion ?? (jump && jump !== "none" ? jumpHost(jump) : undefined),
    name: host.name ?? (first("HostName") ? host.address : undefined),
  };
  return { host: resolved, identityFile: first("IdentityFile") };
}

/** `user@host:port`; a chain `a,b` is read from its end, as ssh does. */
function jumpHost(text: string): HostFields {
  const hops = text.split(",");
  const last = hops.pop()?.trim() ?? "";
  const before = hops.length ? jumpHost(hops.join(",")) : undefined;
  return { ...(typedFields(last) ?? { address: last }), ...(before && { bastion: before }) };
}

/** ssh2 names the algorithms of an RSA key by their signature. */
const algorithmsOf = (type: string): string[] =>
  type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];

const ALL_KEY_TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/** A key that nobody asked for by name: taken where it can be read without a passphrase. */
const readable = (path: string): string | undefined => {
  const key = readOptional(path);
  return key && !(utils.parseKey(key) instanceof Error) ? key : undefined;
};

function authentication({ host, identityFile }: Resolved, given: Credentials): Partial<ConnectConfig> {
  const label = hostLabel(host);
  // Those of the environment go first: the ones in a stack's state may be dead, and a destroy has no others.
  const path = fromEnvironment("PRIVATE_KEY_PATH") ?? host.privateKeyPath;
  const credentials = { ...given, password: fromEnvironment("PASSWORD") ?? given.password };
  if (fromEnvironment("PRIVATE_KEY_PATH")) delete credentials.privateKey;
  const auth: Partial<ConnectConfig> = {};
  let key = credentials.privateKey;
  if (key === undefined && path !== undefined) {
    try {
      key = readFileSync(expand(path), "utf8");
    } catch (error) {
      throw new ConnectionError(`cannot read the private key for ${label}: ${messageOf(error)}`);
    }
  }
  if (key !== undefined) {
    const parsed = utils.parseKey(key, credentials.passphrase);
    if (parsed instanceof Error) {
      const why = /passphrase/i.test(parsed.message)
        ? "it is encrypted: give its passphrase"
        : "it is no private key that ssh2 can read";
      throw new ConnectionError(`cannot use the private key for ${label}: ${why}`);
    }
    auth.privateKey = key;
    if (credentials.passphrase !== undefined) auth.passphrase = credentials.passphrase;
  }
  if (credentials.password !== undefined) auth.password = credentials.password;
  // An agent that nobody asked for comes last: its many keys would use up the tries that sshd grants.
  const explicit = auth.privateKey !== undefined || auth.password !== undefined;
  const wanted = host.agent ?? (explicit ? undefined : true);
  const socket = wanted === true ? process.env["SSH_AUTH_SOCK"] : wanted && expand(wanted);
  if (host.agent === true && !socket) {
    throw new ConnectionError(`cannot reach ${label}: agent is true, but no agent runs (SSH_AUTH_SOCK is not set)`);
  }
  if (socket) auth.agent = socket;
  if (!explicit) {
    const files = [identityFile, "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];
    const standard = files.map((file) => file && readable(file)).find(Boolean);
    if (standard) auth.privateKey = standard;
    else if (!socket) {
      throw new ConnectionError(
        `cannot log in to ${label}: there is nothing to log in with; give privateKey, privateKeyPath, password or agent on its connection`,
      );
    }
  }
  return auth;
}

export interface Target {
  label: string;
  config: ConnectConfig;
  /** Why the host's key was refused, once it was. */
  refusal: () => string | undefined;
  /** The key it showed. */
  shown: () => string;
}

/** All of ssh2's settings for a host. Its key is checked against the pinned keys, else against known_hosts. */
export function targetOf(resolved: Resolved, credentials: Credentials): Target {
  const { host } = resolved;
  const label = hostLabel(host);
  const port = host.port ?? 22;
  const path = host.knownHostsPath ?? "~/.ssh/known_hosts";
  const file = host.hostKey ? "" : readOptional(path);
  let refusal: string | undefined;
  let shown = "";

  const judge = (blob: Buffer): string | undefined => {
    const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("ascii");
    const key = `${type} ${blob.toString("base64")}`;
    shown = key;
    if (host.hostKey) {
      if (host.hostKey.includes(key)) return undefined;
      return `its host key is not the pinned one. It shows "${key}"; the pinned ones are ${host.hostKey.map((pinned) => `"${pinned}"`).join(", ")}. Was it reinstalled, or does somebody else answer?`;
    }
    const line = `${knownHostsName(host.address, port)} ${key}`;
    const found = verdict(file, host.address, port, key);
    switch (found.kind) {
      case "trusted":
        return undefined;
      case "revoked":
        return `its host key "${key}" is marked @revoked in ${path}`;
      case "changed":
        return `its host key is not the one in ${path}, line ${found.line}. It shows "${key}". Was it reinstalled, or does somebody else answer? If it is right, put this line there instead: ${line}`;
      case "authority":
        return `${path}, line ${found.line}, trusts a certificate authority for it, and host certificates are not supported: add the host's own key: ${line}`;
      case "unknown":
        if (host.trustOnFirstUse) {
          mkdirSync(dirname(expand(path)), { recursive: true, mode: 0o700 });
          appendFileSync(expand(path), `${line}\n`, { mode: 0o600 });
          return undefined;
        }
        return `its host key is not known. It shows "${key}". If that is right, add this line to ${path}: ${line} or set hostKey on the connection`;
    }
  };

  const types = host.hostKey
    ? host.hostKey.map((key) => key.split(" ")[0] ?? "")
    : knownTypes(file, host.address, port);
  const order = [...new Set([...types, ...ALL_KEY_TYPES])].flatMap(algorithmsOf);
  const supported = new Set([
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
  ]);
  return {
    label,
    refusal: () => refusal,
    shown: () => shown,
    config: {
      host: host.address,
      port,
      username: host.user ?? "root",
      readyTimeout: (host.connectTimeout ?? 10) * 1000,
      keepaliveInterval: 10_000,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: order.filter((name) => supported.has(name)) as never },
      // Only a strict false makes ssh2 refuse, so anything that goes wrong in here must become one.
      hostVerifier: (blob: Buffer): boolean => {
        try {
          refusal = judge(blob);
        } catch (error) {
          refusal = `its host key can't be judged: ${messageOf(error)}`;
        }
        return refusal === undefined;
      },
      ...authentication(resolved, credentials),
    },
  };
}
