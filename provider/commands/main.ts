#!/usr/bin/env node
// pulumi-macvlan: the package's own commands.
import { Command } from "commander";
import { requireNode } from "../pulumi/node";
import { VERSION } from "../pulumi/plugin/version";
import { messageOf } from "../vocabulary/errors";
import { doctorCommand } from "./doctor";
import { reviewCommand } from "./review";
import { scanCommand } from "./scan";
import { twinCommand } from "./twin";

async function main(): Promise<void> {
  requireNode();
  await new Command("pulumi-macvlan")
    .description("Commands beside the resources of pulumi-macvlan.")
    .version(VERSION)
    .addCommand(doctorCommand())
    .addCommand(reviewCommand())
    .addCommand(scanCommand())
    .addCommand(twinCommand())
    .parseAsync();
}

main().catch((error: unknown) => {
  console.error(`pulumi-macvlan: ${messageOf(error)}`);
  process.exitCode = 1;
});
