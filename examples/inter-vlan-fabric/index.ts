// VLANs 100 and 200 on the trunks of host1 and host2, a Docker network on each, and host3 as the router between them.
import * as pulumi from "@pulumi/pulumi";
import { InterVlanRouter, inventory, MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";

const config = new pulumi.Config();
const { host1, host2, host3 } = inventory("host1", "host2", "host3");

/** Each Docker host hands out a part of its own: two hosts can't give away the same address. */
const vlans = [
  {
    vlanId: 100,
    network: "mac10",
    subnet: "172.16.10.0/24",
    gateway: "172.16.10.1",
    ranges: ["172.16.10.64/26", "172.16.10.128/26"],
  },
  {
    vlanId: 200,
    network: "mac20",
    subnet: "172.16.20.0/24",
    gateway: "172.16.20.1",
    ranges: ["172.16.20.64/26", "172.16.20.128/26"],
  },
];

[host1, host2].forEach((host, index) => {
  const name = `host${index + 1}`;
  for (const { vlanId, network, subnet, gateway, ranges } of vlans) {
    const vlan = new VlanSubinterface(`${name}-vlan${vlanId}`, { host: host.connection, parent: host.parent, vlanId });
    new MacvlanNetwork(`${name}-${network}`, {
      host: host.connection,
      parent: vlan.name,
      name: network,
      subnets: [{ subnet, gateway, ipRange: ranges[index] }],
    });
  }
});

if (config.getBoolean("router") ?? true) {
  const interfaces = vlans.map(({ vlanId, gateway }) => {
    const vlan = new VlanSubinterface(`router-vlan${vlanId}`, { host: host3.connection, parent: host3.parent, vlanId });
    return { interface: vlan.name, addresses: [`${gateway}/24`] };
  });
  new InterVlanRouter("router", {
    host: host3.connection,
    interfaces,
    nat: host3.uplink ? [{ outInterface: host3.uplink }] : [],
  });
}

export const networks = vlans.map(({ network, subnet }) => `${network} ${subnet}`);
