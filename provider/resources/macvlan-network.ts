import type * as pulumi from "@pulumi/pulumi";
import { HostResource } from "../dynamic";
import type { HostConnection } from "./host";

export interface SubnetArgs {
  /** Without host bits, such as `172.16.10.0/24`. */
  subnet: pulumi.Input<string>;
  /** An address in the subnet: the containers' default route. Default: Docker's own choice. */
  gateway?: pulumi.Input<string> | undefined;
  /** The part of the subnet that this host's Docker hands out; keep it apart from the other hosts'. Default: all of it. */
  ipRange?: pulumi.Input<string> | undefined;
  /** Addresses that Docker must not hand out, by name. Default: none. */
  auxAddresses?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
}

export interface MacvlanNetworkArgs {
  /** The host whose Docker it is made in. Another host replaces. */
  host: pulumi.Input<HostConnection>;
  /** The interface that containers stand on, such as a VlanSubinterface's name; it must exist. All but a Swarm's have one. Replaces. */
  parent?: pulumi.Input<string> | undefined;
  /** The network's name in Docker. Replaces. */
  name: pulumi.Input<string>;
  /** macvlan: containers have MAC addresses of their own. ipvlan: they have their parent's. Default: "macvlan". Replaces. */
  driver?: pulumi.Input<"macvlan" | "ipvlan"> | undefined;
  /**
   * Of macvlan: bridge (containers reach each other), private, vepa, passthru (one container only). Of ipvlan: l2, l3, l3s. None
   * reaches the host. Default: "bridge", for ipvlan "l2". Docker options macvlan_mode, ipvlan_mode.
   */
  mode?: pulumi.Input<"bridge" | "private" | "vepa" | "passthru" | "l2" | "l3" | "l3s"> | undefined;
  /** Of ipvlan: bridge, private or vepa. Default: "bridge". Docker option ipvlan_flag. */
  flag?: pulumi.Input<"bridge" | "private" | "vepa"> | undefined;
  /** At least one, but of a Swarm's; none may overlap another network of the host. Changing them keeps the containers (see the class). */
  subnets?: pulumi.Input<pulumi.Input<SubnetArgs>[]> | undefined;
  /** No way out (docker network create --internal). Default: false. */
  internal?: pulumi.Input<boolean> | undefined;
  /** Docker labels. Default: none. */
  labels?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  /** Driver options besides parent, mode and flag. Default: none. */
  options?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  /**
   * Before a range is handed out for the first time, ask on the parent who has an address of it (ARP, RFC 5227; ND, RFC 4861):
   * a stranger is an error with its address and MAC. Ranges of more than 4,096 addresses are not asked for. It takes perl
   * on the host. Default: false.
   */
  probe?: pulumi.Input<boolean> | undefined;
  /**
   * local: of this host. swarm: of a whole Docker Swarm; the host is one of its managers, and each node's part is a network with
   * `configOnly`. Default: "local". Replaces. Docker option --scope.
   */
  scope?: pulumi.Input<"local" | "swarm"> | undefined;
  /** A node's part of a Swarm's network: its parent and its own range. No container stands on it. Default: false. Replaces. */
  configOnly?: pulumi.Input<boolean> | undefined;
  /** Of scope swarm: the one name of all its nodes' parts. Replaces. Docker option --config-from. */
  configFrom?: pulumi.Input<string> | undefined;
  /** Take over a network of this name that was not made by this package; it is made anew with our mark. Default: false. */
  adopt?: pulumi.Input<boolean> | undefined;
}

/**
 * A Docker network whose containers stand on a VLAN with addresses of their own.
 *
 * Docker can't change a network (moby 27598): an update disconnects its containers, makes it anew and connects them
 * again with the IP addresses and aliases they had; where that fails, all of it is undone.
 *
 * Source: `docker network create`. Id: `<host>/<name>`.
 *
 * @example
 * new MacvlanNetwork("host1-mac10", { host, parent: vlan100.name, name: "mac10",
 *   subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/26" }] });
 */
export class MacvlanNetwork extends HostResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly parent: pulumi.Output<string>;
  declare readonly driver: pulumi.Output<"macvlan" | "ipvlan">;
  declare readonly mode: pulumi.Output<"bridge" | "private" | "vepa" | "passthru" | "l2" | "l3" | "l3s">;
  declare readonly flag: pulumi.Output<"bridge" | "private" | "vepa" | undefined>;
  declare readonly subnets: pulumi.Output<{ subnet: string; gateway?: string; ipRange?: string }[]>;
  /** Docker's id of the network; another one after a change. */
  declare readonly networkId: pulumi.Output<string>;
  /** Names of the running containers on it, when it was last looked at. */
  declare readonly attachedContainers: pulumi.Output<string[]>;
  /** What a refresh found on the host that differs and no input tells; the next up puts it right. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: MacvlanNetworkArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = ["name", "parent", "driver", "mode", "flag", "subnets", "networkId", "attachedContainers"];
    super("MacvlanNetwork", name, args, outputs, options);
  }
}
