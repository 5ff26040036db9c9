// Two teams share the router's host: each its own router, and nothing that one does is seen by the other.
import assert from "node:assert/strict";
import { OUTSIDE_SERVER } from "pulumi-macvlan-lab";
import { closeConnections } from "../../provider/host/ssh/connection";
import { lab } from "./hooks";
import { addresses, assertSame, type Driven, driven, on, type Props, setForwarding, settled, snapshot } from "./hosts";

/** Each VLAN, its router's team, and the host that its container is on. */
const VLANS = [
  { vlanId: 100, team: "one", host: "host1" },
  { vlanId: 200, team: "one", host: "host2" },
  { vlanId: 300, team: "two", host: "host1" },
  { vlanId: 400, team: "two", host: "host2" },
] as const;
const HOSTS = ["host1", "host2", "host3"] as const;
const TABLES = { one: "pulumi_macvlan_router", two: "pulumi_macvlan_router_team-2" };
type Team = keyof typeof TABLES;

const subnet = (vlanId: number) => `172.16.${vlanId / 10}`;
const served = (team: Team, change: (vlanId: number) => object = () => ({})) =>
  VLANS.filter((vlan) => vlan.team === team).map(({ vlanId }) => ({
    interface: `enp0s8.${vlanId}`,
    addresses: [`${subnet(vlanId)}.1/24`, `fd00:${vlanId}::1/64`],
    ...change(vlanId),
  }));

describe("two stacks' routers on one host", function () {
  this.timeout(240_000);
  const then: Record<string, string> = {};
  const links: Driven[] = [];
  const containers: Driven[] = [];
  let one: Driven;
  let two: Driven;

  /** What a reboot makes anew with other numbers is no trace of ours. */
  const shape = async (host: string) =>
    (await snapshot(host))
      .split("\n")
      .filter((line) => !/ (docker0|dummy0|sit0)\b|^\/run\/.*\/net:/.test(line))
      .map(settled)
      .join("\n");
  const make = (team: Team) => {
    const inputs: Props = { interfaces: served(team), nat: [{ outInterface: "enp0s9" }] };
    return team === "one"
      ? driven("InterVlanRouter", "host3", { ...inputs, __owner: "tests/one/router" }).create()
      : driven("InterVlanRouter", "host3", { ...inputs, name: "team-2", __owner: "tests/two/router" }).create();
  };
  const hostOf = (vlanId: number) => VLANS.find((vlan) => vlan.vlanId === vlanId)?.host ?? "";
  /** The TTL of the answer, or nothing where none comes. */
  const ping = async (from: number, to: number | string, count = 3) => {
    const target = typeof to === "string" ? to : `${subnet(to)}.10`;
    const said = await on(hostOf(from), `docker exec box${from} ping -c ${count} -W 1 ${target}; true`);
    return /ttl=\d+/.exec(said)?.[0];
  };
  const all = async (expected: [from: number, to: number | string, passes: boolean][]) => {
    const found = await Promise.all(
      expected.map(async ([from, to]) => [from, to, (await ping(from, to)) === "ttl=63"] as const),
    );
    assert.deepEqual(found, expected);
  };
  /** Each team within itself and out; the teams to each other. */
  const routed = (team: Team, passes = true): [number, number | string, boolean][] => {
    const [first, second] = team === "one" ? [100, 200] : [300, 400];
    return [
      [first, second, passes],
      [second, first, passes],
      [first, OUTSIDE_SERVER, passes],
    ];
  };
  const rules = (team: Team) => on("host3", `nft -a list table inet ${TABLES[team]} | sed '/set others {/,/^\t}/d'`);
  const known = async (team: Team) =>
    (await on("host3", `nft list set inet ${TABLES[team]} others | grep -o '"[^"]*"' | tr -d '"' | sort`)).split("\n");
  const accepted = (team: Team) =>
    on(
      "host3",
      `for p in iptables ip6tables; do $p -w -S DOCKER-USER | grep -- '--comment ${TABLES[team]} ' | sort; done; true`,
    );
  const of = (team: Team) => VLANS.filter((vlan) => vlan.team === team).map(({ vlanId }) => `enp0s8.${vlanId}`);

  after(() => setForwarding("host3", true));

  before(async () => {
    await setForwarding("host3", false);
    for (const host of HOSTS) then[host] = await shape(host);
    for (const { vlanId, host } of VLANS) {
      links.push(await driven("VlanSubinterface", "host3", { parent: "enp0s8", vlanId }).create());
      links.push(await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId }).create());
      const network = `mac${vlanId}`;
      containers.push(
        await driven("MacvlanNetwork", host, {
          parent: `enp0s8.${vlanId}`,
          name: network,
          subnets: [{ subnet: `${subnet(vlanId)}.0/24`, gateway: `${subnet(vlanId)}.1` }],
        }).create(),
      );
      await on(
        host,
        `docker run -d --name box${vlanId} --network ${network} --ip ${subnet(vlanId)}.10 busybox sleep 100000`,
      );
    }
    one = await make("one");
    two = await make("two");
  });

  it("are each what they are alone: routes, NAT out of one uplink, a table", async () => {
    assert.deepEqual([one.id, two.id], ["host3/router", "host3/team-2"]);
    await all([...routed("one"), ...routed("two")]);
    for (const router of [one, two]) {
      assert.equal(await router.refresh(), true);
      assert.deepEqual(router.state["drift"], []);
      assert.equal((await router.diff()).changes, false);
    }
    assert.deepEqual([await known("one"), await known("two")], [of("two"), of("one")]);
    assert.equal(
      await on("host3", "cd /proc/sys/net/ipv6/conf; grep . enp0s3/accept_ra enp0s8.*/accept_ra"),
      ["enp0s3/accept_ra:2", ...VLANS.map(({ vlanId }) => `enp0s8.${vlanId}/accept_ra:1`)].join("\n"),
    );
    const now = [await snapshot("host3"), await rules("one"), await rules("two")];
    await one.again();
    await two.again();
    assert.deepEqual([await snapshot("host3"), await rules("one"), await rules("two")], now);
  });

  it("let teams reach each other where both accept, and nowhere else", async () => {
    const across: [number, number][] = [
      [100, 300],
      [400, 200],
    ];
    await all(across.map(([from, to]) => [from, to, true]));
    await two.update({ policy: { default: "drop" } });
    await one.update({ policy: { rules: [{ from: "any", to: "any", action: "accept" }] } });
    await all([
      ...across.map(([from, to]): [number, number, boolean] => [from, to, false]),
      ...routed("one"),
      [300, 400, false],
      [300, OUTSIDE_SERVER, true],
    ]);
    // A router that lets in says so itself.
    await two.update({
      policy: {
        default: "drop",
        rules: [
          { from: "172.16.10.0/24", to: "any", action: "accept" },
          { from: "enp0s8.300", to: "enp0s8.400", action: "accept" },
        ],
      },
    });
    await all([
      [100, 300, true],
      [300, 100, false],
      [200, 300, false],
      [300, 400, true],
    ]);
    await two.update({ policy: {} });
  });

  it("drop with a rule for everything no packet of the other", async () => {
    await one.update({ policy: { default: "drop", rules: [{ from: "any", to: "any", action: "drop" }] } });
    await all([...routed("one", false), ...routed("two"), [100, 300, false], [300, 100, false]]);
    await one.update({ policy: { rules: [{ from: "172.16.0.0/12", to: "172.16.0.0/12", action: "drop" }] } });
    await all([[100, 200, false], [100, OUTSIDE_SERVER, true], ...routed("two")]);
    await one.update({ policy: {} });
  });

  it("translate no packet of the other", async () => {
    await two.update({ nat: [] });
    await one.update({ nat: [{ outInterface: "enp0s9", sources: ["172.16.0.0/12"] }] });
    await all([
      [100, OUTSIDE_SERVER, true],
      [300, OUTSIDE_SERVER, false],
    ]);
    for (const router of [one, two]) await router.update({ nat: [{ outInterface: "enp0s9" }] });
  });

  it("see it where a table does not know the other's interfaces, and put it right", async () => {
    await on("host3", `nft flush set inet ${TABLES.two} others`);
    await two.refresh();
    assert.deepEqual(two.state["drift"], ["the firewall does not know the interfaces of the host's other routers"]);
    await two.update();
    assert.deepEqual(await known("two"), of("one"));
  });

  it("hand out addresses each on its own VLANs", async () => {
    const dhcp = (vlanId: number) => ({
      dhcp: { first: `${subnet(vlanId)}.200`, last: `${subnet(vlanId)}.250` },
    });
    await one.update({ interfaces: served("one", dhcp) });
    await two.update({ interfaces: served("two", dhcp) });
    const lease = (vlanId: number) =>
      on(
        hostOf(vlanId),
        `printf '#!/bin/sh\\n[ "$1" != bound ] || echo $ip $router\\n' >/tmp/lease; chmod 755 /tmp/lease
         busybox udhcpc -f -q -n -t 5 -T 1 -i enp0s8.${vlanId} -s /tmp/lease 2>/dev/null; rm /tmp/lease`,
      );
    for (const { vlanId } of VLANS) {
      const gateway = `${subnet(vlanId)}.1`;
      assert.match(await lease(vlanId), new RegExp(`^${subnet(vlanId)}\\.2\\d\\d ${gateway}$`));
    }
    await one.update({ interfaces: served("one") });
    assert.match(await lease(300), /^172\.16\.30\.2/);
    await two.update({ interfaces: served("two") });
  });

  it("are both as they were where a change of one fails", async () => {
    const now = [await snapshot("host3"), await rules("one"), await rules("two"), await accepted("one")];
    // The router that has remembered what the kernel was goes nearly all the way.
    await on(
      "host3",
      `mv /usr/sbin/nft /usr/sbin/nft.real; touch /tmp/once
       printf '#!/bin/sh\\ncase "$*" in "delete table"*) rm /tmp/once 2>/dev/null && { echo no luck >&2; exit 1; };; esac\\nexec /usr/sbin/nft.real "$@"\\n' >/usr/sbin/nft
       chmod 755 /usr/sbin/nft`,
    );
    try {
      await assert.rejects(one.delete(), /no luck.*put back as it was/);
    } finally {
      await on("host3", "mv /usr/sbin/nft.real /usr/sbin/nft");
    }
    const found = [await snapshot("host3"), await rules("one"), await rules("two"), await accepted("one")];
    const anew = (text = "") => text.replace(/ # handle \d+/g, "");
    assertSame(found[0] ?? "", now[0] ?? "");
    assert.equal(anew(found[1]), anew(now[1]));
    assert.deepEqual(found.slice(2), now.slice(2));
    await all([...routed("one"), ...routed("two")]);
  });

  it("leave the other as it is when one goes, and the host as it was when the last one goes", async () => {
    const now = [await rules("two"), await accepted("two")];
    const pinging = on("host1", `docker exec box300 ping -c 60 -i 0.1 -W 1 ${subnet(400)}.10`);
    const outside = on("host2", `docker exec box400 ping -c 60 -i 0.1 -W 1 ${OUTSIDE_SERVER}`);
    await one.delete();
    for (const said of [await pinging, await outside]) assert.match(said, / 0% packet loss/);
    assert.deepEqual([await rules("two"), await accepted("two")], now);
    assert.deepEqual([await known("two"), await accepted("one")], [[""], ""]);
    assert.deepEqual(await addresses("host3", "enp0s8.300"), ["172.16.30.1/24", "fd00:300::1/64"]);
    assert.deepEqual(await addresses("host3", "enp0s8.100"), []);
    assert.equal(await on("host3", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"), "1\n1");
    await two.refresh();
    assert.deepEqual(two.state["drift"], []);
    await all([...routed("two"), ...routed("one", false)]);
    one = await make("one");
    await two.delete();
    await all([...routed("one"), ...routed("two", false)]);
    await one.delete();
    const anything = links.filter((link) => link.id.startsWith("host3/"));
    for (const link of anything) await link.delete();
    assertSame(await shape("host3"), then["host3"] ?? "");
    assert.equal(await on("host3", "cat /proc/sys/net/ipv4/ip_forward"), "0");
    for (const link of anything) await link.create();
  });

  it("are both back after a reboot, and the other one is when one is gone", async () => {
    one = await make("one");
    two = await make("two");
    const before = await shape("host3");
    const accepts = async () => [await accepted("one"), await accepted("two")];
    const acceptedBefore = await accepts();
    await lab.reboot("host3");
    await closeConnections();
    assertSame(await shape("host3"), before);
    assert.deepEqual(await accepts(), acceptedBefore);
    await all([...routed("one"), ...routed("two"), [100, 300, true]]);
    await one.delete();
    await all([...routed("two"), ...routed("one", false)]);
    await lab.reboot("host3");
    await closeConnections();
    await all([...routed("two"), ...routed("one", false)]);
    await two.refresh();
    assert.deepEqual(two.state["drift"], []);
    await two.delete();
    for (const { vlanId, host } of VLANS) await on(host, `docker rm -f box${vlanId}`);
    for (const resource of [...containers, ...links]) await resource.delete();
    for (const host of ["host1", "host2"]) assertSame(await shape(host), then[host] ?? "");
    assert.equal(
      await on(
        "host3",
        "find / -xdev -name '*pulumi*' ! -path '/proc/*' ! -path '/sys/*' ! -path '/run/*' 2>/dev/null",
      ),
      "",
    );
  });
});
