import assert from "node:assert/strict";
import { addresses, assertSame, type Driven, driven, on, snapshot } from "./hosts";

// host3 runs bookworm, host2 trixie: two versions of nft and of Docker's rules.
for (const host of ["host3", "host2"]) {
  describe(`InterVlanRouter on ${host}`, function () {
    this.timeout(120_000);
    let before: string;
    let links: Driven[];
    let router: Driven;
    const table = () => on(host, "nft list table inet pulumi_macvlan_router");

    it("is created as asked for", async () => {
      await on(host, "sysctl -qw net.ipv4.ip_forward=0");
      before = await snapshot(host);
      links = [
        await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 100 }).create(),
        await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 200 }).create(),
      ];
      router = await driven("InterVlanRouter", host, {
        interfaces: [
          { interface: "enp0s8.100", addresses: ["172.16.10.1/24"] },
          { interface: "enp0s8.200", addresses: ["172.16.20.1/24"] },
        ],
        nat: [{ outInterface: "enp0s3" }],
      }).create();
      assert.equal(router.id, `${host}/router`);
      assert.equal(await on(host, "cat /proc/sys/net/ipv4/ip_forward"), "1");
      assert.deepEqual(await addresses(host, "enp0s8.100"), ["172.16.10.1/24"]);
      assert.match(await table(), /oifname "enp0s3" ip saddr \{ 172.16.10.0\/24, 172.16.20.0\/24 \} masquerade/);
      const rules = await on(host, "iptables -S DOCKER-USER");
      for (const device of ["enp0s8.100", "enp0s8.200"])
        for (const side of ["-i", "-o"]) assert.ok(rules.includes(`-A DOCKER-USER ${side} ${device} `), rules);
    });

    it("is not touched by a second run", async () => {
      assert.equal((await router.diff()).changes, false);
      const now = await snapshot(host);
      const handles = await on(host, "nft -a list table inet pulumi_macvlan_router");
      await router.again();
      assertSame(await snapshot(host), now);
      assert.equal(
        await on(host, "nft -a list table inet pulumi_macvlan_router"),
        handles,
        "not even the table was replaced",
      );
    });

    it("changes policy, NAT and addresses in place", async () => {
      await router.update({
        policy: {
          default: "drop",
          rules: [
            { from: "enp0s8.100", to: "172.16.20.10/32", protocol: "tcp", ports: [443, "8000-8100"], action: "accept" },
            { from: "any", to: "enp0s8.200", protocol: "icmp", action: "accept" },
          ],
        },
      });
      let listing = await table();
      assert.match(listing, /iifname "enp0s8.100" ip daddr 172.16.20.10 tcp dport \{ 443, 8000-8100 \} accept/);
      assert.match(listing, /iifname \{ "enp0s8.100", "enp0s8.200" \} oifname \{ "enp0s8.100", "enp0s8.200" \} drop/);
      await router.update({ nat: [], policy: {} });
      listing = await table();
      assert.doesNotMatch(listing, /masquerade|8000/);
      await router.update({
        interfaces: [
          { interface: "enp0s8.100", addresses: ["172.16.10.254/24", "fd00:10::1/64"] },
          { interface: "enp0s8.200", addresses: ["172.16.20.1/24"] },
        ],
        nat: [{ outInterface: "enp0s3", sources: ["172.16.10.0/24"] }],
      });
      assert.deepEqual(await addresses(host, "enp0s8.100"), ["172.16.10.254/24", "fd00:10::1/64"]);
      assert.equal(await on(host, "cat /proc/sys/net/ipv6/conf/all/forwarding"), "1");
      assert.match(await table(), /ip saddr 172.16.10.0\/24 masquerade/);
    });

    it("shows what somebody else changed, and puts it right", async () => {
      const wanted = await snapshot(host);
      await on(
        host,
        `nft add rule inet pulumi_macvlan_router forward tcp dport 23 drop
         nft delete rule inet pulumi_macvlan_router forward handle $(nft -a list chain inet pulumi_macvlan_router forward | sed -n 's/.*established.*handle //p')
         sysctl -qw net.ipv4.ip_forward=0
         ip addr del 172.16.20.1/24 dev enp0s8.200
         iptables -D DOCKER-USER -i enp0s8.100 -m comment --comment pulumi_macvlan_router -j ACCEPT`,
      );
      assert.equal(await router.refresh(), true);
      assert.deepEqual(router.state["interfaces"], [
        { interface: "enp0s8.100", addresses: ["172.16.10.254/24", "fd00:10::1/64"] },
        { interface: "enp0s8.200", addresses: [] },
      ]);
      assert.deepEqual(router.state["drift"], [
        "firewall rule is gone: forward: ct state established,related accept",
        "firewall rule was added: forward: tcp dport 23 drop",
        "IPv4 forwarding is off",
        "the rule for -i enp0s8.100 is gone from iptables's chain DOCKER-USER: Docker drops those packets",
      ]);
      await router.update();
      assertSame(await snapshot(host), wanted);
    });

    it("leaves the host as it was", async () => {
      await router.delete();
      for (const link of links) await link.delete();
      assertSame(await snapshot(host), before);
    });
  });
}
