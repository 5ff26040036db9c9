// Where a lab on this machine (npm run lab) keeps what belongs to it, so that programs find its hosts without being told.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../vocabulary/host";

/** For the lab's own command. */
export { quoteWords } from "../host/quote";

/** One host as the configuration has it: every field of HostConnection, with its interfaces beside them. */
export type ConfiguredHost = Connection & { parent?: string; uplink?: string };

export const labFolder = (name = "main"): string => join(homedir(), ".local", "state", "pulumi-macvlan", name);

/** Its hosts, as a stack's configuration would name them; there while it runs. */
export const labInventory = (name?: string): string => join(labFolder(name), "hosts.json");

/** Those hosts; undefined where no lab runs. */
export const labHosts = (): Record<string, ConfiguredHost> | undefined =>
  existsSync(labInventory()) ? JSON.parse(readFileSync(labInventory(), "utf8")) : undefined;
