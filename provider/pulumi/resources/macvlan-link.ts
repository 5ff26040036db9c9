import type * as pulumi from "@pulumi/pulumi";
import type { MacvlanLinkArguments } from "../../kinds/macvlan-link/arguments";
import type { Arguments } from "../arguments";
import { HostResource } from "../dynamic/resource";
import type { HostConnection } from "../host";

export interface MacvlanLinkArgs extends Arguments<MacvlanLinkArguments> {
  /** The host it is made on. Another host replaces. */
  host: pulumi.Input<HostConnection>;
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
