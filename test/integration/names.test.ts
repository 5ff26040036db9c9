// Names that change in a program, stacks and components that resources leave: nothing on a host changes but marks.
import assert from "node:assert/strict";
import { execa } from "execa";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { Project, Stack } from "./pulumi";

/** All of a host that somebody could notice: containers and their processes too, and which networks they are on, but no mark. */
const unmarked = async (host: string): Promise<string> => {
  const containers = `docker ps -q --no-trunc | sort | xargs -r docker inspect -f '{{.Name}} {{.State.Pid}} {{.State.StartedAt}}'
    for id in $(docker ps -q | sort); do docker exec $id ip -o addr; docker exec $id ip -o link; done
    docker network ls --no-trunc --format '{{.ID}} {{.Name}} {{.Driver}}' | sort`;
  const text = `${await snapshot(host)}\n${await on(host, containers)}`;
  return text
    .replace(/pulumi-macvlan [\w./~:-]+/g, "MARK")
    .replace(/valid_lft.*/g, "")
    .replace(/^\/var\/lib\/pulumi-macvlan\/networks\/.*\n/gm, "");
};

const markOf = (host: string, name: string) => on(host, `cat /sys/class/net/${name}/ifalias`);
/** Docker can't change a label: a mark that has changed stands in a file. */
const networkMark = (host: string, name: string) =>
  on(
    host,
    // There with the id of the network that it is about, else on the network itself.
    `sed 's/^[0-9a-f]* //' /var/lib/pulumi-macvlan/networks/${name} 2>/dev/null || docker network inspect -f '{{index .Labels "pulumi-macvlan.mark"}}' ${name}`,
  );

/** What an up would do: nothing but updates. */
const assertInPlace = (shown: string): void => {
  assert.match(shown, /~ \d+ to update\n\s+\d+ unchanged/, shown);
  assert.doesNotMatch(shown, / to (create|delete|replace)|will be off|made anew/, shown);
};

const TOPOLOGY = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const hosts = JSON.parse(process.env["LAB_NAMES"] ?? "") as Record<string, { host: string; formerly?: string }>;
const [lan = "", change = {}] = JSON.parse(process.env["LAB_VLAN"] ?? "");
new VlanTopology("lan", {
  hosts: Object.fromEntries(Object.entries(hosts).map(([name, { host, ...named }]) => [
    name, { connection: lab[host], parent: "enp0s8", ...named },
  ])),
  vlans: {
    [lan]: { vlanId: 100, subnets: ["172.16.10.0/24", "fd00:10::/64"], ...change },
    mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] },
  },
  router: { connection: lab.host3, parent: "enp0s8", allow: [{ from: lan, to: "mac20" }] },
  shims: [lan],
  prove: true,
});
`;

const HOSTS = ["host1", "host2", "host3"];
const connections = () => JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));

describe("names of a topology", function () {
  this.timeout(240_000);
  const stack = new Project("names", TOPOLOGY);
  const before_: Record<string, string> = {};
  const lived: Record<string, string> = {};
  const say = (hosts: object, ...vlan: unknown[]) => {
    stack.env["LAB_NAMES"] = JSON.stringify(hosts);
    stack.env["LAB_VLAN"] = JSON.stringify(vlan);
  };

  before(async () => {
    stack.env["LAB_HOSTS"] = connections();
    for (const host of HOSTS) before_[host] = await snapshot(host);
    await stack.init();
    say({ host1: { host: "host1" }, host2: { host: "host2" } }, "mac10");
    await stack.good("up", "--yes", "--skip-preview");
    for (const host of ["host1", "host2"]) {
      for (const network of ["mac10", "mac20"])
        await on(host, `docker run -d --name c-${network} --network ${network} busybox sleep 100000`);
    }
    for (const host of HOSTS) lived[host] = await unmarked(host);
  });
  after(() => stack.end());

  const assertUntouched = async () => {
    for (const host of HOSTS) assertSame(await unmarked(host), lived[host] ?? "");
  };

  it("change for a VLAN with containers on it, and nothing else does", async () => {
    say({ host1: { host: "host1" }, host2: { host: "host2" } }, "lan10", { formerly: "mac10" });
    assertInPlace(await stack.good("preview"));
    await stack.good("up", "--yes", "--skip-preview");
    await assertUntouched();
    for (const name of ["enp0s8.100", "shim-mac10"])
      assert.equal(await markOf("host1", name), "pulumi-macvlan names/names/lan-host1-lan10");
    assert.equal(await markOf("host3", "enp0s8.100"), "pulumi-macvlan names/names/lan-router-lan10");
    assert.equal(await networkMark("host1", "mac10"), "pulumi-macvlan names/names/lan-host1-lan10");
    await stack.good("preview", "--expect-no-changes");
  });

  it("change for a host, whose ranges stay, and for the VLAN once more at the same time", async () => {
    const vlan = { formerly: "lan10", network: "mac10" };
    say({ first: { host: "host1", formerly: "host1" }, host2: { host: "host2" } }, "office", vlan);
    assertInPlace(await stack.good("preview"));
    await stack.good("up", "--yes", "--skip-preview");
    await assertUntouched();
    for (const name of ["enp0s8.100", "shim-mac10"])
      assert.equal(await markOf("host1", name), "pulumi-macvlan names/names/lan-first-office");
    assert.equal(await markOf("host1", "enp0s8.200"), "pulumi-macvlan names/names/lan-first-mac20");
    assert.equal(await networkMark("host1", "mac20"), "pulumi-macvlan names/names/lan-first-mac20");
    await stack.good("preview", "--expect-no-changes");
  });

  it("need no old ones once that has gone through", async () => {
    say({ first: { host: "host1" }, host2: { host: "host2" } }, "office", { network: "mac10" });
    await stack.good("preview", "--expect-no-changes");
    await stack.good("refresh", "--yes", "--skip-preview");
    await stack.good("preview", "--expect-no-changes");
    await assertUntouched();
  });

  it("leave hosts as they were when all goes", async () => {
    for (const host of ["host1", "host2"]) await on(host, "docker rm -f c-mac10 c-mac20");
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });
});

const RESOURCES = `import * as pulumi from "@pulumi/pulumi";
import { AddressPlan, HostShim, InterVlanRouter, MacvlanNetwork, VlanSubinterface, VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const host = lab.host1;
const subnet = "172.16.10.0/24";

/** As a component, or without it. */
function inside() {
  new VlanTopology("lan", {
    hosts: { host1: { connection: host, parent: "enp0s8" } },
    vlans: { mac10: { vlanId: 100, subnets: [subnet] } },
    router: { connection: lab.host3, parent: "enp0s8" },
    shims: true,
  });
}

function outside() {
  const parent = \`urn:pulumi:\${pulumi.getStack()}::\${pulumi.getProject()}::pulumi-macvlan:index:VlanTopology::lan\`;
  const was = (name: string) => ({ aliases: [{ name, parent }] });
  const { plan } = new AddressPlan("plan", { subnets: [subnet], hosts: ["host1"], shims: true }, was("lan"));
  const mine = plan.apply((planned) => planned[subnet]!);
  const vlan = new VlanSubinterface("vlan", { host, parent: "enp0s8", vlanId: 100 }, was("lan-host1-mac10"));
  const network = new MacvlanNetwork("network", {
    host, parent: vlan.name, name: "mac10",
    subnets: [{ subnet, gateway: mine.apply((it) => it.gateway), ipRange: mine.apply((it) => it.hosts["host1"]!.range) }],
  }, was("lan-host1-mac10"));
  const address = mine.apply((it) => it.hosts["host1"]!.shim!);
  new HostShim("shim", { host, network, name: "shim-mac10", address }, was("lan-host1-mac10"));
  const leg = new VlanSubinterface("leg", { host: lab.host3, parent: "enp0s8", vlanId: 100 }, was("lan-router-mac10"));
  const addresses = [mine.apply((it) => \`\${it.gateway}/24\`)];
  new InterVlanRouter("router", { host: lab.host3, interfaces: [{ interface: leg.name, addresses }] }, was("lan-router"));
}

const parts: Record<string, () => void> = { inside, outside };
parts[process.env["LAB_PART_" + pulumi.getStack()] ?? ""]?.();
`;

describe("resources", function () {
  this.timeout(240_000);
  const first = new Project("one", RESOURCES);
  const second = new Stack("two", first.folder);
  const before_: Record<string, string> = {};
  const lived: Record<string, string> = {};
  const say = (one: string, two: string) => {
    for (const stack of [first, second]) Object.assign(stack.env, { LAB_PART_one: one, LAB_PART_two: two });
  };

  interface Exported {
    deployment: { resources?: { urn: string; type: string }[] };
  }

  /** All that is ours, with the components that it is in. */
  async function move(from: Pick<Stack, "name" | "folder" | "env" | "good">, to: Pick<Stack, "name">): Promise<void> {
    const { deployment } = JSON.parse(await from.good("stack", "export")) as Exported;
    const urns = (deployment.resources ?? []).filter(({ type }) => !type.startsWith("pulumi:")).map(({ urn }) => urn);
    assert.ok(urns.length >= 6, String(urns));
    const way = ["--source", from.name, "--dest", to.name, "--yes", "--non-interactive"];
    await execa("pulumi", ["state", "move", ...way, ...urns], { cwd: from.folder, env: from.env, stdin: "ignore" });
  }

  before(async () => {
    Object.assign(first.env, { LAB_HOSTS: connections() });
    Object.assign(second.env, { ...first.env, PULUMI_MACVLAN_TRACE: second.trace });
    for (const host of HOSTS) before_[host] = await snapshot(host);
    await first.init();
    await second.init();
    say("inside", "");
    await first.good("up", "--yes", "--skip-preview");
    await on("host1", "docker run -d --name c1 --network mac10 busybox sleep 100000");
    for (const host of HOSTS) lived[host] = await unmarked(host);
  });
  after(() => {
    second.end();
    first.end();
  });

  const assertUntouched = async () => {
    for (const host of HOSTS) assertSame(await unmarked(host), lived[host] ?? "");
  };

  it("leave a component, and nothing on their hosts changes but marks", async () => {
    say("outside", "");
    const shown = await first.good("preview", "--diff");
    assert.match(shown, /~ 5 to update\n\s+- 2 to delete\n/, shown);
    for (const part of ["pulumi-macvlan:index:VlanTopology", "pulumi-nodejs:dynamic/macvlan:Readiness"])
      assert.ok(
        shown.includes(`- ${part}: (delete)`),
        `the component and its question, which are nothing on a host\n${shown}`,
      );
    await first.good("up", "--yes", "--skip-preview");
    await assertUntouched();
    assert.equal(await markOf("host1", "enp0s8.100"), "pulumi-macvlan one/one/vlan");
    assert.equal(await markOf("host1", "shim-mac10"), "pulumi-macvlan one/one/shim");
    assert.equal(await networkMark("host1", "mac10"), "pulumi-macvlan one/one/network");
    assert.match(await on("host3", "nft list table inet pulumi_macvlan_router"), /pulumi-macvlan one\/one\/router/);
    await first.good("preview", "--expect-no-changes");
  });

  it("move to another stack, and nothing on their hosts changes but marks", async () => {
    await move(first, second);
    say("", "outside");
    await first.good("preview", "--expect-no-changes");
    await second.good("refresh", "--yes", "--skip-preview");
    assertInPlace(await second.good("preview"));
    await second.good("up", "--yes", "--skip-preview");
    await assertUntouched();
    assert.equal(await markOf("host1", "enp0s8.100"), "pulumi-macvlan one/two/vlan");
    assert.equal(await markOf("host1", "shim-mac10"), "pulumi-macvlan one/two/shim");
    assert.equal(await networkMark("host1", "mac10"), "pulumi-macvlan one/two/network");
    assert.match(await on("host3", "nft list table inet pulumi_macvlan_router"), /pulumi-macvlan one\/two\/router/);
    await second.good("preview", "--expect-no-changes");
  });

  it("are deleted by the stack that they were moved to, even before it has marked them", async () => {
    await move(second, first);
    await on("host1", "docker rm -f c1");
    await first.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });
});
