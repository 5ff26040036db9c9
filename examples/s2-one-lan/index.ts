import { inventory, VlanTopology } from "pulumi-macvlan";

const { host1, host2 } = inventory("host1", "host2");

const lan = new VlanTopology("lan", {
  hosts: { host1, host2 },
  // Untagged, straight on the NIC; the LAN's own DHCP server hands out the last quarter.
  vlans: { mac1: { subnets: [{ subnet: "172.16.10.0/24", reserved: ["172.16.10.192/26"] }] } },
  probe: true,
  prove: true,
});

export const { diagram, dot, plan } = lan;
export const results = lan.proof?.results;
