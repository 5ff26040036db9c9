import * as pulumi from "@pulumi/pulumi";
import type { ProbeResult } from "../core/probes";
import { MacvlanResource } from "../dynamic";
import { type HostConnection, splitConnection } from "./host";

export type { ProbeResult } from "../core/probes";

/** Where a probe begins or ends: a host, a throwaway container, a container that is there, or somebody else's address. */
export interface EndpointArgs {
  /** One of `hosts`. Alone: the host itself. */
  host?: pulumi.Input<string> | undefined;
  /** A Docker network of that host: a throwaway container is made on it. */
  network?: pulumi.Input<string> | undefined;
  /** A container of that host that runs already. */
  container?: pulumi.Input<string> | undefined;
  /** The throwaway container's address (default: Docker's choice), or, as a target, which of the host's addresses. */
  address?: pulumi.Input<string> | undefined;
}

export interface ProbeArgs {
  /** For messages. Default: what it does, such as `host1/mac10 to host2/mac10 (tcp 443)`. */
  name?: pulumi.Input<string> | undefined;
  from: pulumi.Input<EndpointArgs>;
  /** An endpoint, or the text of an address. */
  to: pulumi.Input<string | EndpointArgs>;
  /** Default: "tcp" with a `port`, else "icmp". udp goes to throwaway containers only: others answer what they understand. */
  protocol?: pulumi.Input<"icmp" | "tcp" | "udp"> | undefined;
  /** Of tcp and udp; a throwaway container as the target listens on it. Range: 1 to 65535. */
  port?: pulumi.Input<number> | undefined;
  /** Bytes of the whole IP packet, which must not be fragmented on its way; icmp only. Default: 84. */
  size?: pulumi.Input<number> | undefined;
  /** Which of a container's addresses it goes to. Default: 4. */
  ipVersion?: pulumi.Input<4 | 6> | undefined;
  expect: pulumi.Input<"reachable" | "unreachable">;
}

export interface ReachabilityArgs {
  /** By the names that probes use. */
  hosts: Record<string, pulumi.Input<HostConnection>>;
  probes: pulumi.Input<pulumi.Input<ProbeArgs>[]>;
  /** The throwaway containers' image: one with `sh`, `sleep` and, for tcp ports, `nc`. Default: "busybox". */
  image?: pulumi.Input<string> | undefined;
  /** Whatever changes here lets the probes be sent again, such as networks' ids and a router's ruleset. */
  triggers?: pulumi.Input<unknown[]> | undefined;
  /** A file that gets the results as JUnit XML, also where they are not as expected. Default: none. */
  junit?: pulumi.Input<string> | undefined;
}

/**
 * Who reaches whom, shown with real packets whenever something has changed. A probe that does not come out as expected fails
 * the resource, with the path it takes and where that ends.
 *
 * Throwaway containers are removed again whatever happens. It takes ping (iputils), nsenter and bash on the hosts that send,
 * and perl where udp arrives.
 *
 * @example
 * new Reachability("proof", { hosts: { host1, host2 }, triggers: [router.ruleset], probes: [
 *   { from: { host: "host1", network: "mac10" }, to: { host: "host2", network: "mac10" }, expect: "reachable" },
 *   { from: { host: "host1", network: "iot" }, to: { host: "host2", network: "nas" }, port: 22, expect: "unreachable" },
 * ] });
 */
export class Reachability extends MacvlanResource {
  /** What came of each probe, in their order. */
  declare readonly results: pulumi.Output<ProbeResult[]>;

  constructor(name: string, args: ReachabilityArgs, options?: pulumi.CustomResourceOptions) {
    const { hosts, ...inputs } = args;
    const split = Object.entries(hosts).map(([host, connection]) => ({ name: host, ...splitConnection(connection) }));
    super(
      "Reachability",
      name,
      {
        ...inputs,
        hosts: pulumi.all(Object.fromEntries(split.map((entry) => [entry.name, entry.host]))),
        credentials: pulumi.secret(
          pulumi.all(Object.fromEntries(split.map((entry) => [entry.name, entry.credentials]))),
        ),
      },
      ["results"],
      options,
    );
  }
}
