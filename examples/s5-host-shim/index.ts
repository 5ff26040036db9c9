import { inventory, VlanTopology } from "pulumi-macvlan";

const { host1, host2 } = inventory("host1", "host2");

const lan = new VlanTopology("lan", {
  hosts: { host1, host2 },
  vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] } },
  shims: true,
  prove: true,
});

export const { diagram, dot, plan } = lan;
export const results = lan.proof?.results;
