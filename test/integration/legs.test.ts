// A VLAN gets another id, host after host: the router answers in both for as long as containers are in both.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { addresses, assertSame, ONE_BY_ONE, on, shapeOf } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const nic = (name: string) => ({ connection: lab[name], parent: "enp0s8" });
new VlanTopology("lan", {
  hosts: { host1: nic("host1"), host2: nic("host2") },
  vlans: {
    iot: {
      vlanId: Number(process.env["LAB_VLAN"]),
      subnets: ["172.16.30.0/24", "fd00:30::/64"],
      advertise: true,
      dhcp: { first: "172.16.30.200", last: "172.16.30.220" },
    },
    nas: { vlanId: 310, subnets: ["172.16.40.0/24", "fd00:40::/64"] },
  },
  router: nic("host3"),
  rollout: { canary: "host2" },
});
`;

const HOSTS = ["host1", "host2", "host3"] as const;
const HOST_OF: Record<string, string> = { d1: "host1", d2: "host1", d3: "host2", d4: "host2" };
const NETWORK_OF: Record<string, string> = { d1: "iot", d2: "nas", d3: "iot", d4: "nas" };
const GATEWAYS = ["172.16.30.1", "fd00:30::1"];
const LEGS = ["enp0s8.300", "enp0s8.301", "enp0s8.310"];

describe("A router's legs", function () {
  this.timeout(300_000);
  const stack = new Project("legs", PROGRAM);
  const before_: Record<string, string> = {};
  const addressesOf: Record<string, string[]> = {};

  const up = () => stack.run("up", "--yes", "--skip-preview");
  /** A program of that host that refuses what has these words among its arguments, after a while. */
  const refuse = (host: string, program: string, words: string, seconds = 0) =>
    lab.exec(host, `cat >/usr/local/sbin/${program}; chmod 755 /usr/local/sbin/${program}`, {
      input: `#!/bin/sh\n${program === "ip" ? ONE_BY_ONE : ""}\ncase "$*" in *"${words}"*) sleep ${seconds}; echo refused >&2; exit 1 ;; esac\nexec /usr/sbin/${program} "$@"\n`,
    });
  const heal = (host: string, program: string) => on(host, `rm -f /usr/local/sbin/${program}`);

  const vlanOf = async (host: string) => on(host, "docker network inspect -f '{{.Options.parent}}' iot");
  /** All at once; each answers, and no more than once. */
  const ping = async (from: string, targets: Record<string, number>) => {
    const asks = Object.keys(targets).map((to) => `ping -c 3 -W 2 ${to} 2>&1 | sed "s|^|${to} |" &`);
    const said = await on(HOST_OF[from] ?? "", `docker exec ${from} sh -c '${[...asks, "wait"].join("\n")}'`);
    for (const [to, ttl] of Object.entries(targets))
      assert.match(said, new RegExp(`^${to} .* ttl=${ttl} `, "m"), `${from} to ${to}: ${said}`);
    assert.doesNotMatch(said, /DUP/, from);
  };
  const forgetNeighbours = async () => {
    for (const [name, host] of Object.entries(HOST_OF))
      await on(host, `nsenter -t $(docker inspect -f '{{.State.Pid}}' ${name}) -n ip neigh flush all`);
    await on("host3", "ip neigh flush all");
  };
  /** Both containers of iot reach the router, and through it those of nas; and these reach them. */
  const assertServed = async () => {
    await forgetNeighbours();
    const through = (names: string[]) =>
      Object.fromEntries(names.flatMap((name) => (addressesOf[name] ?? []).map((to) => [to, 63])));
    const gateways = Object.fromEntries(GATEWAYS.map((to) => [to, 64]));
    for (const iot of ["d1", "d3"]) await ping(iot, { ...gateways, ...through(["d2", "d4"]) });
    for (const nas of ["d2", "d4"]) await ping(nas, through(["d1", "d3"]));
  };
  /** Who comes to a VLAN learns there of addresses and the way out: by DHCP and by router advertisement. */
  const assertWelcomed = async (host: string, vlan: string) => {
    const said = await on(
      host,
      `printf '#!/bin/sh\\n[ "$1" != bound ] || echo lease $ip $router\\n' >/tmp/lease; chmod 755 /tmp/lease
       /usr/sbin/ip link add link ${vlan} name new0 type macvlan mode bridge; udevadm settle; ip link set new0 up
       busybox udhcpc -f -q -n -t 5 -T 1 -i new0 -s /tmp/lease 2>/dev/null; rm /tmp/lease
       for n in 1 2 3 4 5 6 7 8 9 10; do ip -6 addr show dev new0 | grep -q fd00:30 && break; sleep 1; done
       ip -6 addr show dev new0; ip -6 route show default dev new0; ip link del new0`,
    );
    assert.match(said, /^lease 172\.16\.30\.2\d\d 172\.16\.30\.1$/m);
    assert.match(said, /inet6 fd00:30::.*dynamic/);
    assert.match(said, /default via fe80::/);
  };
  const filters = () =>
    on(
      "host3",
      `tc qdisc show | grep -E 'clsact|ingress'; for leg in ${LEGS.join(" ")}; do for side in ingress egress; do tc filter show dev $leg $side 2>/dev/null; done; done; ls /run/pulumi-macvlan/legs 2>/dev/null; true`,
    );
  const gatewayOn = async () => {
    const found = await Promise.all(LEGS.slice(0, 2).map((leg) => addresses("host3", leg).catch(() => [])));
    return LEGS.filter((_, index) => found[index]?.length);
  };

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    stack.env["LAB_VLAN"] = "300";
    for (const host of HOSTS) before_[host] = await shapeOf(host);
    await stack.init();
    await stack.good("up", "--yes", "--skip-preview");
    for (const [name, host] of Object.entries(HOST_OF)) {
      await on(host, `docker run -d --name ${name} --network ${NETWORK_OF[name]} busybox sleep 100000`);
      const template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}";
      addressesOf[name] = (await on(host, `docker inspect -f '${template}' ${name}`)).split(" ");
    }
    await assertServed();
    assert.equal(await filters(), "");
  });
  after(async () => {
    for (const [host, program] of [
      ["host1", "ip"],
      ["host3", "iptables"],
    ] as const)
      await heal(host, program);
    await Promise.all(Object.entries(HOST_OF).map(([name, host]) => on(host, `docker rm -f ${name}; true`)));
    await stack.run("destroy", "--yes", "--skip-preview");
    stack.end();
  });

  /** One host has moved, the other has not, and the router's addresses are on one leg: both hosts are served all the same. */
  const assertBothServed = async (leg: string) => {
    assert.deepEqual([await vlanOf("host1"), await vlanOf("host2")], ["enp0s8.300", "enp0s8.301"]);
    assert.deepEqual(await gatewayOn(), [leg]);
    await assertServed();
    await assertWelcomed("host2", "enp0s8.301");
    await assertWelcomed("host1", "enp0s8.300");
  };

  it("are two where a change of the router fails after some hosts have moved", async () => {
    // Long after the addresses have moved; host1's turn is at the same time.
    await refuse("host3", "iptables", "enp0s8.301");
    await refuse("host1", "ip", "link add", 15);
    stack.env["LAB_VLAN"] = "301";
    const { exitCode, all } = await up();
    assert.notEqual(exitCode, 0);
    assert.match(String(all), /cannot set up router on host3: .*host3 was put back as it was/s);
    await assertBothServed("enp0s8.300");
  });

  it("are two where the router has moved and a host could not", async () => {
    await heal("host3", "iptables");
    const { exitCode, all } = await up();
    assert.notEqual(exitCode, 0);
    assert.match(String(all), /ip link add link enp0s8 name enp0s8\.301.*refused/);
    await assertBothServed("enp0s8.301");
  });

  it("are two again after a reboot", async () => {
    await lab.reboot("host3");
    await assertServed();
  });

  it("are one when the old program is put back, and nothing is left of the other one", async () => {
    stack.env["LAB_VLAN"] = "300";
    await stack.good("up", "--yes", "--skip-preview");
    assert.deepEqual([await vlanOf("host1"), await vlanOf("host2")], ["enp0s8.300", "enp0s8.300"]);
    await assertServed();
    assert.equal(await filters(), "");
    assert.equal(await on("host3", "ls -d /sys/class/net/enp0s8.301 2>/dev/null; true"), "");
  });

  it("are one when all hosts have moved, and nothing is left of the other one", async () => {
    await heal("host1", "ip");
    stack.env["LAB_VLAN"] = "301";
    await stack.good("up", "--yes", "--skip-preview");
    assert.deepEqual([await vlanOf("host1"), await vlanOf("host2")], ["enp0s8.301", "enp0s8.301"]);
    await assertServed();
    assert.equal(await filters(), "");
    assert.equal(await on("host3", "ls -d /sys/class/net/enp0s8.300 2>/dev/null; true"), "");
    await stack.good("preview", "--expect-no-changes");
  });

  it("end with hosts as they were", async () => {
    await Promise.all(Object.entries(HOST_OF).map(([name, host]) => on(host, `docker rm -f ${name}`)));
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await shapeOf(host), before_[host] ?? "");
  });
});
