// What the plugin constructs: the same components as a program's own, of the plugin's resources.
import type * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { HostShim, type HostShimArgs } from "../components/host-shim";
import { VlanTopology, type VlanTopologyArgs } from "../components/vlan-topology";
import { MacvlanNetwork, type MacvlanNetworkArgs } from "../resources/macvlan-network";
import { part, type Untyped } from "./sdk";
import { VERSION } from "./version";

interface Constructed {
  urn: pulumi.Input<string>;
  state: pulumi.Inputs;
}

type Construct = (name: string, inputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions) => Constructed;

/** Names and VLANs decide which resources there are: they can't come from other resources, nor be secret. */
function plainArgs(name: string, inputs: pulumi.Inputs): VlanTopologyArgs {
  for (const [field, value] of Object.entries(inputs))
    if (field !== "probes" && field !== "junit" && pulumi.Output.isInstance(value))
      throw new Error(
        `VlanTopology "${name}": ${field} must be known before anything is made, and hold no secret: name hosts of the provider's configuration instead of their connections`,
      );
  const hosts = Object.entries((inputs["hosts"] ?? {}) as VlanTopologyArgs["hosts"]);
  // A host of the provider's configuration is named by its key.
  const named = hosts.map(([key, host]) => [key, { ...host, connection: host.connection ?? key }]);
  return { ...inputs, hosts: Object.fromEntries(named) } as unknown as VlanTopologyArgs;
}

/** A network that a program hands over comes as a reference to it. */
pulumi.runtime.registerResourceModule("macvlan", "index", {
  version: VERSION,
  construct(name, type, urn) {
    if (type === "macvlan:index:MacvlanNetwork") return new MacvlanNetwork(name, {} as MacvlanNetworkArgs, { urn });
    throw new Error(`pulumi-macvlan takes no ${type} as an input`);
  },
});

const components: Record<string, Construct> = {
  "macvlan:index:HostShim": (name, inputs, options) => {
    const { urn, link } = new HostShim(name, inputs as unknown as HostShimArgs, options);
    return { urn, state: { linkName: link.name, macAddress: link.macAddress } };
  },
  "macvlan:index:VlanTopology": (name, inputs, options) => {
    const made = new VlanTopology(name, plainArgs(name, inputs), options);
    const { urn, plan, diagram, dot, networks, router, proof } = made;
    const ids = Object.entries(networks).map(([host, byVlan]) => [
      host,
      Object.fromEntries(Object.entries(byVlan).map(([vlan, { networkId }]) => [vlan, networkId])),
    ]);
    const state = { plan, diagram, dot, networkIds: Object.fromEntries(ids) };
    return { urn, state: { ...state, ruleset: router?.ruleset, results: proof?.results } };
  },
};

const componentProvider: pulumi.provider.Provider = {
  version: VERSION,
  async construct(name, type, inputs, options) {
    const construct = components[type];
    if (!construct) throw new Error(`pulumi-macvlan has no component "${type}"`);
    return construct(name, inputs, options);
  },
};

/**
 * Pulumi's own server of components, which knows how inputs and options come and outputs go. It can't be had but as a server of its own,
 * which prints its port as a plugin does.
 */
export async function componentServer(engine: string): Promise<Untyped> {
  const print = console.log;
  let port = "";
  console.log = (text: string) => {
    port = text;
  };
  try {
    await pulumi.provider.main(componentProvider, [engine]);
  } finally {
    console.log = print;
  }
  const { ResourceProviderClient }: Untyped = part("../../proto/provider_grpc_pb.js");
  const { credentials }: typeof grpc = part("@grpc/grpc-js");
  return new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
}
