import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { addresses, assertSame, type Driven, driven, json, link, on, snapshot } from "./hosts";

interface MacvlanJson {
  ifindex: number;
  link: string;
  mtu: number;
  address: string;
  flags: string[];
  linkinfo: { info_kind: string; info_data: { mode: string } };
}

for (const { name: host } of HOSTS) {
  describe(`MacvlanLink on ${host}`, function () {
    this.timeout(60_000);
    let before: string;
    let shim: Driven;
    let ifindex: number;
    const shown = async () => (await link(host, "shim10")) as unknown as MacvlanJson;
    const routes = async () =>
      (await json<{ dst: string; gateway?: string }[]>(host, "ip -j route show dev shim10"))
        .map(({ dst, gateway }) => (gateway ? `${dst} ${gateway}` : dst))
        .sort();

    it("is created as asked for", async () => {
      before = await snapshot(host);
      shim = await driven("MacvlanLink", host, {
        parent: "enp0s8",
        name: "shim10",
        addresses: ["172.16.10.250/32"],
        routes: [{ to: "172.16.10.64/26" }],
        macAddress: "02:42:00:00:00:fa",
      }).create();
      const found = await shown();
      ifindex = found.ifindex;
      assert.deepEqual(
        [found.link, found.linkinfo.info_kind, found.linkinfo.info_data.mode, found.address],
        ["enp0s8", "macvlan", "bridge", "02:42:00:00:00:fa"],
      );
      assert.deepEqual(await addresses(host, "shim10"), ["172.16.10.250/32"]);
      assert.deepEqual(await routes(), ["172.16.10.64/26"]);
      assert.equal(shim.state["macAddress"], "02:42:00:00:00:fa");
    });

    it("is not touched by a second run", async () => {
      assert.equal((await shim.diff()).changes, false);
      const now = await snapshot(host);
      await shim.again();
      assertSame(await snapshot(host), now);
    });

    const changes: [string, object, (found: MacvlanJson) => unknown, unknown][] = [
      ["mode", { mode: "private" }, (found) => found.linkinfo.info_data.mode, "private"],
      ["mode back", { mode: "bridge" }, (found) => found.linkinfo.info_data.mode, "bridge"],
      ["macAddress", { macAddress: "02:42:00:00:00:fb" }, (found) => found.address, "02:42:00:00:00:fb"],
      ["mtu", { mtu: 1400 }, (found) => found.mtu, 1400],
      ["promiscuous", { promiscuous: true }, (found) => found.flags.includes("PROMISC"), true],
    ];
    for (const [what, change, ask, expected] of changes) {
      it(`changes in place: ${what}`, async () => {
        await shim.update(change as never);
        const found = await shown();
        assert.deepEqual(ask(found), expected);
        assert.equal(found.ifindex, ifindex, "it is still the same interface");
      });
    }

    it("changes addresses and routes in place, IPv6 too", async () => {
      await shim.update({
        addresses: ["172.16.10.251/32", "fd00:10::fa/128"],
        routes: [{ to: "172.16.10.128/26" }, { to: "10.50.0.0/16", via: "172.16.10.129" }, { to: "fd00:10::/64" }],
      });
      assert.deepEqual(await addresses(host, "shim10"), ["172.16.10.251/32", "fd00:10::fa/128"]);
      assert.deepEqual(await routes(), ["10.50.0.0/16 172.16.10.129", "172.16.10.128/26"]);
      assert.equal((await shim.diff()).changes, false);
      const now = await snapshot(host);
      await shim.again();
      assertSame(await snapshot(host), now);
    });

    it("shows what somebody else changed, field by field, and puts it right", async () => {
      const wanted = await snapshot(host);
      await on(
        host,
        "ip link set shim10 type macvlan mode private; ip route del 10.50.0.0/16 dev shim10; ip route add 10.60.0.0/16 dev shim10; ip link set shim10 promisc off",
      );
      assert.equal(await shim.refresh(), true);
      assert.equal(shim.state["mode"], "private");
      assert.notEqual(shim.state["promiscuous"], true);
      assert.deepEqual(shim.state["routes"], [
        { to: "10.60.0.0/16" },
        { to: "172.16.10.128/26" },
        { to: "fd00:10::/64" },
      ]);
      await shim.update();
      assertSame(await snapshot(host), wanted);
    });

    it("leaves the host as it was", async () => {
      await shim.delete();
      assertSame(await snapshot(host), before);
    });
  });
}

describe("twenty links on one host at once", function () {
  this.timeout(120_000);

  it("are all made and all gone again", async () => {
    const before = await snapshot("host1");
    const names = Array.from({ length: 20 }, (_, index) => `many${index}`);
    const links = await Promise.all(
      names.map((name) => driven("MacvlanLink", "host1", { parent: "enp0s8", name }).create()),
    );
    const found = (await on("host1", "ls /sys/class/net | grep ^many")).split("\n");
    assert.deepEqual(found.sort(), [...names].sort());
    await Promise.all(links.map((link_) => link_.delete()));
    assertSame(await snapshot("host1"), before);
  });
});
