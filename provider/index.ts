export * from "./components/host-shim";
export * from "./components/vlan-topology";
export {
  type AddressesToPlan,
  type HostToPlan,
  type PlannedAddresses,
  type PlannedHost,
  planAddresses,
  type SubnetPlan,
  type SubnetToPlan,
} from "./plan/address-plan";
export {
  type AttachedVlan,
  type NetworkAttachmentArgs,
  type NetworkAttachmentDefinition,
  toNetworkAttachmentDefinitions,
} from "./plan/multus";
export type { Allowed } from "./plan/policy";
export * from "./resources/address-plan";
export type { HostConnection } from "./resources/host";
export * from "./resources/host-interface";
export * from "./resources/inter-vlan-router";
export * from "./resources/macvlan-link";
export * from "./resources/macvlan-network";
export * from "./resources/reachability";
export * from "./resources/vlan-subinterface";
