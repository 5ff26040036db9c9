// npm run bench -- fabric: the fabric of npm start on the lab, by this package and by a command per step, with a way to the hosts that is
// as long as to another site. Each round has all of them, so that they meet the same machine.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { execa } from "execa";
import { HOSTS, Lab, step } from "pulumi-macvlan-lab";
import { pulumiFolder } from "../setup/pulumi-cli";
import { median } from "./median";

export interface FabricOptions {
  rtt: string;
  rounds: string;
}

const KINDS = ["nothing", "commands", "ours"] as const;
type Kind = (typeof KINDS)[number];

const SHOWN: Record<Kind, string> = {
  nothing: "resources that do nothing",
  commands: "a command per step, a login each",
  ours: "ours",
};

const program = join(__dirname, "..", "..", "..", "test", "fleet", "fabric");

export async function fabric({ rtt, rounds }: FabricOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-bench-"));
  const lab = new Lab("bench");
  const first: Record<Kind, number[]> = { nothing: [], commands: [], ours: [] };
  const again: Record<Kind, number[]> = { nothing: [], commands: [], ours: [] };
  const path = `${await pulumiFolder()}:${process.env["PATH"]}`;

  const run = async (kind: Kind, round: number): Promise<void> => {
    const state = mkdtempSync(join(folder, `${kind}-`));
    const hosts = join(folder, "hosts.json");
    writeFileSync(hosts, JSON.stringify(lab.hosts()));
    const env = {
      PATH: path,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      FABRIC_KIND: kind,
      FABRIC_HOSTS: hosts,
    };
    const pulumi = async (...args: string[]): Promise<number> => {
      const started = performance.now();
      await execa("pulumi", [...args, "--stack", kind, "--non-interactive"], { cwd: program, env, stdin: "ignore" });
      return (performance.now() - started) / 1000;
    };
    const up = () => pulumi("up", "--yes", "--skip-preview", "--suppress-outputs");
    await pulumi("stack", "init");
    await step(`round ${round}: ${SHOWN[kind]}`, async () => {
      first[kind].push(await up());
      again[kind].push(await up());
    });
  };

  const fresh = async (): Promise<void> => {
    await lab.reset();
    for (const { name } of HOSTS) await lab.exec(name, `tc qdisc add dev enp0s3 root netem delay ${Number(rtt)}ms`);
  };

  await lab.up();
  try {
    for (let round = 1; round <= Number(rounds); round += 1) {
      for (const kind of KINDS) {
        if (kind !== "nothing") await fresh();
        await run(kind, round);
      }
    }
    const table = new Table({ head: ["who", "first run", "nothing to change"], style: { head: [], border: [] } });
    for (const kind of KINDS)
      table.push([SHOWN[kind], `${median(first[kind]).toFixed(1)} s`, `${median(again[kind]).toFixed(1)} s`]);
    const ratio = (of: Record<Kind, number[]>, to: Kind) => (median(of.ours) / median(of[to])).toFixed(2);
    console.log(`medians of ${rounds}, a round trip of ${rtt} ms\n${table}`);
    console.log(`first run: ${ratio(first, "commands")} of a command per step, ${ratio(first, "nothing")} of nothing`);
    console.log(
      `nothing to change: ${ratio(again, "commands")} of a command per step, ${ratio(again, "nothing")} of nothing`,
    );
  } finally {
    await lab.down();
    rmSync(folder, { recursive: true, force: true });
    for (const kind of KINDS) rmSync(join(program, `Pulumi.${kind}.yaml`), { force: true });
  }
}
