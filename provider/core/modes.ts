// What a parent interface can carry: kinds of children, their modes, and who can't stand beside whom.
// Kernel: Documentation/networking/ipvlan.rst, drivers/net/macvlan.c, drivers/net/ipvlan/.
import { z } from "zod";
import type { Refusal } from "./errors";
import type { Claim } from "./resource";

export const KINDS = ["macvlan", "ipvlan"] as const;
export type Kind = (typeof KINDS)[number];
export const FLAGS = ["bridge", "private", "vepa"] as const;
export type Flag = (typeof FLAGS)[number];
const IPVLAN_MODES = ["l2", "l3", "l3s"];

/** How its children reach each other; for an ipvlan the layer that it works on. */
export interface Carried {
  kind: Kind;
  mode: string;
  /** Of an ipvlan: how its children reach each other. */
  flag?: Flag | undefined;
}

/** As far as it is known. */
interface Given {
  kind?: Kind | undefined;
  mode?: string | undefined;
  flag?: Flag | undefined;
}

export const kind = z.enum(KINDS, { error: 'must be "macvlan" or "ipvlan"' }).default("macvlan");
export const flagOfIpvlan = z.enum(FLAGS, { error: 'must be "bridge", "private" or "vepa"' }).optional();

/** A reader of modes; which of them fit is known with the kind. */
export const modeOf = (macvlanModes: readonly string[]) => {
  const modes = [...macvlanModes, ...IPVLAN_MODES];
  return z.enum(modes as [string, ...string[]], { error: `must be one of ${modes.join(", ")}` }).optional();
};

/** Fills in the defaults, once the kind is known. */
export function completeMode({ kind, mode, flag }: Given): { mode?: string; flag?: Flag } {
  switch (kind) {
    case "macvlan":
      return { mode: mode ?? "bridge" };
    case "ipvlan":
      return { mode: mode ?? "l2", flag: flag ?? "bridge" };
    default:
      return {};
  }
}

export function refuseMode({ kind, mode, flag }: Given, macvlanModes: readonly string[]): Refusal[] {
  if (!kind || !mode) return [];
  const modes = kind === "macvlan" ? macvlanModes : IPVLAN_MODES;
  const refusals: Refusal[] = [];
  if (!modes.includes(mode)) {
    refusals.push({ property: "mode", reason: `"${mode}" is no mode of ${kind}: its modes are ${modes.join(", ")}` });
  }
  if (kind === "macvlan" && flag !== undefined) {
    refusals.push({ property: "flag", reason: "is for ipvlan: a macvlan has its mode for that" });
  }
  return refusals;
}

/** The kernel's rules for one parent: found out at preview across all resources of a program. */
export function parentClaim(parent: string, carried: Carried, holder: string): Claim {
  return {
    key: `parent ${parent}`,
    property: "parent",
    holder,
    value: carried,
    conflicts: ({ value, holder: their }) => {
      const other = value as Carried;
      const advice = "put one of them on a VLAN sub-interface of its own";
      if (other.kind !== carried.kind) {
        return {
          reason: `"${parent}" carries ${their} already, ${other.kind === "ipvlan" ? "an ipvlan" : "a macvlan"}: the kernel gives a parent to macvlan or to ipvlan, never to both; ${advice}`,
        };
      }
      if (carried.kind === "macvlan" && [carried.mode, other.mode].includes("passthru")) {
        return {
          reason: `"${parent}" carries ${their} already: a passthru macvlan has its parent for itself; ${advice}`,
        };
      }
      if (carried.kind === "ipvlan" && (carried.mode !== other.mode || carried.flag !== other.flag)) {
        return {
          reason: `"${parent}" carries ${their} already, in mode ${other.mode} (${other.flag}): all ipvlans of a parent have one mode and flag; ${advice}`,
        };
      }
      return undefined;
    },
  };
}
