#!/usr/bin/env node
// pulumi-resource-macvlan: what Pulumi's engine starts, with its own address, and whose port it reads from the first line.
import { messageOf } from "../../vocabulary/errors";
import { requireNode } from "../node";
import { Plugin } from "./server";

const engine = process.ppid;

async function listen(): Promise<number> {
  requireNode();
  return new Plugin(process.argv[2] ?? "").listen();
}

listen().then(
  (port) => {
    console.log(port);
    // An engine that was killed ends nobody: what it started would stay.
    setInterval(() => process.ppid === engine || process.exit(1), 1000);
  },
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
