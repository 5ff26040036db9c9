// A VLAN and a Docker network on it, a number of times, on each host of the fleet: as dynamic resources, as the plugin's, or as many
// resources that do nothing.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type HostConnection, MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";

const { FLEET_HOSTS = "", FLEET_VLANS = "5", FLEET_KIND = "dynamic" } = process.env;
const hosts = JSON.parse(readFileSync(FLEET_HOSTS, "utf8")) as (HostConnection & { name: string })[];

class Nothing extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: pulumi.Inputs) {
    super({ create: async (outs: unknown) => ({ id: name, outs }) }, name, inputs);
  }
}

class OfPlugin extends pulumi.CustomResource {}

class Plugin extends pulumi.ProviderResource {
  constructor() {
    super("macvlan", "fleet", { hosts: JSON.stringify(Object.fromEntries(hosts.map((host) => [host.name, host]))) });
  }
}

const provider = FLEET_KIND === "plugin" ? new Plugin() : undefined;

for (const host of hosts) {
  for (let index = 0; index < Number(FLEET_VLANS); index += 1) {
    const name = `${host.name}-${index}`;
    const subnets = [{ subnet: `10.${index}.0.0/16`, gateway: `10.${index}.0.1`, ipRange: `10.${index}.1.0/24` }];
    if (FLEET_KIND === "dynamic") {
      const vlan = new VlanSubinterface(name, { host, parent: "eth0", vlanId: 100 + index });
      new MacvlanNetwork(name, { host, parent: vlan.name, name: `net${index}`, subnets });
    } else if (provider) {
      const own = <T extends pulumi.Inputs>(type: string, inputs: T, outputs: pulumi.Inputs = {}) =>
        new OfPlugin(`macvlan:index:${type}`, name, { ...outputs, host: host.name, ...inputs }, { provider });
      const vlan = own("VlanSubinterface", { parent: "eth0", vlanId: 100 + index }, { name: undefined });
      const { name: parent } = vlan as pulumi.CustomResource & { name: pulumi.Output<string> };
      own("MacvlanNetwork", { parent, name: `net${index}`, subnets });
    } else {
      new Nothing(`${name}-vlan`, { host, parent: "eth0", vlanId: 100 + index });
      new Nothing(`${name}-network`, { host, parent: `eth0.${100 + index}`, name: `net${index}`, subnets });
    }
  }
}
