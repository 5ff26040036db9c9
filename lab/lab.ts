// The lab: one User Mode Linux kernel per host, with systemd, sshd and Docker, in a network namespace of its own.
// It makes hosts; it asserts nothing.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { labFolder, labInventory } from "pulumi-macvlan/lab";
import { cacheFolder } from "./cache";
import { diskImage, kernelImage } from "./image";
import { step } from "./progress";
import { asRoot } from "./root";
import { addressesOf, HOSTS, type LabHost, MEMORY, managementAddress, type Net, OUTSIDE_SERVER } from "./topology";

/** How a host of the lab is reached (a HostConnection), and its interfaces. */
export interface LabConnection {
  name: string;
  address: string;
  port: number;
  user: string;
  privateKeyPath: string;
  hostKey: string;
}

type LabHosts = Record<string, LabConnection & { parent: string; uplink?: string }>;

interface State {
  connections: Record<string, LabConnection>;
  processes: Record<string, number>;
}

/** What the kernel starts first; the paths are of the disk's recipe. */
const INITS = { systemd: "/sbin/init", plain: "/usr/local/sbin/lab-plain-init" };
type Init = keyof typeof INITS;

const command = async (program: string, ...args: string[]): Promise<string> =>
  (await execa(...asRoot(program, args), { stdin: "ignore" })).stdout;

async function freePort(wanted: number): Promise<number> {
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : port));
      });
    });
  return listen(wanted).catch(() => listen(0));
}

/** The lab of one of mocha's workers. */
export const testLab = (worker = "0"): Lab => new Lab(`test${worker}`);

/** Labs that run side by side have some in a row. */
const numberOf = (name: string): number => [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);

/** Labs that start at the same time must not look for the same free ports. */
const firstPort = (name: string): number => (name === "main" ? 22_100 : 22_110 + 10 * (numberOf(name) % 200));

/** As the kernel writes them: `0-3,6`. */
const numbersIn = (list: string): number[] =>
  list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });

/** The processors that this may run on: those that it is allowed to, some of which may not be there. */
function processors(): number[] {
  const [, allowed = ""] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  const online = numbersIn(readFileSync("/sys/devices/system/cpu/online", "utf8").trim());
  return numbersIn(allowed).filter((processor) => online.includes(processor));
}

/** Keys of the hosts, and of the client. Of labs that make the same for the first time together, one makes them. */
async function keysIn(folder: string, hosts: readonly LabHost[]): Promise<string> {
  if (existsSync(folder)) return folder;
  const work = mkdtempSync(`${folder}.making-`);
  for (const name of ["client", ...hosts.map((host) => host.name)])
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(work, name)]);
  try {
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** They outlive the lab, so that state made with it keeps on fitting. */
export const keysFolder = (): Promise<string> => keysIn(join(cacheFolder(), "lab-keys"), HOSTS);

export class Lab {
  private readonly folder: string;
  private readonly stateFile: string;
  /** Where programs find its hosts. */
  readonly inventoryFile: string;
  /** Its own on the whole machine: a lab of the same name in another home is somebody else's. */
  private readonly id: string;

  /** Labs of different names run side by side; tests have one of their own. */
  constructor(
    readonly name = "main",
    private readonly made: readonly LabHost[] = HOSTS,
  ) {
    this.folder = labFolder(name);
    this.stateFile = join(this.folder, "lab.json");
    this.inventoryFile = labInventory(name);
    this.id = `${name}-${createHash("sha256").update(this.folder).digest("hex").slice(0, 6)}`;
  }

  private get netns(): string {
    return `pmvlab-${this.id}`;
  }

  private get outsideNetns(): string {
    return `${this.netns}-out`;
  }

  private state(): State | undefined {
    return existsSync(this.stateFile) ? (JSON.parse(readFileSync(this.stateFile, "utf8")) as State) : undefined;
  }

  private save(state: State): void {
    writeFileSync(this.stateFile, JSON.stringify(state, undefined, 2));
  }

  get running(): boolean {
    const state = this.state();
    return state !== undefined && this.made.every(({ name }) => this.alive(name, state.processes[name]));
  }

  /** All of them, as a stack's configuration names hosts. */
  hosts(): LabHosts {
    const nic = (host: LabHost, net: Net) => Object.keys(host.nics).find((name) => host.nics[name] === net);
    return Object.fromEntries(
      this.made.map((host): [string, LabHosts[string]] => {
        const uplink = nic(host, "outside");
        const parent = nic(host, "trunk") ?? "";
        return [host.name, { ...this.connection(host.name), parent, ...(uplink ? { uplink } : {}) }];
      }),
    );
  }

  connection(host: string): LabConnection {
    const found = this.state()?.connections[host];
    if (!found) throw new Error(`the lab has no host "${host}" running: start it first`);
    return found;
  }

  /** Makes what all labs share: kernel and disks. */
  static async prepare(hosts = HOSTS): Promise<{ kernel: string; disks: Map<string, string> }> {
    const kernel = await kernelImage();
    const made = hosts.map(async (host): Promise<[string, string]> => [host.name, await diskImage(host, kernel)]);
    return { kernel, disks: new Map(await Promise.all(made)) };
  }

  /** Makes what is missing and starts the hosts; a lab that runs is left as it is. */
  async up(): Promise<"started" | "found"> {
    if (this.running) return "found";
    const { kernel, disks } = await Lab.prepare(this.made);
    await this.down();
    mkdirSync(this.folder, { recursive: true });
    const keys = await (this.made === HOSTS ? keysFolder() : keysIn(join(this.folder, "keys"), this.made));
    await step(`the lab's ${this.made.length} hosts`, async () => {
      const state: State = { connections: {}, processes: {} };
      this.save(state);
      await this.makeNetwork();
      await this.keys(keys, state);
      await this.startForwarders(state);
      for (const host of this.made) this.startHost(host, kernel, disks, state);
      this.save(state);
      writeFileSync(this.inventoryFile, JSON.stringify(this.hosts(), undefined, 2));
      await Promise.all(this.made.map(({ name }) => this.ready(name)));
    });
    return "started";
  }

  /** Throws away what the hosts have become, and boots them as they were made. */
  async reset(): Promise<void> {
    const state = this.state();
    if (!state || !this.running) {
      await this.up();
      return;
    }
    const { kernel, disks } = await Lab.prepare(this.made);
    await Promise.all(this.made.map(({ name }) => this.kill(name, state.processes[name])));
    for (const host of this.made) {
      rmSync(join(this.folder, `${host.name}.cow`), { force: true });
      this.startHost(host, kernel, disks, state);
    }
    this.save(state);
    await Promise.all(this.made.map(({ name }) => this.ready(name)));
  }

  /** Ends what this lab started, and only that. */
  async down(): Promise<void> {
    const state = this.state();
    for (const [name, pid] of Object.entries(state?.processes ?? {})) await this.kill(name, pid);
    const existing = (await command("ip", "netns", "list")).split("\n").map((line) => line.split(" ")[0]);
    for (const netns of [this.netns, this.outsideNetns]) {
      if (!existing.includes(netns)) continue;
      const left = await command("ip", "netns", "pids", netns);
      for (const pid of left.split("\n").filter(Boolean))
        await execa(...asRoot("kill", ["-9", pid]), { reject: false });
      await command("ip", "netns", "del", netns);
    }
    await execa(...asRoot("rm", ["-rf", this.folder]));
  }

  /**
   * Reboots a host as its own init does it; `power` instead cuts it off in the middle of whatever it does, and may start
   * it with another init, to have a host without systemd.
   */
  async reboot(host: string, power = false, init: Init = "systemd"): Promise<void> {
    const before = (await this.exec(host, "cat /proc/sys/kernel/random/boot_id", { reject: !power })).stdout;
    if (power) {
      const state = this.state();
      const entry = this.made.find(({ name }) => name === host);
      if (!state || !entry) throw new Error(`the lab has no host "${host}" running`);
      await this.kill(host, state.processes[host]);
      const { kernel, disks } = await Lab.prepare(this.made);
      this.startHost(entry, kernel, disks, state, init);
      this.save(state);
    } else {
      await this.exec(host, "systemctl reboot", { reject: false });
    }
    await this.ready(host, before);
  }

  sshArguments(host: string): string[] {
    const { port, user, privateKeyPath } = this.connection(host);
    const options = [
      `UserKnownHostsFile=${join(this.folder, "known_hosts")}`,
      "StrictHostKeyChecking=yes",
      "ConnectTimeout=5",
      "LogLevel=ERROR",
      "IdentitiesOnly=yes",
    ];
    return [
      "-F",
      "none",
      ...options.flatMap((option) => ["-o", option]),
      "-i",
      privateKeyPath,
      "-p",
      String(port),
      `${user}@127.0.0.1`,
    ];
  }

  /** Runs a command line in a host's shell, over a connection that stays: a login costs a host ten times a command's time. */
  exec(host: string, line: string, { input = "", reject = true }: { input?: string; reject?: boolean } = {}) {
    // It outlives a minute in which tests cut the host off.
    const stay = ["ControlMaster=auto", "ControlPersist=600", "ServerAliveInterval=10", "ServerAliveCountMax=6"];
    const shared = ["-S", this.controlSocket(host), ...stay.flatMap((option) => ["-o", option])];
    return execa("ssh", [...shared, ...this.sshArguments(host), line], { input, reject, timeout: 120_000 });
  }

  /** Whether somebody gets in who was not there before. */
  async login(host: string): Promise<boolean> {
    const { exitCode } = await execa("ssh", [...this.sshArguments(host), "true"], { stdin: "ignore", reject: false });
    return exitCode === 0;
  }

  private controlSocket(host: string): string {
    return join(this.folder, `${host}.ssh`);
  }

  /** Ends the connection that stays; what answers at its other end may be gone. */
  private async hangUp(host: string): Promise<void> {
    if (existsSync(this.controlSocket(host)))
      await execa("ssh", ["-S", this.controlSocket(host), "-O", "exit", host], { stdin: "ignore", reject: false });
  }

  /** Runs a program on the outside net's server. */
  outside(program: string, ...args: string[]) {
    return execa(...asRoot("ip", ["netns", "exec", this.outsideNetns, program, ...args]), {
      reject: false,
      stdin: "ignore",
    });
  }

  /** Sets a port of a switch. */
  private async port(host: string, nic: string, ...setting: string[]): Promise<void> {
    const set = ["bridge", "link", "set", "dev", this.tap(host, nic), ...setting];
    await command("ip", "netns", "exec", this.netns, ...set);
  }

  /** Whether the switch sends a frame back out of the port that it came in through, as vepa wants it. */
  hairpin(host: string, nic: string, on: boolean): Promise<void> {
    return this.port(host, nic, "hairpin", on ? "on" : "off");
  }

  /** Whether the switch passes frames through the port (STP's state "forwarding"), or none ("disabled"): the host sees no difference. */
  plugged(host: string, nic: string, on: boolean): Promise<void> {
    return this.port(host, nic, "state", on ? "3" : "0");
  }

  /** Whether the switch passes LLDP on, which a switch keeps to itself: for tests that say what a switch would say. */
  async passesLldp(net: Net, on: boolean): Promise<void> {
    const mask = on ? "0x4000" : "0";
    await command("ip", "-n", this.netns, "link", "set", this.bridge(net), "type", "bridge", "group_fwd_mask", mask);
  }

  // --- how it is made --------------------------------------------------------------------------------------

  private umid(host: string): string {
    return `umid=${this.id}-${host}`;
  }

  /** By numbers: names of hosts and NICs are longer than an interface's may be. */
  private tap(host: string, nic: string): string {
    const index = this.made.findIndex(({ name }) => name === host);
    return `h${index + 1}n${Object.keys(this.made[index]?.nics ?? {}).indexOf(nic) + 1}`;
  }

  private bridge(net: Net): string {
    return `sw${this.nets().indexOf(net) + 1}`;
  }

  private nets(): Net[] {
    return [...new Set<Net>(["management", "outside", ...this.made.flatMap(({ nics }) => Object.values(nics))])];
  }

  /** A process of ours: pids are used again, so its command line must name this lab. */
  private alive(name: string, pid: number | undefined): boolean {
    if (pid === undefined) return false;
    const words = this.argumentsOf(pid);
    return words.includes(this.umid(name)) || words.some((word) => word.includes(`${this.folder}/`));
  }

  /** Its process group; and a kernel's own, which leaves the group of the shell that started it. */
  private async kill(name: string, pid: number | undefined): Promise<void> {
    if (pid === undefined) return;
    await this.hangUp(name);
    const umid = this.umid(name);
    const started = () => [
      ...(this.alive(name, pid) ? [pid] : []),
      ...readdirSync("/proc")
        .map(Number)
        .filter((other) => other > 0 && other !== pid && this.argumentsOf(other).includes(umid)),
    ];
    for (let tries = 0; tries < 200; tries += 1) {
      const groups = started();
      if (groups.length === 0) return;
      for (const group of groups) await execa(...asRoot("kill", ["-9", "--", `-${group}`]), { reject: false });
      await sleep(20);
    }
    throw new Error(`${name} of the lab can't be ended: processes ${started().join(", ")} stay`);
  }

  private argumentsOf(pid: number): string[] {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    } catch {
      return [];
    }
  }

  private start(name: string, program: string, args: string[], log = "/dev/null"): number {
    const [file, words] = asRoot(program, args);
    const child = spawn(file, words, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
    if (child.pid === undefined) throw new Error(`cannot start ${name} (${program}); see ${log}`);
    return child.pid;
  }

  private async makeNetwork(): Promise<void> {
    const inside = `ip -n ${this.netns}`;
    const lines = [
      `ip netns add ${this.netns}`,
      `ip netns add ${this.outsideNetns}`,
      `${inside} link set lo up`,
      // Plain bridges: they pass tagged frames as they are, like a switch whose ports are all trunks.
      ...this.nets().flatMap((net) => [
        `${inside} link add ${this.bridge(net)} type bridge mcast_snooping 0`,
        `${inside} link set ${this.bridge(net)} up`,
      ]),
      `${inside} addr add 10.77.0.1/24 dev ${this.bridge("management")}`,
      ...this.made.flatMap((host) =>
        Object.entries(host.nics).flatMap(([nic, net]) => [
          `${inside} tuntap add ${this.tap(host.name, nic)} mode tap`,
          `${inside} link set ${this.tap(host.name, nic)} master ${this.bridge(net)} up`,
        ]),
      ),
      `${inside} link add outside type veth peer name eth0 netns ${this.outsideNetns}`,
      `${inside} link set outside master ${this.bridge("outside")} up`,
      `ip -n ${this.outsideNetns} link set lo up`,
      `ip -n ${this.outsideNetns} addr add ${OUTSIDE_SERVER}/24 dev eth0`,
      `ip -n ${this.outsideNetns} link set eth0 up`,
    ];
    await command("sh", "-ec", lines.join("\n"));
  }

  private async keys(folder: string, state: State): Promise<void> {
    const client = join(folder, "client");
    const known: string[] = [];
    for (const [index, host] of this.made.entries()) {
      const hostKeyFile = join(folder, host.name);
      const hostKey = readFileSync(`${hostKeyFile}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
      const port = await freePort(firstPort(this.name) + index);
      state.connections[host.name] = {
        name: host.name,
        address: "127.0.0.1",
        port,
        user: "root",
        privateKeyPath: client,
        hostKey,
      };
      known.push(`[127.0.0.1]:${port} ${hostKey}`);
      const own = join(this.folder, host.name);
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, "hostname"), `${host.name}\n`);
      writeFileSync(join(own, "authorized_keys"), readFileSync(`${client}.pub`));
      writeFileSync(join(own, "ssh_host_ed25519_key"), readFileSync(hostKeyFile), { mode: 0o600 });
      const network = Object.keys(host.nics).flatMap((nic, position) => {
        return [
          `ip link set vec${position} name ${nic}`,
          ...addressesOf(host, index, nic).map((address) => `ip addr add ${address} dev ${nic}`),
          `ip link set ${nic} up`,
        ];
      });
      writeFileSync(join(own, "network.sh"), `${["ip link set lo up", ...network].join("\n")}\n`);
    }
    writeFileSync(join(this.folder, "known_hosts"), `${known.join("\n")}\n`);
  }

  /** From 127.0.0.1 into the lab's namespace: through a socket in the file system, since that is in neither. */
  private async startForwarders(state: State): Promise<void> {
    for (const [index, { name }] of this.made.entries()) {
      const socket = join(this.folder, `${name}.sock`);
      state.processes[`forward-in-${name}`] = this.start(name, "ip", [
        "netns",
        "exec",
        this.netns,
        "socat",
        `UNIX-LISTEN:${socket},fork`,
        `TCP:${managementAddress(index)}:22,connect-timeout=5`,
      ]);
      const listen = `TCP-LISTEN:${state.connections[name]?.port},bind=127.0.0.1,fork,reuseaddr`;
      state.processes[`forward-out-${name}`] = this.start(name, "socat", [listen, `UNIX-CONNECT:${socket}`]);
    }
    mkdirSync(join(this.folder, "www"), { recursive: true });
    writeFileSync(join(this.folder, "www", "index.html"), "outside\n");
    state.processes["outside-server"] = this.start("outside", "ip", [
      "netns",
      "exec",
      this.outsideNetns,
      "busybox",
      "httpd",
      "-f",
      "-p",
      "80",
      "-h",
      join(this.folder, "www"),
    ]);
  }

  private startHost(
    host: LabHost,
    kernel: string,
    disks: ReadonlyMap<string, string>,
    state: State,
    init: Init = "systemd",
  ): void {
    const console_ = join(this.folder, `${host.name}.console`);
    // The same MAC addresses on every boot, as with real NICs.
    const mac = (position: number) =>
      `02:00:00:00:${String(this.made.indexOf(host) + 1).padStart(2, "0")}:${String(position + 3).padStart(2, "0")}`;
    const nics = Object.keys(host.nics).map(
      (nic, position) =>
        `vec${position}:transport=tap,ifname=${this.tap(host.name, nic)},depth=128,mac=${mac(position)}`,
    );
    // Kernel and programs of a host take turns: on one processor they need not wake each other on another, which takes twice as long.
    const all = processors();
    const processor = all[(numberOf(this.name) * this.made.length + this.made.indexOf(host)) % all.length];
    const keepTo = processor === undefined ? "" : `taskset --cpu-list --pid ${processor} $$ >>${console_} 2>&1;`;
    const args = [
      ...["netns", "exec", this.netns],
      ...["sh", "-c", `${keepTo} while "$0" "$@" >>${console_} 2>&1 </dev/null; do :; done`, kernel],
      ...[
        `mem=${MEMORY}M`,
        `ubd0=${join(this.folder, `${host.name}.cow`)},${disks.get(host.name)}`,
        "root=/dev/ubda",
        "rw",
        `init=${INITS[init]}`,
        "quiet",
      ],
      ...["con0=fd:0,fd:1", "con=null", "ssl=null", "seccomp=auto", this.umid(host.name), `uml_dir=${this.folder}/`],
      ...[`lab.folder=${join(this.folder, host.name)}`, ...nics],
    ];
    state.processes[host.name] = this.start(host.name, "ip", args, console_);
  }

  /** Waits until Docker answers; `notBoot` is the boot that is meant to be over. */
  private async ready(host: string, notBoot?: string): Promise<void> {
    const deadline = Date.now() + 90_000;
    let said = "";
    while (Date.now() < deadline) {
      const answer = await this.exec(host, "cat /proc/sys/kernel/random/boot_id; cat /run/lab-ready && echo ready", {
        reject: false,
      });
      const [boot, active] = String(answer.stdout).split("\n");
      if (answer.exitCode === 0 && active === "ready" && boot !== notBoot) return;
      said = `${answer.stderr} ${answer.stdout}`;
      await sleep(200);
    }
    throw new Error(
      `${host} of the lab did not get ready in 90 s: ${said.trim()}; its console is ${join(this.folder, `${host}.console`)}`,
    );
  }

  /** For people: one line per host. */
  async status(): Promise<{ host: string; running: boolean; ssh: string; nics: string }[]> {
    const state = this.state();
    return this.made.map(({ name, nics }) => ({
      host: name,
      running: this.alive(name, state?.processes[name]),
      ssh: state?.connections[name] ? `127.0.0.1:${state.connections[name].port}` : "-",
      nics: Object.entries(nics)
        .map(([nic, net]) => `${nic} (${net})`)
        .join(", "),
    }));
  }
}
