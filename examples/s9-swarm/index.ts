import { toNetworkAttachmentDefinitions, VlanTopology } from "pulumi-macvlan";
import { fabricHosts } from "../hosts";

const { host1, host2 } = fabricHosts();

// The hosts are nodes of one Swarm already, host1 a manager.
const hosts = {
  host1: { connection: host1.connection, parent: host1.trunk },
  host2: { connection: host2.connection, parent: host2.trunk },
};
const vlans = { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] } };
const lan = new VlanTopology("lan", { hosts, vlans, swarm: { manager: "host1" } });

/** The same VLAN and the same ranges for nodes of Kubernetes: give these to `@pulumi/kubernetes`. */
export const attachments = lan.plan.apply((plan) => toNetworkAttachmentDefinitions({ hosts, vlans, plan }));
export const { diagram, dot } = lan;
