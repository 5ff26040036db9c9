// S9: a Swarm of two nodes, each with a range of its own, and a service whose replicas reach each other on the VLAN.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, json, on, snapshot } from "./hosts";
import { Project } from "./pulumi";
import { joinSwarm, leaveSwarm, NODES } from "./swarm";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
new VlanTopology("lan", {
  hosts: { host1: { connection: lab.host1, parent: "enp0s8" }, host2: { connection: lab.host2, parent: "enp0s8" } },
  vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] }, ...JSON.parse(process.env["LAB_MORE"] ?? "{}") },
  swarm: { manager: "host1" },
});
`;

describe("a Docker Swarm", function () {
  this.timeout(300_000);
  const stack = new Project("swarm", PROGRAM);
  const before_: Record<string, string> = {};

  before(async () => {
    for (const host of NODES) before_[host] = await snapshot(host);
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(NODES.map((name) => [name, lab.connection(name)])));
    await stack.init();
    await joinSwarm();
  });
  after(async () => {
    await leaveSwarm();
    stack.end();
  });

  it("gets a part on each node and one network, which is as promised when it is looked at again", async () => {
    await stack.good("up", "--yes", "--skip-preview");
    for (const [host, range] of [
      ["host1", "172.16.10.32/27"],
      ["host2", "172.16.10.64/27"],
    ] as const) {
      const [part] = await json<{ ConfigOnly: boolean; IPAM: { Config: { IPRange: string }[] } }[]>(
        host,
        "docker network inspect mac10-node",
      );
      assert.deepEqual([part?.ConfigOnly, part?.IPAM.Config[0]?.IPRange], [true, range]);
    }
    const [whole] = await json<{ Scope: string; Driver: string }[]>("host1", "docker network inspect mac10");
    assert.deepEqual([whole?.Scope, whole?.Driver], ["swarm", "macvlan"]);
    assert.match(await stack.good("up", "--yes", "--skip-preview", "--refresh"), /unchanged/);
    await stack.good("preview", "--expect-no-changes");
  });

  it("runs three replicas on two nodes that reach each other", async () => {
    await on(
      "host1",
      "docker service create --detach --no-resolve-image --quiet --name web --replicas 3 --network mac10 busybox sleep 100000",
    );
    const running = async (host: string) =>
      (await on(host, "docker ps -q --filter name=web --filter status=running")).split("\n").filter(Boolean);
    for (let tries = 0; tries < 60; tries += 1) {
      if ((await running("host1")).length + (await running("host2")).length === 3) break;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    const addresses: Record<string, string[]> = {};
    for (const host of NODES)
      addresses[host] = await Promise.all(
        (await running(host)).map((id) =>
          on(host, `docker inspect -f '{{with index .NetworkSettings.Networks "mac10"}}{{.IPAddress}}{{end}}' ${id}`),
        ),
      );
    assert.equal(Object.values(addresses).flat().length, 3);
    assert.ok(addresses["host1"]?.length && addresses["host2"]?.length, JSON.stringify(addresses));
    for (const address of addresses["host1"]) assert.match(address, /^172\.16\.10\.(3[2-9]|[45]\d|6[0-3])$/);
    for (const address of addresses["host2"]) assert.match(address, /^172\.16\.10\.(6[4-9]|[78]\d|9[0-5])$/);
    const [from] = await running("host1");
    for (const address of addresses["host2"])
      assert.match(await on("host1", `docker exec ${from} ping -c 2 -W 2 ${address}`), / ttl=64 /);
    await on("host1", "docker service rm web >/dev/null");
    for (let tries = 0; tries < 60; tries += 1) {
      if ((await running("host1")).length + (await running("host2")).length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  });

  it("is refused where a network of the Swarm has the name already, whose labels nobody can ask for", async () => {
    await on(
      "host1",
      "ip link add d20 type dummy; ip link set d20 up; docker network create --config-only -o parent=d20 --subnet 10.99.0.0/24 other; docker network create -d macvlan --scope swarm --config-from other mac20",
    );
    try {
      stack.env["LAB_MORE"] = JSON.stringify({ mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] } });
      const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
      assert.notEqual(exitCode, 0, String(all));
      assert.match(
        String(all),
        /nothing was changed anywhere: 1 host is not ready:\s+host1: Docker network "mac20": it exists and was not made by pulumi-macvlan/,
      );
    } finally {
      stack.env["LAB_MORE"] = "{}";
      await on("host1", "docker network rm mac20 other; ip link del d20");
    }
    await stack.good("up", "--yes", "--skip-preview");
  });

  it("is taken away without a trace", async () => {
    await stack.good("destroy", "--yes", "--skip-preview");
    await leaveSwarm();
    for (const host of NODES) assertSame(await snapshot(host), before_[host] ?? "");
  });
});
