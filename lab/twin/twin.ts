// A change of a stack, really applied: to hosts of a lab that are like the stack's, with a stand-in for each of its containers.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { quoteWords } from "pulumi-macvlan/lab";
import {
  checkReachability,
  chosenAddresses,
  closeConnections,
  countOthers,
  type Deployment,
  flowsOf,
  type HostFields,
  hasPlugins,
  inStateOnly,
  planTwin,
  plural,
  publicPart,
  type Review,
  readStackChange,
  review,
  runner,
  type StandIn,
  type Stream,
  seenHosts,
  sendProbes,
  streamsOf,
  type Tried,
  TWIN,
  type TwinHost,
  type TwinOptions,
  type TwinPlan,
  withoutSecrets,
} from "pulumi-macvlan/twin";
import { Lab } from "../lab";
import { installPackages } from "../packages";
import { step } from "../progress";
import { type LabHost, OUTSIDE_SERVER } from "../topology";
import { refuseOldPackage, TwinStack } from "./stack";
import { type Stillness, startStreams } from "./streams";
import { type Silence, Watch } from "./watch";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** GiB of a host with some containers on it, as seen. */
const HOST_TAKES = 0.6;

/** The release of the lab whose Docker is the nearest. */
const releaseOf = (docker: number | undefined): LabHost["release"] =>
  docker === undefined ? "trixie" : docker < 24 ? "bookworm" : docker < 28 ? "trixie" : "forky";

/** What a change may have left or taken away, a line for each; nothing that counts or grows, and no address that is drawn by lot. */
const LOOK = `ip -o -d link | sed 's/^[0-9]*: //; s/ state [A-Z]*//; s/ group_address .*//; s/ link-netnsid.*//; s/ [a-z_]*_timer *[0-9.]*//g; /macvlan/s/link.ether [^ ]*//' | grep -v '^veth' | sort
ip -o addr | awk '{ print "address", $2, $3, $4 }' | grep -v -e ' fe80:' -e veth | sort
ip route show table all | sed 's/ expires [0-9]*sec//' | grep -v -e fe80: -e veth | sort
ip rule
nft list ruleset 2>/dev/null | sed 's/counter packets [0-9]* bytes [0-9]*/counter/; /^#/d'
docker network inspect -f '{{.Name}} {{.Driver}} {{.Internal}} {{json .Options}} {{json .IPAM.Config}}' $(docker network ls -q) | sort
docker ps -q | while read -r id; do docker inspect -f '{{.Name}}{{range $n, $e := .NetworkSettings.Networks}} {{$n}} {{$e.IPAddress}} {{$e.GlobalIPv6Address}}{{end}}' $id; done | sort`;

class Twin {
  private readonly lab: Lab;
  private readonly watch: Watch;

  constructor(
    private readonly plan: TwinPlan,
    private readonly folder: string,
  ) {
    const hosts = plan.hosts.map(({ name, nics, docker }): LabHost => {
      return { name, release: releaseOf(docker), docker: "own", nics };
    });
    this.watch = new Watch(plan.asked);
    this.lab = new Lab(`twin${process.pid}`, [...hosts, ...(this.watch.host ? [this.watch.host] : [])]);
  }

  /** Says before it begins what it takes. */
  async up(hostsFile: string): Promise<void> {
    const { hosts } = this.plan;
    const count = hosts.length + (this.watch.host ? 1 : 0);
    const [needed, free] = [count * HOST_TAKES, freemem() / 2 ** 30];
    const names = hosts.map(({ label }) => label.replace(/[^\x20-\x7e]/g, "?")).join(", ");
    console.error(
      `The twin has ${plural(hosts.length, "host")} (${names})${this.watch.host ? ", and one that asks their containers" : ""}: about ${needed.toFixed(1)} GiB of memory, of ${free.toFixed(1)} that are free`,
    );
    if (needed > free) throw new Error("there is not enough memory for a twin of this stack: nothing was started");
    await installPackages();
    await this.lab.up();
    const twins = hosts.map(({ of, name }): TwinHost => ({ of, connection: this.connection(name) }));
    writeFileSync(hostsFile, JSON.stringify(twins));
  }

  down(): Promise<void> {
    return this.lab.down();
  }

  howToLook(): string {
    const me = `npx pulumi-macvlan-lab --name ${this.lab.name}`;
    const hosts = this.plan.hosts.map(({ name, label }) => `${name} is ${label}`).join(", ");
    return `The twin's hosts keep running (${hosts}): ${me} ssh h1, and ${me} down ends them; its stack is in ${this.folder}`;
  }

  private connection(name: string): HostFields {
    const { hostKey, ...connection } = this.lab.connection(name);
    return { ...publicPart(connection), hostKey: [hostKey], commandTimeout: 900 };
  }

  private async on(label: string, script: string): Promise<string> {
    const found = this.plan.hosts.find(({ labels }) => labels.includes(label));
    if (!found) throw new Error(`the twin has no host ${label}`);
    return this.run(found.name, script);
  }

  private async run(name: string, script: string): Promise<string> {
    return String((await this.lab.exec(name, "sh", { input: script })).stdout);
  }

  /** Each with the addresses it has; which of them its user chose the product asks, so it is told here as there. */
  async populate(chosen: ReadonlySet<string>): Promise<void> {
    const byHost = Map.groupBy(this.plan.standIns, ({ host }) => host);
    await Promise.all(
      [...byHost].map(async ([host, standIns]) => {
        for (const one of standIns) await this.on(host, this.standIn(one, chosen).join("\n"));
      }),
    );
  }

  private standIn({ host, name, on }: StandIn, chosen: ReadonlySet<string>): string[] {
    const given = (addresses: readonly string[]) =>
      addresses.flatMap((address) => [address.includes(":") ? "--ip6" : "--ip", address]);
    const [first, ...more] = on;
    if (!first) return [];
    const run = ["docker", "run", "-d", "--name", name, "--network", first.network, ...given(first.addresses)];
    const byDocker = on.flatMap(({ network, addresses }) =>
      addresses
        .filter((address) => !chosen.has(`${host} ${network} ${name} ${address}`))
        .map((address) => {
          const kept = quoteWords([`/var/lib/pulumi-macvlan/addresses-on.${network}`]);
          return `echo "$id" ${quoteWords([address])} >>${kept}`;
        }),
    );
    return [
      "set -e; mkdir -p /var/lib/pulumi-macvlan",
      `id=$(${quoteWords([...run, "busybox", "sleep", "1000000"])} </dev/null)`,
      ...more.map(({ network, addresses }) =>
        quoteWords(["docker", "network", "connect", ...given(addresses), network, name]),
      ),
      ...byDocker,
    ];
  }

  /** By host; nothing of one that gives no answer. */
  async look(): Promise<Map<string, string[] | undefined>> {
    const found = this.plan.hosts.map(async ({ label }): Promise<[string, string[] | undefined]> => {
      return [
        label,
        await this.on(label, LOOK).then(
          (text) => text.split("\n"),
          () => undefined,
        ),
      ];
    });
    return new Map(await Promise.all(found));
  }

  /** @returns what ends it, and tells how each fared. */
  async startWatch(
    streams: readonly Stream[],
  ): Promise<() => Promise<{ silences: Silence[]; stillnesses: Stillness[] }>> {
    const stopStreams = await startStreams(streams, (label, script) => this.on(label, script));
    await this.watch.start((script) => this.run("watch", script));
    return async () => {
      const [silences, stillnesses] = await Promise.all([
        this.watch.stop((script) => this.run("watch", script)),
        stopStreams(),
      ]);
      return { silences, stillnesses };
    };
  }

  /** Who has got another address by the change was asked at one that nobody has. */
  async moved({ host, container, network, address }: Stream["to"]): Promise<boolean> {
    const template = `{{with index .NetworkSettings.Networks ${JSON.stringify(network)}}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
    const there = await this.on(host, `${quoteWords(["docker", "inspect", "-f", template, container])} || true`);
    return there.trim() !== "" && !there.split(/\s+/).includes(address);
  }

  get outside(): string | undefined {
    return this.plan.hosts.some(({ nics }) => Object.values(nics).includes("outside")) ? OUTSIDE_SERVER : undefined;
  }

  async send(probes: ReturnType<typeof flowsOf>): Promise<Tried["unexpected"]> {
    if (probes.length === 0) return [];
    const hosts = Object.fromEntries(
      this.plan.hosts.flatMap(({ labels, name }) => labels.map((label) => [label, this.connection(name)])),
    );
    const { inputs, refusals } = checkReachability({ hosts, probes });
    if (refusals.length > 0) throw new Error(refusals.map(({ reason }) => reason).join("; "));
    const results = await sendProbes(runner, inputs as never, {});
    return results
      .filter(({ expect, found }) => expect !== found)
      .map(({ name, expect, found }) => ({ name, expect, found }));
  }
}

const projectIn = (folder: string, { deployment }: Deployment): string =>
  deployment.resources?.[0]?.urn.split("::")[1] ??
  /^name:\s*["']?([^\s"']+)/m.exec(readFileSync(join(folder, "Pulumi.yaml"), "utf8"))?.[1] ??
  "twin";

async function exported(folder: string, stack: string): Promise<Deployment> {
  const { stdout } = await execa("pulumi", ["stack", "export", "--stack", stack], { cwd: folder, stdin: "ignore" });
  return JSON.parse(stdout);
}

/** Of each host: where more is another, all of it is. */
const MOST_LINES = 8;

type Look = Awaited<ReturnType<Twin["look"]>>;

/** A line of one host that is there on one side alone. */
function differences(before: Look, after: Look): string[] {
  return [...before].flatMap(([host, lines]) => {
    const now = after.get(host);
    if (!lines || !now) return lines ? [`${host} does not answer any more`] : [];
    return [
      ...lines.filter((line) => !now.includes(line)).map((line) => `${host} no longer has "${line.trim()}"`),
      ...now.filter((line) => !lines.includes(line)).map((line) => `${host} has "${line.trim()}"`),
    ].slice(0, MOST_LINES);
  });
}

/** Whatever fails on its way, it goes back at the end. */
async function tryIt(
  twin: Twin,
  stack: TwinStack,
  { base, changed }: TwinOptions,
  found: Review,
  standIns: readonly StandIn[],
  tried: Tried,
) {
  const orTell = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await step(what, work);
    } catch (error) {
      tried.failed.push(`${what}: ${String((error as Error).message).slice(0, 400)}`);
      return undefined;
    }
  };
  const { outside } = twin;
  const flows = flowsOf(found.before, found.cells, "before", outside);
  const before = await twin.look();
  const asBefore = await orTell(`${plural(flows.length, "packet")} from network to network`, () => twin.send(flows));
  const streams = streamsOf(found.before, found.cells, standIns);
  const stopWatch = await orTell("the containers are asked", () => twin.startWatch(streams));
  tried.up = await step("pulumi up of the changed program", () => stack.up(changed));
  const nobody = { silences: [], stillnesses: [] };
  const { silences, stillnesses } = (stopWatch && (await orTell("who gave no answer", stopWatch))) ?? nobody;
  tried.asked = new Set(
    silences.filter(({ seconds }) => seconds !== undefined).map(({ asked }) => `${asked.host} ${asked.container}`),
  ).size;
  for (const { asked, seconds = 0, lost } of silences) {
    const { host, network, container } = asked;
    const gone = lost !== undefined && !(await twin.moved(asked).catch(() => false));
    if (gone) tried.silent.push({ host, network, container, seconds: lost, lost: true });
    else if (seconds > 0) tried.silent.push({ host, network, container, seconds, lost: false });
  }
  tried.streams = stillnesses.filter(({ seconds }) => seconds !== undefined).length;
  for (const { stream, seconds = 0, lost } of stillnesses) {
    const { name, to } = stream;
    if (lost !== undefined && !(await twin.moved(to).catch(() => false)))
      tried.still.push({ name, seconds: lost, lost: true });
    else if (seconds > 0) tried.still.push({ name, seconds, lost: false });
  }
  if (tried.up.worked) {
    const now = flowsOf(found.after, found.cells, "after", outside);
    tried.flows = now.length;
    const unexpected = await orTell(`${plural(now.length, "packet")} from network to network again`, () =>
      twin.send(now),
    );
    // What did not fare as foretold before the change is none of its doing.
    const known = new Set((asBefore ?? []).map(({ name, found: fared }) => `${name} ${fared}`));
    tried.unexpected = (unexpected ?? []).filter(({ name, found: fared }) => !known.has(`${name} ${fared}`));
    tried.again = await step("pulumi up once more", () => stack.up(changed, "--expect-no-changes"));
  }
  tried.back = await step("pulumi up of the program as it was", () => stack.up(base));
  tried.left = differences(before, await twin.look());
}

/** What the lab reaches its hosts by; a stack that has the same would cut it off. */
function refuseOverlap(resources: ReturnType<typeof readStackChange>["resources"]): void {
  const text = JSON.stringify(resources.flatMap(({ old, wanted }) => [old?.["subnets"], wanted?.["subnets"]]));
  if (/"10\.77\.0\./.test(text))
    throw new Error("the stack has networks in 10.77.0.0/24, by which the lab reaches its hosts");
}

/**
 * Tries a change of a stack on hosts that are made for it.
 *
 * @returns its review, with what became of it.
 * @throws where the twin itself can't be had: no memory, no state, no preview, resources that are not this package's.
 */
export async function tryOnTwin(options: TwinOptions): Promise<Review> {
  const started = Date.now();
  const [base, changed] = [resolve(options.base), resolve(options.changed)];
  for (const folder of [base, changed]) refuseOldPackage(folder);
  const state = (options.state as Deployment | undefined) ?? (await exported(changed, options.stack));
  const others = countOthers(state);
  if (others > 0)
    throw new Error(
      `the stack has ${plural(others, "resource")} of other packages, which the programs would make for real: a twin can't be had of it`,
    );
  if (hasPlugins(state))
    throw new Error("the stack's resources are the plugin's: a twin can be had of dynamic ones only");
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-twin-"));
  const hostsFile = join(folder, "hosts.json");
  writeFileSync(hostsFile, "[]");
  const secret = randomBytes(24).toString("hex");
  const stackIn = (name: string) => new TwinStack(join(folder, name), options.stack, hostsFile, secret);
  let twin: Twin | undefined;
  const end = async (): Promise<void> => {
    await closeConnections();
    await twin?.down();
    rmSync(folder, { recursive: true, force: true });
  };
  const breakOff = () => void end().finally(() => process.exit(130));
  for (const signal of SIGNALS) process.once(signal, breakOff);
  const environment = process.env[TWIN];
  process.env[TWIN] = hostsFile;
  let keep = false;
  try {
    const project = projectIn(changed, state);
    const looked = stackIn("looked");
    const preview = await step("pulumi preview of the changed program", async () => {
      await looked.begin(project, changed, withoutSecrets(state));
      return looked.preview(changed);
    });
    const change = readStackChange(preview, state);
    refuseOverlap(change.resources);
    const found = review(preview, state);
    const plan = planTwin(change.resources, found.before, found.after, {
      seen: seenHosts(state),
      nics: options.nics,
      dockers: options.dockers,
    });
    if (plan.hosts.length === 0)
      throw new Error("neither the stack nor the changed program has a host: there is nothing to try");
    const tried: Tried = {
      base: { worked: false, took: 0, said: [] },
      left: [],
      containers: plan.standIns.length,
      asked: 0,
      failed: [],
      silent: [],
      streams: 0,
      still: [],
      flows: 0,
      unexpected: [],
      unlike: plan.unlike,
      took: 0,
    };
    found.tried = tried;
    twin = new Twin(plan, folder);
    await twin.up(hostsFile);
    const stack = stackIn("tried");
    await stack.begin(project, base, inStateOnly(state));
    tried.base = await step("pulumi up of the program as it is", () => stack.up(base));
    if (tried.base.worked) {
      const { containers } = tried;
      await step(
        `stand-ins for ${plural(containers, "container")}`,
        () => twin?.populate(chosenAddresses(state)) ?? Promise.resolve(),
      );
      await tryIt(twin, stack, { ...options, base, changed }, found, plan.standIns, tried);
    }
    tried.took = (Date.now() - started) / 1000;
    keep = options.keep;
    if (keep) console.error(twin.howToLook());
    return found;
  } finally {
    if (environment === undefined) delete process.env[TWIN];
    else process.env[TWIN] = environment;
    for (const signal of SIGNALS) process.off(signal, breakOff);
    if (keep) await closeConnections();
    else await end();
  }
}
