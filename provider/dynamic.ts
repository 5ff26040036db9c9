// The one adapter to Pulumi's dynamic providers.
import * as pulumi from "@pulumi/pulumi";
import { type HostConnection, splitConnection } from "./resources/host";

/**
 * The provider that goes into a resource's state as text. Each method only calls the installed package, so the text
 * stays small, the same for all resources of a type, and never runs yesterday's code.
 */
function providerOf(type: string): pulumi.dynamic.ResourceProvider {
  return {
    check: (olds: unknown, news: unknown) => require("pulumi-macvlan/handlers").handlers.check(type, olds, news),
    diff: (_id: string, olds: unknown, news: unknown) =>
      require("pulumi-macvlan/handlers").handlers.diff(type, olds, news),
    create: (inputs: unknown) => require("pulumi-macvlan/handlers").handlers.create(type, inputs),
    update: (_id: string, olds: unknown, news: unknown) =>
      require("pulumi-macvlan/handlers").handlers.update(type, olds, news),
    read: (id: string, props: unknown) => require("pulumi-macvlan/handlers").handlers.read(type, id, props),
    delete: (_id: string, props: unknown) => require("pulumi-macvlan/handlers").handlers.delete(type, props),
  };
}

// One object per type: Pulumi serialises each object once.
const providers = new Map<string, pulumi.dynamic.ResourceProvider>();

function sharedProvider(type: string): pulumi.dynamic.ResourceProvider {
  const provider = providers.get(type) ?? providerOf(type);
  providers.set(type, provider);
  return provider;
}

/** A resource of this package. Its outputs come first, so that an input of the same name fills them in a preview. */
export abstract class MacvlanResource extends pulumi.dynamic.Resource {
  protected constructor(
    type: string,
    name: string,
    inputs: pulumi.Inputs,
    outputs: readonly string[],
    options?: pulumi.CustomResourceOptions,
  ) {
    const undefinedOutputs = Object.fromEntries(outputs.map((output) => [output, undefined]));
    super(sharedProvider(type), name, { ...undefinedOutputs, ...inputs }, options, "macvlan", type);
  }
}

/** One on a host. Its connection is split: what may be read in a preview, and what is secret. */
export abstract class HostResource extends MacvlanResource {
  protected constructor(
    type: string,
    name: string,
    args: { host: pulumi.Input<HostConnection> },
    outputs: readonly string[],
    options?: pulumi.CustomResourceOptions,
  ) {
    const { host, ...inputs } = args;
    const owner = `${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
    super(type, name, { ...inputs, ...splitConnection(host), __owner: owner }, [...outputs, "drift"], options);
  }
}
