// npm run bench -- fleet: what 1,000 resources on 100 hosts cost beyond what Pulumi itself costs. The hosts are simulated.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Table from "cli-table3";
import { execa } from "execa";
import { step } from "pulumi-macvlan-lab";
import { pulumiFolder } from "../setup/pulumi-cli";
import { median } from "./median";

export interface FleetOptions {
  hosts: string;
  vlans: string;
  answer: string;
  rounds: string;
}

const program = join(__dirname, "..", "..", "..", "test", "fleet", "program");

/** The simulated hosts, in a process of their own so that they are not measured. */
function startFleet({ hosts, answer }: FleetOptions) {
  const server = join(__dirname, "..", "..", "test", "fleet", "server.js");
  const child = spawn(process.execPath, [server, hosts, answer], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const read = async (): Promise<string> => String((await lines.next()).value);
  return {
    hosts: read(),
    logins: async () => {
      child.stdin.write("\n");
      return Number(await read());
    },
    stop: () => child.stdin.end(),
  };
}

/** The most memory that any provider process of this run has had so far, in MiB. */
function peakOfProviders(marker: string): number {
  const peaks = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        const isProvider = /dynamic-provider|plugin\/main\.js/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
        if (!isProvider || !readFileSync(`/proc/${pid}/environ`, "utf8").includes(marker)) return 0;
        return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
      } catch {
        return 0; // It has ended in the meantime.
      }
    });
  return Math.max(0, ...peaks);
}

interface Cost {
  up: number;
  preview: number;
  refresh: number;
  memory: number;
  /** Bytes of the state for each resource, as Pulumi writes it: every change writes all of it again. */
  state: number;
}

const KINDS = ["nothing", "dynamic", "plugin"] as const;
type Kind = (typeof KINDS)[number];

/** What Pulumi's engine starts for the plugin's resources: it looks for that name on PATH. */
function installPlugin(folder: string): void {
  const main = join(__dirname, "..", "..", "provider", "pulumi", "plugin", "main.js");
  const file = join(folder, "pulumi-resource-macvlan");
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
}

async function measure(kind: Kind, env: Record<string, string>, folder: string): Promise<Cost> {
  const state = mkdtempSync(join(folder, `${kind}-`));
  const all = { ...env, FLEET_KIND: kind, PULUMI_BACKEND_URL: `file://${state}` };
  const pulumi = (...args: string[]) =>
    execa("pulumi", [...args, "--stack", kind, "--non-interactive"], { cwd: program, env: all, stdin: "ignore" });
  let memory = 0;
  const timed = async (what: string, ...args: string[]): Promise<number> => {
    const sampler = setInterval(() => {
      memory = Math.max(memory, peakOfProviders(state));
    }, 100);
    const started = Date.now();
    try {
      await step(`${kind}: ${what}`, () => pulumi(...args));
    } finally {
      clearInterval(sampler);
    }
    return (Date.now() - started) / 1000;
  };
  await execa("pulumi", ["stack", "init", kind, "--non-interactive"], { cwd: program, env: all, stdin: "ignore" });
  const up = await timed("up", "up", "--yes", "--skip-preview", "--suppress-outputs", "--parallel", "16");
  const preview = await timed("preview of no change", "preview", "--expect-no-changes", "--suppress-outputs");
  const refresh = await timed("refresh", "refresh", "--yes", "--skip-preview", "--suppress-outputs");
  const { stdout } = await pulumi("stack", "export");
  const { resources } = (JSON.parse(stdout) as { deployment: { resources: { type: string }[] } }).deployment;
  const ours = resources.filter(({ type }) => !type.startsWith("pulumi:"));
  return { up, preview, refresh, memory, state: JSON.stringify(ours).length / ours.length };
}

export async function fleet(options: FleetOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-bench-"));
  const simulated = startFleet(options);
  try {
    const hosts = join(folder, "hosts.json");
    writeFileSync(hosts, await simulated.hosts);
    const env = {
      PATH: `${folder}:${await pulumiFolder()}:${process.env["PATH"]}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      FLEET_HOSTS: hosts,
      FLEET_VLANS: options.vlans,
    };
    installPlugin(folder);
    const all: Record<Kind, Cost[]> = { nothing: [], dynamic: [], plugin: [] };
    const logins: Record<Kind, number> = { nothing: 0, dynamic: 0, plugin: 0 };
    for (let round = 1; round <= Number(options.rounds); round += 1) {
      for (const kind of KINDS) {
        const before = await simulated.logins();
        all[kind].push(await measure(kind, env, folder));
        logins[kind] = (await simulated.logins()) - before;
      }
    }
    const table = new Table({
      head: ["", "resources that do nothing", "dynamic ones", "ratio", "the plugin's", "to dynamic ones"],
      style: { head: [], border: [] },
    });
    const row = (what: string, unit: string, pick: (cost: Cost) => number, digits = 1) => {
      const [nothing = 0, dynamic = 0, plugin = 0] = KINDS.map((kind) => median(all[kind].map(pick)));
      const told = (cost: number) => `${cost.toFixed(digits)} ${unit}`;
      const ratios = [(dynamic / nothing).toFixed(2), (plugin / dynamic).toFixed(2)] as const;
      table.push([what, told(nothing), told(dynamic), ratios[0], told(plugin), ratios[1]]);
    };
    row("pulumi up", "s", ({ up }) => up);
    row("pulumi preview of no change", "s", ({ preview }) => preview);
    row("pulumi refresh", "s", ({ refresh }) => refresh);
    row("the provider's memory, at most", "MiB", ({ memory }) => memory);
    row("the state, per resource", "bytes", ({ state }) => state, 0);
    const resources = 2 * Number(options.hosts) * Number(options.vlans);
    console.log(
      `medians of ${options.rounds}: ${resources} resources on ${options.hosts} simulated hosts that answer in ${options.answer} ms\n${table}`,
    );
    console.log(
      `SSH handshakes of up, preview and refresh: ${logins.dynamic} for ${options.hosts} hosts, ${logins.plugin} through the plugin`,
    );
  } finally {
    simulated.stop();
    rmSync(folder, { recursive: true, force: true });
    for (const kind of KINDS) rmSync(join(program, `Pulumi.${kind}.yaml`), { force: true });
  }
}
