// What a topology wants on each of its hosts, known before anything of it is made: what its children are going to be given. Pure.
import type { RouterNat, RouterPolicy } from "../formats/nftables";
import type { PlannedAddresses } from "../kinds/address-plan/planner";
import type { InterVlanRouterArguments } from "../kinds/inter-vlan-router/arguments";
import type { MacvlanLinkArguments } from "../kinds/macvlan-link/arguments";
import type { MacvlanNetworkArguments } from "../kinds/macvlan-network/arguments";
import type { WantedOnHost } from "../kinds/readiness/arguments";
import { vlanSubinterface } from "../kinds/vlan-subinterface/kind";
import { withoutUndefined } from "../vocabulary/values";
import { type Allowed, rulesOf } from "./policy";
import {
  type DescribedTopology,
  type DescribedVlan,
  hostsOf,
  networkOf,
  nodePart,
  parentOf,
  planned,
  shimmed,
  shimName,
} from "./topology";

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
}

/** The router's place among the hosts. */
export const ROUTER = "router";

/** The interface that a VLAN comes in through. */
const interfaceOf = ({ vlanId }: DescribedVlan, parent: string): string =>
  vlanId === undefined ? parent : (vlanSubinterface.complete?.({ parent, vlanId }).name ?? parent);

function subinterfaces({ persist }: WholeTopology, { vlanId, mtu }: DescribedVlan, parent: string) {
  return vlanId === undefined ? [] : [{ parent, vlanId, mtu, persist }];
}

function networkOn(
  topology: WholeTopology,
  plan: PlannedAddresses,
  vlan: string,
  host: string,
): MacvlanNetworkArguments {
  const described = topology.vlans[vlan] as WholeTopology["vlans"][string];
  const { driver, mode, flag, internal, labels, options, subnets } = described;
  return {
    parent: interfaceOf(described, parentOn(topology, described, host)),
    name: topology.swarm ? nodePart(networkOf(vlan, described)) : networkOf(vlan, described),
    configOnly: topology.swarm !== undefined,
    driver,
    mode,
    flag,
    subnets: subnets.map(planned).map((subnet) => ({
      subnet,
      gateway: plan[subnet]?.gateway,
      ipRange: plan[subnet]?.hosts[host]?.range,
    })),
    internal,
    labels,
    options,
    probe: topology.probe,
  };
}

const parentOn = ({ hosts }: WholeTopology, vlan: DescribedVlan, host: string): string =>
  parentOf(vlan, host, hosts[host]?.parent) as string;

function shimOn(topology: WholeTopology, plan: PlannedAddresses, vlan: string, host: string): MacvlanLinkArguments {
  const { parent, driver, mode, flag, subnets } = networkOn(topology, plan, vlan, host);
  const mine = (subnets ?? []).flatMap(({ subnet }) => plan[subnet]?.hosts[host] ?? []);
  const prefixed = (address: string) => `${address}/${address.includes(":") ? 128 : 32}`;
  return {
    parent: parent as string,
    name: shimName(networkOf(vlan, topology.vlans[vlan] as DescribedVlan)),
    kind: driver,
    mode,
    flag,
    addresses: mine.flatMap(({ shim }) => (shim ? [prefixed(shim)] : [])),
    routes: mine.map(({ range }) => ({ to: range })),
    persist: topology.persist,
  };
}

function routerOf(topology: WholeTopology, plan: PlannedAddresses): WantedOnHost {
  const { router, vlans, probe, persist } = topology;
  if (!router) return {};
  const { name, parent, nat, policy, allow } = router;
  const routed = (router.vlans ?? Object.keys(vlans)).map((name) => ({ name, vlan: vlans[name] as DescribedVlan }));
  const names = Object.fromEntries(routed.map(({ name, vlan }) => [name, interfaceOf(vlan, parent)]));
  const wanted = policy ?? (allow && rulesOf(allow));
  const wired: InterVlanRouterArguments = {
    name,
    interfaces: routed.map(({ vlan }) => ({
      interface: interfaceOf(vlan, parent),
      addresses: vlan.subnets.map(planned).map((subnet) => `${plan[subnet]?.gateway}/${subnet.split("/")[1]}`),
      advertise: vlan.advertise,
      dhcp: vlan.dhcp,
    })),
    nat,
    policy: wanted && {
      ...wanted,
      rules: (wanted.rules ?? []).map((rule) => ({
        ...rule,
        from: names[rule.from] ?? rule.from,
        to: names[rule.to] ?? rule.to,
      })),
    },
    probe,
    persist,
  };
  return {
    VlanSubinterface: routed.flatMap(({ vlan }) => subinterfaces(topology, vlan, parent)),
    InterVlanRouter: [wired],
  };
}

/** By host; the router has a place of its own. */
export function wantedOf(topology: WholeTopology, plan: PlannedAddresses): Record<string, WantedOnHost> {
  const { hosts, vlans, router, swarm } = topology;
  const wanted = Object.keys(hosts).map((host): [string, WantedOnHost] => {
    const here = Object.entries(vlans).filter(([, vlan]) => hostsOf(topology, vlan).includes(host));
    const whole = swarm?.manager === host ? Object.entries(vlans) : [];
    return [
      host,
      {
        VlanSubinterface: here.flatMap(([, vlan]) => subinterfaces(topology, vlan, parentOn(topology, vlan, host))),
        MacvlanNetwork: [
          ...here.map(([vlan]) => networkOn(topology, plan, vlan, host)),
          ...whole.map(([vlan, described]) => {
            const name = networkOf(vlan, described);
            return { name, driver: described.driver, scope: "swarm" as const, configFrom: nodePart(name) };
          }),
        ],
        MacvlanLink: here
          .filter(([vlan]) => shimmed(topology, vlan))
          .map(([vlan]) => shimOn(topology, plan, vlan, host)),
      },
    ];
  });
  return withoutUndefined(
    Object.fromEntries([...wanted, ...(router ? [[ROUTER, routerOf(topology, plan)]] : [])]),
  ) as Record<string, WantedOnHost>;
}
