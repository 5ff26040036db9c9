// The proof on real packets: containers on every network of the fabric, and who reaches whom with which ttl.
import Table from "cli-table3";
import { encodeData } from "../provider/host/quote";
import { readLibrary } from "../provider/host/scripts";
import { runner } from "../provider/host/ssh/connection";
import type { ConfiguredHost } from "../provider/pulumi/lab";
import { type Connection, fieldsOf, secretPart } from "../provider/vocabulary/host";

interface Contained {
  name: string;
  host: string;
  network: string;
  address: string;
}

/** The seed's four containers. */
export const CONTAINERS = [
  { name: "d1", host: "host1", network: "mac10", address: "172.16.10.10" },
  { name: "d2", host: "host1", network: "mac20", address: "172.16.20.10" },
  { name: "d3", host: "host2", network: "mac10", address: "172.16.10.11" },
  { name: "d4", host: "host2", network: "mac20", address: "172.16.20.11" },
] as const;

export type Hosts = Record<string, ConfiguredHost>;

/** ttl of the answer, or undefined where none came. */
export type Matrix = Record<string, Record<string, number | undefined>>;

/** Runs a script on a host with positional parameters that come on standard input; none of them holds blanks. */
async function onHost(hosts: Hosts, name: string, script: string, words: readonly string[]): Promise<string> {
  const { parent: _parent, uplink: _uplink, ...connection } = hosts[name] as ConfiguredHost & Connection;
  const plain = { name, ...connection, commandTimeout: 180 } as Connection;
  const answer = await runner.run(
    fieldsOf(plain),
    secretPart(plain),
    [...readLibrary(), `begin; take_list words; end; set -- $words\n${script}\n`],
    encodeData([words]),
  );
  if (answer.code !== 0) throw new Error(`on ${name}: ${answer.stderr || answer.stdout}`);
  return answer.stdout;
}

const byHost = <C extends Contained>(containers: readonly C[]): Map<string, C[]> =>
  Map.groupBy(containers, ({ host }) => host);

/** Starts those of the containers that don't run; a second call finds them. */
export async function startContainers(hosts: Hosts, wanted: readonly Contained[] = CONTAINERS): Promise<void> {
  await Promise.all(
    [...byHost(wanted)].map(([host, containers]) =>
      onHost(
        hosts,
        host,
        // Docker takes a name that it does not know, as d4, for the start of an id.
        `while [ $# -gt 0 ]; do
           found=$(docker inspect --type container -f "{{if eq .Name \\"/$1\\"}}{{.State.Running}} {{index .Config.Labels \\"pulumi-macvlan.proof\\"}}{{end}}" "$1" 2>/dev/null)
           case $found in "" | *" 1") ;; *) echo "container $1 is there already and not ours: rename or remove it" >&2; exit 1 ;; esac
           if [ "$found" != "true 1" ]; then
             [ -z "$found" ] || docker rm -f "$1" >/dev/null 2>&1
             docker run -d --name "$1" --network "$2" --ip "$3" --label pulumi-macvlan.proof=1 busybox sleep 1000000 >/dev/null || exit 1
           fi
           shift 3
         done`,
        containers.flatMap(({ name, network, address }) => [name, network, address]),
      ),
    ),
  );
}

/** Removes them, so that the networks can go. */
export async function removeContainers(hosts: Hosts, made: readonly Contained[] = CONTAINERS): Promise<void> {
  await Promise.all(
    [...byHost(made)].map(([host, containers]) =>
      onHost(
        hosts,
        host,
        `for name; do docker ps -aq --filter "name=^/$name$" --filter label=pulumi-macvlan.proof=1; done | xargs -r docker rm -f >/dev/null 2>&1 || true`,
        containers.map(({ name }) => name),
      ),
    ),
  );
}

/** Pings from every container to every other one and to `outside`. */
export async function measure(hosts: Hosts, outside?: string): Promise<Matrix> {
  const matrix: Matrix = {};
  const targets = [
    ...CONTAINERS.map(({ name, address }) => ({ name: name as string, address: address as string })),
    ...(outside ? [{ name: "outside", address: outside }] : []),
  ];
  await Promise.all(
    [...byHost(CONTAINERS)].map(async ([host, containers]) => {
      const pairs = containers.flatMap((from) =>
        targets.filter(({ name }) => name !== from.name).map((to) => [from.name, to.name, to.address]),
      );
      // Two tries: the first packet may be lost while addresses are being looked up.
      const script = `while [ $# -gt 0 ]; do
        answer=$(docker exec "$1" ping -c 1 -W 1 "$3" 2>/dev/null || docker exec "$1" ping -c 1 -W 1 "$3" 2>/dev/null)
        printf '%s %s %s\\n' "$1" "$2" "$(printf '%s' "$answer" | sed -n 's/.*ttl=\\([0-9]*\\).*/\\1/p')"
        shift 3
      done`;
      for (const line of (await onHost(hosts, host, script, pairs.flat())).split("\n").filter(Boolean)) {
        const [from = "", to = "", ttl] = line.split(" ");
        matrix[from] = { ...matrix[from], [to]: ttl ? Number(ttl) : undefined };
      }
    }),
  );
  return matrix;
}

/** What the fabric promises: the same VLAN answers directly; another VLAN only through the router, one hop further. */
export function expected(router: boolean, outside: boolean): Matrix {
  const matrix: Matrix = {};
  for (const from of CONTAINERS) {
    const row: Record<string, number | undefined> = {};
    for (const to of CONTAINERS) {
      if (to !== from) row[to.name] = to.network === from.network ? 64 : router ? 63 : undefined;
    }
    if (outside) row["outside"] = router ? 63 : undefined;
    matrix[from.name] = row;
  }
  return matrix;
}

const say = (ttl: number | undefined): string => (ttl === undefined ? "unreachable" : `ttl ${ttl}`);

/** The measured matrix as a table, and every cell that is not as promised. */
export function judge(measured: Matrix, promised: Matrix): { table: string; wrong: string[] } {
  const names = [...new Set(Object.values(promised).flatMap((row) => Object.keys(row)))].sort();
  const table = new Table({ head: ["from \\ to", ...names], style: { head: [], border: [] } });
  const wrong: string[] = [];
  for (const [from, row] of Object.entries(promised)) {
    const cells = names.map((to) => {
      if (!(to in row)) return "";
      const found = measured[from]?.[to];
      if (found === row[to]) return say(found);
      wrong.push(`${from} to ${to}: wanted ${say(row[to])}, measured ${say(found)}`);
      return `${say(found)} (!)`;
    });
    table.push([from, ...cells]);
  }
  return { table: table.toString(), wrong };
}
