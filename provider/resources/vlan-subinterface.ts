import type * as pulumi from "@pulumi/pulumi";
import { HostResource } from "../dynamic";
import type { HostConnection } from "./host";

export interface VlanSubinterfaceArgs {
  /** The host it is made on. Another host replaces. */
  host: pulumi.Input<HostConnection>;
  /** The interface that carries the tagged frames, such as `enp0s8`; it must exist and be up. Replaces. */
  parent: pulumi.Input<string>;
  /** VLAN id, 1 to 4094 (IEEE 802.1Q). Replaces. */
  vlanId: pulumi.Input<number>;
  /** Its name, at most 15 bytes. Default: `<parent>.<vlanId>`. Replaces. */
  name?: pulumi.Input<string> | undefined;
  /** The tag's EtherType: 802.1Q (0x8100) or 802.1ad (0x88a8, the outer tag of QinQ). Default: "802.1Q". Replaces. */
  protocol?: pulumi.Input<"802.1Q" | "802.1ad"> | undefined;
  /** Hand frames up without their tag (REORDER_HDR of ip-link(8)). Default: true. */
  reorderHeader?: pulumi.Input<boolean> | undefined;
  /** Socket priority to the tag's priority (0 to 7), such as `{"6": 5}`; what is not listed goes out as 0. Default: {}. */
  egressQosMap?: pulumi.Input<Record<string, pulumi.Input<number>>> | undefined;
  /** The tag's priority (0 to 7) to socket priority (0 to 7). Default: {}. */
  ingressQosMap?: pulumi.Input<Record<string, pulumi.Input<number>>> | undefined;
  /**
   * Bytes, 68 to 65535, at most the parent's (4 less on a MACsec parent: `netif_reduces_vlan_mtu()`). The tag is not counted: a
   * full frame is 4 bytes longer than an untagged one, and 8 on a sub-interface of a sub-interface, which not every switch takes.
   * Default: the parent's.
   */
  mtu?: pulumi.Input<number> | undefined;
  /** The host's own addresses on the VLAN, such as `172.16.10.2/24` or `fd00::2/64`. Default: none. */
  addresses?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** Take in frames for every MAC address. Default: false. */
  promiscuous?: pulumi.Input<boolean> | undefined;
  /** Be there again after a reboot, before Docker starts; takes systemd on the host. Default: true. */
  persist?: pulumi.Input<boolean> | undefined;
  /** Take over an interface of this name that was not made by this package. Default: false. */
  adopt?: pulumi.Input<boolean> | undefined;
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
