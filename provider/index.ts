export * from "./components/host-shim";
export {
  type AddressPlan,
  type AddressPlanArgs,
  type HostToPlan,
  type PlannedHost,
  planAddresses,
  type SubnetPlan,
  type SubnetToPlan,
} from "./plan/address-plan";
export type { HostConnection } from "./resources/host";
export * from "./resources/inter-vlan-router";
export * from "./resources/macvlan-link";
export * from "./resources/macvlan-network";
export * from "./resources/vlan-subinterface";
