// The fault runner: an operation is stopped before one of its steps, something goes wrong, then `up` runs again.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { forgetClaims } from "../../../provider/lifecycle/claims";
import { handlers } from "../../../provider/pulumi/dynamic/handlers";
import { lab } from "../hooks";
import { connection, ONE_BY_ONE, on, type Props, settled, snapshot } from "../hosts";
import { Relay } from "../relay";
import { type Order, type Outcome, perform } from "./operation";

export const HOST = "host1";
const CONFIRM = 8;

export interface Operation {
  what: string;
  through: Order["through"];
  type: string;
  verb: Order["verb"];
  inputs: Props;
  /** Of an update. */
  change?: Props;
  /** A container that stands on it. */
  used?: boolean;
}

const vlan = { parent: "enp0s8", vlanId: 51, addresses: ["172.30.1.2/24"] };
const guarded = { parent: "enp0s3", vlanId: 52, addresses: ["172.30.2.2/24"] };
const link = {
  parent: "enp0s8",
  name: "fault0",
  macAddress: "02:00:00:aa:00:01",
  addresses: ["172.30.3.2/32"],
  routes: [{ to: "172.30.3.64/26" }],
};
const network = { parent: "enp0s8", name: "fault", subnets: [{ subnet: "172.30.4.0/24" }] };
const router = {
  interfaces: [{ interface: "enp0s8", addresses: ["172.30.5.1/24"] }],
  nat: [{ outInterface: "enp0s3" }],
};

type Told = Omit<Operation, "through">;

const all = (resource: string, type: string, inputs: Props, change: Props): Told[] =>
  (["create", "update", "delete"] as const).map((verb) => ({
    what: `${verb} ${resource}`,
    type,
    verb,
    inputs,
    change,
  }));

/** Each is done through either door. */
export const OPERATIONS: Told[] = [
  ...all("a VLAN", "VlanSubinterface", vlan, { mtu: 1400, addresses: ["172.30.1.3/24"] }),
  ...all("a guarded VLAN", "VlanSubinterface", guarded, { mtu: 1400, addresses: ["172.30.2.3/24"] }),
  ...all("a link", "MacvlanLink", link, {
    mode: "private",
    addresses: ["172.30.3.3/32"],
    routes: [{ to: "172.30.3.128/26" }],
  }),
  ...all("a network", "MacvlanNetwork", network, { labels: { changed: "yes" } }).map((operation) => ({
    ...operation,
    used: operation.verb === "update",
  })),
  ...all("a router", "InterVlanRouter", router, { policy: { default: "drop", rules: [] } }),
];

interface Fault {
  /** Makes it go wrong while the operation stands before a step; the operation then goes on. */
  strike(scene: { relay: Relay; kill: () => void }): Promise<unknown>;
  /** What somebody puts right before the next `up`; most faults pass by themselves. */
  heal?(scene: { relay: Relay }): Promise<unknown>;
}

const go = "touch /run/faults/go";

export const FAULTS: Record<string, Fault> = {
  "TCP reset": {
    async strike({ relay }) {
      relay.reset();
      await on(HOST, go);
    },
  },
  "silent drop": {
    async strike({ relay }) {
      relay.silent = true;
      await on(HOST, go);
    },
    async heal({ relay }) {
      relay.reset();
      relay.silent = false;
    },
  },
  "SIGKILL of the provider": {
    async strike({ kill }) {
      kill();
      await on(HOST, go);
    },
  },
  "sshd stopped": {
    strike: () =>
      on(
        HOST,
        `systemd-run -q --collect sh -c 'systemctl stop ssh; pkill -9 sshd; ${go}; sleep 5; systemctl start ssh'; true`,
      ).catch(() => undefined),
  },
  "host rebooted": {
    strike: () => lab.reboot(HOST, true),
    heal: () => on(HOST, `${INSTALL}; systemctl start docker`),
  },
  "disk full": {
    strike: () =>
      on(
        HOST,
        `for d in / /run; do fallocate -l $(df --output=avail -B1 $d | tail -1) $d/fill 2>/dev/null; dd if=/dev/zero of=$d/fill2 bs=4k 2>/dev/null; done; ${go} || mkdir /run/faults/go`,
      ),
    heal: () => on(HOST, "rm -f /fill /fill2 /run/fill /run/fill2"),
  },
  "Docker down": {
    strike: () => on(HOST, `systemctl stop docker.socket docker; ${go}`),
    heal: () => on(HOST, "systemctl reset-failed docker; systemctl start docker"),
  },
};

/** Stands before every command that changes something, counts, and waits at the one that is asked for. */
const WRAPPER = `#!/bin/sh
name=\${0##*/}
for real in /usr/sbin/$name /usr/bin/$name /sbin/$name /bin/$name; do [ ! -x $real ] || break; done
[ -e /run/faults/at ] || exec $real "$@"
[ $name != ip ] || ${ONE_BY_ONE}
case "$name $* " in
  ip*" add "* | ip*" del "* | ip*" set "* | ip*" replace "* | ip*" append "* | nft*" -f "* | nft*" delete "* | sync*) ;;
  *tables*" -w -I "* | *tables*" -w -D "* | *tables*" -w -N "*) ;; # dockerd, which finds this too once it is restarted, says --wait
  "docker network rm"* | "docker system dial-stdio"*) ;;
  *) exec $real "$@" ;;
esac
echo "$name $*" >>/run/faults/steps 2>/dev/null
if [ "$(wc -l </run/faults/steps)" = "$(cat /run/faults/at 2>/dev/null)" ]; then
  : >/run/faults/reached
  tries=0
  while [ ! -e /run/faults/go ] && [ $tries -lt 150 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
exec $real "$@"
`;
const INSTALL = `mkdir -p /run/faults; cat >/run/faults/wrapper <<'WRAPPER'
${WRAPPER}WRAPPER
chmod 755 /run/faults/wrapper; for name in ip nft docker iptables ip6tables sync; do cp /run/faults/wrapper /usr/local/sbin/$name; done; /bin/sync`;

/** Waits without a process or a login for every look. */
const REACHED = `perl -e 'select undef, undef, undef, 0.05 until -e "/run/faults/reached" or time - $^T > 60'`;

export const install = () => on(HOST, INSTALL);
/** A dockerd that was started beside them goes on looking for its programs where they were. */
export const uninstall = () =>
  on(
    HOST,
    `[ -e /usr/local/sbin/iptables ] || exit 0
     rm -rf /run/faults; for name in ip nft docker iptables ip6tables sync; do rm -f /usr/local/sbin/$name; done
     systemctl reset-failed docker; systemctl restart docker`,
  );

const arm = (at: number) =>
  on(HOST, `rm -rf /run/faults/go /run/faults/reached /run/faults/steps; echo ${at} >/run/faults/at`);
const steps = async () => Number(await on(HOST, "cat /run/faults/steps 2>/dev/null | wc -l"));

/** What does not count: numbers, states that settle, and what Docker makes anew for itself. */
export const shape = async (): Promise<string> =>
  `${await snapshot(HOST)}\n${await on(HOST, "docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{end}}' faultbox 2>/dev/null || true")}`
    .split("\n")
    .filter(
      (line) =>
        !/ docker0|dummy0|sit0|^== |fe80::|ff00::|multicast|iptables|DOCKER|chain|^\t|^}|^table ip6? (filter|nat)|^$/.test(
          line,
        ),
    )
    .map(settled)
    .sort()
    .join("\n");

async function checked(type: string, inputs: Props, change: Props = {}): Promise<Props> {
  forgetClaims();
  const host = connection(HOST, { confirmTimeout: CONFIRM, commandTimeout: 12, connectTimeout: 4 });
  const { inputs: news, failures } = await handlers.check(
    type,
    {},
    { host, __owner: "tests/lab/fault", ...inputs, ...change },
  );
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return news;
}

/** Over the relay, in a process of its own. */
function orderOver(relay: Relay, order: Order): { outcome: Promise<Outcome>; kill: () => void } {
  const through = (props: Props): Props =>
    props["host"] ? { ...props, host: { ...(props["host"] as object), port: relay.port } } : props;
  // With the plugin in its group.
  const child = spawn(process.execPath, [join(__dirname, "operation.js")], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
  });
  const outcome = new Promise<Outcome>((resolve) => {
    child.once("close", () => resolve(text ? (JSON.parse(text) as Outcome) : { error: "killed" }));
  });
  child.stdin.end(JSON.stringify({ ...order, news: through(order.news), olds: through(order.olds) }));
  return { outcome, kill: () => process.kill(-(child.pid as number), "SIGKILL") };
}

export interface Verdict {
  stranded: boolean;
  wrong: string;
  doubled: string;
  lost: string;
}

export interface Prepared {
  operation: Operation;
  steps: number;
  order: Order;
  before: string;
  wanted: string;
}

async function begin({ through, type, verb, inputs, change, used }: Operation): Promise<Order> {
  await arm(0);
  const old = await checked(type, inputs);
  if (verb === "create") return { through, verb, type, news: old, olds: {} };
  const { outs = {}, error } = await perform({ through, verb: "create", type, news: old, olds: {} });
  if (error) throw new Error(error);
  if (used) {
    // Docker itself does not sync it; somebody's containers are older than a moment.
    const run = "docker run -d --restart always --name faultbox --network fault busybox sleep 100000 >/dev/null";
    await on(HOST, `${run} && /bin/sync`);
  }
  return { through, verb, type, news: verb === "update" ? await checked(type, inputs, change) : old, olds: outs };
}

async function end({ through, type, verb, used }: Operation, state: Props): Promise<void> {
  if (used) await on(HOST, "docker rm -f faultbox >/dev/null");
  if (verb === "delete") return;
  const { error } = await perform({ through, verb: "delete", type, news: {}, olds: state });
  if (error) throw new Error(error);
}

/** Runs it once without a fault: how many steps it has, and what is wanted. */
export async function prepare(operation: Operation): Promise<Prepared> {
  const order = await begin(operation);
  const before = await shape();
  await arm(0);
  const { outs = {}, error } = await perform(order);
  if (error) throw new Error(`${operation.what}: ${error}`);
  const count = await steps();
  const wanted = await shape();
  await end(operation, outs);
  return { operation, steps: count, order, before, wanted };
}

const without = (text: string, other: string): string => {
  const lines = new Set(other.split("\n"));
  return text
    .split("\n")
    .filter((line) => !lines.has(line))
    .join("; ");
};

/** One fault at one step; then `up` again, and once more. */
export async function suffer({ operation, wanted, before }: Prepared, name: string, step: number): Promise<Verdict> {
  const fault = FAULTS[name] as Fault;
  const order = await begin(operation);
  const relay = await new Relay().start(lab.connection(HOST).port);
  const verdict: Verdict = { stranded: false, wrong: "", doubled: "", lost: "" };
  try {
    await arm(step);
    const { outcome, kill } = orderOver(relay, order);
    const reached = await Promise.race([outcome.then(() => false), on(HOST, REACHED).then(() => true)]);
    if (!reached) throw new Error(`it ended before step ${step}: ${(await outcome).error ?? "well"}`);
    await fault.strike({ relay, kill });
    // Somebody else's login, from the deadline on, whatever has become of ours by then.
    const login = (async () => {
      await sleep(CONFIRM * 1000);
      const deadline = Date.now();
      while (!(await lab.login(HOST))) await sleep(200);
      return Date.now() - deadline;
    })();
    const found = await outcome;
    verdict.stranded = (await login) > 10_000;
    await fault.heal?.({ relay });
    // What up said is what the host shows.
    const shown = await shape();
    if (found.outs && shown !== wanted) verdict.wrong = `said done, but: ${without(wanted, shown)}`;
    if (/rolled back: |put back as it was/.test(found.error ?? "") && name !== "Docker down" && shown !== before) {
      verdict.wrong = `said rolled back, but: ${without(before, shown)} + ${without(shown, before)}`;
    }

    // As the engine would go on from what it knows.
    await arm(0);
    const state = found.outs ?? found.properties;
    const next: Order = state && order.verb !== "delete" ? { ...order, verb: "update", olds: state } : order;
    const again = found.outs ? found : await perform(next);
    if (again.error) {
      verdict.lost = `the next up fails: ${again.error}`;
      return verdict;
    }
    const now = await shape();
    verdict.lost = without(wanted, now);
    verdict.doubled = without(now, wanted);
    if (order.verb !== "delete") {
      await arm(0);
      const { error } = await perform({ ...order, verb: "update", olds: again.outs ?? {} });
      const writes = await on(HOST, "grep -v '^sync' /run/faults/steps 2>/dev/null || true");
      if (error || writes) verdict.wrong ||= `the second up writes: ${error ?? writes}`;
    }
    await end(operation, again.outs ?? {});
  } finally {
    relay.end();
  }
  return verdict;
}
