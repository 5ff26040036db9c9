import type * as pulumi from "@pulumi/pulumi";
import { HostResource } from "../dynamic";
import type { HostConnection } from "./host";

export interface MacvlanLinkArgs {
  /** The host it is made on. Another host replaces. */
  host: pulumi.Input<HostConnection>;
  /** The interface it stands on; it must exist and be up. Replaces. */
  parent: pulumi.Input<string>;
  /** Its name, at most 15 bytes. Replaces. */
  name: pulumi.Input<string>;
  /**
   * macvlan: a MAC address of its own. ipvlan: its parent's MAC address, for Wi-Fi, hypervisors and switch ports that take one
   * address only. A parent carries one of both, never both. Default: "macvlan". Replaces.
   */
  kind?: pulumi.Input<"macvlan" | "ipvlan"> | undefined;
  /**
   * Of a macvlan: bridge (siblings reach each other), private (they don't), vepa (they do over a switch that sends frames back),
   * passthru (the parent for itself alone), source (takes in frames of `sourceMacAddresses` only). Of an ipvlan: l2, l3, l3s (l3
   * through the host's netfilter); all ipvlans of a parent share it. None reaches the host itself.
   * Default: "bridge", for an ipvlan "l2". Changes in place, but into passthru and out of it, which replaces.
   */
  mode?: pulumi.Input<"bridge" | "private" | "vepa" | "passthru" | "source" | "l2" | "l3" | "l3s"> | undefined;
  /** Of an ipvlan: bridge, private or vepa, as with a macvlan's mode. Default: "bridge". Changes in place. */
  flag?: pulumi.Input<"bridge" | "private" | "vepa"> | undefined;
  /** Of a macvlan in source mode: whose frames it takes in. Default: nobody's. Changes in place. */
  sourceMacAddresses?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Of a macvlan: frames that may wait to be sent to all of its parent's macvlans (broadcast, multicast); the largest of
   * them all counts. Linux 5.11 and later. Default: the kernel's (1000). Changes in place.
   */
  bcqueuelen?: pulumi.Input<number> | undefined;
  /** A unicast MAC address; an ipvlan has none of its own. Default: the kernel picks one. Changes in place. */
  macAddress?: pulumi.Input<string> | undefined;
  /** Addresses with their prefix, such as `172.16.10.250/32`. Default: none. */
  addresses?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** Routes over this link: `to` a subnet, `via` a gateway that its addresses or other routes reach. Default: none. */
  routes?:
    | pulumi.Input<pulumi.Input<{ to: pulumi.Input<string>; via?: pulumi.Input<string> | undefined }>[]>
    | undefined;
  /** Bytes, 68 to 65535, at most the parent's. Default: the parent's. */
  mtu?: pulumi.Input<number> | undefined;
  /** Take in frames for every MAC address. Default: false. */
  promiscuous?: pulumi.Input<boolean> | undefined;
  /** Be there again after a reboot, before Docker starts; takes systemd on the host. Default: true. */
  persist?: pulumi.Input<boolean> | undefined;
  /** Take over a link of this name that was not made by this package. Default: false. */
  adopt?: pulumi.Input<boolean> | undefined;
}

/**
 * A macvlan or ipvlan interface of the host itself: the way for a host to reach its own containers on such a network.
 *
 * Source: Linux drivers/net/macvlan.c, Documentation/networking/ipvlan.rst, ip-link(8). Id: `<host>/<name>`.
 *
 * @example
 * new MacvlanLink("host1-shim", { host, parent: "enp0s8.100", name: "shim10",
 *   addresses: ["172.16.10.250/32"], routes: [{ to: "172.16.10.0/26" }] });
 */
export class MacvlanLink extends HostResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly macAddress: pulumi.Output<string>;
  /** Bytes, as the host shows it. */
  declare readonly mtu: pulumi.Output<number>;
  /** The kernel's number of the interface; another one after a reboot. */
  declare readonly ifIndex: pulumi.Output<number>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: MacvlanLinkArgs, options?: pulumi.CustomResourceOptions) {
    super("MacvlanLink", name, args, ["name", "macAddress", "mtu", "ifIndex"], options);
  }
}
