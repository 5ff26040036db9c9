// pulumi-macvlan doctor: what will not work on hosts, and what to do, before anything is changed there.
import { Command, InvalidArgumentError } from "commander";
import { diagnoseBy } from "../doctor/doctor";
import { toTable } from "../doctor/table";
import { closeConnections, runner } from "../host/ssh/connection";
import { type HostOptions, hostOptions, hostsOf } from "./hosts";

interface Given extends HostOptions {
  vlan: number[];
  nic: Record<string, string[]>;
  seconds?: number;
  json?: boolean;
}

/** What it ends with where something would fail. */
const WRONG = 1;

function vlan(text: string, before: number[]): number[] {
  const ids = text.split(",").map(Number);
  if (!ids.every((id) => Number.isInteger(id) && id >= 1 && id <= 4094))
    throw new InvalidArgumentError("VLANs are numbers from 1 to 4094, as in 100,200");
  return [...before, ...ids];
}

function seconds(text: string): number {
  if (!/^(?:[1-9]|[1-4]\d|50)$/.test(text)) throw new InvalidArgumentError("seconds are a number from 1 to 50");
  return Number(text);
}

function nic(text: string, before: Record<string, string[]>): Record<string, string[]> {
  const [, host, name] = /^(.+)=([^=:]+)$/.exec(text) ?? [];
  if (host === undefined || name === undefined)
    throw new InvalidArgumentError("it must be host=interface, as in host1=eth0");
  return { ...before, [host]: [...(before[host] ?? []), name] };
}

async function run(typed: string[], given: Given): Promise<void> {
  const { patients, vlans: known } = await hostsOf(typed, given);
  const strange = Object.keys(given.nic).filter((name) => !patients.some((patient) => patient.name === name));
  if (strange.length > 0)
    throw new Error(`--nic names ${strange.join(", ")}: the hosts are ${patients.map(({ name }) => name).join(", ")}`);
  const vlans = [...new Set(given.vlan.length > 0 ? given.vlan : known)];
  try {
    const found = await diagnoseBy(
      runner,
      patients.map((patient) => ({ ...patient, nics: given.nic[patient.name] ?? patient.nics })),
      { vlans, ...(given.seconds !== undefined && { seconds: given.seconds }) },
    );
    process.stdout.write(given.json ? `${JSON.stringify(found, undefined, 2)}\n` : toTable(found));
    if (found.findings.some(({ level }) => level === "wrong")) process.exitCode = WRONG;
  } finally {
    closeConnections();
  }
}

export const doctorCommand = (): Command =>
  hostOptions(
    new Command("doctor").description(
      `tell what will not work on hosts and their switch, and what to do; changes nothing, and ends with ${WRONG} where something would fail`,
    ),
  )
    .option(
      "--vlan <ids>",
      "send frames of these VLANs between the hosts, as in 100,200 (default: the stack's)",
      vlan,
      [],
    )
    .option(
      "--nic <host=interface>",
      "the interface that is to carry them (default: the inventory's or the stack's parent, else all with a carrier, or their bond or bridge)",
      nic,
      {},
    )
    .option(
      "--seconds <number>",
      "for how long frames are sent and listened for; most switches tell of themselves every 30 s (LLDP) (default: 6)",
      seconds,
    )
    .option("--json", "for programs")
    .action(run);
