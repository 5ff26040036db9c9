import { inventory, toNetworkAttachmentDefinitions, VlanTopology } from "pulumi-macvlan";

const { host1, host2 } = inventory("host1", "host2");

// The hosts are nodes of one Swarm already, host1 a manager.
const hosts = { host1, host2 };
const vlans = { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] } };
const lan = new VlanTopology("lan", { hosts, vlans, swarm: { manager: "host1" } });

/** The same VLAN and the same ranges for nodes of Kubernetes: give these to `@pulumi/kubernetes`. */
export const attachments = lan.plan.apply((plan) => toNetworkAttachmentDefinitions({ hosts, vlans, plan }));
export const { diagram, dot } = lan;
