// Where a lab on this machine (npm run lab) keeps what belongs to it, so that programs find its hosts without being told.
import { homedir } from "node:os";
import { join } from "node:path";

export const labFolder = (name = "main"): string => join(homedir(), ".local", "state", "pulumi-macvlan", name);

/** Its hosts, as a stack's configuration would name them; there while it runs. */
export const labInventory = (name?: string): string => join(labFolder(name), "hosts.json");
