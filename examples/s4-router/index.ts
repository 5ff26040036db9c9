import { inventory, VlanTopology } from "pulumi-macvlan";

const { host1, host2, host3 } = inventory("host1", "host2", "host3");

const lan = new VlanTopology("lan", {
  hosts: { host1, host2 },
  vlans: {
    iot: { vlanId: 100, subnets: ["172.16.10.0/24", "fd00:10::/64"] },
    nas: { vlanId: 200, subnets: ["172.16.20.0/24", "fd00:20::/64"] },
  },
  router: {
    connection: host3.connection,
    parent: host3.parent,
    nat: host3.uplink ? [{ outInterface: host3.uplink }] : [],
    // Policy and proof from one declaration: nothing else passes.
    allow: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443] }],
  },
  prove: true,
});

export const { diagram, dot, plan } = lan;
export const results = lan.proof?.results;
