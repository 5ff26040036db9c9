import * as pulumi from "@pulumi/pulumi";
import * as macvlan from "pulumi-macvlan-sdk";

const config = new pulumi.Config();
const parent = config.get("parent") ?? "enp0s8";
const uplink = config.get("uplink") ?? "enp0s9";

const lan = new macvlan.VlanTopology("lan", {
  hosts: { host1: { parent }, host2: { parent } },
  vlans: {
    iot: { vlanId: 100, subnets: ["172.16.10.0/24", "fd00:10::/64"] },
    nas: { vlanId: 200, subnets: ["172.16.20.0/24", "fd00:20::/64"] },
  },
  router: {
    connection: "host3",
    parent,
    nat: [{ outInterface: uplink }],
    // Policy and proof from one declaration: nothing else passes.
    allow: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443] }],
  },
  prove: true,
});

export const { diagram, plan, results } = lan;
