import { inventory, VlanTopology } from "pulumi-macvlan";

const { host2: host } = inventory("host2");

const lan = new VlanTopology("lan", {
  hosts: { host },
  vlans: {
    open: { subnets: ["172.16.10.0/24"] },
    closed: { vlanId: 30, subnets: ["172.16.20.0/24"], mode: "private" },
  },
  probes: [
    // Two containers each: the throwaway one of the probe, and one with an address that we choose.
    {
      from: { host: "host", network: "open" },
      to: { host: "host", network: "open", address: "172.16.10.60" },
      expect: "reachable",
    },
    {
      from: { host: "host", network: "closed" },
      to: { host: "host", network: "closed", address: "172.16.20.60" },
      expect: "unreachable",
    },
  ],
});

export const { diagram, dot } = lan;
export const results = lan.proof?.results;
