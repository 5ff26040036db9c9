import { inventory, VlanTopology } from "pulumi-macvlan";

const { host1, host2 } = inventory("host1", "host2");

// Each on a VLAN of its own: a parent is macvlan's or ipvlan's, and all ipvlans of a parent have one mode.
const lan = new VlanTopology("lan", {
  hosts: { host1, host2 },
  vlans: {
    "mode-bridge": { vlanId: 61, subnets: ["172.16.61.0/24"], mode: "bridge" },
    "mode-private": { vlanId: 62, subnets: ["172.16.62.0/24"], mode: "private" },
    "mode-vepa": { vlanId: 63, subnets: ["172.16.63.0/24"], mode: "vepa" },
    "mode-l2": { vlanId: 64, subnets: ["172.16.64.0/24"], driver: "ipvlan", mode: "l2" },
  },
  prove: true,
  probes: ["mode-bridge", "mode-private", "mode-vepa", "mode-l2"].map((network, index) => ({
    name: `siblings in ${network}`,
    from: { host: "host1", network },
    to: { host: "host1", network, address: `172.16.${61 + index}.60` },
    expect: ["mode-bridge", "mode-l2"].includes(network) ? "reachable" : "unreachable",
  })),
});

export const { diagram, dot } = lan;
export const results = lan.proof?.results;
