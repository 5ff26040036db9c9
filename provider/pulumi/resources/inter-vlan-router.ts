import type * as pulumi from "@pulumi/pulumi";
import type {
  InterVlanRouterArguments,
  RouterDhcp,
  RouterInterface,
  RouterNat,
  RouterPolicy,
  RouterRule,
} from "../../kinds/inter-vlan-router/arguments";
import type { Arguments } from "../arguments";
import { HostResource } from "../dynamic/resource";
import type { HostConnection } from "../host";

export interface RouterDhcpArgs extends Arguments<RouterDhcp> {}

export interface RouterInterfaceArgs extends Arguments<RouterInterface> {}

export interface RouterNatArgs extends Arguments<RouterNat> {}

export interface RouterRuleArgs extends Arguments<RouterRule> {}

export interface RouterPolicyArgs extends Arguments<RouterPolicy> {}

export interface InterVlanRouterArgs extends Arguments<InterVlanRouterArguments> {
  /** The host that routes. Another host replaces. */
  host: pulumi.Input<HostConnection>;
}

/**
 * A router between VLANs: gateway addresses, forwarding, NAT and a stateful policy.
 *
 * The firewall is one nftables table of its own, `inet pulumi_macvlan_router` (`…_<name>` with a name), replaced as a whole;
 * where Docker runs on the host too, its DOCKER-USER chain lets the routed interfaces pass. Everything a host had before is put
 * back on delete.
 *
 * A host may have several routers, of one program or of several stacks. Each routes, translates and refuses only what comes in
 * or goes out through its own interfaces; between interfaces of two routers a packet passes where both let it. An interface that
 * another router has, and a subnet that another one routes, are refused: at preview within a program, else by the host. What
 * they share (the kernel's forwarding) is put back when the last one goes.
 *
 * Source: nft(8), Documentation/networking/ip-sysctl.rst. Id: `<host>/<name>`.
 *
 * @example
 * new InterVlanRouter("router", { host, nat: [{ outInterface: "enp0s9" }], interfaces: [
 *   { interface: vlan100.name, addresses: ["172.16.10.1/24"] },
 *   { interface: vlan200.name, addresses: ["172.16.20.1/24"] },
 * ] });
 */
export class InterVlanRouter extends HostResource {
  declare readonly name: pulumi.Output<string>;
  /** As given, normalised. */
  declare readonly interfaces: pulumi.Output<
    { interface: string; addresses: string[]; advertise?: true; dhcp?: { first: string; last: string } }[]
  >;
  /** The nftables table as the host lists it. */
  declare readonly ruleset: pulumi.Output<string>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: InterVlanRouterArgs, options?: pulumi.CustomResourceOptions) {
    super("InterVlanRouter", name, args, ["name", "ruleset"], options);
  }
}
