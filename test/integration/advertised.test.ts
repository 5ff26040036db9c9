// Routers that advertise themselves while Docker gives containers their way out: Docker fails where a container has learned of one already.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { lab } from "./hooks";
import { assertSame, type Driven, driven, on, snapshot } from "./hosts";

/** A router's advertisement on the interfaces of these names, 500 times a second: "I am a way out, for half an hour." */
const ADVERTISE = `use Socket ":all";
my @all = map { my $index = \`cat /sys/class/net/$_/ifindex\`; socket(my $out, AF_INET6, SOCK_RAW, 58) or die $!;
  setsockopt($out, 41, 18, pack "i", 255) or die $!; [$out, pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index)] } @ARGV;
while (1) { send $_->[0], pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0), 0, $_->[1] for @all; select undef, undef, undef, 0.002 }`;

for (const { name: host } of HOSTS) {
  const router = host === "host2" ? "host1" : "host2";

  describe(`Containers on ${host} that hear of routers`, function () {
    this.timeout(120_000);
    const were: Record<string, string> = {};
    const made: Driven[] = [];
    const [own, other] = ["fd00:10::1", "fd00:20::1"];
    const lan = () => made[2] as Driven;

    const inContainer = (name: string, line: string) =>
      on(host, `nsenter -t $(docker inspect -f '{{.State.Pid}}' ${name}) -n ${line}`);
    const ways = async (name: string) =>
      (await inContainer(name, "ip -6 route show default")).split("\n").map((line) => line.trim());
    const learned = async (name: string) => {
      for (let ask = 0; ask < 20; ask++) {
        const found = (await ways(name)).filter((line) => / proto ra /.test(line));
        if (found.length > 0) return found;
        await on(host, "sleep 0.25");
      }
      return [];
    };
    /** Docker counts on with its interfaces' names. */
    const shape = (name: string) =>
      on(
        host,
        `docker exec ${name} sh -c 'cat /sys/class/net/eth*/address; ip -o addr show' | sed -nE '/^..:..:/p; s/.* (inet6? [^ ]+) .*scope global.*/\\1/p' | sort`,
      );
    const advertise = () =>
      lab.exec(router, "cat >/run/advertise; systemd-run -q --unit advertise perl /run/advertise enp0s8 enp0s8.100", {
        input: ADVERTISE,
      });
    /** Hosts have heard it as well. */
    const keepQuiet = async () => {
      await on(router, "systemctl stop advertise; systemctl reset-failed advertise 2>/dev/null; true");
      await Promise.all(HOSTS.map(({ name }) => on(name, "ip -6 route flush default proto ra")));
    };

    before(async () => {
      for (const name of [host, router]) were[name] = await snapshot(name);
      await on(
        router,
        "ip link add link enp0s8 name enp0s8.100 type vlan id 100; ip link set enp0s8 up; ip link set enp0s8.100 up",
      );
      const network = (name: string, parent: string, n: number) =>
        driven("MacvlanNetwork", host, {
          name,
          parent,
          subnets: [
            { subnet: `172.16.${n}.0/24`, gateway: `172.16.${n}.1` },
            { subnet: `fd00:${n}::/64`, gateway: `fd00:${n}::1` },
          ],
        });
      const vlan = driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 100 });
      for (const one of [vlan, network("other", "enp0s8.100", 20), network("lan", "enp0s8", 10)])
        made.push(await one.create());
      await on(host, "docker run -d --name c1 --network lan busybox sleep 100000");
      await on(host, "docker run -d --name c2 --network lan busybox sleep 100000; docker network connect other c2");
      await advertise();
    });
    after(async () => {
      await keepQuiet();
      await on(router, "ip link del enp0s8.100; true");
      await on(host, "docker rm -f c1 c2 c3; true");
      for (const one of [...made].reverse()) await one.delete();
    });

    it("come back to a network that is made anew, with all that they had, and Docker's way out", async () => {
      assert.equal((await learned("c1")).length, 1);
      assert.equal((await learned("c2")).length, 2);
      const shapes = [await shape("c1"), await shape("c2")];
      for (const note of ["1", "2", "3", "4", "5"]) {
        await lan().update({ labels: { note } });
        assert.deepEqual([await shape("c1"), await shape("c2")], shapes);
        for (const name of ["c1", "c2"]) {
          const found = (await ways(name)).filter(
            (line) => line.startsWith(`default via ${own} dev eth`) || line.startsWith(`default via ${other} dev eth`),
          );
          assert.equal(found.length, 1, (await ways(name)).join("\n"));
        }
      }
    });

    it("hear of them again afterwards, but those who never did", async () => {
      assert.equal((await learned("c1")).length, 1);
      assert.notEqual((await learned("c2")).length, 0);
      await keepQuiet();
      await on(host, "docker run -d --name c3 --network lan busybox sleep 100000");
      const never = "for each in */accept_ra_defrtr; do echo 0 >$each; done";
      await inContainer("c3", `sh -c 'cd /proc/sys/net/ipv6/conf; ${never}'`);
      await advertise();
      await lan().update({ labels: { note: "6" } });
      assert.equal((await learned("c1")).length, 1);
      assert.deepEqual(
        (await ways("c3")).map((line) => line.replace(/ dev .*/, "")),
        [`default via ${own}`],
      );
      await on(host, "docker rm -f c3");
    });

    it("leave hosts as they were", async () => {
      await keepQuiet();
      await on(router, "ip link del enp0s8.100; rm /run/advertise");
      await on(host, "docker rm -f c1 c2");
      for (const one of [...made].reverse()) await one.delete();
      made.length = 0;
      assert.equal(await on(host, "ls /run/pulumi-macvlan | grep deaf; true"), "");
      for (const name of [host, router]) assertSame(await snapshot(name), were[name] ?? "");
    });
  });
}
