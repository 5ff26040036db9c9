// What a program says of an InterVlanRouter, besides its host; users read these words.

import type { RouterInterface } from "../../formats/dnsmasq";
import type { RouterNat, RouterPolicy } from "../../formats/nftables";
import type { Persisted } from "../shared/arguments";

export type { RouterDhcp, RouterInterface } from "../../formats/dnsmasq";
export type { RouterNat, RouterPolicy, RouterRule } from "../../formats/nftables";

export interface InterVlanRouterArguments extends Persisted {
  /**
   * Tells a host's routers apart: 1 to 15 letters, digits, `_` and `-`, the first a letter or digit. Another one replaces.
   * Default: "router".
   */
  name?: string | undefined;
  /** What it routes between. An interface belongs to one router of a host. */
  interfaces: RouterInterface[];
  /** Ways out, with NAT; nothing new gets in through them. Several routers may have one in common. Default: none. */
  nat?: RouterNat[] | undefined;
  /** Default: everything between routed interfaces is accepted, and from and to the host's other routers what those accept. */
  policy?: RouterPolicy | undefined;
  /**
   * Before an address is put on an interface, ask there for somebody who has it already (ARP probe, RFC 5227; neighbour solicitation,
   * RFC 4861): a second router with one gateway is then an error that names the other one's MAC. Takes perl on the host, and 4 s.
   * Default: false.
   */
  probe?: boolean | undefined;
  /** Take over a table of this package's name that another stack made. Default: false. */
  adopt?: boolean | undefined;
}
