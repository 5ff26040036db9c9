import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, type Driven, driven, json, on, snapshot } from "./hosts";

/** What somebody chose for a container. */
const CHOSEN = "02:42:aa:bb:cc:02";

interface NetworkJson {
  Id: string;
  Driver: string;
  Internal: boolean;
  EnableIPv6: boolean;
  IPAM: { Config: Record<string, unknown>[] };
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

for (const { name: host } of HOSTS) {
  describe(`MacvlanNetwork on ${host}`, function () {
    this.timeout(120_000);
    let before: string;
    let network: Driven;
    const shown = async () => (await json<NetworkJson[]>(host, "docker network inspect mac1"))[0] as NetworkJson;
    const container = async (name: string) => {
      const [found] = await json<
        {
          NetworkSettings: {
            Networks: Record<
              string,
              { IPAddress: string; MacAddress: string; Aliases: string[] | null; NetworkID: string }
            >;
          };
        }[]
      >(host, `docker inspect ${name}`);
      return found?.NetworkSettings.Networks["mac1"];
    };

    /** On the interface itself: Docker 28 shows the one that it drew, whatever became of it. */
    const macOf = (name: string) => on(host, `docker exec ${name} sh -c 'cat /sys/class/net/eth*/address'`);

    it("is created as asked for", async () => {
      before = await snapshot(host);
      network = await driven("MacvlanNetwork", host, {
        parent: "enp0s8",
        name: "mac1",
        subnets: [
          {
            subnet: "172.16.10.0/24",
            gateway: "172.16.10.1",
            ipRange: "172.16.10.64/26",
            auxAddresses: { nas: "172.16.10.65" },
          },
        ],
        labels: { note: 'it\'s "$(id)" & more' },
      }).create();
      const found = await shown();
      assert.equal(found.Driver, "macvlan");
      assert.deepEqual(found.IPAM.Config, [
        {
          Subnet: "172.16.10.0/24",
          IPRange: "172.16.10.64/26",
          Gateway: "172.16.10.1",
          AuxiliaryAddresses: { nas: "172.16.10.65" },
        },
      ]);
      assert.equal(found.Options["parent"], "enp0s8");
      assert.equal(found.Labels["note"], 'it\'s "$(id)" & more');
      assert.equal(network.state["networkId"], found.Id);
    });

    it("hands out addresses of its range only, and not the reserved one", async () => {
      await on(host, "docker run -d --name c1 --network mac1 busybox sleep 100000");
      assert.equal((await container("c1"))?.IPAddress, "172.16.10.64");
      await on(
        host,
        "docker run -d --name c2 --network mac1 --ip 172.16.10.20 --network-alias web busybox sleep 100000",
      );
      await on(host, "docker create --name c3 --network mac1 --ip 172.16.10.21 busybox sleep 100000");
      await on(host, "docker run -d --name c4 --network mac1 busybox sleep 100000");
      assert.equal((await container("c4"))?.IPAddress, "172.16.10.66");
      await on(host, `docker run -d --name c5 --network mac1 --mac-address ${CHOSEN} busybox sleep 100000`);
      assert.equal((await container("c5"))?.MacAddress, CHOSEN);
      await network.refresh();
      assert.deepEqual(network.state["attachedContainers"], ["c1", "c2", "c4", "c5"]);
      const { c1, c2 } = network.state["attachedAddresses"] as Record<string, string[]>;
      assert.deepEqual([c1, c2], [["172.16.10.64"], ["172.16.10.20"]]);
    });

    it("is not touched by a second run", async () => {
      assert.equal((await network.diff()).changes, false);
      await network.again();
      assert.equal(network.state["networkId"], (await shown()).Id);
    });

    it("changes with its containers on it: they keep IP, MAC and aliases, stopped ones too", async () => {
      const names = ["c1", "c2", "c4", "c5"];
      const kept = await Promise.all(names.map(container));
      const macs = await Promise.all(names.map(macOf));
      assert.equal(macs[3], CHOSEN);
      const { Id } = await shown();
      await network.update({
        labels: { note: "2" },
        subnets: [
          {
            subnet: "172.16.10.0/24",
            gateway: "172.16.10.2",
            ipRange: "172.16.10.64/26",
            auxAddresses: { nas: "172.16.10.65" },
          },
        ],
      });
      const found = await shown();
      assert.notEqual(found.Id, Id);
      assert.equal(found.Labels["note"], "2");
      assert.equal(found.IPAM.Config[0]?.["Gateway"], "172.16.10.2");
      const now = await Promise.all(names.map(container));
      for (const [index, name] of names.entries()) {
        assert.equal(now[index]?.IPAddress, kept[index]?.IPAddress, name);
        assert.equal(now[index]?.NetworkID, found.Id, name);
        assert.equal(await macOf(name), macs[index], name);
      }
      assert.ok(now[1]?.Aliases?.includes("web"));
      assert.match(await on(host, "docker exec c1 ping -c 2 -W 2 172.16.10.20"), /ttl=64/);
      await on(host, "docker start c3");
      assert.equal((await container("c3"))?.IPAddress, "172.16.10.21");
    });

    it("refuses a change that would take an address away which a container's user chose", async () => {
      const old = await shown();
      await assert.rejects(
        network.update({ subnets: [{ subnet: "172.16.99.0/24" }] }),
        /addresses that were chosen for containers are not in its new subnets, or are gateways there: c2 \(172\.16\.10\.20\), c3 \(172\.16\.10\.21\)\. Nothing was changed/,
      );
      assert.deepEqual(await shown(), old);
    });

    it("undoes a change that its containers can't follow", async () => {
      const { Id: _id, ...old } = await shown();
      await assert.rejects(
        network.update({ mode: "passthru" }),
        /everything was undone: the old network is back with all its containers/,
      );
      const { Id: _new, ...now } = await shown();
      assert.deepEqual({ ...now, Created: "", Containers: "" }, { ...old, Created: "", Containers: "" });
      assert.equal((await container("c2"))?.IPAddress, "172.16.10.20");
      assert.match(await on(host, "docker exec c1 ping -c 2 -W 2 172.16.10.20"), /ttl=64/);
    });

    it("puts back the containers that a run which died in between had taken off", async () => {
      const kept = await macOf("c2");
      await on(
        host,
        `printf '%s|/c2|%s|${kept}|172.16.10.20|172.16.10.20||||"Aliases":["web"],"DriverOpts":null\\n' \\
           $(docker inspect -f '{{.Id}} {{.State.Pid}}' c2) > /var/lib/pulumi-macvlan/containers-of.mac1
         docker network disconnect -f mac1 c2`,
      );
      assert.equal(await container("c2"), undefined);
      await network.again();
      const now = await container("c2");
      assert.deepEqual([now?.IPAddress, await macOf("c2")], ["172.16.10.20", kept]);
      assert.ok(now?.Aliases?.includes("web"));
      assert.equal(await on(host, "ls /var/lib/pulumi-macvlan"), "addresses-on.mac1");
    });

    it("takes along a container that Docker's own list has forgotten since it joined with the disk full", async () => {
      const said = await on(
        host,
        // Where Docker's own database had to grow, the container did not join at all.
        `for try in 1 2 3 4 5; do
           docker network disconnect -f mac1 c2; fallocate -l $(df --output=avail -B1 / | tail -1) /fill; dd if=/dev/zero of=/fill2 bs=4k
           docker network connect --ip 172.16.10.20 --alias web mac1 c2 2>&1; rm -f /fill /fill2
           docker network inspect mac1 | grep "$(docker inspect -f '{{.Id}}' c2)" && break
         done 2>/dev/null`,
      );
      assert.match(said, /no space left on device[\s\S]*[0-9a-f]{64}": \{$/, "it has joined, though Docker says no");
      await network.update({ labels: { note: "3" } });
      const now = await container("c2");
      assert.deepEqual([now?.IPAddress, now?.NetworkID], ["172.16.10.20", (await shown()).Id]);
      assert.ok(now?.Aliases?.includes("web"));
    });

    it("is not deleted under its containers, which are named", async () => {
      await assert.rejects(
        network.delete(),
        /cannot delete Docker network "mac1" on host[123]: containers are still on it: c\d, c\d, c\d, c\d, c\d; remove them/,
      );
      await on(host, "docker rm -f c1 c2 c3 c4 c5");
    });

    it("changes internal and options, and has IPv6", async () => {
      await network.update({
        internal: true,
        options: { "com.docker.network.driver.mtu": "1400" },
        subnets: [{ subnet: "172.16.10.0/24" }, { subnet: "fd00:10::/64", gateway: "fd00:10::1" }],
      });
      const found = await shown();
      assert.deepEqual([found.Internal, found.EnableIPv6], [true, true]);
      assert.equal((await network.diff()).changes, false, "a gateway that Docker chose is no change");
    });

    it("shows what somebody else changed, field by field, and puts it right", async () => {
      const { Labels } = await shown();
      const marks = Object.entries(Labels)
        .map(([key, value]) => `--label '${key}=${value}'`)
        .join(" ");
      await on(
        host,
        `docker network rm mac1; docker network create -d macvlan -o parent=enp0s8 --subnet 172.16.77.0/24 ${marks} mac1`,
      );
      assert.equal(await network.refresh(), true);
      assert.deepEqual(network.state["subnets"], [{ subnet: "172.16.77.0/24" }]);
      assert.notEqual(network.state["internal"], true);
      await network.update();
      assert.equal((await shown()).IPAM.Config[0]?.["Subnet"], "172.16.10.0/24");
    });

    it("leaves the host as it was", async () => {
      await network.delete();
      assertSame(await snapshot(host), before);
    });

    it("takes over by adopt one that is as described, without touching it or what is on it, and then changes and deletes it", async () => {
      await on(
        host,
        `docker network create -d macvlan -o parent=enp0s8 --subnet 172.16.10.0/24 --ip-range 172.16.10.64/26 --label by=hand mac1
         docker run -d --name c1 --network mac1 busybox sleep 100000`,
      );
      const { IPAddress } = (await container("c1")) ?? {};
      const were = [await shown(), await container("c1"), await macOf("c1")];
      const described = {
        parent: "enp0s8",
        name: "mac1",
        subnets: [{ subnet: "172.16.10.0/24", ipRange: "172.16.10.64/26" }],
        labels: { by: "hand" },
      };
      await assert.rejects(driven("MacvlanNetwork", host, described).create(), /or take it over with adopt: true/);
      network = await driven("MacvlanNetwork", host, { ...described, adopt: true }).create();
      assert.deepEqual([await shown(), await container("c1"), await macOf("c1")], were);
      assert.equal((await network.diff({ adopt: false })).changes, false, "it is ours from here on");
      await network.update({ adopt: false, labels: { by: "program" } });
      assert.equal((await shown()).Labels["by"], "program");
      assert.deepEqual([(await container("c1"))?.IPAddress, await macOf("c1")], [IPAddress, were[2]]);
      await on(host, "docker rm -f c1");
      await network.delete();
      assertSame(await snapshot(host), before);
    });
  });
}
