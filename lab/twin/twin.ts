// A change of a stack, really applied: to hosts of a lab that are like the stack's, with a stand-in for each of its containers.
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
  inStateOnly,
  type KnownNic,
  planTwin,
  publicPart,
  type Review,
  readStackChange,
  review,
  runner,
  type StandIn,
  seenHosts,
  sendProbes,
  type Tried,
  type TwinHost,
  type TwinPlan,
  withoutSecrets,
} from "pulumi-macvlan/twin";
import { Lab } from "../lab";
import { installPackages } from "../packages";
import { step } from "../progress";
import { type LabHost, OUTSIDE_SERVER } from "../topology";
import { TwinStack } from "./stack";
import { type Silence, Watch } from "./watch";

export interface TwinOptions {
  /** Folders of the program as it is, and as it is to be. */
  base: string;
  changed: string;
  stack: string;
  /** What `pulumi stack export` printed, parsed. Default: asks Pulumi in the changed program's folder. */
  state?: unknown;
  nics: readonly KnownNic[];
  /** By host: the major number of its Docker. Default: 26. */
  dockers: Readonly<Record<string, number>>;
  keep: boolean;
}

/** GiB of a host with some containers on it, as seen. */
const HOST_TAKES = 0.6;

/** The release of the lab whose Docker is the nearest. */
const releaseOf = (docker: number | undefined): LabHost["release"] =>
  docker === undefined ? "trixie" : docker < 24 ? "bookworm" : docker < 28 ? "trixie" : "forky";

/** What a change may have left or taken away, a line for each; nothing that counts or grows. */
const LOOK = `ip -o -d link | sed 's/^[0-9]*: //; s/ state [A-Z]*//; s/ group_address .*//; s/ link-netnsid.*//; s/ [a-z_]*_timer *[0-9.]*//g' | grep -v '^veth' | sort
ip -o addr | awk '{ print "address", $2, $3, $4 }' | grep -v -e ' fe80:' -e veth | sort
ip route show table all | sed 's/ expires [0-9]*sec//' | grep -v -e '^fe80' -e veth | sort
ip rule
nft list ruleset 2>/dev/null | sed 's/counter packets [0-9]* bytes [0-9]*/counter/; /^#/d'
docker network inspect -f '{{.Name}} {{.Driver}} {{.Internal}} {{json .Options}} {{json .IPAM.Config}}' $(docker network ls -q) | sort
docker ps -q | while read -r id; do docker inspect -f '{{.Name}}{{range $n, $e := .NetworkSettings.Networks}} {{$n}} {{$e.IPAddress}} {{$e.GlobalIPv6Address}}{{end}}' $id; done | sort`;

class Twin {
  private readonly lab: Lab;

  constructor(
    private readonly plan: TwinPlan,
    private readonly folder: string,
  ) {
    const hosts = plan.hosts.map(({ name, nics, docker }): LabHost => {
      return { name, release: releaseOf(docker), docker: "own", nics };
    });
    this.lab = new Lab(`twin${process.pid}`, hosts);
  }

  /** Says before it begins what it takes. */
  async up(hostsFile: string): Promise<void> {
    const { hosts } = this.plan;
    const [needed, free] = [hosts.length * HOST_TAKES, freemem() / 2 ** 30];
    console.error(
      `The twin has ${hosts.length} hosts (${hosts.map(({ label }) => label).join(", ")}): about ${needed.toFixed(1)} GiB of memory, of ${free.toFixed(1)} that are free`,
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
    return `The twin's hosts keep running: ${me} ssh ${this.plan.hosts[0]?.name}, and ${me} down ends them`;
  }

  private connection(name: string): HostFields {
    const { hostKey, ...connection } = this.lab.connection(name);
    return { ...publicPart(connection), hostKey: [hostKey] };
  }

  private named(label: string): string {
    const found = this.plan.hosts.find((host) => host.label === label);
    if (!found) throw new Error(`the twin has no host ${label}`);
    return found.name;
  }

  private async on(label: string, script: string): Promise<string> {
    return String((await this.lab.exec(this.named(label), script)).stdout);
  }

  /** Each with the addresses it has; which of them its user chose the product asks, so it is told here as there. */
  async populate(chosen: ReadonlySet<string>): Promise<void> {
    const byHost = Map.groupBy(this.plan.standIns, ({ host }) => host);
    await Promise.all(
      [...byHost].map(async ([host, standIns]) => {
        await this.on(host, standIns.flatMap((one) => this.standIn(one, chosen)).join("\n"));
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
        .map((address) => `echo "$id ${address}" >>${quoteWords([`/var/lib/pulumi-macvlan/addresses-on.${network}`])}`),
    );
    return [
      "set -e; mkdir -p /var/lib/pulumi-macvlan",
      `id=$(${quoteWords([...run, "busybox", "sleep", "1000000"])})`,
      ...more.map(({ network, addresses }) =>
        quoteWords(["docker", "network", "connect", ...given(addresses), network, name]),
      ),
      ...byDocker,
    ];
  }

  async look(): Promise<Map<string, string[]>> {
    const found = this.plan.hosts.map(async ({ label }): Promise<[string, string[]]> => {
      return [label, (await this.on(label, LOOK)).split("\n")];
    });
    return new Map(await Promise.all(found));
  }

  watch(): Watch {
    return new Watch(this.lab, join(this.folder, "asked"), this.plan.asked);
  }

  /** Which of those that fell silent have got another address by the change, and are asked at one that nobody has. */
  async moved({ asked: { host, container, address } }: Silence): Promise<boolean> {
    const template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}} {{end}}";
    const there = await this.on(host, `${quoteWords(["docker", "inspect", "-f", template, container])} || true`);
    return there.trim() !== "" && !there.split(/\s+/).includes(address);
  }

  get outside(): string | undefined {
    return this.plan.hosts.some(({ nics }) => Object.values(nics).includes("outside")) ? OUTSIDE_SERVER : undefined;
  }

  async send(probes: ReturnType<typeof flowsOf>): Promise<Tried["unexpected"]> {
    if (probes.length === 0) return [];
    const hosts = Object.fromEntries(this.plan.hosts.map(({ label, name }) => [label, this.connection(name)]));
    const { inputs } = checkReachability({ hosts, probes });
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

/** A line of one host that is there on one side alone. */
function differences(before: ReadonlyMap<string, string[]>, after: ReadonlyMap<string, string[]>): string[] {
  return [...before].flatMap(([host, lines]) => {
    const now = after.get(host) ?? [];
    return [
      ...lines.filter((line) => !now.includes(line)).map((line) => `${host} no longer has "${line.trim()}"`),
      ...now.filter((line) => !lines.includes(line)).map((line) => `${host} has "${line.trim()}"`),
    ].slice(0, MOST_LINES);
  });
}

/** A failed attempt still ends with its watch. */
async function tryIt(twin: Twin, stack: TwinStack, options: TwinOptions, found: Review, tried: Tried): Promise<void> {
  const { base, changed } = options;
  const before = await twin.look();
  const watch = twin.watch();
  await step("the containers are asked", () => watch.start());
  tried.up = await step("pulumi up of the changed program", () => stack.up(changed));
  for (const silence of await watch.stop()) {
    const { asked, seconds, lost } = silence;
    const { host, network, container, address } = asked;
    if (seconds === undefined)
      tried.unlike.push([
        "how long ",
        { name: container },
        " is off: there it did not answer a ping to ",
        { name: address },
      ]);
    else if (seconds > 0) {
      const gone = lost && !(await twin.moved(silence));
      tried.silent.push({ host, network, container, seconds, lost: gone });
    }
  }
  if (tried.up.worked) {
    const flows = flowsOf(found.after, found.cells, twin.outside);
    tried.flows = flows.length;
    tried.unexpected = await step(`${flows.length} packets from network to network`, () => twin.send(flows));
    tried.again = await step("pulumi up once more", () => stack.up(changed, "--expect-no-changes"));
  }
  tried.back = await step("pulumi up of the program as it was", () => stack.up(base));
  tried.left = differences(before, await twin.look());
}

/**
 * Tries a change of a stack on hosts that are made for it.
 *
 * @returns its review, with what became of it.
 * @throws where the twin itself can't be had: no memory, no state, no preview.
 */
export async function tryOnTwin(options: TwinOptions): Promise<Review> {
  const started = Date.now();
  const [base, changed] = [resolve(options.base), resolve(options.changed)];
  const state = (options.state as Deployment | undefined) ?? (await exported(changed, options.stack));
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-twin-"));
  const hostsFile = join(folder, "hosts.json");
  writeFileSync(hostsFile, "[]");
  try {
    const project = projectIn(changed, state);
    const looked = new TwinStack(join(folder, "looked"), options.stack, hostsFile);
    const preview = await step("pulumi preview of the changed program", async () => {
      await looked.begin(project, changed, withoutSecrets(state));
      return looked.preview(changed);
    });
    const change = readStackChange(preview, state);
    const elsewhere = Object.values(change.others).reduce((sum, count) => sum + count, 0);
    const found = review(preview, state);
    const plan = planTwin(change.resources, found.before, found.after, {
      seen: seenHosts(state),
      nics: options.nics,
      dockers: options.dockers,
    });
    const tried: Tried = {
      base: { worked: false, took: 0, said: [] },
      left: [],
      silent: [],
      flows: 0,
      unexpected: [],
      unlike: [...plan.unlike],
      took: 0,
    };
    found.tried = tried;
    const others = elsewhere + countOthers(state);
    if (others > 0)
      throw new Error(
        `the stack has ${others} resources of other packages, which the programs would make for real: a twin can't be had of it`,
      );
    const twin = new Twin(plan, folder);
    const breakOff = () => twin.down().finally(() => process.exit(130));
    process.once("SIGINT", breakOff).once("SIGTERM", breakOff);
    try {
      await twin.up(hostsFile);
      const stack = new TwinStack(join(folder, "tried"), options.stack, hostsFile);
      await stack.begin(project, base, inStateOnly(state));
      tried.base = await step("pulumi up of the program as it is", () => stack.up(base));
      if (tried.base.worked) {
        await step(`${plan.standIns.length} stand-ins for containers`, () => twin.populate(chosenAddresses(state)));
        await tryIt(twin, stack, { ...options, base, changed }, found, tried);
      }
    } finally {
      await closeConnections();
      if (!options.keep) await twin.down();
      else console.error(twin.howToLook());
    }
    tried.took = (Date.now() - started) / 1000;
    return found;
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}
