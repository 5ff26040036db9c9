// Makes connections from container to container of the twin all the time, for how long they don't come through. Through routers only the
// containers' own ways tell that.
import { setTimeout as sleep } from "node:timers/promises";
import { quoteWords } from "pulumi-macvlan/lab";
import type { Stream } from "pulumi-macvlan/twin";

/** Seconds: more than a try that failed and the next one. */
const STILL = 1;
/** Seconds without a connection at the end, from which on its way counts as lost. */
const LOST = 2.5;

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

export interface Stillness {
  stream: Stream;
  /** In all, but for the end; undefined where none came through, not before the change either. */
  seconds: number | undefined;
  /** For how long none has come through at the end, where that is so. */
  lost: number | undefined;
}

/** Runs a script on the host of a label. */
type On = (label: string, script: string) => Promise<string>;

export class Streams {
  constructor(private readonly streams: readonly Stream[]) {}

  /** In the network of a container, with the host's own programs. */
  private async run(on: On, host: string, container: string, program: string, words: string[], out: string) {
    const perl = quoteWords(["perl", "-MSocket=:all", "-e", program, ...words]);
    await on(
      host,
      `set -e; mkdir -p ${FOLDER}; pid=$(docker inspect -f '{{.State.Pid}}' ${quoteWords([container])})
setsid nsenter -t "$pid" -n ${perl} >${FOLDER}/${out} 2>${FOLDER}/${out}.said </dev/null & echo $! >>${FOLDER}/pids`,
    );
  }

  async start(on: On): Promise<void> {
    const listening = new Set<string>();
    for (const { to, port } of this.streams) {
      const end = `${to.host} ${to.container} ${port}`;
      if (!listening.has(end)) await this.run(on, to.host, to.container, LISTEN, [to.address, String(port)], "listens");
      listening.add(end);
    }
    for (const [index, { from, to, port }] of this.streams.entries())
      await this.run(on, from.host, from.container, CONNECT, [to.address, String(port)], `${index}.times`);
  }

  async stop(on: On): Promise<Stillness[]> {
    if (this.streams.length > 0) await sleep(3000);
    const all = this.streams.map(async (stream, index): Promise<Stillness> => {
      const printed = await on(stream.from.host, `cat /proc/uptime ${FOLDER}/${index}.times`);
      const [now = 0, ...times] = printed.split("\n").map((line) => Number.parseFloat(line));
      const whole = times.filter(Number.isFinite);
      const last = whole.at(-1);
      if (last === undefined) return { stream, seconds: undefined, lost: undefined };
      const gaps = whole.slice(1).map((time, at) => time - (whole[at] ?? time));
      const seconds = gaps.reduce((sum, gap) => sum + (gap > STILL ? gap : 0), 0);
      return { stream, seconds, lost: now - last > LOST ? now - last : undefined };
    });
    const found = await Promise.all(all);
    const hosts = new Set(this.streams.flatMap(({ from, to }) => [from.host, to.host]));
    for (const host of hosts) await on(host, `kill $(cat ${FOLDER}/pids); rm -rf ${FOLDER}`);
    return found;
  }
}
