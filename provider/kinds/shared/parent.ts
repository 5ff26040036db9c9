// What may stand beside what on one parent interface: found out at preview across all resources of a program.
// Kernel: drivers/net/macvlan.c, drivers/net/ipvlan/.
import type { Claim } from "../../lifecycle/kind";
import type { Carried } from "../../vocabulary/modes";

/** The kernel's rules for one parent. */
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
