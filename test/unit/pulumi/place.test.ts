import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { mock } from "../mocks";

/** As the engine is told it. */
interface Registered {
  getName(): string;
  getSourceposition(): { getUri(): string; getLine(): number } | undefined;
  getStacktrace(): { getFramesList(): { getPc(): { getUri(): string } | undefined }[] } | undefined;
}

describe("a resource's place", () => {
  const registered: Registered[] = [];

  async function placeOf(name: string): Promise<Registered> {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = registered.find((request) => request.getName() === name);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${name} was not made`);
  }

  before(() => {
    mock();
    const monitor = pulumi.runtime.getMonitor() as unknown as {
      registerResource(request: Registered, ...rest: unknown[]): unknown;
    };
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, ...rest) => {
      registered.push(request);
      return register(request, ...rest);
    };
  });

  it("is the line of its user's program, and nothing of this package or Pulumi's runtime is told with it", async () => {
    const { AddressPlan, HostShim, MacvlanNetwork } = await import("pulumi-macvlan");
    const host = { address: "192.0.2.1" };
    function make() {
      new MacvlanNetwork("here", {
        host,
        name: "mac10",
        parent: "enp0s8.100",
        subnets: [{ subnet: "172.16.10.0/24" }],
      });
      new AddressPlan("there", { supernet: "172.16.0.0/16", vlans: {}, hosts: [] } as never);
    }
    make();
    // V8 writes those that have no name, called by one of its own, in another way.
    const [network] = ["nameless"].map(
      (name) => new MacvlanNetwork(name, { host, name, parent: "enp0s8.100", subnets: [{ subnet: "172.16.20.0/24" }] }),
    );
    new HostShim("component", { host, network: network as never, name: "shim10", address: "172.16.20.2/24" });
    const filesOf = (request: Registered) =>
      (request.getStacktrace()?.getFramesList() ?? []).map((frame) => frame.getPc()?.getUri() ?? "");
    const [here, there] = [await placeOf("here"), await placeOf("there")];
    for (const request of [here, there, await placeOf("nameless"), await placeOf("component")]) {
      const uri = request.getSourceposition()?.getUri() ?? "";
      assert.match(uri, /\/place\.test\.[jt]s$/);
      assert.ok(filesOf(request).length >= 1);
      for (const file of filesOf(request)) assert.doesNotMatch(file, /^$|\/provider\/|node_modules\/@pulumi/);
    }
    const lineOf = (request: Registered): number => request.getSourceposition()?.getLine() ?? 0;
    assert.ok(lineOf(here) < lineOf(there));
  });

  it("is nothing to other errors, those of a resource that could not be made among them", async () => {
    const { MacvlanNetwork } = await import("pulumi-macvlan");
    const format = Error.prepareStackTrace;
    assert.throws(
      () => new MacvlanNetwork("", { host: { address: "192.0.2.1" } } as never),
      ({ message, stack = "" }: Error) => /name/.test(message) && /@pulumi\/[\s\S]*place\.test/.test(stack),
    );
    assert.equal(Error.prepareStackTrace, format);
  });
});
