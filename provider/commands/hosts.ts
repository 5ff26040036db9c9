// Which hosts a command is about: the same words for all commands that look at hosts.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Command } from "commander";
import { parse } from "yaml";
import type { Patient } from "../doctor/doctor";
import { configuredHosts, stackHosts, typedHost } from "../doctor/patients";
import { labHosts } from "../pulumi/lab";
import { messageOf } from "../vocabulary/errors";
import { fieldsOf, sameHost } from "../vocabulary/host";
import { readText } from "./output";

export interface HostOptions {
  inventory?: string;
  stack?: string;
}

export const hostOptions = (command: Command): Command =>
  command
    .argument("[host...]", "user@host, host:port, or an alias of ~/.ssh/config (default: a lab of this machine)")
    .option(
      "--inventory <file>",
      "hosts by name with their connections, as a stack's configuration has them (YAML or JSON)",
    )
    .option("--stack <name>", "the hosts of a stack's state");

const HOW = "name hosts (user@host), an inventory (--inventory hosts.yaml) or a stack (--stack dev)";

async function exported(stack: string): Promise<unknown> {
  try {
    const words = ["stack", "export", "--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", words, { maxBuffer: 1 << 30 });
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`pulumi stack export --stack ${stack} failed: ${messageOf(error)}`);
  }
}

/** One that was named twice is one host, with the interfaces of both. */
function merged(patients: readonly Patient[]): Patient[] {
  const all: Patient[] = [];
  for (const patient of patients) {
    const at = all.findIndex(({ connection }) => sameHost(fieldsOf(connection), fieldsOf(patient.connection)));
    const known = all[at];
    if (known) all[at] = { ...known, nics: [...new Set([...(known.nics ?? []), ...(patient.nics ?? [])])] };
    else all.push(patient);
  }
  return all;
}

/** With the VLANs that a stack has. */
export async function hostsOf(
  typed: string[],
  { inventory, stack }: HostOptions,
): Promise<{ patients: Patient[]; vlans: number[] }> {
  const known = stack === undefined ? { patients: [], vlans: [] } : stackHosts(await exported(stack));
  const patients = [
    ...typed.map(typedHost),
    ...(inventory === undefined ? [] : configuredHosts(parse(readText(inventory)), inventory)),
    ...known.patients,
  ];
  if (patients.length > 0) return { patients: merged(patients), vlans: known.vlans };
  const lab = typed.length === 0 && inventory === undefined && stack === undefined ? labHosts() : undefined;
  if (!lab) throw new Error(`no host is named: ${HOW}`);
  return { patients: configuredHosts(lab, "the lab"), vlans: [] };
}
