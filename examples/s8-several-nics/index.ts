import { inventory, VlanTopology } from "pulumi-macvlan";

const { host1, host2 } = inventory("host1", "host2");

// Where each network has a NIC of its own, `parent` names it, for all hosts or by host; the lab's hosts have one trunk.
const lan = new VlanTopology("lan", {
  hosts: { host1, host2 },
  vlans: {
    front: { vlanId: 20, subnets: ["172.16.20.0/24"], parent: { host2: host2.parent } },
    // Without a way out: a container on both has its one default gateway in front.
    back: { vlanId: 21, subnets: ["172.16.21.0/24"], internal: true },
  },
  prove: true,
});

export const { diagram, dot } = lan;
export const results = lan.proof?.results;
