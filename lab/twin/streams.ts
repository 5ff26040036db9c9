// Makes connections from container to container of the twin all the time, for how long they don't come through. Through routers only the
// containers' own ways tell that.
import { setTimeout as sleep } from "node:timers/promises";
import { quoteWords } from "pulumi-macvlan/lab";
import type { Stream } from "pulumi-macvlan/twin";
import { LAST_ANSWERS, type Quiet, quietOf } from "./silence";

/** Seconds: more than a try that failed and the next one. */
const STILL = 1;
const FOLDER = "/tmp/streams";

/** Run with an address and a port: a line for each connection, the seconds since the host's start. */
const CONNECT = `my ($address, $port) = @ARGV;
$| = 1;
while (1) {
  socket my $s, $address =~ /:/ ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0 or die;
  connect $s, $address =~ /:/ ? pack_sockaddr_in6($port, inet_pton AF_INET6, $address) : pack_sockaddr_in($port, inet_aton $address);
  vec(my $ready = "", fileno $s, 1) = 1;
  if (select undef, $ready, undef, 0.5 and !unpack "i", getsockopt $s, SOL_SOCKET, SO_ERROR) {
    open my $now, "<", "/proc/uptime"; print +(split " ", <$now>)[0], "\n";
  }
  close $s;
  select undef, undef, undef, 0.1;
}`;

/** Whoever connects is let go at once. */
const LISTEN = `my ($address, $port) = @ARGV;
socket my $s, $address =~ /:/ ? AF_INET6 : AF_INET, SOCK_STREAM, 0 or die;
setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
bind $s, $address =~ /:/ ? pack_sockaddr_in6($port, IN6ADDR_ANY) : pack_sockaddr_in($port, INADDR_ANY) or die;
listen $s, 20;
close $_ while accept $_, $s;`;

export interface Stillness extends Quiet {
  stream: Stream;
}

/** Runs a script on the host of a label. */
type On = (label: string, script: string) => Promise<string>;

interface Job {
  host: string;
  container: string;
  words: string[];
  out: string;
}

/** In the networks of the containers, with the host's own programs. */
async function begin(on: On, jobs: readonly Job[]): Promise<void> {
  const scripts = [...Map.groupBy(jobs, ({ host }) => host)].map(([host, itsJobs]) => {
    const lines = itsJobs.map(({ container, words, out }) => {
      const perl = quoteWords(["perl", "-MSocket=:all", "-e", ...words]);
      return `pid=$(docker inspect -f '{{.State.Pid}}' ${quoteWords([container])})
setsid nsenter -t "$pid" -n ${perl} >${out} 2>${out}.said </dev/null & echo $! >>pids`;
    });
    return on(host, [`set -e; mkdir -p ${FOLDER}; cd ${FOLDER}`, ...lines].join("\n"));
  });
  await Promise.all(scripts);
}

const printed = async (on: On, host: string): Promise<{ end: number; times: Map<number, number[]> }> => {
  const lines = (
    await on(host, `cd ${FOLDER}; kill $(cat pids); sed 's/ .*//' /proc/uptime; grep -H . *.times; rm -r ${FOLDER}`)
  )
    .split("\n")
    .map((line) => /^(?:(\d+)\.times:)?([\d.]+)$/.exec(line))
    .flatMap((found) => (found ? [{ index: Number(found[1] ?? -1), time: Number(found[2]) }] : []));
  const times = new Map(
    [...Map.groupBy(lines, ({ index }) => index)].map(([index, of]) => [index, of.map(({ time }) => time)]),
  );
  return { end: times.get(-1)?.[0] ?? 0, times };
};

/** @returns what ends it, and tells how each fared. */
export async function startStreams(streams: readonly Stream[], on: On): Promise<() => Promise<Stillness[]>> {
  const ends = new Map(streams.map(({ to, port }) => [`${to.host} ${to.container} ${port}`, { to, port }]));
  const listening = [...ends.values()].map(({ to, port }, index) => {
    return { ...to, words: [LISTEN, to.address, String(port)], out: `${index}.listens` };
  });
  await begin(on, listening);
  const connecting = streams.map(({ from, to, port }, index) => {
    return { ...from, words: [CONNECT, to.address, String(port)], out: `${index}.times` };
  });
  await begin(on, connecting);
  return async () => {
    if (streams.length > 0) await sleep(LAST_ANSWERS);
    const hosts = [...new Set([...listening, ...connecting].map(({ host }) => host))];
    const found = new Map(await Promise.all(hosts.map(async (host) => [host, await printed(on, host)] as const)));
    return streams.map((stream, index) => {
      const { end = 0, times } = found.get(stream.from.host) ?? {};
      return { stream, ...quietOf(times?.get(index) ?? [], end, STILL) };
    });
  };
}
