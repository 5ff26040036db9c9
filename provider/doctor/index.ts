// For programs: the findings of `npx pulumi-macvlan doctor`.
import { runner } from "../host/ssh/connection";
import { diagnoseBy, type Patient } from "./doctor";
import type { Diagnosis } from "./findings";

/**
 * What will not work on these hosts, and what to do; with `vlans` (1 to 4094), also what the switch passes between them. Asks each host once, all
 * of them at once, and changes nothing there; for `seconds` (1 to 50; default 6) frames are sent and listened for.
 * @returns the hosts with what they are, the findings (`wrong`: something would fail), and what passes in each VLAN between each two interfaces.
 * A host that can't be reached is a finding, no error.
 */
export const diagnose = (
  hosts: readonly Patient[],
  options: { vlans?: readonly number[]; seconds?: number } = {},
): Promise<Diagnosis> => diagnoseBy(runner, hosts, options);

export { closeConnections } from "../host/ssh/connection";
export type { Patient } from "./doctor";
export type { Examined, Facts, Heard, Neighbour, Nic } from "./facts";
export type { Finding } from "./finding";
export type { Diagnosis } from "./findings";
export type { Passage, Port } from "./switch";
