// What a parent interface can carry: kinds of children, their modes, and who can't stand beside whom.
// Kernel: Documentation/networking/ipvlan.rst, drivers/net/macvlan.c, drivers/net/ipvlan/.
import { z } from "zod";
import type { Refusal } from "./errors";

export const KINDS = ["macvlan", "ipvlan"] as const;
export type Kind = (typeof KINDS)[number];
export const FLAGS = ["bridge", "private", "vepa"] as const;
export type Flag = (typeof FLAGS)[number];
const IPVLAN_MODES = ["l2", "l3", "l3s"] as const;
type IpvlanMode = (typeof IPVLAN_MODES)[number];
/** Of a macvlan; Docker knows all but source. */
export const NETWORK_MODES = ["bridge", "private", "vepa", "passthru"] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number] | IpvlanMode;
export const LINK_MODES = [...NETWORK_MODES, "source"] as const;
export type LinkMode = (typeof LINK_MODES)[number] | IpvlanMode;

/** How its children reach each other; for an ipvlan the layer that it works on. */
export interface Carried {
  kind: Kind;
  mode: string;
  /** Of an ipvlan: how its children reach each other. */
  flag?: Flag | undefined;
}

/** As far as it is known. */
interface Given<Mode extends string> {
  kind?: Kind | undefined;
  mode?: Mode | undefined;
  flag?: Flag | undefined;
}

export const kind = z.enum(KINDS, { error: 'must be "macvlan" or "ipvlan"' }).default("macvlan");
export const flagOfIpvlan = z.enum(FLAGS, { error: 'must be "bridge", "private" or "vepa"' }).optional();

/** A reader of modes; which of them fit is known with the kind. */
export const modeOf = <Mode extends string>(macvlanModes: readonly Mode[]) => {
  const modes = [...macvlanModes, ...IPVLAN_MODES];
  return z.enum(modes, { error: `must be one of ${modes.join(", ")}` }).optional();
};

/** Fills in the defaults, once the kind is known. */
export function completeMode<Mode extends string>({
  kind,
  mode,
  flag,
}: Given<Mode>): {
  mode?: Mode | "bridge" | "l2";
  flag?: Flag;
} {
  switch (kind) {
    case "macvlan":
      return { mode: mode ?? "bridge" };
    case "ipvlan":
      return { mode: mode ?? "l2", flag: flag ?? "bridge" };
    default:
      return {};
  }
}

export function refuseMode({ kind, mode, flag }: Given<string>, macvlanModes: readonly string[]): Refusal[] {
  if (!kind || !mode) return [];
  const modes: readonly string[] = kind === "macvlan" ? macvlanModes : IPVLAN_MODES;
  const refusals: Refusal[] = [];
  if (!modes.includes(mode)) {
    refusals.push({ property: "mode", reason: `"${mode}" is no mode of ${kind}: its modes are ${modes.join(", ")}` });
  }
  if (kind === "macvlan" && flag !== undefined) {
    refusals.push({ property: "flag", reason: "is for ipvlan: a macvlan has its mode for that" });
  }
  return refusals;
}
