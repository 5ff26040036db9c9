// What a program says of a MacvlanLink, besides its host; users read these words.

import type { Flag, Kind, LinkMode } from "../../vocabulary/modes";
import type { LinkArguments } from "../shared/arguments";

/** A route over the link. */
export interface LinkRoute {
  /** The subnet that it leads to, such as `172.16.10.64/26`. */
  to: string;
  /** The gateway. Default: none, whoever is meant answers on the link itself. */
  via?: string | undefined;
}

export interface MacvlanLinkArguments extends LinkArguments {
  /** The interface it stands on; it must exist and be up. Replaces. */
  parent: string;
  /** Its name, at most 15 bytes. Replaces. */
  name: string;
  /**
   * macvlan: a MAC address of its own. ipvlan: its parent's MAC address, for Wi-Fi, hypervisors and switch ports that take one
   * address only. A parent carries one of both, never both. Default: "macvlan". Replaces.
   */
  kind?: Kind | undefined;
  /**
   * Of a macvlan: bridge (siblings reach each other), private (they don't), vepa (they do over a switch that sends frames back),
   * passthru (the parent for itself alone), source (takes in frames of `sourceMacAddresses` only). Of an ipvlan: l2, l3, l3s (l3
   * through the host's netfilter); all ipvlans of a parent share it. None reaches the host itself.
   * Default: "bridge", for an ipvlan "l2". Changes in place, but into passthru and out of it, which replaces.
   */
  mode?: LinkMode | undefined;
  /** Of an ipvlan: bridge, private or vepa, as with a macvlan's mode. Default: "bridge". Changes in place. */
  flag?: Flag | undefined;
  /** Of a macvlan in source mode: whose frames it takes in. Default: nobody's. Changes in place. */
  sourceMacAddresses?: string[] | undefined;
  /**
   * Of a macvlan: frames that may wait to be sent to all of its parent's macvlans (broadcast, multicast); the largest of
   * them all counts. Linux 5.11 and later. Default: the kernel's (1000). Changes in place.
   */
  bcqueuelen?: number | undefined;
  /** A unicast MAC address; an ipvlan has none of its own. Default: a random one, which it
   * keeps over reboots; a passthru link has its parent's. Changes in place. */
  macAddress?: string | undefined;
  /** Addresses with their prefix, such as `172.16.10.250/32`. Default: none. */
  addresses?: string[] | undefined;
  /** Routes over this link: `to` a subnet, `via` a gateway that its addresses or other routes reach. Default: none. */
  routes?: LinkRoute[] | undefined;
  /** Bytes, 68 to 65535, at most the parent's. Default: the parent's. */
  mtu?: number | undefined;
  /** Take over a link of this name that was not made by this package; it is deleted as one of ours. Default: false. */
  adopt?: boolean | undefined;
}
