import type * as pulumi from "@pulumi/pulumi";
import type { HostInterfaceArguments } from "../../kinds/host-interface/arguments";
import type { Arguments } from "../arguments";
import { HostResource } from "../dynamic/resource";
import type { HostConnection } from "../host";

/** One of the three; none means the interface of the default route. */
export interface HostInterfaceArgs extends Arguments<HostInterfaceArguments> {
  /** The host that has it. */
  host: pulumi.Input<HostConnection>;
}

/**
 * An interface told by what it is, since names differ per host: its `name` is what a `parent` takes. It changes nothing on the
 * host. The name is known in previews once an `up` has looked; a refresh looks again.
 *
 * Source: ip-route(8), /sys/class/net. Errors: there is none, or there are several; both name those that are there.
 *
 * @example
 * const trunk = new HostInterface("host1-trunk", { host, macAddress: "02:00:00:00:01:04" });
 * new VlanSubinterface("host1-vlan100", { host, parent: trunk.name, vlanId: 100 });
 */
export class HostInterface extends HostResource {
  /** What a `parent` takes. */
  declare readonly name: pulumi.Output<string>;
  declare readonly macAddress: pulumi.Output<string>;
  /** Bytes. */
  declare readonly mtu: pulumi.Output<number>;
  /** The kernel's number of the interface. */
  declare readonly ifIndex: pulumi.Output<number>;

  constructor(name: string, args: HostInterfaceArgs, options?: pulumi.CustomResourceOptions) {
    super("HostInterface", name, args, ["name", "macAddress", "mtu", "ifIndex"], options);
  }
}
