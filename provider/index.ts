import { requireNode } from "./pulumi/node";

export {
  type AddressesToPlan,
  type HostToPlan,
  type PlannedAddresses,
  type PlannedHost,
  planAddresses,
  type SubnetPlan,
  type SubnetToPlan,
} from "./kinds/address-plan/planner";
export {
  type AttachedVlan,
  type NetworkAttachmentArgs,
  type NetworkAttachmentDefinition,
  toNetworkAttachmentDefinitions,
} from "./plan/multus";
export type { Allowed } from "./plan/policy";
export type { Rollout } from "./plan/rollout";
export * from "./pulumi/components/host-shim";
export * from "./pulumi/components/vlan-topology";
export type { HostConnection } from "./pulumi/host";
export { type InventoryHost, inventory } from "./pulumi/inventory";
export type { ConfiguredHost } from "./pulumi/lab";
export * from "./pulumi/resources/address-plan";
export * from "./pulumi/resources/host-interface";
export * from "./pulumi/resources/inter-vlan-router";
export * from "./pulumi/resources/macvlan-link";
export * from "./pulumi/resources/macvlan-network";
export * from "./pulumi/resources/reachability";
export * from "./pulumi/resources/vlan-subinterface";

requireNode();
