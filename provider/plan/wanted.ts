// What a topology wants on each of its hosts, known before anything of it is made: what its children are going to be given. Pure.
import type { RouterNat, RouterPolicy } from "../formats/nftables";
import type { PlannedAddresses } from "../kinds/address-plan/planner";
import type { MacvlanLinkArguments } from "../kinds/macvlan-link/arguments";
import type { MacvlanNetworkArguments } from "../kinds/macvlan-network/arguments";
import type { WantedOnHost } from "../kinds/readiness/arguments";
import { withoutUndefined } from "../vocabulary/values";
import {
  type FromPlan,
  networkOn,
  routedBy,
  routerOf,
  shimAddresses,
  shimOn,
  shimRoutes,
  subinterfaceOn,
  swarmNetwork,
  vlansOn,
  withoutAdopt,
} from "./children";
import { type Allowed, onInterfaces, policyOf } from "./policy";
import { type DescribedTopology, type DescribedVlan, interfaceOf, parentOf, shimmed } from "./topology";

/** A topology with all that its children are given, each value known. */
export interface WholeTopology extends DescribedTopology {
  hosts: Record<string, DescribedTopology["hosts"][string] & { parent: string }>;
  vlans: Record<string, DescribedVlan & Pick<MacvlanNetworkArguments, "labels" | "options">>;
  router?:
    | {
        name?: string | undefined;
        parent: string;
        vlans?: string[] | undefined;
        nat?: RouterNat[] | undefined;
        policy?: RouterPolicy | undefined;
        allow?: Allowed[] | undefined;
      }
    | undefined;
  probe?: boolean | undefined;
  persist?: boolean | undefined;
  adopt?: boolean | undefined;
}

/** The router's place among the hosts. */
export const ROUTER = "router";

type Known = FromPlan<string, string[]>;

function shimLink(
  topology: WholeTopology,
  from: Known,
  place: { vlan: string; host: string },
  { parent, driver, mode, flag }: MacvlanNetworkArguments,
): MacvlanLinkArguments {
  const { name, address, ranges, persist, adopt } = shimOn(topology, from, place);
  const carried = { parent: parent as string, kind: driver, mode, flag };
  return { ...carried, name, addresses: shimAddresses(address), routes: shimRoutes(ranges), persist, adopt };
}

const tagged = (topology: WholeTopology, vlan: DescribedVlan, parent: string) =>
  subinterfaceOn(vlan, parent, topology, (name) => name(parent));

function wantedOn(topology: WholeTopology, from: Known, host: string): WantedOnHost {
  const { hosts, vlans, swarm } = topology;
  const places = vlansOn(topology, host).map(([vlan, described]) => {
    const nic = parentOf(described, host, hosts[host]?.parent) as string;
    const network = networkOn(topology, from, { vlan, host }, interfaceOf(described, nic));
    return { vlan, subinterface: tagged(topology, described, nic), network };
  });
  const whole = swarm?.manager === host ? Object.keys(vlans) : [];
  return {
    VlanSubinterface: places.flatMap(({ subinterface }) => subinterface ?? []),
    MacvlanNetwork: [...places.map(({ network }) => network), ...whole.map((vlan) => swarmNetwork(topology, vlan))],
    MacvlanLink: places
      .filter(({ vlan }) => shimmed(topology, vlan))
      .map(({ vlan, network }) => shimLink(topology, from, { vlan, host }, network)),
  };
}

function wantedOfRouter(topology: WholeTopology, from: Known): WantedOnHost {
  const { router, vlans } = topology;
  if (!router) return {};
  const routed = routedBy(vlans, router);
  const names = Object.fromEntries(routed.map(([name, vlan]) => [name, interfaceOf(vlan, router.parent)]));
  const policy = policyOf(router);
  const given = routerOf(topology, from, router, names);
  return {
    VlanSubinterface: routed.flatMap(([, vlan]) => tagged(withoutAdopt(topology), vlan, router.parent) ?? []),
    InterVlanRouter: [{ ...given, policy: policy && onInterfaces(policy, names) }],
  };
}

/** By host; the router has a place of its own. */
export function wantedOf(topology: WholeTopology, plan: PlannedAddresses): Record<string, WantedOnHost> {
  const from: Known = { text: (read) => read(plan) as string, texts: (read) => read(plan) };
  const wanted = Object.keys(topology.hosts).map((host) => [host, wantedOn(topology, from, host)]);
  const router = topology.router ? [[ROUTER, wantedOfRouter(topology, from)]] : [];
  return withoutUndefined(Object.fromEntries([...wanted, ...router])) as Record<string, WantedOnHost>;
}
