// What VlanSubinterface and MacvlanLink have in common: they are links.

import type { Link } from "../../formats/iproute";
import type { Sections } from "../../formats/sections";
import type { Claim } from "../../lifecycle/kind";
import { alone, contains, overlaps, parseAddress, parseCidr, widthOf } from "../../vocabulary/addresses";
import type { Refusal } from "../../vocabulary/errors";

/** mtu and macAddress are inputs too: where they were not given, these are what the host chose. */
export const linkOutputs = (link: Link): Record<string, unknown> => ({
  macAddress: link.macAddress,
  ifIndex: link.ifIndex,
  mtu: link.mtu,
});

/** An mtu that was not asked for is the parent's; only another value is a change of it. */
export function observedMtu(sections: Sections, link: Link, wanted: number | undefined): { mtu?: number } {
  const parents = Number(sections.get("parent-mtu")) || link.mtu;
  return wanted === undefined && parents === link.mtu ? {} : { mtu: link.mtu };
}

export const linkDrift = (link: Link): string[] => (link.up ? [] : ["the interface is down"]);

// --- the naive shim: a link of the host's own on a LAN that the host is on already ---------------------------

const isAlone = (cidr: string): boolean => parseCidr(cidr).prefix === widthOf(parseCidr(cidr).family);

/** Why an address with the LAN's own prefix is no good on a macvlan link, and the form that is. */
export function naiveShim(address: string, whose: string): string {
  return `${address} has the prefix of the LAN that ${whose} is on already: the host would have two ways into it, and has lost SSH so. Give the link ${alone(address)}, and routes to the containers' own range only, such as routes: [{to: "172.16.10.64/26"}]`;
}

/** Of the addresses of a macvlan link, those that share a LAN with the address that the host is reached by. */
export function shimRefusals(hostAddress: string, addresses: readonly string[]): Refusal[] {
  let own: ReturnType<typeof parseAddress>;
  try {
    own = parseAddress(hostAddress);
  } catch {
    return []; // A name: the host itself refuses what its parent interface shows.
  }
  return addresses.flatMap((address, index) =>
    !isAlone(address) && contains(parseCidr(address), own)
      ? [{ property: `addresses[${index}]`, reason: naiveShim(address, `${hostAddress}, the host itself,`) }]
      : [],
  );
}

/** Lets a macvlan link and its parent, two resources of one program, see each other's addresses. */
export function lanClaim(parent: string, side: "parent" | "link", holder: string, addresses: readonly string[]): Claim {
  const value = { side, addresses };
  return {
    key: `lan ${parent}`,
    property: "addresses",
    holder,
    value,
    conflicts: (other) => {
      const theirs = other.value as typeof value;
      if (theirs.side === side) return undefined;
      const [links, parents] = side === "link" ? [addresses, theirs.addresses] : [theirs.addresses, addresses];
      for (const address of links.filter((cidr) => !isAlone(cidr))) {
        const clash = parents.find((cidr) => overlaps(parseCidr(cidr), parseCidr(address)));
        if (clash) return { reason: naiveShim(address, `its parent "${parent}" (${clash})`) };
      }
      return undefined;
    },
  };
}
