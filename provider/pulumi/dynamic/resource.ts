// The one adapter to Pulumi's dynamic providers.
import * as pulumi from "@pulumi/pulumi";
import { isPlugin } from "../door";
import { type HostConnection, splitConnection } from "../host";
import { atItsUsersPlace } from "../place";

/**
 * A program whose CLI was killed has nobody left to print to. Pulumi's runtime prints that as an error, which fails as well, and so on: the
 * process would take a whole core for ever (seen with @pulumi/pulumi 3.270).
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit(1);
  });
}

/**
 * The provider that goes into a resource's state as text, in inputs and in outputs. It only calls the installed package: small, the same for
 * all resources of a type, and never yesterday's code. The SDK would write out an object of functions instead, with 2 KB of text, and
 * load a TypeScript compiler for it. What reads it: https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/dynamic-provider/index.ts
 */
const providerText = (type: string): string =>
  `exports.handler = () => require("pulumi-macvlan/handlers").providerOf("${type}");`;

const dynamicToken = (type: string): string => `pulumi-nodejs:dynamic/macvlan:${type}`;

function dynamicProperties(type: string, name: string, options?: pulumi.CustomResourceOptions): pulumi.Inputs {
  // A promise depends on nothing. As an Output it would let a child wait for all of its parent, and so for itself.
  const __urn = new Promise((resolve) => {
    pulumi.createUrn(name, dynamicToken(type), options?.parent).apply(resolve);
  });
  return { __urn, __provider: providerText(type) };
}

/** A resource of this package. Its outputs come first, so that an input of the same name fills them in a preview. */
export abstract class MacvlanResource extends pulumi.CustomResource {
  protected constructor(
    type: string,
    name: string,
    inputs: pulumi.Inputs,
    outputs: readonly string[],
    options?: pulumi.CustomResourceOptions,
  ) {
    const properties = { ...Object.fromEntries(outputs.map((output) => [output, undefined])), ...inputs };
    const place = atItsUsersPlace();
    try {
      if (isPlugin()) super(`macvlan:index:${type}`, name, properties, options);
      else super(dynamicToken(type), name, { ...properties, ...dynamicProperties(type, name, options) }, options);
    } finally {
      place.end();
    }
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
    if (isPlugin()) {
      super(type, name, { ...inputs, host }, [...outputs, "drift"], options);
      return;
    }
    const owner = `${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
    super(type, name, { ...inputs, ...splitConnection(host), __owner: owner }, [...outputs, "drift"], options);
  }
}
