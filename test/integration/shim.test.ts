// S5: a host reaches its own containers through a shim, and is reached itself as before.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { HostShim, MacvlanNetwork, planAddresses } from "pulumi-macvlan";

const host = JSON.parse(process.env["LAB_HOST"] ?? "");
const driver = process.env["LAB_DRIVER"] as "macvlan" | "ipvlan";
const subnet = "172.16.10.0/24";
const { gateway, hosts } = planAddresses({ subnets: [subnet], hosts: ["host1", "host2"], shims: true })[subnet]!;
const network = new MacvlanNetwork("net", {
  host, parent: "enp0s8", name: "mac10", driver,
  subnets: [{ subnet, gateway, ipRange: hosts["host1"]!.range }],
});
new HostShim("shim", { host, network, name: "shim10", address: hosts["host1"]!.shim! });
`;

describe("a host shim", function () {
  this.timeout(180_000);
  const stack = new Project("shim", PROGRAM);

  before(async () => {
    stack.env["LAB_HOST"] = JSON.stringify(lab.connection("host1"));
    await stack.init();
  });
  after(() => stack.end());

  for (const driver of ["macvlan", "ipvlan"]) {
    it(`lets the host reach a container on ${driver}, which it can't without, and keeps its way to all else`, async () => {
      stack.env["LAB_DRIVER"] = driver;
      const before = await snapshot("host1");
      const routes = await on("host1", "ip route show");
      const shown = await stack.good("preview", "--diff");
      assert.match(shown, /mode\s*: "(bridge|l2)"[\s\S]*to: "172\.16\.10\.32\/27"/, "the preview knows all of it");
      await stack.good("up", "--yes", "--skip-preview");
      await on("host1", "docker run -d --name d1 --network mac10 busybox sleep 100000");
      const ping = "ping -c 2 -W 1 172.16.10.32 | grep -o ' ttl=[0-9]*' | head -1";
      assert.equal(await on("host1", ping), "ttl=64");
      assert.match(await on("host1", "docker exec d1 ping -c 2 -W 2 172.16.10.2"), / ttl=64 /, "and the other way");
      assert.equal(await on("host1", "ip route show | grep -v shim10"), routes, "all else goes as before");
      await on("host1", "ip link set shim10 down");
      assert.equal(await on("host1", ping), "", "without it there is no way");
      assert.match(await stack.good("up", "--yes", "--skip-preview", "--refresh"), /1 updated/);
      assert.equal(await on("host1", ping), "ttl=64");
      await on("host1", "docker rm -f d1");
      await stack.good("destroy", "--yes", "--skip-preview");
      assertSame(await snapshot("host1"), before);
    });
  }
});
