import { VlanTopology } from "pulumi-macvlan";
import { fabricHosts } from "../hosts";

const { host1, host2 } = fabricHosts();

// Where each network has a NIC of its own, `parent` names it, for all hosts or by host; the lab's hosts have one trunk.
const lan = new VlanTopology("lan", {
  hosts: {
    host1: { connection: host1.connection, parent: host1.trunk },
    host2: { connection: host2.connection, parent: host2.trunk },
  },
  vlans: {
    front: { vlanId: 20, subnets: ["172.16.20.0/24"], parent: { host2: host2.trunk } },
    // Without a way out: a container on both has its one default gateway in front.
    back: { vlanId: 21, subnets: ["172.16.21.0/24"], internal: true },
  },
  prove: true,
});

export const { diagram, dot } = lan;
export const results = lan.proof?.results;
