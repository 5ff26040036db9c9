// Every kind and mode of links and networks, as the kernel and Docker of three releases show them.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, type Driven, driven, json, link, on, type Props, snapshot } from "./hosts";

interface LinkJson {
  ifindex: number;
  link: string;
  linkinfo: { info_kind: string; info_data: Record<string, unknown> };
}

const SOURCES = ["02:00:00:00:0a:01", "02:00:00:00:0a:02"];

for (const [turn, { name: host }] of HOSTS.entries()) {
  /** Each case on one of the releases, in turn: what differs between them is how ip shows things, not the modes. */
  const mine = <T>(cases: T[]): T[] => cases.filter((_, index) => index % HOSTS.length === turn);

  describe(`kinds and modes on ${host}`, function () {
    this.timeout(120_000);
    const shown = async () => (await link(host, "mode0")) as unknown as LinkJson;
    const data = async () => {
      const { linkinfo } = await shown();
      const { macaddr_data: sources } = linkinfo.info_data;
      // In the kernel's own order, which is none.
      if (Array.isArray(sources)) sources.sort();
      return { kind: linkinfo.info_kind, ...linkinfo.info_data };
    };
    const has = async (wanted: Props) => {
      const found: Props = await data();
      assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, found[key]])), wanted);
    };
    const unchanged = async (resource: Driven) => {
      assert.equal((await resource.diff()).changes, false);
      const now = await snapshot(host);
      await resource.again();
      assertSame(await snapshot(host), now);
    };

    const links: [inputs: Props, wanted: Props][] = [
      [{ mode: "vepa" }, { kind: "macvlan", mode: "vepa" }],
      [{ mode: "passthru" }, { kind: "macvlan", mode: "passthru" }],
      [
        { mode: "source", sourceMacAddresses: [...SOURCES].reverse() },
        { kind: "macvlan", mode: "source", macaddr_count: 2 },
      ],
      [{ bcqueuelen: 77 }, { kind: "macvlan", mode: "bridge", bcqueuelen: 77 }],
      [{ kind: "ipvlan" }, { kind: "ipvlan", mode: "l2", bridge: true }],
      [
        { kind: "ipvlan", mode: "l3", flag: "private" },
        { kind: "ipvlan", mode: "l3", private: true },
      ],
      [
        { kind: "ipvlan", mode: "l3s", flag: "vepa" },
        { kind: "ipvlan", mode: "l3s", vepa: true },
      ],
    ];
    for (const [inputs, wanted] of mine(links)) {
      it(`a link is made, left alone and taken away: ${JSON.stringify(inputs)}`, async () => {
        const before = await snapshot(host);
        const resource = await driven("MacvlanLink", host, { parent: "enp0s8", name: "mode0", ...inputs }).create();
        await has(wanted);
        await unchanged(resource);
        await resource.delete();
        assertSame(await snapshot(host), before);
      });
    }

    it("a macvlan link changes its mode and its sources in place", async () => {
      const before = await snapshot(host);
      const resource = await driven("MacvlanLink", host, { parent: "enp0s8", name: "mode0" }).create();
      const { ifindex } = await shown();
      await resource.update({ mode: "source", sourceMacAddresses: SOURCES });
      await has({ mode: "source", macaddr_data: SOURCES });
      await resource.update({ mode: "source", sourceMacAddresses: ["02:00:00:00:0a:03", SOURCES[1]] });
      await has({ macaddr_data: [SOURCES[1], "02:00:00:00:0a:03"] });
      await on(host, "ip link set mode0 type macvlan macaddr add 02:00:00:00:0a:04");
      assert.equal(await resource.refresh(), true);
      assert.deepEqual(resource.state["sourceMacAddresses"], [SOURCES[1], "02:00:00:00:0a:03", "02:00:00:00:0a:04"]);
      await resource.update();
      await has({ macaddr_data: [SOURCES[1], "02:00:00:00:0a:03"] });
      await resource.update({ mode: "vepa", sourceMacAddresses: undefined });
      await has({ mode: "vepa" });
      await resource.update({ mode: "bridge", bcqueuelen: 55 });
      await has({ mode: "bridge", bcqueuelen: 55 });
      assert.equal((await shown()).ifindex, ifindex, "it is still the same interface");
      await resource.delete();
      assertSame(await snapshot(host), before);
    });

    it("an ipvlan link changes its mode and flag in place", async () => {
      const before = await snapshot(host);
      const resource = await driven("MacvlanLink", host, { parent: "enp0s8", name: "mode0", kind: "ipvlan" }).create();
      await resource.update({ mode: "l3" });
      await has({ mode: "l3", bridge: true });
      await resource.update({ mode: "l3", flag: "private" });
      await has({ mode: "l3", private: true });
      await unchanged(resource);
      await resource.delete();
      assertSame(await snapshot(host), before);
    });

    it("says which kind has the parent already", async () => {
      const macvlan = await driven("MacvlanLink", host, { parent: "enp0s8", name: "mode0" }).create();
      await assert.rejects(
        driven("MacvlanLink", host, { parent: "enp0s8", name: "mode1", kind: "ipvlan" }).create(),
        /parent "enp0s8" is taken in a way that ipvlan can't share \(a bridge's port, a macvlan's parent\)/,
      );
      await macvlan.delete();
    });

    it("a passthru network gives its container the NIC, with its MAC address", async () => {
      const before = await snapshot(host);
      // Docker gives the container's MAC to the NIC itself, while that is up: the lab's NICs refuse it, as many drivers do.
      await on(
        host,
        "ip netns add far; ip link add nic0 type veth peer name nic1 netns far; ip link set dev nic0 up; ip -n far link set dev nic1 up; ip -n far addr add 172.30.9.1/24 dev nic1",
      );
      const wanted = { parent: "nic0", name: "mode", mode: "passthru", subnets: [{ subnet: "172.30.9.0/24" }] };
      const resource = await driven("MacvlanNetwork", host, wanted).create();
      const [found] = await json<{ Driver: string; Options: Props }[]>(host, "docker network inspect mode");
      assert.deepEqual([found?.Driver, found?.Options["macvlan_mode"]], ["macvlan", "passthru"]);
      assert.equal((await resource.diff()).changes, false);
      const mac = "02:00:00:00:30:0a";
      await on(
        host,
        `docker run -d --name mode1 --network mode --ip 172.30.9.10 --mac-address ${mac} busybox sleep 1000 && docker exec mode1 ping -c 2 -W 2 172.30.9.1`,
      );
      const [neighbour] = await json<{ lladdr: string }[]>(host, "ip -n far -j neigh show 172.30.9.10");
      assert.deepEqual([neighbour?.lladdr, await on(host, "cat /sys/class/net/nic0/address")], [mac, mac]);
      await on(host, "docker rm -f mode1");
      await resource.delete();
      await on(host, "ip link del nic0; ip netns del far");
      assertSame(await snapshot(host), before);
    });

    const networks: [inputs: Props, options: Record<string, string>][] = [
      [{ mode: "private" }, { macvlan_mode: "private" }],
      [{ mode: "vepa" }, { macvlan_mode: "vepa" }],
      [{ driver: "ipvlan" }, { ipvlan_mode: "l2", ipvlan_flag: "bridge" }],
      [
        { driver: "ipvlan", mode: "l3", flag: "private" },
        { ipvlan_mode: "l3", ipvlan_flag: "private" },
      ],
      // The second of three: on host2, since the older Docker of host1 does not know it.
      [{ driver: "ipvlan", mode: "l3s" }, { ipvlan_mode: "l3s" }],
    ];
    for (const [inputs, options] of mine(networks)) {
      it(`a network is made, carries a container and is taken away: ${JSON.stringify(inputs)}`, async () => {
        const before = await snapshot(host);
        const subnets = [{ subnet: "172.30.9.0/24" }];
        const resource = await driven("MacvlanNetwork", host, {
          parent: "enp0s8",
          name: "mode",
          subnets,
          ...inputs,
        }).create();
        const [found] = await json<{ Driver: string; Options: Props }[]>(host, "docker network inspect mode");
        assert.equal(found?.Driver, inputs["driver"] ?? "macvlan");
        for (const [key, value] of Object.entries(options)) assert.equal(found?.Options[key], value);
        assert.equal((await resource.diff()).changes, false);
        const inside = await on(host, "docker run --rm --network mode busybox ip addr show eth0");
        assert.match(inside, /172\.30\.9\.\d+\/24/);
        await resource.delete();
        assertSame(await snapshot(host), before);
      });
    }
  });
}
