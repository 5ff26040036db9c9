import { VlanTopology } from "pulumi-macvlan";
import { fabricHosts } from "../hosts";

const { host1, host2 } = fabricHosts();

const lan = new VlanTopology("lan", {
  hosts: {
    host1: { connection: host1.connection, parent: host1.trunk },
    host2: { connection: host2.connection, parent: host2.trunk },
  },
  // Untagged, straight on the NIC; the LAN's own DHCP server hands out the last quarter.
  vlans: { mac1: { subnets: [{ subnet: "172.16.10.0/24", reserved: ["172.16.10.192/26"] }] } },
  probe: true,
  prove: true,
});

export const { diagram, dot, plan } = lan;
export const results = lan.proof?.results;
