// What a Readiness is told, besides its hosts.
import type { InterVlanRouterArguments } from "../inter-vlan-router/arguments";
import type { MacvlanLinkArguments } from "../macvlan-link/arguments";
import type { MacvlanNetworkArguments } from "../macvlan-network/arguments";
import type { VlanSubinterfaceArguments } from "../vlan-subinterface/arguments";

/** All that is wanted on one host, by the type of resource, in that resource's own words. */
export interface WantedOnHost {
  VlanSubinterface?: VlanSubinterfaceArguments[] | undefined;
  MacvlanLink?: MacvlanLinkArguments[] | undefined;
  MacvlanNetwork?: MacvlanNetworkArguments[] | undefined;
  InterVlanRouter?: InterVlanRouterArguments[] | undefined;
}

export interface ReadinessArguments {
  /** By the names in `hosts`. */
  wanted: Record<string, WantedOnHost>;
}
