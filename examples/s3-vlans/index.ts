import { VlanTopology } from "pulumi-macvlan";
import { fabricHosts } from "../hosts";

const { host1, host2 } = fabricHosts();

const lan = new VlanTopology("lan", {
  hosts: {
    host1: { connection: host1.connection, parent: host1.trunk },
    host2: { connection: host2.connection, parent: host2.trunk },
  },
  vlans: {
    mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] },
    mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] },
  },
  prove: true,
});

export const { diagram, dot, plan } = lan;
export const results = lan.proof?.results;
