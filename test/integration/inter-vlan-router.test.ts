import assert from "node:assert/strict";
import { HOSTS, OUTSIDE_SERVER } from "pulumi-macvlan-lab";
import { closeConnections } from "../../provider/host/ssh/connection";
import { lab } from "./hooks";
import {
  addresses,
  assertSame,
  bendIp,
  type Driven,
  driven,
  mendIp,
  on,
  type Props,
  setForwarding,
  shapeOf,
  snapshot,
} from "./hosts";

for (const { name: host } of HOSTS) {
  describe(`InterVlanRouter on ${host}`, function () {
    this.timeout(120_000);
    let before: string;
    let links: Driven[];
    let router: Driven;
    const table = () => on(host, "nft list table inet pulumi_macvlan_router");

    after(() => setForwarding(host, true));

    it("is created as asked for", async () => {
      await setForwarding(host, false);
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

    it("is recorded as it is where a change fails and can't be taken back, and goes on from there", async () => {
      const was = await table();
      await lab.exec(host, "cat >/usr/local/sbin/nft; chmod 755 /usr/local/sbin/nft", {
        input: `#!/bin/sh
if [ "$1" = -f ]; then
  [ ! -e /run/changed ] || { echo refused >&2; exit 1; }
  touch /run/changed
fi
exec /usr/sbin/nft "$@"
`,
      });
      await bendIp(host, '"addr del"*) echo broken >&2; exit 1;;');
      try {
        await router.update({
          policy: undefined,
          interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }],
        });
        assert.fail("nothing has failed");
      } catch (error) {
        const { message, properties } = error as Error & { properties?: Props };
        assert.match(
          message,
          /broken.*\. host\d could not put back nft table inet pulumi_macvlan_router; the next up goes on/,
        );
        assert.ok(properties, "what is there is recorded");
        router.state = properties;
      } finally {
        await on(host, "rm -f /usr/local/sbin/nft /run/changed");
        await mendIp(host);
      }
      assert.notEqual(await table(), was);
      await router.update();
      assert.equal(await table(), was);
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

describe("a router that hands out addresses", function () {
  this.timeout(180_000);
  const then: Record<string, string> = {};
  let links: Driven[];
  let router: Driven;
  const served = (change: object) => ({
    interface: "enp0s8.100",
    addresses: ["172.16.10.1/24", "fd00:10::1/64"],
    ...change,
  });
  const dhcp = { first: "172.16.10.200", last: "172.16.10.250", dnsServers: ["172.16.10.53"] };
  /** What a client is offered. */
  const lease = () =>
    on(
      "host1",
      `printf '#!/bin/sh\\n[ "$1" != bound ] || echo $ip $subnet $router $dns $lease\\n' >/tmp/lease; chmod 755 /tmp/lease
       busybox udhcpc -f -q -n -t 5 -T 1 -i enp0s8.100 -s /tmp/lease 2>/dev/null; true`,
    );
  const running = () => on("host3", "pgrep -fc '[d]nsmasq --conf-file=/run/pulumi-macvlan' || true");

  before(async () => {
    await setForwarding("host3", true);
    for (const host of ["host1", "host3"]) then[host] = await shapeOf(host);
    links = [
      await driven("VlanSubinterface", "host1", { parent: "enp0s8", vlanId: 100 }).create(),
      await driven("VlanSubinterface", "host3", { parent: "enp0s8", vlanId: 100 }).create(),
    ];
    router = await driven("InterVlanRouter", "host3", { interfaces: [served({ dhcp })] }).create();
  });

  it("gives a client an address of its range, itself as the router, and DNS servers", async () =>
    assert.match(await lease(), /^172\.16\.10\.2\d\d 255\.255\.255\.0 172\.16\.10\.1 172\.16\.10\.53 3600$/));

  it("is not touched by a second run", async () => {
    const pid = await on("host3", "cat /run/pulumi-macvlan/router/dnsmasq.pid");
    await router.again();
    assert.equal(await on("host3", "cat /run/pulumi-macvlan/router/dnsmasq.pid"), pid);
    assert.equal(await running(), "1");
  });

  it("advertises itself, so that a client takes an IPv6 address and a way out", async () => {
    await router.update({ interfaces: [served({ advertise: true })] });
    await on(
      "host1",
      "for n in 1 2 3 4 5 6 7 8 9 10; do ip -6 addr show dev enp0s8.100 | grep -q fd00:10 && break; sleep 1; done",
    );
    assert.match(await on("host1", "ip -6 addr show dev enp0s8.100"), /inet6 fd00:10::.*dynamic/);
    assert.match(await on("host1", "ip -6 route show default dev enp0s8.100"), /default via fe80::.* proto ra/);
    assert.equal(await lease(), "", "DHCP is over");
    assert.equal(await running(), "1");
  });

  it("shows that it does not run, and starts again", async () => {
    await on("host3", "pkill -f '[d]nsmasq --conf-file=/run/pulumi-macvlan'; sleep 0.5");
    await router.refresh();
    assert.deepEqual(router.state["drift"], ["dnsmasq does not run"]);
    await router.update();
    assert.equal(await running(), "1");
  });

  it("is back after a reboot", async () => {
    await router.update({ interfaces: [served({ dhcp })] });
    await lab.reboot("host3", true);
    await closeConnections();
    assert.equal(await running(), "1");
    assert.match(await lease(), /^172\.16\.10\.2/);
  });

  it("is put back by a guard where a change fails", async () => {
    const bad = { ...dhcp, dnsServers: [] };
    await on(
      "host3",
      String.raw`mv /usr/sbin/dnsmasq /usr/sbin/dnsmasq.kept; chmod 755 /usr/sbin/dnsmasq.kept
       printf '#!/bin/sh\nfile=$(echo "$1" | sed s,--conf-file=,,)\ngrep -q dns-server "$file" && exec /usr/sbin/dnsmasq.kept "$@"\necho no luck >&2; exit 1\n' >/usr/sbin/dnsmasq
       chmod 755 /usr/sbin/dnsmasq`,
    );
    await assert.rejects(
      router.update({ interfaces: [served({ dhcp: bad })] }),
      /dnsmasq did not start: no luck.*put back as it was/,
    );
    assert.equal(await on("host3", "pgrep -fc '[d]nsmasq.kept --conf-file=/run/pulumi-macvlan' || true"), "1");
    assert.match(await lease(), /^172\.16\.10\.2/);
    await on("host3", "mv -f /usr/sbin/dnsmasq.kept /usr/sbin/dnsmasq");
  });

  it("leaves no trace", async () => {
    await router.delete();
    assert.equal(await running(), "0");
    for (const link of links) await link.delete();
    await on("host1", "rm -f /tmp/lease");
    for (const host of ["host1", "host3"]) assertSame(await shapeOf(host), then[host] ?? "");
  });
});

describe("a router with several uplinks", function () {
  this.timeout(60_000);

  it("translates what goes out over each of them, and over no other", async () => {
    const before = { host1: await snapshot("host1"), host3: await snapshot("host3") };
    const link = await driven("VlanSubinterface", "host3", { parent: "enp0s8", vlanId: 100 }).create();
    await on(
      "host1",
      `ip netns add client; ip link add link enp0s8 name client0 netns client type vlan id 100
       ip -n client link set client0 up; ip -n client addr add 172.16.10.10/24 dev client0; ip -n client route add default via 172.16.10.1`,
    );
    const reached = async () =>
      (
        await on(
          "host1",
          `for to in ${OUTSIDE_SERVER} 10.77.0.12; do ip netns exec client ping -c 2 -W 2 $to >/dev/null && echo $to; done; true`,
        )
      ).split("\n");
    const router = await driven("InterVlanRouter", "host3", {
      interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }],
      nat: [{ outInterface: "enp0s9" }, { outInterface: "enp0s3" }],
    }).create();
    assert.deepEqual(await reached(), [OUTSIDE_SERVER, "10.77.0.12"]);
    await router.update({ nat: [{ outInterface: "enp0s9" }] });
    assert.deepEqual(await reached(), [OUTSIDE_SERVER]);
    await router.delete();
    await link.delete();
    await on("host1", "ip -n client link del client0; ip netns del client");
    for (const host of ["host1", "host3"] as const) assertSame(await snapshot(host), before[host]);
  });
});
