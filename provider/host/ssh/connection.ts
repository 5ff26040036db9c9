// The one place that does SSH: one connection per host and run, and one session on it that all scripts go through.
import type { Duplex } from "node:stream";
import { backOff } from "exponential-backoff";
import { Client, type ConnectConfig } from "ssh2";
import { ConnectionError, messageOf } from "../../vocabulary/errors";
import { type Credentials, connectionKey, type HostFields, hostIdentity } from "../../vocabulary/host";
import type { Answer, Runner } from "../guard";
import { quoteWords } from "../quote";
import { LOADER, type Script } from "../scripts";
import { trace } from "../trace";
import { Changes } from "./changes";
import { brokeBefore, type Channel, type Request, Session } from "./session";
import { type Resolved, resolveAlias, type Target, targetOf } from "./target";
import { fromEnvironment, isOnTwin, wayOn } from "./twin";

/** Passing troubles in which nothing can have been run: worth another try. */
const PASSING = /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|EPIPE|before handshake|Connection lost|closed by/i;

function explainConnect(error: unknown, target: Target, config: ConnectConfig): string {
  const refusal = target.refusal();
  if (refusal) return refusal;
  const message = messageOf(error);
  const { level, code } = error as { level?: string; code?: string };
  const where = `${config.host}:${config.port}`;
  if (level === "client-authentication") {
    return `it refuses the login of user "${config.username}": check the user and the key or password on the connection`;
  }
  if (level === "client-timeout" || code === "ETIMEDOUT") {
    return `${where} did not answer within ${(config.readyTimeout ?? 0) / 1000} s: is it up, and is the address right?`;
  }
  if (code === "ECONNREFUSED") return `${where} refuses connections: does sshd run there, and on that port?`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `the name "${config.host}" can't be resolved`;
  return `${where}: ${message}`;
}

/** Resolves once logged in. Every way in which a client can end settles the promise. */
function login(target: Target, config: ConnectConfig): Promise<Client> {
  return new Promise<Client>((resolve, reject) => {
    const client = new Client();
    client.once("ready", () => resolve(client));
    // Stays attached for the client's life: an error without a listener would end the process.
    client.on("error", reject);
    client.once("close", () => reject(new Error("Connection lost before handshake")));
    try {
      client.connect(config);
    } catch (error) {
      reject(error as Error);
    }
  }).catch((error: unknown) => {
    throw Object.assign(new ConnectionError(`cannot reach ${target.label}: ${explainConnect(error, target, config)}`), {
      passing: !target.refusal() && PASSING.test(`${(error as { code?: string }).code} ${messageOf(error)}`),
    });
  });
}

/** A tunnel through a bastion, which is a host like any other, with its own check of its key. */
async function tunnel(
  host: HostFields,
  credentials: Credentials,
  way: readonly string[],
  fresh: boolean,
): Promise<Duplex | undefined> {
  if (!host.bastion) return undefined;
  const through = await connectionTo(host.bastion, credentials.bastion ?? {}, fresh, way);
  const seconds = host.connectTimeout ?? 10;
  return new Promise((resolve, reject) => {
    const refuse = (why: string) =>
      reject(new ConnectionError(`cannot reach ${host.address} through the bastion: ${why}`));
    const deadline = setTimeout(() => refuse(`no answer within ${seconds} s`), seconds * 1000);
    through.client.forwardOut("127.0.0.1", 0, host.address, host.port ?? 22, (error, stream) => {
      clearTimeout(deadline);
      if (error) refuse(error.message);
      else resolve(stream);
    });
  });
}

class Connection {
  /** By the command that starts them: one who logs in may be root or go through sudo. */
  private readonly sessions = new Map<string, Session>();
  alive = true;

  constructor(
    readonly client: Client,
    private readonly label: string,
    /** The key that the host showed. */
    readonly hostKey: string,
    onClose: () => void,
  ) {
    client.once("close", () => {
      this.alive = false;
      onClose();
      for (const session of this.sessions.values()) session.broke();
    });
  }

  session(command: string, first: string): Session {
    const found = this.sessions.get(command);
    if (found) return found;
    const session = new Session(
      this.label,
      () => this.exec(command),
      first,
      () => this.drop(),
    );
    this.sessions.set(command, session);
    return session;
  }

  private exec(command: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const broke = () => reject(brokeBefore(this.label));
      if (!this.alive) {
        broke();
        return;
      }
      this.client.once("close", broke);
      this.client.exec(command, (error, channel) => {
        this.client.off("close", broke);
        if (error) reject(new ConnectionError(`${this.label} refuses to run a command: ${error.message}`));
        else resolve(channel);
      });
    });
  }

  private drop(): void {
    this.alive = false;
    this.client.destroy();
  }

  /** Replaced by a newer one: what still runs over it may end, then it does. */
  async retire(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.over()));
    this.client.end();
  }
}

const pool = new Map<string, Promise<Connection>>();

async function open(
  resolved: Resolved,
  credentials: Credentials,
  way: readonly string[],
  fresh: boolean,
  forget: () => void,
): Promise<Connection> {
  const target = targetOf(resolved, credentials);
  const started = Date.now();
  const client = await backOff(
    async () => {
      const sock = await tunnel(resolved.host, credentials, way, fresh);
      return login(target, sock ? { ...target.config, sock: sock as never } : target.config);
    },
    {
      numOfAttempts: 4,
      startingDelay: 500,
      jitter: "full",
      retry: (error: { passing?: boolean }) => error.passing === true,
    },
  );
  trace({ event: "connection", host: target.label, ms: Date.now() - started });
  return new Connection(client, target.label, target.shown(), forget);
}

/** The run's one connection to a host, made when it is first needed, again when it broke, and anew where `fresh` asks. */
async function connectionTo(
  given: HostFields,
  credentials: Credentials,
  fresh: boolean,
  way: readonly string[] = [],
): Promise<Connection> {
  const key = connectionKey(given, credentials);
  if (way.includes(key))
    throw new ConnectionError(
      `the bastion of ${given.address} leads back to itself: look at ProxyJump in ~/.ssh/config`,
    );
  const before = pool.get(key);
  if (!fresh) {
    for (let opening = before; opening; opening = pool.get(key)) {
      const connection = await opening;
      if (connection.alive) return connection;
      if (pool.get(key) === opening) pool.delete(key);
    }
  }
  const forget = (): void => {
    if (pool.get(key) === opening) pool.delete(key);
  };
  const opening = open(isOnTwin() ? { host: given } : resolveAlias(given), credentials, [...way, key], fresh, forget);
  pool.set(key, opening);
  opening.catch(forget);
  if (!fresh || !before) return opening;
  const [old, connection] = [await before.catch(() => undefined), await opening];
  if (old && old.hostKey !== connection.hostKey) {
    connection.client.end();
    throw new ConnectionError(`${given.address} shows another host key than a moment ago: "${connection.hostKey}"`);
  }
  old?.retire().catch(() => undefined);
  return connection;
}

/** With root's rights. A password for sudo goes in on standard input, before all that is ours. */
async function sessionOn(host: HostFields, credentials: Credentials, fresh: boolean): Promise<Session> {
  const connection = await connectionTo(host, credentials, fresh);
  const password = fromEnvironment("SUDO_PASSWORD") ?? credentials.sudoPassword;
  const asked = password === undefined ? ["sudo", "-n"] : ["sudo", "-S", "-p", ""];
  const sudo = host.sudo || password !== undefined ? asked : [];
  return connection.session(
    // sudo would hide from the script which connection it came over.
    `${quoteWords([...sudo, "sh", "-c", LOADER, "pulumi-macvlan"])} "$SSH_CONNECTION"`,
    password === undefined ? "" : `${password}\n`,
  );
}

/** A script that ran has said something; sudo may warn all the same (an unknown host name). */
function orRefusal(answer: Answer): Answer {
  if (answer.code !== 0 && answer.stdout === "" && /^sudo: /m.test(answer.stderr)) {
    throw new ConnectionError(`sudo on the host refused: ${answer.stderr.trim().split("\n").at(-1)}`);
  }
  return answer;
}

const request = (host: HostFields, script: Script, input: string): Request => ({
  script,
  input,
  seconds: host.commandTimeout ?? 60,
});

const queues = new Map<string, Changes>();

export const runner: Runner = {
  async run(given, secrets, script, input, { fresh = false } = {}) {
    const { host, credentials } = wayOn(given, secrets);
    const session = await sessionOn(host, credentials, fresh);
    return orRefusal(await session.run(request(host, script, input)));
  },

  async change(given, secrets, script, input, settle) {
    const { host, credentials } = wayOn(given, secrets);
    const key = hostIdentity(host);
    let queue = queues.get(key);
    if (!queue) {
      queue = new Changes();
      queues.set(key, queue);
    }
    return queue.add({
      way: connectionKey(host, credentials),
      session: () => sessionOn(host, credentials, false),
      request: request(host, script, input),
      settle: (answer) => settle(answer.then(orRefusal)),
    });
  },
};

/** Ends all connections; a provider's process ends without it, tests need it. */
export async function closeConnections(): Promise<void> {
  const open = [...pool.values()];
  pool.clear();
  for (const connection of await Promise.allSettled(open)) {
    if (connection.status === "fulfilled") connection.value.client.end();
  }
}
