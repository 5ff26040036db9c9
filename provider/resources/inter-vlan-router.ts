import type * as pulumi from "@pulumi/pulumi";
import { HostResource } from "../dynamic";
import type { HostConnection } from "./host";

export interface RouterDhcpArgs {
  /** The first address that is handed out, such as `172.16.10.200`: in a subnet of the interface's addresses. */
  first: pulumi.Input<string>;
  /** The last one. The range must not hold the router's address, nor what Docker hands out: reserve it in the plan. */
  last: pulumi.Input<string>;
  /** Seconds, 120 or more. Default: 3600. */
  leaseTime?: pulumi.Input<number> | undefined;
  /** Addresses of DNS servers for the clients. Default: none. */
  dnsServers?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

export interface RouterInterfaceArgs {
  /** An interface of the host, such as a VlanSubinterface's name; it must exist. */
  interface: pulumi.Input<string>;
  /** The gateway's addresses on it, such as `172.16.10.1/24`. Addresses that others put there stay. */
  addresses: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Router advertisements (RFC 4861) for its IPv6 subnets, /64 each: hosts and containers there choose addresses and take this
   * router by themselves. Takes dnsmasq on the host (Debian: dnsmasq-base). Default: false.
   */
  advertise?: pulumi.Input<boolean> | undefined;
  /** Hands out IPv4 addresses (DHCP, RFC 2131), with this router. Takes dnsmasq on the host. Default: none. */
  dhcp?: pulumi.Input<RouterDhcpArgs> | undefined;
}

export interface RouterNatArgs {
  /** The interface that leads out; packets that leave there get its address (masquerade). */
  outInterface: pulumi.Input<string>;
  /** The subnets that may go out. Default: all subnets of the routed interfaces. */
  sources?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

export interface RouterRuleArgs {
  /** An interface, a subnet, or "any". */
  from: pulumi.Input<string>;
  /** An interface, a subnet, or "any". */
  to: pulumi.Input<string>;
  /** Default: every protocol. */
  protocol?: pulumi.Input<"tcp" | "udp" | "icmp"> | undefined;
  /** Destination ports or ranges (`443`, `"8000-8100"`); needs tcp or udp. Default: all. */
  ports?: pulumi.Input<pulumi.Input<number | string>[]> | undefined;
  action: pulumi.Input<"accept" | "drop">;
}

export interface RouterPolicyArgs {
  /** What happens between routed interfaces when no rule says otherwise. Default: "accept". */
  default?: pulumi.Input<"accept" | "drop"> | undefined;
  /** The first that matches decides. Replies are always let through. Default: none. */
  rules?: pulumi.Input<pulumi.Input<RouterRuleArgs>[]> | undefined;
}

export interface InterVlanRouterArgs {
  /** The host that routes. Another host replaces. One router per host. */
  host: pulumi.Input<HostConnection>;
  /** What it routes between. */
  interfaces: pulumi.Input<pulumi.Input<RouterInterfaceArgs>[]>;
  /** Ways out, with NAT; nothing new gets in through them. Default: none. */
  nat?: pulumi.Input<pulumi.Input<RouterNatArgs>[]> | undefined;
  /** Default: everything between routed interfaces is accepted. */
  policy?: pulumi.Input<RouterPolicyArgs> | undefined;
  /**
   * Before an address is put on an interface, ask there for somebody who has it already (ARP probe, RFC 5227; neighbour solicitation,
   * RFC 4861): a second router with one gateway is then an error that names the other one's MAC. Takes perl on the host, and 4 s.
   * Default: false.
   */
  probe?: pulumi.Input<boolean> | undefined;
  /** Be there again after a reboot, before Docker starts; takes systemd on the host. Default: true. */
  persist?: pulumi.Input<boolean> | undefined;
  /** Take over a table of this package's name that another stack made. Default: false. */
  adopt?: pulumi.Input<boolean> | undefined;
}

/**
 * A router between VLANs: gateway addresses, forwarding, NAT and a stateful policy.
 *
 * The firewall is one nftables table of its own, `inet pulumi_macvlan_router`, replaced as a whole; where Docker runs
 * on the host too, its DOCKER-USER chain lets the routed interfaces pass. Everything a host had before is put back on
 * delete. Source: nft(8), Documentation/networking/ip-sysctl.rst. Id: `<host>/router`.
 *
 * @example
 * new InterVlanRouter("router", { host, nat: [{ outInterface: "enp0s9" }], interfaces: [
 *   { interface: vlan100.name, addresses: ["172.16.10.1/24"] },
 *   { interface: vlan200.name, addresses: ["172.16.20.1/24"] },
 * ] });
 */
export class InterVlanRouter extends HostResource {
  /** As given, normalised. */
  declare readonly interfaces: pulumi.Output<
    { interface: string; addresses: string[]; advertise?: true; dhcp?: { first: string; last: string } }[]
  >;
  /** The nftables table as the host lists it. */
  declare readonly ruleset: pulumi.Output<string>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: InterVlanRouterArgs, options?: pulumi.CustomResourceOptions) {
    super("InterVlanRouter", name, args, ["ruleset"], options);
  }
}
