import type * as pulumi from "@pulumi/pulumi";
import type { MacvlanNetworkArguments, Subnet } from "../../kinds/macvlan-network/arguments";
import type { Flag, Kind, NetworkMode } from "../../vocabulary/modes";
import type { Arguments } from "../arguments";
import { HostResource } from "../dynamic/resource";
import type { HostConnection } from "../host";

export interface SubnetArgs extends Arguments<Subnet> {}

export interface MacvlanNetworkArgs extends Arguments<MacvlanNetworkArguments> {
  /** The host whose Docker it is made in. Another host replaces. */
  host: pulumi.Input<HostConnection>;
}

/**
 * A Docker network whose containers stand on a VLAN with addresses of their own.
 *
 * Docker can't change a network (moby 27598): an update disconnects its containers, makes it anew, on another parent too, and connects
 * them again with the IP and MAC addresses, aliases and gateway priority they had; where that fails, all of it is undone. An address that
 * Docker chose and that no longer fits is Docker's to choose again; one that a user chose and that no longer fits is an error, with the
 * container's name, before anything is changed. A change of the mark alone (another name of the resource) leaves them all alone.
 *
 * Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Network. Id: `<host>/<name>`.
 *
 * @example
 * new MacvlanNetwork("host1-mac10", { host, parent: vlan100.name, name: "mac10",
 *   subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/26" }] });
 */
export class MacvlanNetwork extends HostResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly parent: pulumi.Output<string>;
  declare readonly driver: pulumi.Output<Kind>;
  declare readonly mode: pulumi.Output<NetworkMode>;
  declare readonly flag: pulumi.Output<Flag | undefined>;
  declare readonly subnets: pulumi.Output<{ subnet: string; gateway?: string; ipRange?: string }[]>;
  /** Docker's id of the network; another one after a change. */
  declare readonly networkId: pulumi.Output<string>;
  /** Names of the running containers on it, when it was last looked at. */
  declare readonly attachedContainers: pulumi.Output<string[]>;
  /** By container: its addresses there, when it was last looked at. */
  declare readonly attachedAddresses: pulumi.Output<Record<string, string[]>>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: MacvlanNetworkArgs, options?: pulumi.CustomResourceOptions) {
    const read = ["networkId", "attachedContainers", "attachedAddresses"];
    const outputs = ["name", "parent", "driver", "mode", "flag", "subnets", ...read];
    super("MacvlanNetwork", name, args, outputs, options);
  }
}
