// A fleet without hosts: an SSH server per host on 127.0.0.1 that answers as a host would. For what needs more hosts than the
// lab has; it proves nothing about networking.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type AuthContext, type Connection, Server, type ServerChannel, utils } from "ssh2";

/** What is there, by name: the answer that shows it. */
type Objects = Map<string, string>;

export interface FleetHost {
  name: string;
  address: string;
  port: number;
  user: string;
  password: string;
  hostKey: string;
}

const PASSWORD = "fleet";

const section = (name: string, value: unknown): string =>
  `\n@${name}\n${value === undefined ? "" : JSON.stringify(value)}\n`;

const link = (name: string, more: object): object => ({
  ifindex: 7,
  ifname: name,
  flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
  mtu: 1500,
  address: "02:00:00:00:00:01",
  ...more,
});

/** The words that a script of the package gets after those which all of them get. */
const COMMON = 8;

function vlan(mark: string, [name = "", parent = "", protocol = "", id = ""]: string[]): string {
  const linkinfo = { info_kind: "vlan", info_data: { protocol, id: Number(id), flags: ["REORDER_HDR"] } };
  return [
    section("link", [link(name, { link: parent, ifalias: mark, linkinfo, addr_info: [] })]),
    section("parent-mtu", 1500),
  ].join("");
}

function network(mark: string, [name = "", , , , request = ""]: string[]): string {
  const { Driver, IPAM, Options, Labels } = JSON.parse(request) as Record<string, unknown>;
  const Id = Buffer.from(name).toString("hex");
  const found = { Name: name, Id, Driver, Internal: false, IPAM, Options, Labels, Containers: {} };
  return `${section("network", [found])}\n@mark\n${mark}\n`;
}

function answer(objects: Objects, script: string, data: string[]): string {
  const [verb = "", mark = ""] = data;
  const own = data.slice(COMMON);
  const kind = script.includes("resource=vlan-subinterface") ? "vlan" : "network";
  const key = `${kind} ${own[0]}`;
  if (verb === "delete") objects.delete(key);
  if (verb === "ensure") objects.set(key, kind === "vlan" ? vlan(mark, own) : network(mark, own));
  const made = verb === "ensure" ? section("made", undefined) : "";
  return `${made}${verb === "delete" ? "" : (objects.get(key) ?? "")}\n@persisted\nyes\n@end\n`;
}

const decode = (line: string): string =>
  line.replaceAll(/\\0([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

/** Of every few hundred keys that ssh2 makes, it can't read one itself. */
function newKey(): { private: string; public: string } {
  const key = utils.generateKeyPairSync("ed25519");
  return utils.parseKey(key.private) instanceof Error ? newKey() : key;
}

/** The far end of a session (library/session.sh), as far as changes and reads go; it answers after so many milliseconds. */
function serveSession(stream: ServerChannel, objects: Objects, delay: number): void {
  const texts = new Map<string, string>();
  let input = "";
  let begun = false;
  const next = (): boolean => {
    const end = input.indexOf("\n");
    // The session's own text comes first.
    if (!begun) {
      begun = input.slice(0, Math.max(end, 0)) === "# pulumi-macvlan:whole";
      input = input.slice(end + 1);
      return end >= 0;
    }
    // Of several changes each has a line with its name, as `run` has.
    const [word, name = "", ...rest] = input
      .slice(0, Math.max(end, 0))
      .replace(/^[0-9a-f]{32} /, "run $&")
      .split(" ");
    if (word === "keep") {
      const size = Number(rest[0]);
      if (input.length < end + 1 + size) return false;
      texts.set(name, input.slice(end + 1, end + 1 + size));
      input = input.slice(end + 1 + size);
      return true;
    }
    if (word === "run") {
      const over = input.indexOf("\npulumi-macvlan:end\n");
      if (over < 0) return false;
      const data = input
        .slice(end + 1, over)
        .split("\n")
        .slice(1)
        .map(decode);
      const script = rest.map((text) => texts.get(text)).join("");
      input = input.slice(over + "\npulumi-macvlan:end\n".length);
      const mark = `\npulumi-macvlan:${name} 0\n`;
      const said = `${answer(objects, script, data)}${mark}`;
      setTimeout(() => {
        stream.write(said);
        stream.stderr.write(mark);
      }, delay);
      return true;
    }
    // What has nothing to do with one object.
    input = input.slice(end + 1);
    return end >= 0;
  };
  stream.on("data", (chunk: Buffer) => {
    input += chunk.toString();
    while (next());
  });
}

/** One host; `handshakes` is called for each login. */
export async function fleetHost(name: string, handshakes: () => void, delay = 0): Promise<FleetHost> {
  const key = newKey();
  const objects: Objects = new Map();
  const serve = (client: Connection) => {
    client.on("authentication", (context: AuthContext) =>
      context.method === "password" && context.password === PASSWORD ? context.accept() : context.reject(["password"]),
    );
    client.on("ready", handshakes);
    client.on("error", () => {});
    client.on("session", (accept) =>
      accept().on("exec", (acceptExec) => {
        const stream = acceptExec();
        serveSession(stream, objects, delay);
      }),
    );
  };
  const server = new Server({ hostKeys: [key.private] }, serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { name, address: "127.0.0.1", port, user: "root", password: PASSWORD, hostKey: key.public };
}

// A process of its own: prints the hosts as one line of JSON, and the number of logins so far for every line it reads.
if (require.main === module) {
  let logins = 0;
  const names = Array.from({ length: Number(process.argv[2]) }, (_, index) => `host${index + 1}`);
  Promise.all(names.map((name) => fleetHost(name, () => void logins++, Number(process.argv[3] ?? 0)))).then((hosts) => {
    console.log(JSON.stringify(hosts));
    process.stdin.on("data", () => console.log(String(logins)));
    process.stdin.on("end", () => process.exit(0));
  });
}
