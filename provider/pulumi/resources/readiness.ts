import * as pulumi from "@pulumi/pulumi";
import type { ReadinessArguments } from "../../kinds/readiness/arguments";
import { MacvlanResource } from "../dynamic/resource";
import { type HostConnection, splitConnections } from "../host";

export interface ReadinessArgs {
  /** By the names that `wanted` uses. */
  hosts: Record<string, pulumi.Input<HostConnection>>;
  wanted: pulumi.Input<ReadinessArguments["wanted"]>;
}

/**
 * Nothing on a host: before what depends on it is made, changed or deleted, each host on which something of `wanted` has changed is
 * asked, in one round trip, whether that can be done. One "no" fails it, with all that stands against it on all hosts. Nobody is asked
 * where nothing has changed, nor in a preview. Credentials, and another way to a host, are no change.
 *
 * VlanTopology makes it, out of what its children are given.
 */
export class Readiness extends MacvlanResource {
  constructor(name: string, { hosts, wanted }: ReadinessArgs, options?: pulumi.CustomResourceOptions) {
    const owner = `${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
    super("Readiness", name, { ...splitConnections(hosts), wanted, __owner: owner }, [], options);
  }
}
