// The places of a topology: each VLAN on each of its hosts, with the names of what stands there. Pure.
import { joinNames, nameAndFormer } from "./names";
import { type DescribedTopology, type DescribedVlan, hostsOf } from "./topology";

/** What stands on it has these names, the one of today first. */
export interface Place {
  host: string;
  vlan: string;
  names: string[];
}

export const vlanNames = ({ vlans }: Pick<DescribedTopology, "vlans">, vlan: string): string[] =>
  nameAndFormer(vlan, vlans[vlan] as DescribedVlan);

export const placesOf = (name: string, topology: DescribedTopology): Place[] =>
  Object.entries(topology.vlans).flatMap(([vlan, described]) =>
    hostsOf(topology, described).map((host) => ({
      host,
      vlan,
      names: joinNames([name], nameAndFormer(host, topology.hosts[host] ?? {}), vlanNames(topology, vlan)),
    })),
  );
