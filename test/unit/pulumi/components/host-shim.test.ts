import assert from "node:assert/strict";
import { mock, settled } from "../../mocks";

describe("HostShim", () => {
  it("is a link with the host's address alone, and routes to the containers' range", async () => {
    mock();
    const { HostShim, MacvlanNetwork } = await import("pulumi-macvlan");
    const host = { address: "192.0.2.1" };
    const network = new MacvlanNetwork("net", {
      host,
      parent: "enp0s8.100",
      name: "mac10",
      driver: "macvlan",
      mode: "bridge",
      subnets: [{ subnet: "172.16.10.0/24", ipRange: "172.16.10.64/26" }, { subnet: "fd00::/64" }],
    });
    new HostShim("shim", { host, network, name: "shim10", address: ["172.16.10.2/24", "fd00::2"] });
    const { name, inputs } = await settled("MacvlanLink");
    assert.equal(name, "shim");
    assert.deepEqual(inputs["addresses"], ["172.16.10.2/32", "fd00::2/128"]);
    assert.deepEqual(inputs["routes"], [{ to: "172.16.10.64/26" }, { to: "fd00::/64" }]);
    assert.deepEqual([inputs["parent"], inputs["kind"], inputs["mode"]], ["enp0s8.100", "macvlan", "bridge"]);
  });
});
