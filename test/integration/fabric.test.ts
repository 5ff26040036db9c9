// The main job as a user meets it: npm start, once more, by hand, and what it says when a promise is broken.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { HOSTS, OUTSIDE_SERVER } from "pulumi-macvlan-lab";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { ROOT, Stack } from "./pulumi";

interface Traced {
  event: "connection" | "start" | "command";
  host: string;
  pid: number;
}

describe("the fabric of npm start", function () {
  this.timeout(300_000);
  const stack = new Stack("test");
  const before_: Record<string, string> = {};
  const start = ({ name, env } = stack, ...options: string[]) =>
    execa(process.execPath, [join(ROOT, "dist", "tools", "start.js"), "--stack", name, ...options], {
      cwd: ROOT,
      env,
      stdin: "ignore",
      reject: false,
      all: true,
    });
  const startOnLab = () => start(stack, "--keep-containers", "--outside", OUTSIDE_SERVER);
  const traced = (): Traced[] =>
    readFileSync(stack.trace, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Traced);
  const logins = async (host: string) =>
    Number(await on(host, "journalctl -u ssh -o cat | grep -c 'Accepted publickey'"));

  before(async () => {
    await stack.init();
    for (const { name } of HOSTS) before_[name] = await snapshot(name);
  });
  after(() => stack.end());

  it("is built, and every cell of both matrices is as promised", async () => {
    const { exitCode, all } = await startOnLab();
    assert.equal(exitCode, 0, String(all));
    assert.match(String(all), /Before the router:[\s\S]*d1 .*unreachable .*ttl 64 .*unreachable .*unreachable/);
    assert.match(String(all), /With the router:[\s\S]*d1 .*ttl 63 .*ttl 64 .*ttl 63 .*ttl 63/);
    assert.match(String(all), /Every cell is as promised/);
  });

  it("shows on the packets themselves what it says", async () => {
    assert.match(await on("host1", "docker exec d1 ping -c 2 -W 2 172.16.10.11"), / ttl=64 /);
    assert.match(await on("host1", "docker exec d1 ping -c 2 -W 2 172.16.20.11"), / ttl=63 /);
    assert.equal(await on("host2", "docker exec d4 wget -q -O - http://203.0.113.10/"), "outside");
    const frames = on("host3", "timeout 8 tcpdump -c 2 -nn -e -i enp0s8 icmp 2>/dev/null");
    await on("host1", "sleep 1; docker exec d1 ping -c 2 -W 2 172.16.20.10");
    assert.match(await frames, /vlan 100.*172.16.10.10 > 172.16.20.10/);
  });

  it("lets nothing new in from outside, even with a route", async () => {
    const router = (await on("host3", "ip -4 -o addr show dev enp0s9")).match(/inet ([\d.]+)/)?.[1] ?? "";
    await lab.outside("ip", "route", "add", "172.16.10.0/24", "via", router);
    try {
      assert.match(
        String((await lab.outside("busybox", "ping", "-c", "1", "-W", "2", router)).stdout),
        /1 packets received/,
        "the router itself answers",
      );
      assert.match(
        String((await lab.outside("busybox", "ping", "-c", "2", "-W", "1", "172.16.10.10")).stdout),
        /0 packets received/,
      );
    } finally {
      await lab.outside("ip", "route", "del", "172.16.10.0/24");
    }
  });

  it("uses one connection per host and provider process, and one command per operation, but for what is guarded", async () => {
    const events = traced();
    const connections = events.filter(({ event }) => event === "connection").map(({ pid, host }) => `${pid} ${host}`);
    const twice = connections.filter((connection, index) => connections.indexOf(connection) !== index);
    // The router may be in the way of every packet: its change is confirmed over a new connection.
    assert.deepEqual(
      twice.map((connection) => connection.split(" ")[1]),
      ["host3"],
    );
    const commands = events.filter(({ event }) => event === "command").length;
    // 8 made on two hosts; those 8 refreshed, and 3 made on the router, one of them confirmed; and the proof's own 8:
    // containers, then pings, on each Docker host, before and with the router.
    assert.equal(commands, 8 + 8 + 3 + 1 + 8);
  });

  it("changes nothing when started again, and says so", async () => {
    const { exitCode, all } = await startOnLab();
    assert.equal(exitCode, 0, String(all));
    assert.match(String(all), /Resources:\n\s+12 unchanged/);
    assert.match(await stack.good("preview", "--expect-no-changes"), /12 unchanged/);
  });

  it("asks no host in a preview or for an up without changes, and logs in once per host for a refresh", async () => {
    const count = await logins("host1");
    await stack.good("up", "--yes", "--skip-preview");
    assert.equal((await logins("host1")) - count, 0, "nobody");
    await stack.good("refresh", "--yes", "--skip-preview");
    assert.equal((await logins("host1")) - count, 1, "the refresh");
  });

  it("shows plain, sorted inputs in a preview, the same on every run, and no secret", async () => {
    await on("host1", "ip link set enp0s8.100 mtu 1400");
    await stack.good("refresh", "--yes", "--skip-preview");
    const show = async () => (await stack.good("preview", "--diff")).replace(/Duration.*|\(.*s\)/g, "");
    const first = await show();
    assert.match(first, /~ pulumi-nodejs:dynamic\/macvlan:VlanSubinterface: \(update\)/);
    assert.match(first, /- mtu\s+: 1400/);
    assert.doesNotMatch(first, /__owner|__provider|PRIVATE KEY/);
    assert.equal(await show(), first);
    assert.match(await stack.good("up", "--yes", "--skip-preview"), /1 updated/);
    assert.match(await on("host1", "cat /sys/class/net/enp0s8.100/mtu"), /1500/);
  });

  it("ends with 1 and says what differs when somebody breaks it", async () => {
    await on(
      "host3",
      "nft add table ip foe; nft add chain ip foe forward '{ type filter hook forward priority 5; }'; nft add rule ip foe forward ip saddr 172.16.10.10 drop",
    );
    try {
      const { exitCode, all } = await startOnLab();
      assert.equal(exitCode, 1);
      assert.match(String(all), /d1 to d2: wanted ttl 63, measured unreachable/);
      assert.doesNotMatch(String(all), /d3 to d4: wanted/);
    } finally {
      await on("host3", "nft delete table ip foe");
    }
  });

  it("refuses at preview what can be known without the host, and changes nothing", async () => {
    await stack.good("config", "set", "--path", "hosts.host1.parent", "sixteen-bytes-xx");
    const now = await snapshot("host1");
    const { exitCode, all } = await stack.run("preview");
    assert.notEqual(exitCode, 0);
    assert.match(
      String(all),
      /VlanSubinterface on host1: parent "sixteen-bytes-xx" has 16 bytes: the kernel allows at most 15/,
    );
    assertSame(await snapshot("host1"), now);
    await stack.good("config", "set", "--path", "hosts.host1.parent", "enp0s8");
  });

  it("is destroyed without a trace", async () => {
    for (const host of ["host1", "host2"]) await on(host, "docker rm -f d1 d2 d3 d4 2>/dev/null || true");
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const { name } of HOSTS) assertSame(await snapshot(name), before_[name] ?? "");
    rmSync(stack.trace, { force: true });
  });

  it("is built on hosts that a stack's configuration names", async () => {
    const stackOfOwn = new Stack("test-own");
    try {
      writeFileSync(
        join(ROOT, "Pulumi.test-own.yaml"),
        `config:\n  inter-vlan-fabric:hosts: ${JSON.stringify(lab.hosts())}\n`,
      );
      const { exitCode, all } = await start(stackOfOwn, "--outside", OUTSIDE_SERVER);
      assert.equal(exitCode, 0, String(all));
      assert.match(String(all), /With the router:[\s\S]*d1 .*ttl 63 .*ttl 64 .*ttl 63 .*ttl 63/);
      await stackOfOwn.good("destroy", "--yes", "--skip-preview");
      for (const { name } of HOSTS) assertSame(await snapshot(name), before_[name] ?? "");
    } finally {
      stackOfOwn.end();
    }
  });
});
