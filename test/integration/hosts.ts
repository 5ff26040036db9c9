// What tests ask hosts: the kernel and Docker themselves, never our own state.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { forgetClaims } from "../../provider/lifecycle/claims";
import { handlers } from "../../provider/pulumi/dynamic/handlers";
import type { HostFields } from "../../provider/vocabulary/host";
import { lab } from "./hooks";

export type Props = Record<string, unknown>;

/** A host of the lab as a connection, fit for `check`. */
export const connection = (host: string, change: object = {}): HostFields => ({
  ...lab.connection(host),
  hostKey: [lab.connection(host).hostKey],
  ...change,
});

export const on = async (host: string, line: string, through = lab): Promise<string> =>
  String((await through.exec(host, line)).stdout).trim();

/** Waits for a command to succeed there, for 20 seconds; it has the last word. */
export const until = (host: string, line: string): Promise<string> =>
  on(host, `n=0; until { ${line}; } >/dev/null 2>&1 || [ $n = 100 ]; do n=$((n + 1)); sleep 0.2; done; ${line}`);

/** The beginning of a program that stands in front of `ip`: what comes as one batch comes to it command by command. */
export const ONE_BY_ONE = `case "$*" in
  "-batch -")
    at=0
    while IFS= read -r line; do
      at=$((at + 1))
      [ -n "$line" ] || continue
      eval "set -- $line"
      "$0" "$@" </dev/null || { echo "Command failed -:$at" >&2; exit 1; }
    done
    exit 0 ;;
esac`;

/** Puts a program in front of `ip` that does something else for some of its commands. */
export const bendIp = (host: string, cases: string): Promise<string> =>
  on(
    host,
    `mv /usr/sbin/ip /usr/sbin/ip.real; cat >/usr/sbin/ip <<'IP'
#!/bin/sh
${ONE_BY_ONE}
case "$*" in ${cases} esac
exec /usr/sbin/ip.real "$@"
IP
chmod 755 /usr/sbin/ip`,
  );

export const mendIp = (host: string): Promise<string> => on(host, "mv /usr/sbin/ip.real /usr/sbin/ip");

/** A user who is nobody there. */
export const haveOps = (host: string): Promise<string> =>
  on(host, "id ops >/dev/null 2>&1 || useradd -m -p '*' -s /bin/sh ops; chmod 644 /etc/ssh/lab_authorized_keys");

/** sshd starts itself anew for it, and does not listen for a moment. */
export const reloadSshd = (host: string, change: string) => on(host, `${change}; systemctl reload ssh; sleep 1.5`);

/** Docker sets it when it starts, and nobody else does: a file of tests that has changed it puts it back to true. */
export const setForwarding = (host: string, forwards: boolean): Promise<string> =>
  on(host, `sysctl -qw net.ipv4.ip_forward=${forwards ? 1 : 0}`);

export const json = async <T = Record<string, never>[]>(host: string, line: string): Promise<T> =>
  JSON.parse((await on(host, line)) || "[]") as T;

/** `ip -j -d link show dev X`. */
export async function link(host: string, name: string): Promise<Record<string, never> | undefined> {
  return (await json(host, `ip -j -d link show dev ${name} 2>/dev/null || true`))[0];
}

export const addresses = async (host: string, name: string): Promise<string[]> =>
  (
    await json<{ addr_info: { local: string; prefixlen: number; scope: string }[] }[]>(
      host,
      `ip -j addr show dev ${name}`,
    )
  )
    .flatMap((entry) => entry.addr_info ?? [])
    .filter(({ scope }) => scope === "global")
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
    .sort();

const SYSCTLS = "net/ipv4/ip_forward net/ipv6/conf/all/forwarding";

/** Docker 28 keeps it, empty, after the first container on a bridge, until the host is restarted. */
const LEFT_BY_DOCKER =
  /^table ip6? raw \{\n\tchain \w+ \{\n\t\ttype filter hook \w+ priority raw; policy accept;\n\t\}\n\}\n/gm;

/**
 * A host is looked at once udev has given new links their MAC addresses, nobody doubts an IPv6 address any more, and the
 * kernel has noticed, up to a second late, that the last container has left Docker's bridge.
 */
const SETTLED = `unsettled() {
  ip -6 addr show tentative | grep -q inet6 && return
  [ "$(cat /sys/class/net/docker0/operstate 2>/dev/null)" = up ] && [ -z "$(ls /sys/class/net/docker0/brif)" ]
}
udevadm settle
tries=0
while [ $tries -lt 50 ] && unsettled; do sleep 0.1; tries=$((tries + 1)); done`;

/** Everything of a host that our resources could touch, without what changes by itself (counters, lifetimes, statistics). */
export async function snapshot(host: string, through = lab): Promise<string> {
  const text = await on(
    host,
    `${SETTLED}
     for what in "link" "addr" "route show table all" "rule" "-6 rule"; do echo "== $what"; ip -d -o $what; done
     echo == nft; nft list ruleset 2>/dev/null
     echo == sysctl; (cd /proc/sys; grep . ${SYSCTLS}; grep -r . net/ipv6/conf/*/accept_ra)
     echo == docker; docker network ls --format '{{.Name}} {{.Driver}}' | sort
     echo == ours; find /run/pulumi-macvlan /var/lib/pulumi-macvlan /run/systemd/network /run/NetworkManager/conf.d \\
       /etc/systemd/system '(' -name '*pulumi*' -o -path '*/pulumi-macvlan/*' ')' ! -type d ! -path '*/guard/*' ! -name lock 2>/dev/null | sort`,
    through,
  );
  return text
    .replace(LEFT_BY_DOCKER, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) =>
      line
        .replace(/valid_lft \S+ preferred_lft \S+/g, "")
        .replace(/counter packets \d+ bytes \d+/g, "counter")
        .replace(/ expires \d+sec/g, "")
        .replace(/[a-z_]+_timer +[\d.]+/g, "")
        .trimEnd(),
    )
    .join("\n");
}

interface NetworkMade {
  Id: string;
  Created: string;
  Containers: Record<string, { Name: string; EndpointID: string; MacAddress: string }>;
}

/** All that would be another one had it been made anew; the kernel counts its interfaces. */
export async function made(host: string) {
  const links = await json<Record<string, unknown>[]>(host, `${SETTLED}; ip -j -d addr show`);
  const networks = await json<NetworkMade[]>(
    host,
    "docker network ls -q --no-trunc --filter driver=macvlan --filter driver=ipvlan | sort | xargs -r docker network inspect",
  );
  return {
    // A bridge has timers.
    links: links
      .filter(({ ifname }) => ifname !== "docker0")
      .map(({ ifalias: _mark, addr_info: addresses, ...link }) => ({
        link,
        addresses: (addresses as { local: string; prefixlen: number }[]).map(
          ({ local, prefixlen }) => `${local}/${prefixlen}`,
        ),
      })),
    networks: networks.map(({ Id, Created, Containers }) => ({ Id, Created, Containers })),
    routes: await on(host, "ip route show table all | grep -v '^broadcast\\|fe80' | sort"),
    rules: await on(host, "iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'"),
    containers: await on(
      host,
      "docker ps -q --no-trunc | sort | xargs -r docker inspect -f '{{.Name}} {{.State.Pid}} {{.State.StartedAt}}'",
    ),
  };
}

/** A line without what another number of an interface, or a state that settles, changes in it. */
export const settled = (line: string): string =>
  line
    .replace(/^\d+: /, "")
    .replace(/ (group_address|link-netnsid).*$/, "")
    .replace(/ state \S+/, "");

/** Equal but for the order of lines; says which lines are not. */
export function assertSame(found: string, wanted: string): void {
  const [now, then] = [found.split("\n"), wanted.split("\n")];
  const added = now.filter((line) => !then.includes(line));
  const gone = then.filter((line) => !now.includes(line));
  assert.ok(
    added.length + gone.length === 0 && now.length === then.length,
    `the host is not as it was:\n${[...added.map((line) => `+ ${line}`), ...gone.map((line) => `- ${line}`)].join("\n")}`,
  );
}

/** All hosts of the lab work side by side, each on its share. */
export const shared = <T>(all: readonly T[], work: (host: string, part: T[]) => Promise<void>) =>
  Promise.all(
    HOSTS.map(({ name }, index) =>
      work(
        name,
        all.filter((_, at) => at % HOSTS.length === index),
      ),
    ),
  );

/** What Pulumi calls: of our dynamic resources, or of the plugin. */
export type Door = typeof handlers;

/** A resource as Pulumi would drive it: check, then create or update; only the engine is missing. */
export class Driven {
  id = "";
  state: Props = {};

  constructor(
    readonly type: string,
    private inputs: Props,
    private readonly door: Door = handlers,
  ) {}

  private async checked(change: Props): Promise<Props> {
    forgetClaims();
    const { inputs, failures } = await this.door.check(this.type, this.inputs, { ...this.inputs, ...change });
    assert.deepEqual(failures, []);
    return inputs;
  }

  async create(): Promise<this> {
    const { id, outs } = await this.door.create(this.type, await this.checked({}));
    this.id = id;
    this.state = outs;
    return this;
  }

  async diff(change: Props = {}) {
    return this.door.diff(this.type, this.state, await this.checked(change));
  }

  /** Changes inputs; the change must be one in place. */
  async update(change: Props = {}): Promise<void> {
    const news = await this.checked(change);
    const { changes, replaces } = await this.door.diff(this.type, this.state, news);
    assert.deepEqual(
      { changes, replaces },
      { changes: true, replaces: [] },
      `${JSON.stringify(change)} must be a change in place`,
    );
    this.state = (await this.door.update(this.type, this.state, news)).outs;
    this.inputs = { ...this.inputs, ...change };
  }

  /** The same inputs once more, as a run after a broken one would do. */
  async again(): Promise<void> {
    this.state = (await this.door.update(this.type, this.state, await this.checked({}))).outs;
  }

  async refresh(): Promise<boolean> {
    const found = (await this.door.read(this.type, this.id, this.state)) as { props?: Props };
    if (found.props) this.state = found.props;
    return found.props !== undefined;
  }

  /** As a destroy: what a program has is not deleted under it. */
  delete(): Promise<void> {
    forgetClaims();
    return this.door.delete(this.type, this.state);
  }
}

export const driven = (type: string, host: string, inputs: Props, door: Door = handlers): Driven =>
  new Driven(
    type,
    {
      host: connection(host),
      __owner: `tests/lab/${type}-${String(inputs["name"] ?? inputs["vlanId"] ?? "router")}`,
      ...inputs,
    },
    door,
  );

/** What a reboot makes anew with other numbers is no trace of ours. */
export const shapeOf = async (host: string): Promise<string> =>
  (await snapshot(host))
    .split("\n")
    .filter((line) => !/ (docker0|dummy0|sit0)\b/.test(line))
    .map(settled)
    .join("\n");
