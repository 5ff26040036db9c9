// `pulumi-macvlan doctor`, typed as users type it, on hosts with one fault each: it is told, and nothing else is.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Diagnosis, diagnose } from "pulumi-macvlan/doctor";
import { HOSTS } from "pulumi-macvlan-lab";
import { lab } from "./hooks";
import { bendIp, connection, haveOps, mendIp, on, snapshot } from "./hosts";
import { COMMAND } from "./pulumi";
import { inventory } from "./scanning";

/** The kernel's own list of interfaces, with another one in the place of enp0s8: what a lab's host has no hardware for. */
const pretend = (more: string) => `mkdir /run/net; cp -a /sys/class/net/. /run/net
  rm /run/net/enp0s8; mkdir /run/net/enp0s8; cd /run/net/enp0s8
  for file in address carrier flags ifindex mtu operstate; do cat "/sys/class/net/enp0s8/$file" >$file; done
  ln -s "$(readlink -f /sys/class/net/enp0s8/device)" device; ${more}
  mount --bind /run/net /sys/class/net`;
const PRETEND_NO_MORE = "umount /sys/class/net; rm -rf /run/net";

/** On the way of frames out of host2: what its switch's port would do to them. */
const onItsWay = (rule: string) =>
  `nft add table netdev port; nft 'add chain netdev port out { type filter hook egress device enp0s8 priority 0; }'; nft add rule netdev port out ${rule}`;
const NOTHING_ON_ITS_WAY = "nft delete table netdev port";

const LLDP = `use Socket; my $index = \`cat /sys/class/net/enp0s8/ifindex\`;
socket(my $out, 17, 3, 0) or die $!;
sub tlv { pack("n", $_[0] << 9 | length $_[1]) . $_[1] }
my $frame = "\\x01\\x80\\xc2\\0\\0\\x0e" . "\\x02\\0\\0\\0\\0\\x99" . "\\x88\\xcc" . tlv(1, "\\x04aaaaaa") . tlv(2, "\\x05Gi1/0/7") .
  tlv(3, "\\0\\x78") . tlv(5, "cellar") . tlv(127, "\\0\\x80\\xc2\\x03" . pack("n C", 100, 3) . "iot") . tlv(0, "");
for (1 .. 100) { send $out, $frame, 0, pack("S n i S C C a8", 17, 3, $index, 0, 0, 6, ""); select undef, undef, undef, 0.2 }`;

interface Case {
  what: string;
  given: () => Promise<unknown>;
  mended: () => Promise<unknown>;
  /** More words of the command. */
  words?: string[];
  /** Changes to what the inventory says of host1. */
  host1?: () => object;
  /** Each finding, as "host|about|level|what|advice". */
  told: RegExp[];
}

const FRAMES = ["--vlan", "100"];

const CASES: Case[] = [
  {
    what: "a switch's port that drops a VLAN",
    given: () => on("host2", onItsWay("vlan id 100 drop")),
    mended: () => on("host2", NOTHING_ON_ITS_WAY),
    words: FRAMES,
    told: [
      /^host2\|VLAN 100\|wrong\|between enp0s8 and host1 enp0s8, host3 enp0s8: no frame with this VLAN's tag comes through, .*\|let VLAN 100 through, tagged/,
    ],
  },
  {
    what: "a switch's port that takes a VLAN's tag off",
    // What follows the tag and ends it: 100, ARP.
    given: () =>
      on(
        "host2",
        "tc qdisc add dev enp0s8 clsact; tc filter add dev enp0s8 egress protocol 802.1Q u32 match u32 0x00640806 0x0fffffff at -4 action vlan pop",
      ),
    mended: () => on("host2", "tc qdisc del dev enp0s8 clsact"),
    words: FRAMES,
    told: [
      /^host2\|VLAN 100\|wrong\|between enp0s8 and host1 enp0s8, host3 enp0s8: frames come through without their tag\|/,
    ],
  },
  {
    what: "a switch that takes no frame of 1504 bytes",
    given: () => on("host2", onItsWay("ether type 8021q meta length gt 1517 drop")),
    mended: () => on("host2", NOTHING_ON_ITS_WAY),
    words: FRAMES,
    told: [
      /^host2\|VLAN 100\|wrong\|between enp0s8 and host1 enp0s8, host3 enp0s8: frames of 1500 bytes do not come through with a tag, .*; of 1496 they do\|.*take 1504 bytes .* mtu: 1496/,
    ],
  },
  {
    what: "a cable that leads nowhere",
    given: () => lab.plugged("host1", "enp0s8", false),
    mended: () => lab.plugged("host1", "enp0s8", true),
    words: [...FRAMES, "--nic", "host1=enp0s8", "--nic", "host2=enp0s8", "--nic", "host3=enp0s8"],
    told: [
      /^host1\|VLAN 100\|wrong\|between enp0s8 and host2 enp0s8, host3 enp0s8: no frame comes through, with or without a tag\|/,
    ],
  },
  {
    what: "a kernel that knows no VLANs",
    given: async () => {
      await on("host1", "mount -t tmpfs none /sys/module");
      await bendIp("host1", '*"type vlan"*) echo "RTNETLINK answers: Operation not supported" >&2; exit 2 ;;');
    },
    mended: async () => {
      await mendIp("host1");
      await on("host1", "umount /sys/module");
    },
    told: [
      /^host1\|8021q\|wrong\|its kernel has no 8021q \(RTNETLINK answers: Operation not supported\), which VLAN sub-interfaces take\|/,
    ],
  },
  {
    what: "a Docker that is stopped",
    given: () => on("host1", "systemctl stop docker.socket docker"),
    mended: () => on("host1", "systemctl start docker.socket docker"),
    told: [/^host1\|Docker\|wrong\|its daemon does not answer: .*\|start it \(systemctl start docker\)/],
  },
  {
    what: "a full disk",
    given: () =>
      on(
        "host1",
        "fallocate -l $(df --output=avail -B1 / | tail -1) /fill; dd if=/dev/zero of=/fill2 bs=4k 2>/dev/null; true",
      ),
    mended: () => on("host1", "rm -f /fill /fill2"),
    told: [
      /^host1\|\/var\/lib\|wrong\|\/var\/lib has 0 MB left\|free some$/,
      /^host1\|Docker's disk\|wrong\|\/var\/lib\/docker has 0 MB left\|free some$/,
    ],
  },
  {
    what: "a user without rights",
    given: () => haveOps("host1"),
    mended: async () => {},
    host1: () => ({ user: "ops" }),
    told: [/^host1\|rights\|wrong\|"ops" is not root there\|connect as root, or set sudo: true/],
  },
  {
    what: "another host's key",
    given: async () => {},
    mended: async () => {},
    host1: () => ({ hostKey: connection("host2").hostKey }),
    told: [/^host1\|login\|wrong\|.*its host key is not the pinned one.*\|mend that first/],
  },
  {
    what: "a host that nobody reaches",
    given: async () => {},
    mended: async () => {},
    host1: () => ({ port: 1 }),
    told: [/^host1\|login\|wrong\|.*refuses connections.*\|mend that first/],
  },
  {
    what: "a parent that is Wi-Fi",
    given: () => on("host1", pretend("mkdir wireless")),
    mended: () => on("host1", PRETEND_NO_MORE),
    words: ["--nic", "host1=enp0s8"],
    told: [/^host1\|enp0s8\|wrong\|is Wi-Fi: .*\|use driver: "ipvlan"/],
  },
  {
    what: "a parent that is a bridge's port",
    given: () => on("host1", "ip link add br0 type bridge; ip link set enp0s8 master br0; ip link set br0 up"),
    mended: () => on("host1", "ip link del br0"),
    words: ["--nic", "host1=enp0s8"],
    told: [/^host1\|enp0s8\|wrong\|is a port of a bridge, .*\|use the bridge as the parent: br0$/],
  },
  {
    what: "a parent without carrier",
    given: () => on("host1", "ip link add v0 type veth peer name v1; ip link set v0 up"),
    mended: () => on("host1", "ip link del v0"),
    words: ["--nic", "host1=v0"],
    told: [/^host1\|v0\|wrong\|has no carrier: nothing answers at its other end\|see to its cable/],
  },
  {
    what: "a parent that is not there",
    given: async () => {},
    mended: async () => {},
    words: ["--nic", "host1=eth9"],
    told: [/^host1\|eth9\|wrong\|does not exist there\|its interfaces are .*enp0s3, enp0s8/],
  },
];

const logins = async (host: string): Promise<number> =>
  Number(await on(host, "journalctl -q -u ssh --no-pager | grep -c 'Accepted publickey' || true"));

describe("the doctor", function () {
  this.timeout(120_000);
  let folder = "";

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-doctor-"));
    for (const { name } of HOSTS) await on(name, "ip link set enp0s8 up");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const hosts = (host1: object = {}): string =>
    inventory(
      folder,
      HOSTS.map(({ name }) => name),
      { host1 },
    );
  const ask = (...words: string[]) =>
    execa(process.execPath, [COMMAND, "doctor", ...words], { reject: false, stdin: "ignore" });

  it("finds nothing on healthy hosts, changes nothing there, and shows what they are", async () => {
    const before = await Promise.all(HOSTS.map(({ name }) => snapshot(name)));
    const known = await Promise.all(HOSTS.map(({ name }) => logins(name)));
    const { exitCode, stdout, stderr } = await ask("--inventory", hosts(), "--vlan", "100,200");
    assert.equal(stderr, "");
    assert.match(stdout, /\nNothing stands in the way\.\n?$/);
    assert.equal(exitCode, 0);
    for (const shown of [
      /│ host1 +│ root, dash +│ Debian GNU\/Linux 12 \(bookworm\) +│/,
      /20\.10\.\d+/,
      /host3 +│ enp0s9/,
      /enp0s3 \(SSH\)/,
    ])
      assert.match(stdout, shown);
    assert.match(stdout, /│ 200 +│ host1 enp0s8 +│ pass +│\n│ +│ host2 enp0s8 +│ +│\n│ +│ host3 enp0s8 +│ +│\n└/);
    assert.match(stdout, /│ built in: macvlan, ipvlan, nf_tables +│/);
    assert.deepEqual(await Promise.all(HOSTS.map(({ name }) => snapshot(name))), before);
    assert.deepEqual(
      await Promise.all(HOSTS.map(({ name }) => logins(name))),
      known.map((count) => count + 1),
    );
  });

  it("is told its hosts by name, as ssh is, with what ~/.ssh has for them", async () => {
    const ssh = join(folder, ".ssh");
    mkdirSync(ssh, { recursive: true });
    const aliases = HOSTS.map(({ name }) => {
      const { address, port, privateKeyPath, hostKey } = lab.connection(name);
      appendFileSync(join(ssh, "known_hosts"), `[${address}]:${port} ${hostKey}\n`);
      return `Host ${name}\n  HostName ${address}\n  Port ${port}\n  User root\n  IdentityFile ${privateKeyPath}\n`;
    });
    writeFileSync(join(ssh, "config"), aliases.join(""));
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [COMMAND, "doctor", "root@host1", "host2", "host3", "--vlan", "100"],
      { reject: false, stdin: "ignore", env: { HOME: folder } },
    );
    assert.equal(stderr, "");
    assert.match(stdout, /│ 100 +│ host2 enp0s8 +│ pass +│\n│ +│ host3 enp0s8 +│ +│\n│ +│ root@host1 enp0s8 +│ +│\n└/);
    assert.equal(exitCode, 0);
  });

  it("gives a program the same findings", async () => {
    await on("host1", onItsWay("vlan id 100 drop"));
    try {
      const hosts = HOSTS.map(({ name }) => ({ name, connection: connection(name) }));
      const { findings } = await diagnose(hosts, { vlans: [100, 200], seconds: 3 });
      assert.deepEqual(
        findings.map(({ host, about, level }) => [host, about, level]),
        [["host1", "VLAN 100", "wrong"]],
      );
    } finally {
      await on("host1", NOTHING_ON_ITS_WAY);
    }
  });

  it("sends from a bridge where the trunk is a port of it", async () => {
    await on("host1", "ip link add br0 type bridge; ip link set enp0s8 master br0; ip link set br0 up");
    try {
      const { stdout } = await ask("--inventory", hosts(), "--vlan", "100");
      assert.match(stdout, /│ 100 +│ host1 br0 +│ pass +│\n│ +│ host2 enp0s8 +│ +│\n│ +│ host3 enp0s8 +│ +│\n└/);
    } finally {
      await on("host1", "ip link del br0");
    }
  });

  for (const { what, given, mended, words = [], host1, told } of CASES)
    it(`tells of ${what}, and of nothing else`, async () => {
      await given();
      try {
        const { exitCode, stdout } = await ask("--inventory", hosts(host1?.()), "--json", ...words);
        const { findings } = JSON.parse(stdout) as Diagnosis;
        const lines = findings.map(({ host, about, level, what: said, advice }) =>
          [host, about, level, said, advice].join("|"),
        );
        assert.equal(lines.length, told.length, lines.join("\n"));
        for (const [index, pattern] of told.entries()) assert.match(lines[index] ?? "", pattern);
        assert.equal(exitCode, 1);
      } finally {
        await mended();
      }
    });

  it("names the switch and its port where that says so by LLDP", async () => {
    await lab.passesLldp("trunk", true);
    try {
      await lab.exec("host2", "cat >/run/lldp; systemd-run -q --unit lldp perl /run/lldp", { input: LLDP });
      const { stdout } = await ask("--inventory", hosts(), "--vlan", "100");
      assert.match(stdout, /│ host1 +│ enp0s8 +│ cellar +│ Gi1\/0\/7 +│ 100 +│/);
    } finally {
      await on("host2", "systemctl stop lldp; rm /run/lldp");
      await lab.passesLldp("trunk", false);
    }
  });

  it("says what to type where no host is named or the words are wrong", async () => {
    const HOME = folder;
    const none = await execa(process.execPath, [COMMAND, "doctor"], { reject: false, stdin: "ignore", env: { HOME } });
    assert.equal(none.exitCode, 1);
    assert.match(
      none.stderr,
      /no host is named: name hosts \(user@host\), an inventory \(--inventory hosts\.yaml\) or a stack \(--stack dev\)/,
    );
    const strange = await ask("--inventory", hosts(), "--nic", "host7=eth0");
    assert.match(strange.stderr, /--nic names host7: the hosts are host1, host2, host3/);
  });
});
