// What each child of a topology is given, besides its host. Said once, for those who know all of it (wanted.ts) and for those to whom
// parts of it come later, as VlanTopology's Outputs: what those parts are is nothing that is looked into here. Pure.
import type { PlannedAddresses } from "../kinds/address-plan/planner";
import { alone } from "../vocabulary/addresses";
import {
  type DescribedTopology,
  type DescribedVlan,
  hostsOf,
  interfaceOf,
  networkOf,
  nodePart,
  planned,
  shimName,
} from "./topology";

/** How one has what the plan says: a text, or several. */
export interface FromPlan<Text, Texts> {
  text(read: (plan: PlannedAddresses) => string | undefined): Text;
  texts(read: (plan: PlannedAddresses) => string[]): Texts;
}

/** A VLAN with what its networks are given as it is. */
export interface GivenVlan extends DescribedVlan {
  labels?: unknown;
  options?: unknown;
}

export interface GivenTopology<Vlan extends GivenVlan> extends Pick<DescribedTopology, "swarm"> {
  vlans: Record<string, Vlan>;
  probe?: boolean | undefined;
  persist?: boolean | undefined;
  adopt?: boolean | undefined;
}

interface GivenRouter {
  name?: unknown;
  vlans?: string[] | undefined;
  nat?: unknown;
}

/** A router that somebody has made loses the addresses of a leg that is taken over long before it has them again. */
export const withoutAdopt = <Topology extends object>(topology: Topology): Topology & { adopt: undefined } => ({
  ...topology,
  adopt: undefined,
});

/** Sub-interfaces, where VLANs are tagged; `named` makes the name, where it is another one than VlanSubinterface's own default. */
export const subinterfaceOn = <Parent, Name>(
  vlan: DescribedVlan,
  parent: Parent,
  { persist, adopt }: GivenTopology<GivenVlan>,
  named: (name: (parent: string) => string) => Name,
) => {
  const { vlanId, protocol, mtu } = vlan;
  if (vlanId === undefined) return undefined;
  const name = protocol === "802.1ad" ? named((on) => interfaceOf(vlan, on)) : undefined;
  return { parent, vlanId, name, protocol, mtu, persist, adopt };
};

/** By their names; those on a host. */
export const vlansOn = <Vlan extends DescribedVlan>(
  topology: DescribedTopology & { vlans: Record<string, Vlan> },
  host: string,
): [string, Vlan][] => Object.entries(topology.vlans).filter(([, vlan]) => hostsOf(topology, vlan).includes(host));

export function networkOn<Vlan extends GivenVlan, Parent, Text>(
  { vlans, swarm, probe, adopt }: GivenTopology<Vlan>,
  from: Pick<FromPlan<Text, unknown>, "text">,
  { vlan, host }: { vlan: string; host: string },
  parent: Parent,
) {
  const described = vlans[vlan] as Vlan;
  const { driver, mode, flag, internal, labels, options, subnets } = described;
  const name = networkOf(vlan, described);
  return {
    parent,
    name: swarm ? nodePart(name) : name,
    configOnly: swarm !== undefined,
    driver,
    mode,
    flag,
    subnets: subnets.map(planned).map((subnet) => ({
      subnet,
      gateway: from.text((plan) => plan[subnet]?.gateway),
      ipRange: from.text((plan) => plan[subnet]?.hosts[host]?.range),
    })),
    internal,
    labels: labels as Vlan["labels"],
    options: options as Vlan["options"],
    probe,
    adopt,
  };
}

/** What services of a Swarm name. */
export function swarmNetwork({ vlans, adopt }: GivenTopology<GivenVlan>, vlan: string) {
  const described = vlans[vlan] as GivenVlan;
  const name = networkOf(vlan, described);
  return { name, driver: described.driver, scope: "swarm" as const, configFrom: nodePart(name), adopt };
}

/** As HostShim takes it. */
export function shimOn<Texts>(
  { vlans, persist, adopt }: GivenTopology<GivenVlan>,
  from: Pick<FromPlan<unknown, Texts>, "texts">,
  { vlan, host }: { vlan: string; host: string },
) {
  const described = vlans[vlan] as GivenVlan;
  const mine = (plan: PlannedAddresses) =>
    described.subnets.map(planned).flatMap((subnet) => plan[subnet]?.hosts[host] ?? []);
  return {
    name: shimName(networkOf(vlan, described)),
    address: from.texts((plan) => mine(plan).flatMap(({ shim }) => shim ?? [])),
    ranges: from.texts((plan) => mine(plan).map(({ range }) => range)),
    persist,
    adopt,
  };
}

/** What a HostShim makes of its addresses and ranges. */
export const shimAddresses = (given: string | string[]): string[] => [given].flat().map(alone);
export const shimRoutes = (ranges: readonly string[]): { to: string }[] => ranges.map((to) => ({ to }));

export const routedBy = <Vlan>(
  vlans: Record<string, Vlan>,
  router: { vlans?: string[] | undefined },
): [string, Vlan][] => (router.vlans ?? Object.keys(vlans)).map((name) => [name, vlans[name] as Vlan]);

/** All but its policy; `interfaces` has the routed VLANs' own ones. */
export function routerOf<Router extends GivenRouter, Interface, Text>(
  { vlans, probe, persist }: GivenTopology<GivenVlan>,
  from: Pick<FromPlan<Text, unknown>, "text">,
  router: Router,
  interfaces: Record<string, Interface>,
) {
  return {
    name: router.name as Router["name"],
    interfaces: routedBy(vlans, router).map(([name, { subnets, advertise, dhcp }]) => ({
      interface: interfaces[name] as Interface,
      addresses: subnets
        .map(planned)
        .map((subnet) => from.text((plan) => `${plan[subnet]?.gateway}/${subnet.split("/")[1]}`)),
      advertise,
      dhcp,
    })),
    nat: router.nat as Router["nat"],
    probe,
    persist,
  };
}
