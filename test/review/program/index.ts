// The stack whose changes are reviewed, as REVIEWED says it.
import * as pulumi from "@pulumi/pulumi";
import { MacvlanNetwork, VlanSubinterface, VlanTopology } from "pulumi-macvlan";
import type { Program } from "../changes";

const { topologies = {}, singles = [], elsewhere = 0 } = JSON.parse(process.env["REVIEWED"] ?? "{}") as Program;

for (const [name, args] of Object.entries(topologies)) new VlanTopology(name, args);

for (const { host, label, parent, vlanId, name, subnets } of singles) {
  const connection = { address: `${host}.example`, name: label };
  const vlan = new VlanSubinterface(`${host}-${vlanId}`, { host: connection, parent, vlanId });
  new MacvlanNetwork(`${host}-${name}`, { host: connection, name, parent: vlan.name, subnets });
}

/** Of another package. */
class Elsewhere extends pulumi.dynamic.Resource {
  constructor(name: string) {
    super({ create: async () => ({ id: name, outs: {} }) }, name, {});
  }
}

for (let index = 0; index < elsewhere; index += 1) new Elsewhere(`elsewhere-${index}`);
