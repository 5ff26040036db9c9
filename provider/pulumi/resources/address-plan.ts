import type * as pulumi from "@pulumi/pulumi";
import type { AddressesToPlan, PlannedAddresses } from "../../kinds/address-plan/planner";
import type { Arguments } from "../arguments";
import { MacvlanResource } from "../dynamic/resource";

export interface AddressPlanArgs extends Arguments<AddressesToPlan> {}

/**
 * Which addresses of each subnet each host may hand out, kept in the stack's state: hosts that come and go move nobody else's
 * range. It reaches no host, and a preview shows the plan that an `up` will use. See planAddresses for its rules.
 *
 * @example
 * const plan = new AddressPlan("lan", { subnets: ["172.16.10.0/24"], hosts: ["host1", "host2"] });
 * const ipRange = plan.plan.apply((planned) => planned["172.16.10.0/24"]?.hosts["host1"]?.range);
 */
export class AddressPlan extends MacvlanResource {
  /** By subnet: the gateway, and of each host its range and, with `shims`, its own address. */
  declare readonly plan: pulumi.Output<PlannedAddresses>;

  constructor(name: string, args: AddressPlanArgs, options?: pulumi.CustomResourceOptions) {
    super("AddressPlan", name, { ...args }, ["plan"], options);
  }
}
