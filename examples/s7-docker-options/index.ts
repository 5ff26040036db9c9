import { inventory, MacvlanNetwork, Reachability, VlanSubinterface } from "pulumi-macvlan";

const { host1 } = inventory("host1");
const host = host1.connection;
const interfaceOf = (vlanId: number) =>
  new VlanSubinterface(`vlan${vlanId}`, { host, parent: host1.parent, vlanId }).name;

const many = new MacvlanNetwork("many", {
  host,
  parent: interfaceOf(71),
  name: "many",
  subnets: [
    {
      subnet: "172.16.71.0/24",
      gateway: "172.16.71.1",
      ipRange: "172.16.71.64/26",
      auxAddresses: { printer: "172.16.71.64", nas: "172.16.71.65" },
    },
    { subnet: "172.16.72.0/24", gateway: "172.16.72.1" },
    { subnet: "fd00:71::/64", gateway: "fd00:71::1" },
  ],
  labels: { owner: "lab" },
});
const inside = new MacvlanNetwork("inside", {
  host,
  parent: interfaceOf(73),
  name: "inside",
  internal: true,
  subnets: [{ subnet: "172.16.73.0/24" }],
});

const proof = new Reachability("proof", {
  hosts: { host1: host },
  triggers: [many.networkId, inside.networkId],
  probes: [
    {
      from: { host: "host1", network: many.name },
      to: { host: "host1", network: many.name, address: "172.16.71.70" },
      expect: "reachable",
    },
    {
      from: { host: "host1", network: inside.name },
      to: { host: "host1", network: inside.name, address: "172.16.73.70" },
      expect: "reachable",
    },
    { from: { host: "host1", network: inside.name }, to: "172.16.71.70", expect: "unreachable" },
  ],
});

export const results = proof.results;
