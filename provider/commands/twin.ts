// pulumi-macvlan twin: a change is really applied, to hosts that a lab makes for it, before it touches a host of the stack.
import { Command, InvalidArgumentError } from "commander";
import { wentWell } from "../review/tried";
import type { TwinLab } from "../twin/options";
import type { KnownNic } from "../twin/plan";
import { type Format, formatOption, outputOption, readJson, write } from "./output";

interface Given {
  base: string;
  changed: string;
  stack: string;
  state?: string;
  nic: KnownNic[];
  docker: Record<string, number>;
  keep?: boolean;
  format: Format;
  output?: string;
}

/** What it ends with where the change did not go well. */
const WENT_WRONG = 2;

const LAB = "pulumi-macvlan-lab";

async function labOf(): Promise<TwinLab> {
  try {
    return (await import(LAB)) as TwinLab;
  } catch (error) {
    if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(`a twin's hosts are made by the package ${LAB}: npm install --save-dev ${LAB}`);
  }
}

function nic(text: string, before: KnownNic[]): KnownNic[] {
  const [, host, name, net] = /^(.+):([^:=]+)(?:=([^=]+))?$/.exec(text) ?? [];
  if (host === undefined || name === undefined)
    throw new InvalidArgumentError("it must be host:interface or host:interface=switch, as in host1:enp0s9=outside");
  return [...before, { host, nic: name, switch: net }];
}

function docker(text: string, before: Record<string, number>): Record<string, number> {
  const [, host, major] = /^(.+)=(\d+)(?:\.[\d.]+)?$/.exec(text) ?? [];
  if (host === undefined) throw new InvalidArgumentError("it must be host=version, as in host1=20.10");
  return { ...before, [host]: Number(major) };
}

async function run({ nic: nics, docker: dockers, state, keep = false, format, output, ...rest }: Given): Promise<void> {
  const lab = await labOf();
  const read = state === undefined ? undefined : readJson(state, "pulumi stack export");
  const found = await lab.tryOnTwin({ ...rest, ...(read !== undefined && { state: read }), nics, dockers, keep });
  await write(found, format, output);
  if (!found.tried || !wentWell(found.tried)) process.exitCode = WENT_WRONG;
}

export const twinCommand = (): Command =>
  new Command("twin")
    .description(
      `apply a change to lab hosts made like the stack's, with a stand-in for each container, and review what became of it; ends with ${WENT_WRONG} where it did not go well`,
    )
    .requiredOption("--base <folder>", "the program as it is applied now, such as a git worktree of main")
    .option("--changed <folder>", "the program as it is to be", ".")
    .requiredOption("--stack <name>", "the stack")
    .option("--state <file>", "what `pulumi stack export` printed, refreshed (default: asks Pulumi)")
    .option(
      "--nic <host:interface>",
      "an interface that the state does not name; =management, =outside or =<switch> says where it leads",
      nic,
      [],
    )
    .option(
      "--docker <host=version>",
      "the Docker that a host has (default: as a VlanTopology has seen it, else 26)",
      docker,
      {},
    )
    .option("--keep", "leave the lab running, to look around")
    .addOption(formatOption())
    .addOption(outputOption())
    .action(run);
