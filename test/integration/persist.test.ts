// What we made is there after a reboot, before Docker starts, whoever manages the host's network.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { closeConnections } from "../../provider/host/ssh/connection";
import { lab, resetLab } from "./hooks";
import { assertSame, type Driven, driven, on, type Props, settled, snapshot } from "./hosts";
import { MANAGERS, managedBy } from "./managers";

/** npm run test:faults does more: each takes a quarter of a minute. */
const RESTARTS = process.env["FAULTS"] ? 20 : 5;

const everywhere = <T>(work: (host: string) => Promise<T>): Promise<T[]> =>
  Promise.all(HOSTS.map(({ name }) => work(name)));

/** Interfaces are numbered anew, and a VLAN's own route may stand elsewhere in the list. */
const shape = (text: string): string =>
  text
    .split("\n")
    .filter(
      (line) =>
        !/ docker0|dummy0|sit0|^== |valid_lft.*dynamic|fe80::|ff00::|multicast|nft|table ip6? |DOCKER/.test(line),
    )
    .map(settled)
    .join("\n");

describe("after a reboot", function () {
  this.timeout(300_000);
  let ours: Driven[] = [];

  /** Those of one host, in the order in which they stand on each other. */
  const resourcesOf = async (host: string, index: number): Promise<Driven[]> => {
    const made: Driven[] = [];
    const make = async (type: string, inputs: Props) => made.push(await driven(type, host, inputs).create());
    for (const vlanId of [100, 200]) {
      const third = vlanId / 10;
      const subnet = `172.16.${third}`;
      await make("VlanSubinterface", { parent: "enp0s8", vlanId, ...(host === "host3" ? { mtu: 1400 } : {}) });
      if (host === "host3") continue;
      const ipRange = `${subnet}.${64 * (index + 1)}/26`;
      await make("MacvlanNetwork", {
        parent: `enp0s8.${vlanId}`,
        name: `mac${third}`,
        subnets: [{ subnet: `${subnet}.0/24`, gateway: `${subnet}.1`, ipRange }],
      });
      await on(host, `docker run -d --restart always --name box${third} --network mac${third} busybox sleep 100000`);
      if (vlanId !== 100) continue;
      const addresses = [`${subnet}.${10 + index}/32`];
      await make("MacvlanLink", { parent: "enp0s8.100", name: "shim10", addresses, routes: [{ to: ipRange }] });
    }
    if (host === "host3") {
      const interfaces = [100, 200].map((id) => ({ interface: `enp0s8.${id}`, addresses: [`172.16.${id / 10}.1/24`] }));
      await make("InterVlanRouter", { interfaces, nat: [{ outInterface: "enp0s9" }] });
    }
    return made;
  };
  const resources = async () => (await Promise.all(HOSTS.map(({ name }, index) => resourcesOf(name, index)))).flat();

  const address = (host: string, box: string) =>
    on(host, `docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' ${box}`);
  const reach = async (what: string) => {
    const ping = (host: string, from: string, to: string) =>
      on(
        host,
        `n=0; until docker exec ${from} ping -c 1 -W 1 ${to} | grep -o 'ttl=[0-9]*' || [ $n = 20 ]; do n=$((n + 1)); done`,
      );
    assert.equal(await ping("host1", "box10", await address("host2", "box10")), "ttl=64", what);
    assert.equal(await ping("host1", "box10", await address("host2", "box20")), "ttl=63", what);
    assert.equal(await ping("host2", "box20", "203.0.113.10"), "ttl=63", what);
    assert.match(
      await on("host1", `ping -c 2 -W 2 ${await address("host1", "box10")}`),
      / ttl=64 /,
      `${what}: the host's own shim`,
    );
  };

  for (const manager of MANAGERS) {
    it(`with ${manager} all of it is there, before Docker, and containers reach each other`, async () => {
      await resetLab();
      await everywhere((host) => managedBy(host, manager));
      ours = await resources();
      await reach("before");
      const before = await everywhere(snapshot);
      await everywhere((host) => lab.reboot(host));
      await reach("after");
      for (const [index, { name }] of HOSTS.entries())
        assertSame(shape(await snapshot(name)), shape(before[index] ?? ""));
      for (const { name } of HOSTS) {
        const times = await on(
          name,
          "for u in pulumi-macvlan docker; do systemctl show -p ActiveEnterTimestampMonotonic --value $u; done; systemctl show -p ExecMainStartTimestampMonotonic --value docker",
        );
        const [restored = 0, , dockerStarted = 0] = times.split("\n").map(Number);
        assert.ok(
          restored > 0 && restored <= dockerStarted,
          `${name}: restored at ${restored}, Docker started at ${dockerStarted}`,
        );
      }
      // Nothing is drift for us either.
      await Promise.all(
        ours.map(async (resource) => {
          assert.equal(await resource.refresh(), true);
          assert.deepEqual(await resource.diff(), { changes: false, replaces: [], deleteBeforeReplace: false });
        }),
      );
    });

    if (manager !== "systemd-networkd") continue;
    it(`stays through ${RESTARTS} restarts of docker, networkd and sshd`, async function () {
      this.timeout(900_000);
      const before = shape(await snapshot("host1"));
      for (let round = 0; round < RESTARTS; round += 1) {
        await on(
          "host1",
          "systemctl reset-failed docker ssh systemd-networkd; systemctl restart ssh systemd-networkd docker",
        );
      }
      await reach("after the restarts");
      assertSame(shape(await snapshot("host1")), before);
    });
  }

  it("nothing of it is left once it is deleted", async () => {
    await everywhere((host) => on(host, "docker ps -aq | xargs -r docker rm -f"));
    for (const resource of [...ours].reverse()) await resource.delete();
    await everywhere((host) => lab.reboot(host));
    for (const { name } of HOSTS) {
      assert.equal(
        await on(
          name,
          "find / -xdev -name '*pulumi*' ! -path '/proc/*' ! -path '/sys/*' ! -path '/run/*' 2>/dev/null; find /run -name '*pulumi*'; ls /sys/class/net | grep 'enp0s8\\.\\|shim' || true",
        ),
        "",
      );
    }
    await resetLab();
  });

  it("a resource without persist is gone, and one that lost it says so", async () => {
    const volatile_ = await driven("VlanSubinterface", "host1", {
      parent: "enp0s8",
      vlanId: 41,
      persist: false,
    }).create();
    const lasting = await driven("VlanSubinterface", "host1", { parent: "enp0s8", vlanId: 42 }).create();
    await on("host1", "rm /var/lib/pulumi-macvlan/persist/*42");
    assert.equal(await lasting.refresh(), true);
    assert.equal(lasting.state["persist"], false);
    await lasting.update({});
    await lab.reboot("host1");
    assert.equal(await on("host1", "ls /sys/class/net | grep enp0s8."), "enp0s8.42");
    assert.equal(await volatile_.refresh(), false);
    await lasting.update({ persist: false });
    assert.equal(
      await on("host1", "ls -d /var/lib/pulumi-macvlan /etc/systemd/system/pulumi* 2>/dev/null || true"),
      "",
    );
    await lasting.delete();
  });

  it("outlasts a power cut right after it was made, and what one left half-written goes with its resource", async () => {
    const left = () => on("host1", "ls -d /var/lib/pulumi-macvlan /etc/systemd/system/pulumi* 2>/dev/null; true");
    const resource = await driven("VlanSubinterface", "host1", { parent: "enp0s8", vlanId: 44 }).create();
    await lab.reboot("host1", true);
    await closeConnections();
    assert.equal(await on("host1", "ls /sys/class/net | grep enp0s8.; true"), "enp0s8.44");
    const file = "/var/lib/pulumi-macvlan/persist/vlan-subinterface.enp0s8.44";
    await on("host1", `mv ${file} ${file}.new; sync`);
    await resource.delete();
    assert.equal(await left(), "");
  });

  it("is not promised on a host without systemd: refused, unless persist is false", async () => {
    await lab.reboot("host2", true, "plain");
    try {
      const vlan = { parent: "enp0s8", vlanId: 43 };
      await assert.rejects(
        driven("VlanSubinterface", "host2", vlan).create(),
        /host2 has no systemd to make it again at boot: set persist: false/,
      );
      const resource = await driven("VlanSubinterface", "host2", { ...vlan, persist: false }).create();
      await resource.delete();
    } finally {
      await lab.reboot("host2", true);
    }
  });
});
