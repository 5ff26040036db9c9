import type * as pulumi from "@pulumi/pulumi";
import type { AddressesToPlan, PlannedAddresses } from "../../kinds/address-plan/arguments";
import type { Arguments } from "../arguments";
import { MacvlanResource } from "../dynamic/resource";

export interface AddressPlanArgs extends Arguments<AddressesToPlan> {}

/**
 * Which addresses of each subnet each host may hand out, kept in the stack's state: nobody else's range moves when hosts come and go,
 * and what a host has ever had is nobody else's, whatever becomes of the subnets, until `forget` names that host. A name in `forget`
 * acts once, in the change that adds it; it may stay there. The plan reaches no host, and a preview shows the one that an `up` will
 * use, or why there can be none and what would free it. See planAddresses for its rules.
 *
 * @example
 * const plan = new AddressPlan("lan", { subnets: ["172.16.10.0/24"], hosts: ["host1", "host2"] });
 * const ipRange = plan.plan.apply((planned) => planned["172.16.10.0/24"]?.hosts["host1"]?.range);
 */
export class AddressPlan extends MacvlanResource {
  /**
   * By subnet: the gateway, and of each host its range and, with `shims`, its own address. Subnets that are planned no more, and in
   * which hosts had addresses, are there without hosts.
   */
  declare readonly plan: pulumi.Output<PlannedAddresses>;

  constructor(name: string, args: AddressPlanArgs, options?: pulumi.CustomResourceOptions) {
    super("AddressPlan", name, { ...args }, ["plan"], options);
  }
}
