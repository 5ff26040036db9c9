// What the plans before have given to whom, by address: a subnet's text may change, and what is in it is still somebody's. Pure.
import { compareCidr, type Family, overlaps, parseAddress, parseCidr } from "../../vocabulary/addresses";
import { type Block, blockOf, single } from "../../vocabulary/blocks";
import type { HostToPlan, PlannedAddresses, PlannedHost } from "./arguments";

/** What a host has or had: a range, the host's own address, or both. */
export interface Held {
  host: string;
  range?: Block;
  shim?: bigint;
}

/** One subnet of the plan before, with the names that hosts have now. */
export interface Remembered {
  family: Family;
  subnet: string;
  gateway: string;
  live: Held[];
  /** The first first. */
  retired: Held[];
}

/** By old name. */
function namesNow(hosts: ReadonlyMap<string, HostToPlan>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [host, { formerly }] of [...hosts].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (formerly === undefined) continue;
    if (hosts.has(formerly)) {
      throw new Error(
        `${host} was formerly ${formerly}, and ${formerly} is one of the hosts too: take one of both out, whose addresses they are could not be told`,
      );
    }
    const other = names.get(formerly);
    if (other !== undefined)
      throw new Error(`${other} and ${host} were both formerly ${formerly}: only one can have been`);
    names.set(formerly, host);
  }
  return names;
}

function read(host: string, { range, shim }: PlannedHost): Held {
  const own = shim === undefined ? undefined : parseAddress(shim);
  const block = parseCidr(range);
  const ownOnly = own !== undefined && own.value === block.first && block.first === block.last;
  return {
    host,
    ...(ownOnly ? {} : { range: blockOf(block) }),
    ...(own === undefined ? {} : { shim: own.value }),
  };
}

/** Older versions gave a gone host's own address to a gateway or a slot, and remembered it all the same. */
function withoutTaken({ shim, ...entry }: Held, gateway: bigint, live: readonly Held[]): Held {
  const taken =
    shim !== undefined && (shim === gateway || live.some(({ range }) => range && overlaps(range, single(shim))));
  return shim === undefined || taken ? entry : { ...entry, shim };
}

/** The plan before, as far as it is not to be forgotten, in the order of addresses. */
export function recall(
  previous: PlannedAddresses,
  hosts: ReadonlyMap<string, HostToPlan>,
  forget: readonly string[],
): Remembered[] {
  const names = namesNow(hosts);
  const nameOf = (host: string): string => names.get(host) ?? host;
  const forgotten = new Set(forget.map(nameOf));
  return Object.entries(previous)
    .sort(([one], [other]) => compareCidr(one, other))
    .map(([subnet, { gateway, hosts: planned, retired }]) => {
      const live = Object.entries(planned)
        .sort(([one], [other]) => Number(names.has(one)) - Number(names.has(other)) || (one < other ? -1 : 1))
        .map(([host, entry]) => read(nameOf(host), entry));
      return {
        family: parseCidr(subnet).family,
        subnet,
        gateway,
        live,
        retired: retired
          .filter(({ host }) => !forgotten.has(nameOf(host)))
          .map(({ host, ...entry }) => withoutTaken(read(nameOf(host), entry), parseAddress(gateway).value, live)),
      };
    });
}
