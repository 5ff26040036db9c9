import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { made, mock, settled } from "../../mocks";

const secret = (value: unknown): boolean =>
  (value as Record<string, unknown>)?.["4dabf18193072939515e22adb298388d"] === "1b47061264138c4ac30d75fd1eb44270";

describe("resource classes", () => {
  it("split the connection: the readable half open, the other half secret", async () => {
    mock();
    const { VlanSubinterface } = await import("pulumi-macvlan");
    new VlanSubinterface("vlan", {
      host: {
        address: "192.0.2.1",
        privateKey: pulumi.secret("KEY"),
        sudo: { password: "PASSWORD" },
        bastion: { address: "192.0.2.2", password: "HOP" },
      },
      parent: "enp0s8",
      vlanId: 100,
    });
    const { type, inputs } = await settled("VlanSubinterface");
    assert.equal(type, "pulumi-nodejs:dynamic/macvlan:VlanSubinterface");
    assert.deepEqual(inputs["host"], { address: "192.0.2.1", sudo: true, bastion: { address: "192.0.2.2" } });
    assert.equal(inputs["__owner"], "project/stack/vlan");
    const credentials = inputs["credentials"] as { value?: unknown };
    const plain = secret(credentials) ? credentials.value : credentials;
    assert.deepEqual(plain, { privateKey: "KEY", sudoPassword: "PASSWORD", bastion: { password: "HOP" } });
    const { credentials: _secret, ...open } = inputs;
    assert.doesNotMatch(JSON.stringify(open), /KEY|PASSWORD|HOP/);
  });

  it("share one small provider text per type, which captures nothing of the program", async () => {
    mock();
    const { VlanSubinterface } = await import("pulumi-macvlan");
    new VlanSubinterface("a", { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: 100 });
    new VlanSubinterface("b", { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: 101 });
    await settled("VlanSubinterface");
    for (let tries = 0; tries < 100 && made.length < 2; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { inputs } of made) {
      const credentials = inputs["credentials"] as { value?: unknown } | undefined;
      assert.equal(credentials?.value ?? undefined, undefined, "a host without secrets has none in the state");
    }
    const texts = made.map(({ inputs }) => {
      const text = inputs["__provider"] as string | { value: string };
      return typeof text === "string" ? text : text.value;
    });
    assert.equal(texts.length, 2);
    assert.equal(texts[0], texts[1]);
    assert.ok((texts[0]?.length ?? 0) < 257, `the provider's text has ${texts[0]?.length} characters`);
    assert.match(texts[0] ?? "", /require\("pulumi-macvlan\/handlers"\)/);
  });
});

describe("example docker-containers", () => {
  it("puts a container of @pulumi/docker on our network", async () => {
    mock({ "project:hosts": '{"host1": {"address": "192.0.2.1", "parent": "enp0s8"}}' });
    await import("../../../../examples/docker-containers/index.js");
    const container = await settled("Container");
    assert.deepEqual(container.inputs["networksAdvanced"], [{ name: "f00", ipv4Address: "172.16.10.10" }]);
    assert.equal((await settled("remote:Command")).inputs["create"], "ip link set enp0s8 up");
    assert.equal((await settled("VlanSubinterface")).inputs["vlanId"], 100);
    assert.equal((await settled("MacvlanNetwork")).inputs["name"], "mac10");
  });
});
