import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { addresses, assertSame, type Driven, driven, link, on, snapshot } from "./hosts";

interface VlanJson {
  ifindex: number;
  link: string;
  mtu: number;
  flags: string[];
  ifalias: string;
  linkinfo: {
    info_data: { id: number; protocol: string; flags: string[]; egress_qos?: object[]; ingress_qos?: object[] };
  };
}

const shown = async (host: string): Promise<VlanJson> => (await link(host, "enp0s8.100")) as unknown as VlanJson;

for (const { name: host } of HOSTS) {
  describe(`VlanSubinterface on ${host}`, function () {
    this.timeout(60_000);
    let before: string;
    let vlan: Driven;
    let ifindex: number;

    it("is created as asked for", async () => {
      before = await snapshot(host);
      vlan = await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 100 }).create();
      assert.equal(vlan.id, `${host}/enp0s8.100`);
      const found = await shown(host);
      ifindex = found.ifindex;
      assert.equal(found.link, "enp0s8");
      assert.deepEqual(found.linkinfo.info_data.id, 100);
      assert.equal(found.linkinfo.info_data.protocol, "802.1Q");
      assert.deepEqual(found.linkinfo.info_data.flags, ["REORDER_HDR"]);
      assert.ok(found.flags.includes("UP"));
      assert.equal(found.ifalias, "pulumi-macvlan tests/lab/VlanSubinterface-100");
      assert.deepEqual(
        [vlan.state["name"], vlan.state["mtu"], vlan.state["ifIndex"]],
        ["enp0s8.100", 1500, found.ifindex],
      );
    });

    it("is not touched by a second run", async () => {
      assert.equal((await vlan.diff()).changes, false);
      const now = await snapshot(host);
      await vlan.again();
      assertSame(await snapshot(host), now);
    });

    const changes: [string, object, (found: VlanJson) => unknown, unknown][] = [
      ["mtu", { mtu: 1400 }, (found) => found.mtu, 1400],
      ["mtu back to the parent's", { mtu: undefined }, (found) => found.mtu, 1500],
      ["promiscuous", { promiscuous: true }, (found) => found.flags.includes("PROMISC"), true],
      ["promiscuous off", { promiscuous: false }, (found) => found.flags.includes("PROMISC"), false],
      ["reorderHeader", { reorderHeader: false }, (found) => found.linkinfo.info_data.flags ?? [], []],
      [
        "egressQosMap",
        { egressQosMap: { 1: 2, 6: 5 } },
        (found) => found.linkinfo.info_data.egress_qos,
        [
          { from: 1, to: 2 },
          { from: 6, to: 5 },
        ],
      ],
      [
        "egressQosMap again",
        { egressQosMap: { 6: 4 } },
        (found) => found.linkinfo.info_data.egress_qos,
        [{ from: 6, to: 4 }],
      ],
      [
        "ingressQosMap",
        { ingressQosMap: { 3: 1 } },
        (found) => found.linkinfo.info_data.ingress_qos,
        [{ from: 3, to: 1 }],
      ],
      [
        "no QoS maps",
        { ingressQosMap: {}, egressQosMap: {} },
        (found) => [found.linkinfo.info_data.ingress_qos ?? [], found.linkinfo.info_data.egress_qos ?? []],
        [[], []],
      ],
    ];
    for (const [what, change, ask, expected] of changes) {
      it(`changes in place: ${what}`, async () => {
        await vlan.update(change as never);
        const found = await shown(host);
        assert.deepEqual(ask(found), expected);
        assert.equal(found.ifindex, ifindex, "it is still the same interface");
      });
    }

    it("changes addresses in place", async () => {
      await vlan.update({ addresses: ["172.16.10.5/24", "172.16.10.6/24", "fd00:10::5/64"] });
      assert.deepEqual(await addresses(host, "enp0s8.100"), ["172.16.10.5/24", "172.16.10.6/24", "fd00:10::5/64"]);
      await vlan.update({ addresses: ["172.16.10.6/24", "172.16.10.7/24"] });
      assert.deepEqual(await addresses(host, "enp0s8.100"), ["172.16.10.6/24", "172.16.10.7/24"]);
      assert.equal((await shown(host)).ifindex, ifindex);
    });

    it("shows what somebody else changed, field by field, and puts it right", async () => {
      const wanted = await snapshot(host);
      await on(
        host,
        "ip link set enp0s8.100 mtu 1300; ip addr del 172.16.10.7/24 dev enp0s8.100; ip addr add 10.9.9.9/24 dev enp0s8.100; ip link set enp0s8.100 type vlan egress-qos-map 1:7; ip link set enp0s8.100 down",
      );
      assert.equal(await vlan.refresh(), true);
      assert.equal(vlan.state["mtu"], 1300);
      assert.deepEqual(vlan.state["addresses"], ["10.9.9.9/24", "172.16.10.6/24"]);
      assert.deepEqual(vlan.state["egressQosMap"], { 1: 7 });
      assert.deepEqual(vlan.state["drift"], ["the interface is down"]);
      await vlan.update();
      assertSame(await snapshot(host), wanted);
    });

    it("is replaced, the new one first, for another vlanId, which gives it another name", async () => {
      const { replaces, deleteBeforeReplace } = await vlan.diff({ vlanId: 101 });
      assert.deepEqual([...replaces].sort(), ["name", "vlanId"]);
      assert.equal(deleteBeforeReplace, false);
    });

    for (const [what, change] of [
      ["name", { name: "trunk100" }],
      ["protocol", { protocol: "802.1ad" }],
    ] as const) {
      it(`is replaced, the old one first, for another ${what}`, async () => {
        const { replaces, deleteBeforeReplace } = await vlan.diff(change);
        assert.ok(replaces.includes(what));
        assert.equal(deleteBeforeReplace, true);
      });
    }

    it("is replaced, the new one first, for another protocol under another name: the kernel has both", async () => {
      const change = { protocol: "802.1ad", name: "outer100" } as const;
      assert.equal((await vlan.diff(change)).deleteBeforeReplace, false);
      const outer = await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 100, ...change }).create();
      const found = (await link(host, "outer100")) as unknown as VlanJson;
      assert.equal(found.linkinfo.info_data.protocol, "802.1ad");
      assert.equal((await shown(host)).linkinfo.info_data.protocol, "802.1Q");
      await outer.delete();
      assert.ok(await shown(host));
    });

    it("is not deleted with something on it, and that tells how to replace it", async () => {
      await on(host, "ip link add link enp0s8.100 name on100 type macvlan");
      await assert.rejects(
        vlan.delete(),
        /others stand on it and would vanish with it: on100; remove them first; or, where it is to be replaced, give the new one another name/,
      );
      await on(host, "ip link del on100");
    });

    it("is known to be gone when somebody deleted it, and is made again", async () => {
      await on(host, "ip link del enp0s8.100");
      assert.equal(await vlan.refresh(), false);
      await vlan.create();
      assert.notEqual((await shown(host)).ifindex, ifindex);
    });

    it("leaves the host as it was", async () => {
      // The parent is promiscuous as long as this is.
      await vlan.update({ promiscuous: true });
      await vlan.delete();
      assertSame(await snapshot(host), before);
      await vlan.delete();
    });
  });
}
