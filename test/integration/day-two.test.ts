// A topology that is lived in is changed by its program: what containers feel, and that going back works wherever a change breaks off.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, json, ONE_BY_ONE, on, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const change = JSON.parse(process.env["LAB_CHANGE"] ?? "{}");
const hosts: Record<string, string> = change.hosts ?? { host1: "host1", host2: "host2" };
const base = {
  iot: { vlanId: 300, subnets: ["172.16.30.0/24"] },
  nas: { vlanId: 310, subnets: ["172.16.40.0/24"] },
  idle: { vlanId: 320, subnets: ["172.16.50.0/24"] },
};
const all = Object.entries({ ...base, ...change.vlans }).filter(([, vlan]) => vlan !== null);
new VlanTopology("lan", {
  hosts: Object.fromEntries(
    Object.entries(hosts).map(([name, host]) => [
      name,
      { connection: lab[host], parent: "enp0s8", ...(name === host ? {} : { formerly: host }) },
    ]),
  ),
  vlans: Object.fromEntries(all) as never,
  router: { connection: lab.host3, parent: "enp0s8" },
});
`;

const HOSTS = ["host1", "host2", "host3"];
const CONTAINERS: Record<string, [host: string, network: string, more: string]> = {
  d1: ["host1", "iot", "--network-alias web"],
  d2: ["host1", "nas", ""],
  d3: ["host2", "iot", "--mac-address 02:42:aa:bb:cc:03"],
  d4: ["host2", "nas", "--ip 172.16.40.70"],
};

type Change = { vlans?: Record<string, unknown>; hosts?: Record<string, string> };

const iot = (change: object) => ({ vlans: { iot: { vlanId: 300, subnets: ["172.16.30.0/24"], ...change } } });

const CHANGES: Record<string, Change> = {
  "another VLAN id": iot({ vlanId: 301 }),
  "a wider subnet": iot({ subnets: ["172.16.30.0/23"] }),
  "another gateway": iot({ gateway: "172.16.30.250" }),
  "an IPv6 subnet more": iot({ subnets: ["172.16.30.0/24", "fd00:30::/64"] }),
  "another mode": iot({ mode: "private" }),
  "another MTU": iot({ mtu: 1400 }),
  "a VLAN less": { vlans: { idle: null } },
  "a host of another name": { hosts: { first: "host1", host2: "host2" } },
};

/** What goes wrong on host2 once all hosts have said yes: before Docker, or ip, is asked to change something. */
const FAILURES: Record<string, { break: string; mend: string }> = {
  "a refusal by Docker": { break: "echo refused >&2; exit 1", mend: "true" },
  "a host that stops answering": {
    break: "systemctl stop ssh.socket ssh; pkill -KILL sshd; sleep 100",
    mend: "true",
  },
  "a full disk": {
    break:
      'fallocate -l $(df --output=avail -B1 / | tail -1) /fill; dd if=/dev/zero of=/fill2 bs=4k 2>/dev/null; exec $real "$@"',
    mend: "rm -f /fill /fill2",
  },
};

describe("A topology that is lived in", function () {
  this.timeout(600_000);
  const stack = new Project("day-two", PROGRAM);
  const before_: Record<string, string> = {};
  const change = (to: Change = {}) => {
    stack.env["LAB_CHANGE"] = JSON.stringify(to);
  };
  const up = () => stack.good("up", "--yes", "--skip-preview");

  /** What a container is, for those who talk to it; and that it has not been started again. */
  const containers = async () => {
    const found: string[] = [];
    for (const [name, [host, network]] of Object.entries(CONTAINERS)) {
      const [{ State, NetworkSettings } = { State: {}, NetworkSettings: { Networks: {} } }] = await json<
        { State: object; NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }[]
      >(host, `docker inspect ${name}`);
      const address = NetworkSettings.Networks[network]?.IPAddress;
      const mac = await on(host, `docker exec ${name} sh -c 'cat /sys/class/net/eth*/address'`);
      found.push(`${name} ${address} ${mac} ${(State as { StartedAt?: string }).StartedAt}`);
    }
    return found;
  };
  const hosts = async () =>
    Object.fromEntries(
      await Promise.all(HOSTS.map(async (host): Promise<[string, string]> => [host, await snapshot(host)])),
    );
  const addressOf = async (name: string) =>
    (await containers()).find((line) => line.startsWith(name))?.split(" ")[1] ?? "";
  /** Number, order and time of making apart, and what only says whose it is. */
  const plain = (text: string) =>
    text
      .split("\n")
      .map((line) =>
        line
          .replace(/^\d+: /, "")
          .replace(/ alias pulumi-macvlan .*$/, "")
          .replace(/ state \S+/, ""),
      )
      .filter((line) => !/addresses-on\.|pulumi-macvlan\/networks\/|comment "pulumi-macvlan|handle/.test(line))
      .sort()
      .join("\n");
  const assertReached = async () => {
    const [d2, d3, d4] = await Promise.all(["d2", "d3", "d4"].map(addressOf));
    for (const [to, ttl] of [
      [d3, 64],
      [d2, 63],
      [d4, 63],
    ]) {
      const said = await on("host1", `docker exec d1 ping -c 3 -W 2 ${to} 2>&1 || true`);
      assert.match(said, new RegExp(`ttl=${ttl}`), `d1 to ${to}: ${said}`);
    }
  };

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    change();
    await stack.init();
    await up();
    for (const [name, [host, network, more]] of Object.entries(CONTAINERS)) {
      await on(host, `docker run -d --name ${name} --network ${network} ${more} busybox sleep 100000 >/dev/null`);
    }
    await stack.good("refresh", "--yes", "--skip-preview");
    await assertReached();
    Object.assign(before_, await hosts());
  });
  after(async () => {
    await Promise.all(
      Object.entries(CONTAINERS).map(([name, [host]]) => on(host, `docker rm -f ${name} >/dev/null; true`)),
    );
    change();
    await stack.run("destroy", "--yes", "--skip-preview");
    stack.end();
  });

  for (const [what, to] of Object.entries(CHANGES)) {
    // The others are measured on each release in lived-in.test.ts; all of them are here in npm run test:faults.
    const short = ["another VLAN id", "a wider subnet", "a VLAN less", "a host of another name"].includes(what);
    if (!process.env["FAULTS"] && !short) continue;
    it(`takes ${what}, and takes it back, with its containers as they were`, async () => {
      const were = await containers();
      change(to);
      if (what === "another VLAN id") {
        const shown = await stack.good("preview");
        assert.match(shown, /Docker network "iot" on host1 is made anew: d1 \(as last read\)/);
        assert.match(shown, /Docker network "iot" on host2 is made anew: d3 \(as last read\)/);
        assert.doesNotMatch(shown, /Docker network "nas"/);
      }
      await up();
      assert.deepEqual(await containers(), were);
      if (what !== "another mode") await assertReached();
      change();
      await up();
      assert.deepEqual(await containers(), were);
      await assertReached();
      for (const [host, text] of Object.entries(await hosts())) assertSame(plain(text), plain(before_[host] ?? ""));
    });
  }

  describe("goes back", () => {
    const wrapper = (script: string) =>
      `#!/bin/sh\nname=\${0##*/}\nfor real in /usr/sbin/$name /usr/bin/$name /sbin/$name; do [ ! -x $real ] || break; done\n[ $name != ip ] || ${ONE_BY_ONE}\ncase "$name $*" in "docker system dial-stdio"* | "ip link add "*) ${script} ;; esac\nexec $real "$@"\n`;
    const heal = async (mend: string) => {
      await lab.exec("host2", `true`).catch(() => undefined);
      await on("host2", `${mend}; rm -f /usr/local/sbin/docker /usr/local/sbin/ip`);
    };

    for (const [what, to] of Object.entries(CHANGES)) {
      if (["a VLAN less", "a host of another name", "another MTU"].includes(what)) continue;
      for (const [failure, { break: script, mend }] of Object.entries(FAILURES)) {
        // In npm test one change for each failure; each with each in npm run test:faults.
        const short = Object.keys(FAILURES).indexOf(failure) === Object.keys(CHANGES).indexOf(what);
        if (!process.env["FAULTS"] && !short) continue;
        it(`from ${what} that ${failure} broke off, and forth again`, async () => {
          const were = await containers();
          const ends =
            failure === "a host that stops answering"
              ? "(setsid sh -c 'sleep 25; systemctl start ssh' >/dev/null 2>&1 </dev/null &); "
              : "";
          await lab.exec(
            "host2",
            "for name in docker ip; do cat >/usr/local/sbin/$name; chmod 755 /usr/local/sbin/$name; break; done; cp -p /usr/local/sbin/docker /usr/local/sbin/ip",
            {
              input: wrapper(ends + script),
            },
          );
          change(to);
          const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
          assert.notEqual(exitCode, 0, String(all));
          if (ends) await new Promise((resolve) => setTimeout(resolve, 27_000));
          await heal(mend);
          change();
          await up();
          assert.deepEqual(await containers(), were);
          await assertReached();
          for (const [host, text] of Object.entries(await hosts())) assertSame(plain(text), plain(before_[host] ?? ""));
          change(to);
          await up();
          assert.deepEqual(await containers(), were);
          change();
          await up();
          for (const [host, text] of Object.entries(await hosts())) assertSame(plain(text), plain(before_[host] ?? ""));
        });
      }
    }
  });
});
