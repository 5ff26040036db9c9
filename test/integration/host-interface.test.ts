// Interfaces told by what they are, on hosts of three releases.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, driven, on, snapshot } from "./hosts";

for (const { name: host } of HOSTS) {
  describe(`an interface told by what it is on ${host}`, function () {
    this.timeout(60_000);
    const named = async (inputs: object) => (await driven("HostInterface", host, { ...inputs }).create()).state["name"];
    const mac = () => on(host, "cat /sys/class/net/enp0s8/address");

    it("is found by its MAC address, though a VLAN on it has the same one", async () => {
      await on(host, "ip link add link enp0s8 name enp0s8.7 type vlan id 7");
      try {
        assert.equal(await named({ macAddress: (await mac()).toUpperCase() }), "enp0s8");
      } finally {
        await on(host, "ip link del enp0s8.7");
      }
    });

    it("is found by a route and by a subnet, and nothing is changed", async () => {
      const before = await snapshot(host);
      assert.equal(await named({ route: "10.77.0.1" }), "enp0s3");
      assert.equal(await named({ subnet: "10.77.0.0/24" }), "enp0s3");
      const resource = await driven("HostInterface", host, { subnet: "10.77.0.0/24" }).create();
      await resource.delete();
      assertSame(await snapshot(host), before);
    });

    it("is another one when a refresh finds that it is, and then gone", async () => {
      await on(host, "ip addr add 172.29.0.1/24 dev enp0s8");
      const resource = await driven("HostInterface", host, { subnet: "172.29.0.0/24" }).create();
      assert.equal(resource.state["name"], "enp0s8");
      await on(host, "ip addr del 172.29.0.1/24 dev enp0s8; ip addr add 172.29.0.1/24 dev enp0s3");
      assert.equal(await resource.refresh(), true);
      assert.equal(resource.state["name"], "enp0s3");
      assert.equal((await resource.diff()).changes, false);
      await on(host, "ip addr del 172.29.0.1/24 dev enp0s3");
      assert.equal(await resource.refresh(), false);
    });

    it("is refused where there is none or several, and told which there are", async () => {
      await assert.rejects(
        named({ subnet: "192.0.2.0/24" }),
        /cannot set up the interface with an address in 192\.0\.2\.0\/24 on host\d: there is none: its interfaces with addresses are lo 127\.0\.0\.1\/8, .*enp0s3 10\.77\.0\./,
      );
      await on(host, "ip addr add 10.77.0.200/32 dev enp0s8");
      try {
        await assert.rejects(
          named({ subnet: "10.77.0.0/24" }),
          /there are several: enp0s3, enp0s8; tell it by its MAC address/,
        );
      } finally {
        await on(host, "ip addr del 10.77.0.200/32 dev enp0s8");
      }
    });
  });
}
