// pulumi-macvlan scan: writes the program that describes what hosts have already.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { closeConnections, runner } from "../host/ssh/connection";
import { programOf } from "../scan/program";
import { scanBy } from "../scan/read";
import { printable } from "../vocabulary/values";
import { type HostOptions, hostOptions, hostsOf } from "./hosts";

interface Given extends HostOptions {
  output: string;
}

/** As Pulumi and npm allow it. */
const projectOf = (folder: string): string =>
  basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9_.-]|^[._-]+/g, "") || "lan";

async function run(typed: string[], { output, ...given }: Given): Promise<void> {
  const folder = resolve(output);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Error(`${folder} is there already, and not empty: name another folder with --output`);
  const { patients } = await hostsOf(typed, given);
  try {
    const scanned = await Promise.all(patients.map(({ name, connection }) => scanBy(runner, name, connection)));
    mkdirSync(folder, { recursive: true });
    for (const { path, text } of programOf(projectOf(folder), scanned)) writeFileSync(join(folder, path), text);
    for (const { name, described, leftOut } of scanned) {
      const left = leftOut.map(({ what, why }) => `${what} (${why})`).join(", ");
      console.log(printable(`${name}: ${described.length} described${left && `, left out: ${left}`}`));
    }
    console.log(`Written to ${folder}. Next: cd ${output} && npm install && pulumi stack init <name> && pulumi up`);
  } finally {
    closeConnections();
  }
}

export const scanCommand = (): Command =>
  hostOptions(
    new Command("scan")
      .description(
        "write a program that describes the VLANs, links and Docker networks that hosts have, to be taken over as they are",
      )
      .option("--output <folder>", "a new folder for the project", "lan"),
  ).action(run);
