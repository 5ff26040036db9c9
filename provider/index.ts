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
export * from "./resources/address-plan";
export type { HostConnection } from "./resources/host";
export * from "./resources/inter-vlan-router";
export * from "./resources/macvlan-link";
export * from "./resources/macvlan-network";
export * from "./resources/vlan-subinterface";
