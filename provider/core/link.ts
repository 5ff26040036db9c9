// What VlanSubinterface and MacvlanLink have in common: they are links.
import { decodeLink, type Link } from "../iproute/decode";
import type { Sections } from "./resource";

/** mtu and macAddress are inputs too: where they were not given, these are what the host chose. */
export const linkOutputs = (link: Link): Record<string, unknown> => ({
  macAddress: link.macAddress,
  ifIndex: link.ifIndex,
  mtu: link.mtu,
});

/** An mtu that was not asked for is the parent's; only another value is a change of it. */
export function observedMtu(sections: Sections, link: Link, wanted: number | undefined): { mtu?: number } {
  const parent = decodeLink(sections, "parent");
  return wanted === undefined && (!parent || parent.mtu === link.mtu) ? {} : { mtu: link.mtu };
}

export const linkDrift = (link: Link): string[] => (link.up ? [] : ["the interface is down"]);
