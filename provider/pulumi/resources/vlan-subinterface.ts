import type * as pulumi from "@pulumi/pulumi";
import type { VlanSubinterfaceArguments } from "../../kinds/vlan-subinterface/arguments";
import type { Arguments } from "../arguments";
import { HostResource } from "../dynamic/resource";
import type { HostConnection } from "../host";

export interface VlanSubinterfaceArgs extends Arguments<VlanSubinterfaceArguments> {
  /** The host it is made on. Another host replaces. */
  host: pulumi.Input<HostConnection>;
}

/**
 * A VLAN sub-interface on a host: frames of one VLAN of a trunk, as an interface of its own.
 *
 * Source: Linux net/8021q, ip-link(8). Id: `<host>/<name>`.
 *
 * @example
 * const vlan100 = new VlanSubinterface("host1-vlan100", { host, parent: "enp0s8", vlanId: 100 });
 */
export class VlanSubinterface extends HostResource {
  declare readonly name: pulumi.Output<string>;
  /** Its parent's. */
  declare readonly macAddress: pulumi.Output<string>;
  /** Bytes, as the host shows it. */
  declare readonly mtu: pulumi.Output<number>;
  /** The kernel's number of the interface; another one after a reboot. */
  declare readonly ifIndex: pulumi.Output<number>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: VlanSubinterfaceArgs, options?: pulumi.CustomResourceOptions) {
    super("VlanSubinterface", name, args, ["name", "macAddress", "mtu", "ifIndex"], options);
  }
}
