// Where a lab on this machine (npm run lab) keeps what belongs to it, so that programs find its hosts without being told.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../vocabulary/host";

/** For the lab's own commands. */
export { quoteWords } from "../host/quote";
export { closeConnections, runner } from "../host/ssh/connection";
export { TWIN, type TwinHost } from "../host/ssh/twin";
export type { ReachabilityInputs } from "../kinds/reachability/kind";
export { checkReachability } from "../kinds/reachability/kind";
export { sendProbes } from "../kinds/reachability/probes";
export type { Review } from "../review/found";
export { review } from "../review/review";
export { readStackChange } from "../review/stack";
export { type Attempt, type Tried, wentWell } from "../review/tried";
export { flowsOf } from "../twin/flows";
export { type Asked, type KnownNic, planTwin, type StandIn, type TwinPlan, type Wire } from "../twin/plan";
export { chosenAddresses, countOthers, type Deployment, inStateOnly, withoutSecrets } from "../twin/state";
export { type HostFields, publicPart } from "../vocabulary/host";

/** One host as the configuration has it: every field of HostConnection, with its interfaces beside them. */
export type ConfiguredHost = Connection & { parent?: string; uplink?: string };

export const labFolder = (name = "main"): string => join(homedir(), ".local", "state", "pulumi-macvlan", name);

/** Its hosts, as a stack's configuration would name them; there while it runs. */
export const labInventory = (name?: string): string => join(labFolder(name), "hosts.json");

/** Those hosts; undefined where no lab runs. */
export const labHosts = (): Record<string, ConfiguredHost> | undefined =>
  existsSync(labInventory()) ? JSON.parse(readFileSync(labInventory(), "utf8")) : undefined;
