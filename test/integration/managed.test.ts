// What a host's own manager of networks makes is taken over as it is, stays its manager's, and is there after a reboot.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lab, resetLab } from "./hooks";
import { addresses, made, on, until } from "./hosts";
import { type Manager, managedBy } from "./managers";
import { noMorePings, pinging } from "./pinging";
import { Project } from "./pulumi";
import { programIn, scanned, withoutAdopt } from "./scanning";

/** A VLAN with an address of the host's, as each of them is told to make it. */
const WRITTEN: Record<string, { manager: Manager; lines: string; holds: string }> = {
  host2: {
    manager: "systemd-networkd",
    lines: `cd /etc/systemd/network
      printf '[NetDev]\\nName=enp0s8.100\\nKind=vlan\\n[VLAN]\\nId=100\\n' >20-iot.netdev
      printf '[Match]\\nName=enp0s8\\n[Network]\\nVLAN=enp0s8.100\\nLinkLocalAddressing=no\\n' >20-trunk.network
      printf '[Match]\\nName=enp0s8.100\\n[Network]\\nAddress=172.16.10.5/24\\n' >20-iot.network
      networkctl reload`,
    holds: "networkctl --no-pager --no-legend list enp0s8.100 | grep -w configured",
  },
  host3: {
    manager: "NetworkManager",
    lines:
      "nmcli -w 20 connection add type vlan con-name iot ifname enp0s8.100 dev enp0s8 id 100 ip4 172.16.10.6/24 ipv6.method disabled",
    holds: "nmcli -g DEVICE,STATE device | grep '^enp0s8.100:connected$'",
  },
};
const NAMES = Object.keys(WRITTEN);
/** Beside it, what they don't know of; until the next boot. */
const BY_HAND =
  "ip link add link enp0s8 name hand type vlan id 9; ip link set hand up; ip addr add 10.9.9.9/24 dev hand; udevadm settle";
const BOX: Record<string, string> = { host2: "172.16.10.20", host3: "172.16.10.30" };
const ADDRESS: Record<string, string> = { host2: "172.16.10.5/24", host3: "172.16.10.6/24" };

describe("what a host's own manager makes", function () {
  this.timeout(300_000);
  let folder = "";
  let project: Project | undefined;
  let program = "";

  /** It has what its manager gave it, and the manager still says so. */
  const asWritten = async (name: string) => {
    await until(name, WRITTEN[name]?.holds ?? "false");
    assert.deepEqual(await addresses(name, "enp0s8.100"), [ADDRESS[name]]);
  };
  const reached = () =>
    on(
      "host2",
      "n=0; until docker exec box2 ping -c 1 -W 1 172.16.10.30 || [ $n = 40 ]; do n=$((n + 1)); done; docker exec box2 ping -c 1 -W 1 172.16.10.30",
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-managed-"));
    await Promise.all(
      Object.entries(WRITTEN).map(async ([name, { manager, lines, holds }]) => {
        await managedBy(name, manager);
        await on(name, lines);
        await until(name, holds);
        await on(name, BY_HAND);
        await on(
          name,
          "docker network create -d macvlan --subnet 172.16.10.0/24 --gateway 172.16.10.1 -o parent=enp0s8.100 mac10",
        );
        await on(
          name,
          `docker run -d --restart always --name box${name.slice(-1)} --ip ${BOX[name]} --network mac10 busybox sleep 100000`,
        );
      }),
    );
  });
  after(async () => {
    await noMorePings("host2");
    project?.end();
    rmSync(folder, { recursive: true, force: true });
    await resetLab();
  });

  it("is told by a scan, with who makes it", async () => {
    assert.equal((await scanned(folder, NAMES, "lan")).stderr, "");
    program = programIn(folder, "lan");
    assert.match(program, /^\/\/ systemd-networkd configures enp0s8\.100/m);
    assert.match(program, /^\/\/ NetworkManager configures enp0s8\.100/m);
    assert.doesNotMatch(program, / configures hand/);
  });

  it("is taken over, keeps its addresses and its manager, and no packet is lost", async () => {
    project = new Project("managed", program);
    await project.good("stack", "init");
    const before = await Promise.all(NAMES.map(made));
    const answered = await pinging([{ host: "host2", from: "box2", to: "172.16.10.30" }]);
    await project.good("up", "--yes", "--skip-preview");
    await project.good("preview", "--expect-no-changes");
    await answered();
    assert.deepEqual(await Promise.all(NAMES.map(made)), before);
    for (const name of NAMES) {
      await asWritten(name);
      assert.match(await on(name, "cat /sys/class/net/enp0s8.100/ifalias"), /^pulumi-macvlan managed\/managed\//);
    }
  });

  it("is there after a reboot, by whomever it is made, and the next up changes nothing", async () => {
    const own = withoutAdopt(program);
    writeFileSync(join(project?.folder ?? "", "index.ts"), own);
    await project?.good("preview", "--expect-no-changes");
    await Promise.all(NAMES.map((name) => lab.reboot(name)));
    await Promise.all(NAMES.map(asWritten));
    await reached();
    await project?.good("up", "--yes", "--skip-preview", "--refresh");
    await project?.good("preview", "--expect-no-changes");
    await Promise.all(NAMES.map(asWritten));
    await reached();
  });

  it("is made again at boot by us or by its manager, whoever comes first, once it is to persist", async () => {
    writeFileSync(
      join(project?.folder ?? "", "index.ts"),
      withoutAdopt(program).replaceAll("persist: false", "persist: true"),
    );
    await project?.good("up", "--yes", "--skip-preview");
    await Promise.all(NAMES.map(asWritten));
    await Promise.all(NAMES.map((name) => lab.reboot(name)));
    for (const name of NAMES) {
      await until(name, "systemctl is-active pulumi-macvlan");
      assert.deepEqual(await addresses(name, "hand"), ["10.9.9.9/24"]);
      assert.deepEqual(await addresses(name, "enp0s8.100"), [ADDRESS[name]]);
    }
    await reached();
    await project?.good("preview", "--refresh", "--expect-no-changes");
  });
});
