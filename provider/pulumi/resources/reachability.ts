import type * as pulumi from "@pulumi/pulumi";
import type { Endpoint, GivenProbe, ReachabilityArguments } from "../../kinds/reachability/arguments";
import type { ProbeResult } from "../../kinds/reachability/probes";
import type { Arguments } from "../arguments";
import { MacvlanResource } from "../dynamic/resource";
import { type HostConnection, splitConnections } from "../host";

export type { ProbeResult } from "../../kinds/reachability/probes";

/** Where a probe begins or ends: a host, a throwaway container, a container that is there, or somebody else's address. */
export interface EndpointArgs extends Arguments<Endpoint> {}

export interface ProbeArgs extends Arguments<GivenProbe> {}

export interface ReachabilityArgs extends Arguments<ReachabilityArguments> {
  /** By the names that probes use. */
  hosts: Record<string, pulumi.Input<HostConnection>>;
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
    super("Reachability", name, { ...inputs, ...splitConnections(hosts) }, ["results"], options);
  }
}
