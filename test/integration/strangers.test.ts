// A range in which somebody else has an address is not handed out: asked by ARP and ND, on each release.
import assert from "node:assert/strict";
import { assertSame, driven, on, snapshot } from "./hosts";

for (const [host, other] of [
  ["host1", "host2"],
  ["host2", "host1"],
  ["host3", "host1"],
] as const) {
  describe(`strangers in a range of ${host}`, function () {
    this.timeout(60_000);
    const make = (ipRange: string, ipRange6: string) =>
      driven("MacvlanNetwork", host, {
        parent: "enp0s8",
        name: "stranger",
        probe: true,
        subnets: [
          { subnet: "172.29.0.0/24", ipRange },
          { subnet: "fd00:29::/64", ipRange: ipRange6 },
        ],
      });
    before(() => on(other, "ip addr add 172.29.0.40/24 dev enp0s8; ip addr add fd00:29::28/64 dev enp0s8 nodad"));
    after(() => on(other, "ip addr del 172.29.0.40/24 dev enp0s8; ip addr del fd00:29::28/64 dev enp0s8"));

    it("are named with address and MAC, and nothing is changed", async () => {
      const before = await snapshot(host);
      const mac = await on(other, "cat /sys/class/net/enp0s8/address");
      await assert.rejects(make("172.29.0.32/27", "fd00:29::/120").create(), (error: Error) => {
        assert.match(error.message, /somebody on "enp0s8" has an address already that this network would hand out/);
        assert.ok(error.message.includes(`172.29.0.40 (${mac}), fd00:29::28 (${mac})`), error.message);
        return true;
      });
      assertSame(await snapshot(host), before);
    });

    it("beside it are nobody's trouble, and a range that is handed out already is not asked for again", async () => {
      const resource = await make("172.29.0.64/27", "fd00:29::100/120").create();
      await on(other, "ip addr add 172.29.0.70/24 dev enp0s8");
      await resource.update({ labels: { changed: "yes" } });
      await on(other, "ip addr del 172.29.0.70/24 dev enp0s8");
      await assert.rejects(
        resource.update({ subnets: [{ subnet: "172.29.0.0/24", ipRange: "172.29.0.0/25" }] }),
        /172\.29\.0\.40/,
      );
      await resource.delete();
    });
  });

  describe(`a second router beside ${host}`, function () {
    this.timeout(120_000);
    const make = () =>
      driven("InterVlanRouter", host, {
        interfaces: [{ interface: "enp0s8", addresses: ["172.29.0.1/24", "fd00:29::1/64"] }],
        persist: false,
        probe: true,
      });
    const taken = "ip addr add 172.29.0.1/24 dev enp0s8; ip addr add fd00:29::1/64 dev enp0s8 nodad";
    const freed = taken.replaceAll("addr add", "addr del").replace(" nodad", "");

    it("is named with the gateway's addresses and its MAC, and nothing is changed", async () => {
      const before = await snapshot(host);
      await on(other, taken);
      const mac = await on(other, "cat /sys/class/net/enp0s8/address");
      await assert.rejects(make().create(), (error: Error) => {
        assert.match(error.message, /somebody has an address already that this router is to have/);
        assert.ok(
          error.message.includes(`172.29.0.1 on "enp0s8" (${mac}), fd00:29::1 on "enp0s8" (${mac})`),
          error.message,
        );
        return true;
      });
      await on(other, freed);
      assertSame(await snapshot(host), before);
    });

    it("is asked for no more once the address is ours", async () => {
      const before = await snapshot(host);
      const router = await make().create();
      await on(other, taken);
      await router.update({ policy: { default: "drop" } });
      await on(other, freed);
      await router.delete();
      assertSame(await snapshot(host), before);
    });
  });
}
