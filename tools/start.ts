// npm start: the main job. Builds the fabric with `pulumi up` and proves it on real packets.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { execa } from "execa";
import { Lab, missingImages, OUTSIDE_SERVER, overviewOf, step } from "pulumi-macvlan-lab";
import { closeConnections } from "../provider/host/ssh/connection";
import { hostsIn } from "../provider/pulumi/inventory";
import { messageOf } from "../provider/vocabulary/errors";
import { expected, type Hosts, judge, measure, removeContainers, startContainers } from "./proof";
import { onlyDeclaredPrograms } from "./setup/programs";
import { missingCli, pulumiFolder } from "./setup/pulumi-cli";

const root = join(__dirname, "..", "..");

const program = new Command("npm start --")
  .description("Builds VLANs, Docker networks and a router with pulumi up, and proves who reaches whom.")
  .option("--stack <name>", "the stack; Pulumi.<name>.yaml may name your own hosts (Pulumi.example.yaml)", "lab")
  .option("--keep-containers", "leave the proof's containers d1 to d4 running; remove them before pulumi destroy")
  .option(
    "--outside <address>",
    "an address beyond the router to be reached over NAT (default: the lab's server, if the lab is used)",
  )
  .parse();
const {
  stack,
  outside: outsideGiven,
  keepContainers = false,
} = program.opts<{ stack: string; outside?: string; keepContainers?: boolean }>();

async function main(): Promise<number> {
  const started = Date.now();
  await onlyDeclaredPrograms();
  // Hosts of one's own need a configuration.
  const mayNeedLab = !existsSync(join(root, `Pulumi.${stack}.yaml`));
  const missing = [...missingCli(), ...(mayNeedLab ? missingImages() : [])];
  console.error(overviewOf(missing, availableParallelism(), { what: "the fabric, made and proved", minutes: 1 }));
  const [folder] = await Promise.all([pulumiFolder(), ...(mayNeedLab ? [Lab.prepare()] : [])]);
  const env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    PULUMI_CONFIG_PASSPHRASE: process.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const pulumi = (...args: string[]) =>
    execa("pulumi", [...args, "--stack", stack, "--non-interactive"], { cwd: root, env, stdin: "ignore" });
  const show = (...args: string[]) =>
    execa("pulumi", [...args, "--stack", stack, "--non-interactive"], {
      cwd: root,
      env,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });

  await execa("pulumi", ["stack", "select", "--create", stack, "--non-interactive"], {
    cwd: root,
    env,
    stdin: "ignore",
  });
  const config = JSON.parse((await pulumi("config", "--json", "--show-secrets")).stdout) as Record<
    string,
    { value?: string }
  >;
  const configured = JSON.parse(config["inter-vlan-fabric:hosts"]?.value ?? "{}") as Hosts;
  const onLab = Object.keys(configured).length === 0;
  const lab = new Lab();
  if (onLab) await lab.up();
  const hosts: Hosts = onLab ? lab.hosts() : configured;
  const outside = outsideGiven ?? (onLab ? OUTSIDE_SERVER : undefined);
  hostsIn(hosts, ["host1", "host2", "host3"]); // Says what is missing before anything is done.

  const up = (router: boolean) =>
    show(
      "up",
      "--yes",
      "--skip-preview",
      "--refresh",
      "--suppress-outputs",
      "--config",
      `inter-vlan-fabric:router=${router}`,
    );
  const prove = async (router: boolean): Promise<string[]> => {
    const measured = await step(`who reaches whom, ${router ? "with" : "before"} the router`, async () => {
      await startContainers(hosts);
      return measure(hosts, outside);
    });
    const { table, wrong } = judge(measured, expected(router, outside !== undefined));
    console.log(`\n${router ? "With" : "Before"} the router:\n${table}`);
    return wrong;
  };

  const state = (await pulumi("stack", "export")).stdout;
  const wrong: string[] = [];
  if (state.includes("macvlan:InterVlanRouter")) {
    console.log("The router is there from an earlier run: the matrix without it was shown then.");
  } else {
    await step("pulumi up: VLANs and Docker networks", () => up(false));
    wrong.push(...(await prove(false)));
  }
  await step("pulumi up: the router between the VLANs", () => up(true));
  wrong.push(...(await prove(true)));
  if (!keepContainers) await step("removing the proof's containers", () => removeContainers(hosts));
  await closeConnections();

  if (wrong.length > 0) {
    console.error(`\nNot as promised:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
    return 1;
  }
  console.log(`
Every cell is as promised (${((Date.now() - started) / 1000).toFixed(0)} s). To go on by hand, in this folder:

  export PATH=${join(root, "node_modules", ".bin")}:${folder}:$PATH PULUMI_CONFIG_PASSPHRASE=
  pulumi stack select ${stack}
  pulumi preview --diff
  pulumi refresh
  pulumi up
  pulumi destroy${
    onLab
      ? `

The lab keeps running, for you to look around and to try the examples on:

  npm run lab -- status
  npm run lab -- exec host1 -- ip -d link
  npm run lab -- ssh host1    # until you leave it (not typed by a test)
  npm run lab -- down`
      : ""
  }
`);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(messageOf(error));
    process.exitCode = 1;
  },
);
