// Cases that others hold themselves to, with the same assertions: docs/cases.md says whose each is, and where ours stand.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, driven, json, link, on, type Props, snapshot } from "./hosts";

const network = (host: string, name: string, inputs: Props) =>
  driven("MacvlanNetwork", host, { parent: "enp0s8", name, subnets: [{ subnet: "172.27.1.0/24" }], ...inputs });
const start = (host: string, name: string, options: string) =>
  on(host, `docker run -d --name ${name} ${options} busybox sleep 1000 >/dev/null`);
const pings = async (host: string, from: string, to: string): Promise<boolean> =>
  (await on(host, `docker exec ${from} ping -c 2 -W 2 ${to} >/dev/null && echo yes; true`)) === "yes";

/** busybox shows all routes, whichever are asked for. */
const defaultsOf = (host: string, name: string, version = "-4") =>
  on(host, `docker exec ${name} ip ${version} route show | grep '^default'; true`);

for (const { name: host } of HOSTS) {
  describe(`moby's cases on ${host}`, function () {
    this.timeout(90_000);
    let before_ = "";
    beforeEach(async () => {
      before_ = await snapshot(host);
    });
    afterEach(async () => {
      await on(host, "docker rm -f case1 case2 >/dev/null 2>&1; true");
    });

    it("a sub-interface that is there already is kept when its network goes", async () => {
      await on(host, "ip link add link enp0s8 name enp0s8.27 type vlan id 27; ip link set enp0s8.27 up");
      const one = await network(host, "case", { parent: "enp0s8.27" }).create();
      await one.delete();
      assert.ok(await link(host, "enp0s8.27"));
      await on(host, "ip link del enp0s8.27");
      assertSame(await snapshot(host), before_);
    });

    it("overlapping parents: passthru is refused beside others, others beside passthru", async () => {
      for (const [first, second] of [
        ["passthru", "bridge"],
        ["bridge", "passthru"],
      ]) {
        const one = await network(host, "case", { mode: first }).create();
        await assert.rejects(
          network(host, "case-2", { mode: second, subnets: [{ subnet: "172.27.2.0/24" }] }).create(),
          /its Docker allows one network per parent, and "enp0s8" has one already.*case parent=enp0s8/,
        );
        await one.delete();
      }
      assertSame(await snapshot(host), before_);
    });

    it("internal: containers reach each other, and have no way out", async () => {
      const one = await network(host, "case", { internal: true }).create();
      await start(host, "case1", "--network case --ip 172.27.1.10");
      await start(host, "case2", "--network case --ip 172.27.1.11");
      assert.equal(await pings(host, "case1", "172.27.1.11"), true);
      assert.equal(await defaultsOf(host, "case1"), "");
      await on(host, "docker rm -f case1 case2 >/dev/null");
      await one.delete();
      assertSame(await snapshot(host), before_);
    });

    it("several subnets, of both versions: each with its own addresses and gateway", async () => {
      const one = await network(host, "case", {
        subnets: [
          { subnet: "172.27.1.0/24", gateway: "172.27.1.254" },
          { subnet: "172.27.2.0/24", gateway: "172.27.2.254" },
          { subnet: "fd00:27::/64", gateway: "fd00:27::fe" },
        ],
      }).create();
      await start(host, "case1", "--network case --ip 172.27.2.10 --ip6 fd00:27::10");
      await start(host, "case2", "--network case --ip 172.27.2.11 --ip6 fd00:27::11");
      assert.equal(await defaultsOf(host, "case1"), "default via 172.27.2.254 dev eth0");
      assert.match(await defaultsOf(host, "case1", "-6"), /^default via fd00:27::fe dev eth0/);
      assert.deepEqual(
        [await pings(host, "case1", "172.27.2.11"), await pings(host, "case1", "fd00:27::11")],
        [true, true],
      );
      await on(host, "docker rm -f case1 case2 >/dev/null");
      await one.delete();
      assertSame(await snapshot(host), before_);
    });

    it("a parent that is down can't carry a container, and a sub-interface on it is refused", async () => {
      await on(host, "ip link add down0 type dummy");
      await assert.rejects(
        driven("VlanSubinterface", host, { parent: "down0", vlanId: 5 }).create(),
        /parent "down0" is down: bring it up \(ip link set down0 up\)/,
      );
      await on(host, "ip link del down0");
      assertSame(await snapshot(host), before_);
    });
  });

  describe(`CNI's and nmstate's cases on ${host}`, function () {
    this.timeout(90_000);
    let before_ = "";
    before(async () => {
      before_ = await snapshot(host);
    });
    after(async () => assertSame(await snapshot(host), before_));
    const vlan = (inputs: Props) => driven("VlanSubinterface", host, { parent: "enp0s8", ...inputs });

    it("a link gets the MTU and the MAC address that were given", async () => {
      const given = { mtu: 1400, macAddress: "02:00:00:00:27:01" };
      const one = await driven("MacvlanLink", host, { parent: "enp0s8", name: "case0", ...given }).create();
      const shown = (await link(host, "case0")) as unknown as { mtu: number; address: string };
      assert.deepEqual([shown.mtu, shown.address], [1400, "02:00:00:00:27:01"]);
      await one.delete();
    });

    it("two VLANs of one parent have MTUs of their own, and a lower one of the parent is told and put right", async () => {
      const one = await vlan({ vlanId: 101, mtu: 1400 }).create();
      const two = await vlan({ vlanId: 102, mtu: 1450 }).create();
      const mtus = async () =>
        (await on(host, "cat /sys/class/net/enp0s8.101/mtu /sys/class/net/enp0s8.102/mtu")).split("\n");
      assert.deepEqual(await mtus(), ["1400", "1450"]);
      // It takes its time over it: a parent that is put right in the same moment has lowered nothing (seen twice).
      await on(
        host,
        `ip link set enp0s8 mtu 1420; n=0; until grep -qx 1420 /sys/class/net/enp0s8.102/mtu || [ $n = 50 ]; do n=$((n + 1)); sleep 0.1; done
         ip link set enp0s8 mtu 1500`,
      );
      assert.deepEqual(await mtus(), ["1400", "1420"], "the kernel lowers what would not fit");
      await two.refresh();
      assert.equal(two.state["mtu"], 1420);
      await two.update({ mtu: 1450 });
      assert.deepEqual(await mtus(), ["1400", "1450"]);
      await one.delete();
      await two.delete();
    });

    it("a name may say something else than the id", async () => {
      const one = await vlan({ vlanId: 103, name: "enp0s8.999" }).create();
      const [shown] = await json<{ linkinfo: { info_data: { id: number } } }[]>(
        host,
        "ip -j -d link show dev enp0s8.999",
      );
      assert.equal(shown?.linkinfo.info_data.id, 103);
      await one.delete();
    });
  });
}

describe("QinQ", function () {
  this.timeout(90_000);

  it("is a sub-interface on a sub-interface: both tags are on the wire, and the other end understands them", async () => {
    const before = [await snapshot("host1"), await snapshot("host2")];
    const made = [];
    for (const [index, host] of ["host1", "host2"].entries()) {
      const outer = await driven("VlanSubinterface", host, {
        parent: "enp0s8",
        vlanId: 300,
        name: "outer",
        protocol: "802.1ad",
      }).create();
      const addresses = [`172.27.9.${index + 1}/24`];
      made.push(
        outer,
        await driven("VlanSubinterface", host, { parent: "outer", vlanId: 30, name: "inner", addresses }).create(),
      );
    }
    const frames = on("host2", "timeout 6 tcpdump -l -nn -e -i enp0s8 'ether proto 0x88a8 or vlan' 2>/dev/null; true");
    await on("host1", "sleep 1; ping -c 3 -W 2 172.27.9.2 >/dev/null");
    assert.match(await frames, /802\.1Q-QinQ \(0x88a8\).*vlan 300.*vlan 30/);
    await assert.rejects(made[0]?.delete() ?? Promise.resolve(), /others stand on it and would vanish with it: inner/);
    for (const one of made.reverse()) await one.delete();
    assertSame(await snapshot("host1"), before[0] ?? "");
    assertSame(await snapshot("host2"), before[1] ?? "");
  });
});
