import * as pulumi from "@pulumi/pulumi";
import { shimAddresses, shimRoutes } from "../../plan/children";
import type { HostConnection } from "../host";
import { MacvlanLink, type MacvlanLinkArgs } from "../resources/macvlan-link";
import type { MacvlanNetwork } from "../resources/macvlan-network";
import { MacvlanComponent } from "./component";

export interface HostShimArgs extends Pick<MacvlanLinkArgs, "persist" | "adopt"> {
  /** The host that is to reach its own containers. Another host replaces. */
  host: pulumi.Input<HostConnection>;
  /** The network whose containers it is to reach: parent, kind, mode and ranges are taken from it. */
  network: MacvlanNetwork;
  /** The interface's name, at most 15 bytes, such as `shim10`. Replaces. */
  name: pulumi.Input<string>;
  /**
   * The host's own address on the VLAN, one per IP version at most; it must lie outside the network's ipRange, so that no container
   * gets it (planAddresses gives such ones). A prefix is dropped: the link has a /32, for IPv6 a /128.
   */
  address: pulumi.Input<string | pulumi.Input<string>[]>;
  /** Default: the ranges that the network's Docker hands out. */
  ranges?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

/**
 * The way for a host to its own containers, which the kernel keeps from their parent interface: a link beside them with one
 * address and routes to the containers' range only, so that the host keeps its own routes and its SSH.
 *
 * Source: https://github.com/moby/libnetwork/issues/1915, Linux drivers/net/macvlan.c. Its one child is a MacvlanLink of
 * the component's name.
 *
 * @example
 * new HostShim("host1-shim10", { host, network: mac10, name: "shim10", address: "172.16.10.2" });
 */
export class HostShim extends MacvlanComponent {
  /** The link that it is made of. */
  readonly link: MacvlanLink;

  constructor(name: string, args: HostShimArgs, options?: pulumi.ComponentResourceOptions) {
    super("HostShim", name, options);
    const { host, network, address, ranges, persist, adopt } = args;
    const addresses = pulumi.output(address).apply(shimAddresses);
    const reached = ranges
      ? pulumi.output(ranges)
      : network.subnets.apply((subnets) => subnets.map(({ subnet, ipRange }) => ipRange ?? subnet));
    const reaching = <T extends string>(way: T): Exclude<T, "private"> => {
      if (way !== "private") return way as Exclude<T, "private">;
      throw new pulumi.ResourceError(
        `HostShim "${name}" can't reach the containers of a network in private mode: give the network mode "bridge"`,
        this,
      );
    };
    this.link = new MacvlanLink(
      name,
      {
        host,
        parent: network.parent,
        name: args.name,
        kind: network.driver,
        mode: network.mode.apply(reaching),
        // Only an ipvlan has one: asked for another, a preview would not know what it is.
        flag: network.driver.apply((driver) =>
          driver === "ipvlan" ? network.flag.apply((flag) => reaching(flag ?? "bridge")) : undefined,
        ) as unknown as pulumi.Input<"bridge">,
        addresses,
        routes: reached.apply(shimRoutes),
        persist,
        adopt,
      },
      { parent: this },
    );
    this.registerOutputs({ link: this.link.name });
  }
}
