// Changes made to cut SSH off: with systemd and without, the host comes back by itself, exactly as it was.
import assert from "node:assert/strict";
import { makeChange, newNonce, RolledBack } from "../../provider/host/guard";
import { encodeData } from "../../provider/host/quote";
import { readLibrary, readScript, type Script } from "../../provider/host/scripts";
import { closeConnections, runner } from "../../provider/host/ssh/connection";
import { kinds } from "../../provider/kinds";
import { interVlanRouter } from "../../provider/kinds/inter-vlan-router/kind";
import { macvlanLink } from "../../provider/kinds/macvlan-link/kind";
import { GUARDED } from "../../provider/lifecycle/lifecycle";
import { lab } from "./hooks";
import { assertSame, bendIp, connection, driven, mendIp, on, type Props, snapshot } from "./hosts";

const SECONDS = 6;
/** Until the watchdog runs, on a slow machine. */
const ARMING = 5;
const MARK = "pulumi-macvlan tests/lab/sabotage";

/** A link's own script with another `ensure`: what a mistake of ours, or of a user's inputs, could do to a host. */
const sabotage = (script: string, body: string): Script =>
  readScript(script, kinds.find((kind) => kind.script === script)?.library).map((text) =>
    text.replace(
      /do_verb\n$/,
      `ensure() {\nmade\nserver=$(set -- $connection; printf '%s' "$3")\nset -e\n${body}\nset +e\n}\ndo_verb\n`,
    ),
  );

const common = (nonce: string, seconds = SECONDS) => [
  "ensure",
  MARK,
  MARK,
  MARK,
  "false",
  "false",
  nonce,
  String(seconds),
];
const of = { host: { address: "" }, __owner: "tests/lab/sabotage", adopt: false };
const linkData = (nonce: string, seconds = SECONDS) => [
  ...common(nonce, seconds),
  ...macvlanLink.data({
    ...of,
    name: "guard0",
    parent: "enp0s3",
    kind: "macvlan",
    mode: "bridge",
    addresses: [],
    routes: [],
    promiscuous: false,
    persist: false,
  }),
];
const routerData = (nonce: string) => [
  ...common(nonce),
  ...interVlanRouter.data({
    ...of,
    name: "router",
    interfaces: [{ interface: "enp0s8", addresses: [] }],
    nat: [],
    policy: { default: "accept", rules: [] },
    probe: false,
    persist: false,
  }),
];

const own = 'ip link set guard0 alias "$mark"; ip link set guard0 up';
const table = (rules: string) => `nft -f - <<'RULES'\ntable inet pulumi_macvlan_router {\n${rules}\n}\nRULES`;
const THEIRS = "theirs=$(ip neigh show 10.77.0.1 dev enp0s3 | sed 's/.*lladdr \\([^ ]*\\).*/\\1/')";
/** A link on the management interface takes over its address. */
const manageOver = (type: string) =>
  `address=$(ip -o -4 addr show dev enp0s3 | sed 's/.*inet \\([^ ]*\\) .*/\\1/'); ${THEIRS}
   ip link add link enp0s3 name mgmt0 type ${type}; ip addr del $address dev enp0s3; ip addr add $address dev mgmt0; ip link set mgmt0 up`;

/**
 * What, with which script's undo, how; and, for what some networks survive (a host answers for its addresses on every
 * interface, and TCP gets by with tiny segments), the proof that it is as wanted.
 */
const KILLS: [
  what: string,
  script: "macvlan-link" | "inter-vlan-router",
  body: string,
  survived?: string | undefined,
  given?: string,
][] = [
  [
    "a table that drops by default",
    "inter-vlan-router",
    table("chain input { type filter hook input priority 0; policy drop;\n}"),
  ],
  [
    "a rule that rejects SSH",
    "inter-vlan-router",
    table("chain input { type filter hook input priority 0; tcp dport 22 reject with tcp reset;\n}"),
  ],
  [
    "a rule that drops the answers",
    "inter-vlan-router",
    table("chain output { type filter hook output priority 0; ip daddr 10.77.0.1 drop;\n}"),
  ],
  ["the management address removed", "macvlan-link", "ip addr del $server/24 dev enp0s3"],
  [
    "the management address changed",
    "macvlan-link",
    "ip addr del $server/24 dev enp0s3; ip addr add 10.77.0.99/24 dev enp0s3",
  ],
  ["the route back removed", "macvlan-link", "ip route del 10.77.0.0/24 dev enp0s3"],
  [
    "the route back turned elsewhere, with rp_filter",
    "macvlan-link",
    `ip link add link enp0s8 name guard0 type macvlan; ${own}; echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter; ip route add 10.77.0.1/32 dev guard0`,
  ],
  ["the management link down", "macvlan-link", "ip link set enp0s3 down"],
  [
    "the management link down, and with it routes over several gateways",
    "macvlan-link",
    "ip link set enp0s3 down",
    undefined,
    "ip route add default metric 700 nexthop via 10.77.0.12 dev enp0s3 weight 1 nexthop via 10.77.0.13 dev enp0s3 weight 2; ip -6 route add fd00:99::/64 nexthop via fe80::98 dev enp0s3 nexthop via fe80::99 dev enp0s3",
  ],
  ["an MTU of 68", "macvlan-link", "ip link set enp0s3 mtu 68", "grep -qx 68 /sys/class/net/enp0s3/mtu"],
  [
    "the MAC address of somebody else",
    "macvlan-link",
    `${THEIRS}; ip link set enp0s3 down; ip link set enp0s3 address $theirs; ip link set enp0s3 up`,
    "! grep -q ^02:00 /sys/class/net/enp0s3/address",
  ],
  [
    "passthru on the management parent",
    "macvlan-link",
    `ip link add link enp0s3 name guard0 type macvlan mode passthru; ${own}`,
    "ip -d link show dev guard0 | grep -q 'mode passthru'",
  ],
  [
    "the management link made a bridge's port",
    "macvlan-link",
    `ip link add guard0 type bridge; ${own}; ip link set enp0s3 master guard0`,
    "ip link show dev enp0s3 | grep -q 'master guard0'",
  ],
  [
    "the client's own address taken",
    "macvlan-link",
    `ip link add link enp0s3 name guard0 type macvlan; ${own}; ip addr add 10.77.0.1/24 dev guard0`,
  ],
  ["the rule for the main table removed", "macvlan-link", "ip rule del pref 32766", "! ip rule show | grep -q 32766"],
  [
    "the link that carries the management address deleted",
    "macvlan-link",
    "ip link del mgmt0",
    undefined,
    manageOver("macvlan mode bridge"),
  ],
  [
    "the ipvlan that carries the management address deleted",
    "macvlan-link",
    "ip link del mgmt0",
    undefined,
    manageOver("ipvlan mode l2 bridge"),
  ],
  [
    "the sources emptied of the link that carries the management address",
    "macvlan-link",
    "ip link set mgmt0 type macvlan macaddr flush",
    undefined,
    // Else the interface below answers for the address, and takes it over in time.
    `sysctl -qw net.ipv4.conf.all.arp_ignore=1; ${manageOver("macvlan mode source macaddr set $theirs")}`,
  ],
  ["a change that never ends", "macvlan-link", "ip link set enp0s3 mtu 68; sleep 1000"],
];

/** Interfaces of a host whose sshd and kernel run, whatever its init. */
const change = async (host: string, script: string, body: string): Promise<void> => {
  const nonce = newNonce();
  const data = script === "macvlan-link" ? linkData(nonce) : routerData(nonce);
  const target = connection(host, { confirmTimeout: SECONDS, connectTimeout: 3 });
  const { stdout } = await makeChange(runner, target, {}, sabotage(script, body), encodeData(data), nonce);
  assert.match(stdout, /@outcome\nconfirmed/, "either it was done, or rolled back");
};

describe("a change that cuts SSH off", function () {
  this.timeout(120_000);
  const reboot = async (host: string) => {
    await lab.reboot(host, true, host === "host2" ? "plain" : "systemd");
    // Nobody has told our end of it that the host is gone.
    await closeConnections();
  };
  before(() => reboot("host2"));
  after(() => lab.reboot("host2", true));

  for (const [what, script, body, survived, given] of KILLS) {
    it(`${what}: the host undoes it, with systemd and without`, () =>
      Promise.all(
        ["host1", "host2"].map(async (host) => {
          if (given) await on(host, given);
          const before = await snapshot(host);
          const started = Date.now();
          const changing = change(host, script, body).then(
            () => true,
            (error) => {
              assert.ok(error instanceof RolledBack, String(error));
              return false;
            },
          );
          // A login of somebody else's, while ours waits: it must work by the deadline and ten seconds.
          const login = (async () => {
            await new Promise((resolve) => setTimeout(resolve, (SECONDS + 2) * 1000));
            while (!(await lab.login(host)));
            return Date.now() - started;
          })();
          try {
            const stays = await changing;
            assert.ok((await login) < (ARMING + SECONDS + 10) * 1000, `a login works after ${await login} ms`);
            if (!stays) {
              assertSame(await snapshot(host), before);
              if (given) await reboot(host);
              return;
            }
            assert.ok(survived, "nobody was cut off");
            await on(host, survived);
            await reboot(host);
          } catch (error) {
            await reboot(host);
            throw error;
          }
        }),
      ));
  }
});

describe("a guarded change", function () {
  this.timeout(120_000);
  const quick = (host: string, change: Props = {}) => connection(host, { confirmTimeout: SECONDS, ...change });
  const vlan = (change: Props = {}) =>
    driven("VlanSubinterface", "host1", { parent: "enp0s3", vlanId: 7, host: quick("host1"), ...change });
  const guards = () =>
    on("host1", "for g in /run/pulumi-macvlan/guard/*; do readlink $g/claim; done; rm -rf /run/pulumi-macvlan/guard");

  beforeEach(async () => {
    await guards();
  });

  it("stays when a new connection confirms it", async () => {
    const resource = await vlan().create();
    assert.equal(await guards(), "confirmed");
    assert.equal(resource.state[GUARDED], true);
    await resource.refresh();
    assert.equal(resource.state[GUARDED], true);
    await resource.update({ mtu: 1400 });
    assert.equal(await on("host1", "cat /sys/class/net/enp0s3.7/mtu"), "1400");
    await resource.delete();
    assert.equal(await guards(), "confirmed\nconfirmed");
  });

  it("is what a route, an address or a router makes that may take the connection's way, and nothing else", async () => {
    const link = (inputs: Props) =>
      driven("MacvlanLink", "host1", { parent: "enp0s8", name: "guard1", host: quick("host1"), ...inputs });
    const guarded = async (inputs: Props): Promise<string> => {
      const resource = await link(inputs).create();
      const found = await guards();
      assert.equal(resource.state[GUARDED], found === "confirmed" ? true : undefined);
      await resource.delete();
      await guards();
      return found;
    };
    assert.equal(await guarded({ addresses: ["172.16.10.9/24"], routes: [{ to: "172.16.11.0/24" }] }), "");
    assert.equal(await guarded({ addresses: ["10.77.0.254/28"] }), "");
    assert.equal(await guarded({ addresses: ["10.0.0.9/8"] }), "confirmed");
    assert.equal(await guarded({ routes: [{ to: "10.77.0.11/32" }] }), "confirmed");
    assert.equal(
      await guarded({ addresses: ["10.76.0.9/24"], routes: [{ to: "0.0.0.0/0", via: "10.76.0.1" }] }),
      "confirmed",
    );
    const router = await driven("InterVlanRouter", "host1", {
      interfaces: [{ interface: "enp0s8", addresses: [] }],
      host: quick("host1"),
    }).create();
    await router.delete();
    assert.equal(await guards(), "confirmed\nconfirmed");
  });

  it("that takes away the way back is rolled back, and recorded nowhere", async () => {
    await on("host1", "ip link add link enp0s8 name enp0s8.999 type vlan id 999; ip link set enp0s8.999 up");
    const before = await snapshot("host1");
    await assert.rejects(
      driven("MacvlanLink", "host1", {
        parent: "enp0s8.999",
        name: "guard1",
        routes: [{ to: "10.77.0.1/32" }],
        host: quick("host1", { connectTimeout: 3 }),
      }).create(),
      (error: Error & { id?: string }) => {
        assert.match(
          error.message,
          /^cannot set up macvlan link "guard1" on host1: rolled back: the change was not confirmed over a new SSH connection within 6 s .*host1 has put itself back as it was$/,
        );
        assert.equal(error.id, undefined);
        return true;
      },
    );
    assertSame(await snapshot("host1"), before);
    assert.equal(await on("host1", "ls /var/lib/pulumi-macvlan 2>/dev/null || true"), "", "nothing outlasts a reboot");
    await on("host1", "ip link del enp0s8.999");
  });

  it("is refused where no watchdog can be started, and nothing is changed", async () => {
    const before = await snapshot("host1");
    await on("host1", "mv /usr/bin/systemd-run /root; mv /usr/bin/setsid /root");
    try {
      await assert.rejects(
        vlan().create(),
        /this change may cut off SSH, and no watchdog can be started on host1 that would undo it: .*Nothing was changed/,
      );
      assertSame(await snapshot("host1"), before);
    } finally {
      await on("host1", "mv /root/systemd-run /root/setsid /usr/bin");
    }
  });

  it("that fails half-way is undone at once", async () => {
    const before = await snapshot("host1");
    await assert.rejects(vlan({ mtu: 9000 }).create(), /the kernel refused MTU 9000.*host1 was put back as it was/);
    await bendIp("host1", '"addr add 10.9"*) echo broken >&2; exit 1;;');
    try {
      await assert.rejects(vlan({ addresses: ["10.9.9.9/24"] }).create(), (error: Error & { id?: string }) => {
        assert.match(error.message, /failed there: broken. host1 was put back as it was/);
        assert.equal(error.id, undefined);
        return true;
      });
    } finally {
      await mendIp("host1");
    }
    assertSame(await snapshot("host1"), before);
  });

  it("can't be confirmed over the connection that asked for it, nor over one that was there before it was done", async () => {
    // Several logins must fit into it, however slow the machine is: here nothing is to expire.
    const seconds = 60;
    const target = quick("host1", { confirmTimeout: seconds });
    const ask = async (fresh: boolean, nonce: string) =>
      (await runner.run(target, {}, readLibrary("confirm"), encodeData(["confirm", nonce, "2"]), { fresh })).stdout;
    const nonce = newNonce();
    const first = await runner.run(target, {}, sabotage("macvlan-link", "true"), encodeData(linkData(nonce, seconds)));
    assert.match(first.stdout, /@guard\ndone/);
    assert.match(await ask(false, nonce), /@outcome\nold-connection/);
    assert.match(await ask(true, newNonce()), /@outcome\ngone/);
    assert.match(await ask(true, nonce), /@outcome\nconfirmed/);
    assert.match(await ask(true, nonce), /@outcome\nconfirmed/, "asked again, the same");

    const slow = newNonce();
    const running = runner.run(target, {}, sabotage("macvlan-link", "sleep 8"), encodeData(linkData(slow, seconds)));
    // Asked over a connection of its own: the one that `running` came over must not be mistaken for it.
    await on("host1", `until [ -e /run/pulumi-macvlan/guard/${slow}/pid ]; do sleep 0.1; done`);
    assert.match(await ask(true, slow), /@outcome\nearly/);
    await running;
    assert.match(await ask(false, slow), /@outcome\nold-connection/);
    assert.match(await ask(true, slow), /@outcome\nconfirmed/);
  });

  it("is undone by the next change where its watchdog was killed", async () => {
    const before = await snapshot("host1");
    const nonce = newNonce();
    await runner.run(
      quick("host1"),
      {},
      sabotage("macvlan-link", `ip link add link enp0s3 name guard0 type macvlan; ${own}`),
      encodeData(linkData(nonce)),
    );
    await on("host1", `kill -9 $(cat /run/pulumi-macvlan/guard/${nonce}/armed)`);
    const resource = await driven("VlanSubinterface", "host1", { parent: "enp0s8", vlanId: 8 }).create();
    assert.equal(await on("host1", `readlink /run/pulumi-macvlan/guard/${nonce}/claim`), "expired");
    await resource.delete();
    assertSame(await snapshot("host1"), before);
  });

  it("is forgotten by a power cut before it is confirmed", async () => {
    const nonce = newNonce();
    await runner.run(
      quick("host1"),
      {},
      sabotage("macvlan-link", `ip link add link enp0s3 name guard0 type macvlan; ${own}`),
      encodeData(linkData(nonce)),
    );
    await lab.reboot("host1", true);
    assert.equal(await on("host1", "ls -d /sys/class/net/guard0 /var/lib/pulumi-macvlan 2>/dev/null || true"), "");
  });
});
