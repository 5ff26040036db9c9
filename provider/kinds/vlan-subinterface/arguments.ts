// What a program says of a VlanSubinterface, besides its host; users read these words.
import type { LinkArguments } from "../shared/arguments";

export interface VlanSubinterfaceArguments extends LinkArguments {
  /** The interface that carries the tagged frames, such as `enp0s8`; it must exist and be up. Replaces. */
  parent: string;
  /** VLAN id, 1 to 4094 (IEEE 802.1Q). Replaces: the new one stands, and networks move over, before the old one goes. */
  vlanId: number;
  /** Its name, at most 15 bytes. Default: `<parent>.<vlanId>`. Replaces; the old one goes first where only one can have its place. */
  name?: string | undefined;
  /**
   * The tag's EtherType: 802.1Q (0x8100) or 802.1ad (0x88a8, the outer tag of QinQ). Default: "802.1Q". Replaces: the old one goes first,
   * and must have nothing on it, unless the change gives another `name` too.
   */
  protocol?: "802.1Q" | "802.1ad" | undefined;
  /** Hand frames up without their tag (REORDER_HDR of ip-link(8)). Default: true. */
  reorderHeader?: boolean | undefined;
  /** Socket priority to the tag's priority (0 to 7), such as `{"6": 5}`; what is not listed goes out as 0. Default: {}. */
  egressQosMap?: Record<string, number> | undefined;
  /** The tag's priority (0 to 7) to socket priority (0 to 7). Default: {}. */
  ingressQosMap?: Record<string, number> | undefined;
  /**
   * Bytes, 68 to 65535, at most the parent's (4 less on a MACsec parent: `netif_reduces_vlan_mtu()`). The tag is not counted: a
   * full frame is 4 bytes longer than an untagged one, and 8 on a sub-interface of a sub-interface, which not every switch takes.
   * Default: the parent's.
   */
  mtu?: number | undefined;
  /** The host's own addresses on the VLAN, such as `172.16.10.2/24` or `fd00::2/64`. Default: none. */
  addresses?: string[] | undefined;
  /** Take over an interface of this name that was not made by this package; it is deleted as one of ours. Default: false. */
  adopt?: boolean | undefined;
}
