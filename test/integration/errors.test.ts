// Every way to be refused that needs a host to be known: the message, and that nothing was changed.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lab } from "./hooks";
import { assertSame, connection, driven, on, type Props, snapshot } from "./hosts";

interface Case {
  what: string;
  type: string;
  inputs: Props;
  /** What the host is before, and how it is put right again. */
  given?: string;
  after?: string;
  message: RegExp;
}

const vlan = { parent: "enp0s8", vlanId: 100 };
const network = { parent: "enp0s8", name: "mac1", subnets: [{ subnet: "172.16.10.0/24" }] };
const router = { interfaces: [{ interface: "enp0s8", addresses: ["172.16.10.1/24"] }] };
const hidden = (program: string) => ({
  given: `for at in /usr/sbin /usr/bin /sbin /bin; do [ ! -e $at/${program} ] || mv $at/${program} /root/hidden-${program}; done; true`,
  after: `mv /root/hidden-${program} /usr/$([ ${program} = docker ] && echo bin || echo sbin)/${program}`,
});
const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-keys-"));
const emptyFile = join(folder, "empty");
writeFileSync(emptyFile, "");

const CASES: Case[] = [
  {
    what: "a missing parent",
    type: "VlanSubinterface",
    inputs: { parent: "eth7", vlanId: 100 },
    message:
      /^cannot set up VLAN sub-interface "eth7.100" on host1: parent "eth7" does not exist; its interfaces are docker0, (dummy0, )?enp0s3, enp0s8, lo/,
  },
  {
    what: "a missing parent of a network",
    type: "MacvlanNetwork",
    inputs: { ...network, parent: "eth0.50" },
    message: /Docker network "mac1" on host1: parent "eth0.50" does not exist; its interfaces are/,
  },
  {
    what: "a missing interface of a router",
    type: "InterVlanRouter",
    inputs: { interfaces: [{ interface: "eth7", addresses: [] }] },
    message: /router on host1: interface "eth7" does not exist; its interfaces are/,
  },
  {
    what: "a missing uplink",
    type: "InterVlanRouter",
    inputs: { ...router, nat: [{ outInterface: "ppp0" }] },
    message: /interface "ppp0" does not exist/,
  },
  {
    what: "a parent that is down",
    type: "VlanSubinterface",
    inputs: vlan,
    given: "ip link set enp0s8 down",
    after: "ip link set enp0s8 up",
    message: /parent "enp0s8" is down: bring it up \(ip link set enp0s8 up\)/,
  },
  {
    what: "an interface that is not ours",
    type: "VlanSubinterface",
    inputs: vlan,
    given: "ip link add enp0s8.100 type dummy",
    after: "ip link del enp0s8.100",
    message:
      /"enp0s8.100" on host1: it exists and was not made by pulumi-macvlan: remove it, choose another name, or take it over with adopt: true/,
  },
  {
    what: "adopting what is something else",
    type: "VlanSubinterface",
    inputs: { ...vlan, adopt: true },
    given: "ip link add enp0s8.100 type dummy",
    after: "ip link del enp0s8.100",
    message: /it exists with another parent, id or kind/,
  },
  {
    what: "another stack's interface",
    type: "VlanSubinterface",
    inputs: vlan,
    given:
      "ip link add link enp0s8 name enp0s8.100 type vlan id 100 && ip link set enp0s8.100 alias 'pulumi-macvlan other/stack/x'",
    after: "ip link del enp0s8.100",
    message: /belongs to somebody else \(its mark says "pulumi-macvlan other\/stack\/x"\)/,
  },
  {
    what: "a VLAN id that has another name there",
    type: "VlanSubinterface",
    inputs: { ...vlan, name: "mine" },
    given: "ip link add link enp0s8 name theirs type vlan id 100",
    after: "ip link del theirs",
    message: /VLAN 100 of "enp0s8" is there already as "theirs"/,
  },
  {
    what: "an MTU above the parent's",
    type: "VlanSubinterface",
    inputs: { ...vlan, mtu: 9000 },
    message: /the kernel refused MTU 9000: it must not be above the one of "enp0s8"/,
  },
  {
    what: "an MTU above the parent's, of a macvlan",
    type: "MacvlanLink",
    inputs: { parent: "enp0s8", name: "shim", mtu: 9000 },
    message: /the kernel refused MTU 9000/,
  },
  {
    what: "a macvlan parent that is a bridge's port",
    type: "MacvlanLink",
    inputs: { parent: "enp0s8", name: "shim" },
    given: "ip link add br9 type bridge && ip link set enp0s8 master br9",
    after: "ip link del br9",
    message: /parent "enp0s8" is taken in a way that macvlan can't share/,
  },
  {
    what: "a network that is not ours",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create mac1",
    after: "docker network rm mac1",
    message: /Docker network "mac1" on host1: it exists and was not made by pulumi-macvlan/,
  },
  {
    what: "a parent that another network has",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create -d macvlan -o parent=enp0s8 --subnet 10.99.0.0/24 theirs",
    after: "docker network rm theirs",
    message:
      /one network per parent, and "enp0s8" has one already. Networks there: .*theirs parent=enp0s8 subnet=10.99.0.0\/24/,
  },
  {
    what: "a subnet that another network has",
    type: "MacvlanNetwork",
    inputs: network,
    given: "docker network create --subnet 172.16.0.0/16 theirs",
    after: "docker network rm theirs",
    message: /a subnet is used by another network already: .*Networks there: .*theirs parent=.*subnet=172.16.0.0\/16/,
  },
  {
    what: "a missing ip",
    type: "VlanSubinterface",
    inputs: vlan,
    ...hidden("ip"),
    message: /host1 has no iproute2 .*: install it there/,
  },
  {
    what: "a missing docker",
    type: "MacvlanNetwork",
    inputs: network,
    ...hidden("docker"),
    message: /host1 has no Docker .*: install it there/,
  },
  {
    what: "a missing nft",
    type: "InterVlanRouter",
    inputs: router,
    ...hidden("nft"),
    message: /host1 has no nftables: install it there/,
  },
  {
    what: "a Docker that does not run",
    type: "MacvlanNetwork",
    inputs: network,
    given: "systemctl stop docker.socket docker",
    after: "systemctl start docker",
    message: /its Docker daemon does not answer: .*Cannot connect to the Docker daemon/,
  },
  {
    what: "no root",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "ops" } },
    message: /it takes root, and "ops" is not root there: connect as root, or set sudo: true/,
  },
  {
    what: "no sudo",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "ops", sudo: true } },
    message: /sudo on the host refused: sudo: a password is required/,
  },
  {
    what: "nobody listening",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { port: 1 } },
    message: /cannot reach host1: 127.0.0.1:1 refuses connections: does sshd run there, and on that port\?/,
  },
  {
    what: "a host that does not answer",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { address: "silent.invalid" } },
    message: /cannot reach host1: the name "silent.invalid" can't be resolved/,
  },
  {
    what: "an unknown key",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { hostKey: undefined, knownHostsPath: emptyFile } },
    message:
      /cannot reach host1: its host key is not known. It shows "ssh-ed25519 \S+". If that is right, add this line to \S+: \[127.0.0.1\]:\d+ ssh-ed25519 \S+/,
  },
  {
    what: "a wrong key",
    type: "VlanSubinterface",
    inputs: {
      ...vlan,
      host: { hostKey: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] },
    },
    message: /its host key is not the pinned one. It shows "ssh-ed25519/,
  },
  {
    what: "a refused login",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { user: "nobody-there" } },
    message: /it refuses the login of user "nobody-there": check the user and the key or password/,
  },
  {
    what: "a missing key file",
    type: "VlanSubinterface",
    inputs: { ...vlan, host: { privateKeyPath: "/no/such/key" } },
    message: /cannot read the private key for host1: ENOENT/,
  },
];

describe("what is refused on a host, with nothing changed", function () {
  this.timeout(60_000);
  before(async () => {
    await on(
      "host1",
      "id ops >/dev/null 2>&1 || useradd -m -p '*' -s /bin/sh ops; chmod 644 /etc/ssh/lab_authorized_keys",
    );
  });

  for (const { what, type, inputs, given = "true", after = "true", message } of CASES) {
    it(what, async () => {
      await on("host1", given);
      try {
        const before = await snapshot("host1");
        const host = connection("host1", inputs["host"] as object);
        await assert.rejects(driven(type, "host1", { ...inputs, host }).create(), (error: Error & { id?: string }) => {
          assert.match(error.message, message);
          assert.equal(error.id, undefined, "nothing is recorded as half-made");
          return true;
        });
        assertSame(await snapshot("host1"), before);
      } finally {
        await on("host1", after);
      }
    });
  }

  it("reads with a known_hosts file that holds the key, hashed or not", async () => {
    const { hostKey, port } = lab.connection("host1");
    const file = join(folder, "known");
    writeFileSync(file, `[127.0.0.1]:${port} ${hostKey}\n`);
    const resource = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { hostKey: undefined, knownHostsPath: file }),
    }).create();
    await resource.delete();
    assert.ok(readFileSync(file, "utf8").includes(hostKey));
  });

  it("works as another user with sudo, with and without a password", async () => {
    await on("host1", "echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops");
    const free = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { user: "ops", sudo: true }),
    }).create();
    await free.delete();
    await on("host1", "echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops; echo 'ops:canary-of-sudo' | chpasswd");
    const asked = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { user: "ops", sudo: true }),
      credentials: { sudoPassword: "canary-of-sudo" },
    }).create();
    await asked.delete();
    await on("host1", "rm /etc/sudoers.d/ops");
  });

  it("takes over with adopt, and then deletes what it took over", async () => {
    await on(
      "host1",
      "ip link add link enp0s8 name enp0s8.100 type vlan id 100; docker network create -d macvlan -o parent=enp0s8 --subnet 10.99.0.0/24 mac1",
    );
    const taken = await driven("VlanSubinterface", "host1", { ...vlan, adopt: true }).create();
    assert.match(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), /^pulumi-macvlan tests\/lab/);
    const takenNetwork = await driven("MacvlanNetwork", "host1", { ...network, adopt: true }).create();
    assert.match(await on("host1", "docker network inspect mac1"), /"pulumi-macvlan.mark": "pulumi-macvlan tests\/lab/);
    await takenNetwork.delete();
    await taken.delete();
    assert.equal(
      await on("host1", "ls -d /sys/class/net/enp0s8.100 2>/dev/null; docker network ls -q -f name=mac1"),
      "",
    );
  });

  it("refuses to delete what others stand on, naming them", async () => {
    const parent = await driven("VlanSubinterface", "host1", vlan).create();
    await on("host1", "ip link add link enp0s8.100 name theirs type macvlan");
    await assert.rejects(parent.delete(), /others stand on it and would vanish with it: theirs; remove them first/);
    await on(
      "host1",
      "ip link del theirs; docker network create -d macvlan -o parent=enp0s8.100 --subnet 10.99.0.0/24 on-it",
    );
    await assert.rejects(
      parent.delete(),
      /others stand on it and would vanish with it: Docker network on-it; remove them first/,
    );
    await on("host1", "docker network rm on-it");
    await parent.delete();
  });

  it("leaves alone what is not ours any more", async () => {
    const resource = await driven("VlanSubinterface", "host1", vlan).create();
    await on("host1", "ip link set enp0s8.100 alias somebody");
    await resource.delete();
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias; ip link del enp0s8.100"), "somebody");
  });

  it("follows a rename of its stack", async () => {
    const resource = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/old/vlan" }).create();
    await resource.update({ __owner: "tests/new/vlan" });
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), "pulumi-macvlan tests/new/vlan");
    await resource.delete();
    assert.equal(await on("host1", "[ -e /sys/class/net/enp0s8.100 ] || echo gone"), "gone");
  });

  it("hands over to a resource of the same stack with another name, and the old one's delete takes nothing away", async () => {
    const old = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/lab/old" }).create();
    const renamed = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/lab/new" }).create();
    await old.delete();
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), "pulumi-macvlan tests/lab/new");
    await renamed.delete();
    assert.equal(await on("host1", "[ -e /sys/class/net/enp0s8.100 ] || echo gone"), "gone");
  });

  it("leaves a router's addresses on a link that is made anew", async () => {
    const link = await driven("VlanSubinterface", "host1", vlan).create();
    const routing = await driven("InterVlanRouter", "host1", {
      interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }],
    }).create();
    await link.delete();
    await link.create();
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.1\/24/);
    await link.update({ addresses: ["172.16.10.9/24"] });
    await link.update({ addresses: [] });
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.1\/24/);
    await routing.delete();
    await link.delete();
  });

  it("records what was half-made, and the next run goes on from there", async () => {
    const first = driven("VlanSubinterface", "host1", { ...vlan, addresses: ["172.16.10.5/24"] });
    // The kernel refuses the address of a later step: the interface is there by then.
    await on(
      "host1",
      'mv /usr/sbin/ip /usr/sbin/ip.real; printf \'#!/bin/sh\\ncase "$*" in "addr add"*) echo broken >&2; exit 1;; esac\\nexec /usr/sbin/ip.real "$@"\\n\' > /usr/sbin/ip; chmod 755 /usr/sbin/ip',
    );
    try {
      await assert.rejects(first.create(), (error: Error & { id?: string; properties?: Props }) => {
        assert.match(error.message, /"ip addr add 172.16.10.5\/24 dev enp0s8.100" failed there: broken/);
        assert.equal(error.id, "host1/enp0s8.100");
        assert.equal(error.properties?.["vlanId"], 100);
        first.state = error.properties ?? {};
        return true;
      });
    } finally {
      await on("host1", "mv /usr/sbin/ip.real /usr/sbin/ip");
    }
    await first.again();
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.5\/24/);
    await first.delete();
  });
});
