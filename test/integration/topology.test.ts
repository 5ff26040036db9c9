// One description of hosts and VLANs: what it makes on each host, what a new host changes, and who reaches whom.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProbeResult } from "pulumi-macvlan";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const names = (process.env["LAB_NAMES"] ?? "").split(" ");
const topology = new VlanTopology("lan", {
  hosts: Object.fromEntries(names.map((name) => [name, { connection: lab[name], parent: "enp0s8" }])),
  vlans: {
    mac10: { vlanId: 100, subnets: ["172.16.10.0/24", "fd00:10::/64"] },
    mac20: { vlanId: Number(process.env["LAB_ID"] ?? 200), subnets: ["172.16.20.0/24"], driver: "ipvlan" },
  },
  router: { connection: lab.host3, parent: "enp0s8", allow: [
    { from: "mac10", to: "mac20", protocol: "tcp", ports: [443] },
    { from: "mac10", to: "mac20", protocol: "udp", ports: [53] },
  ] },
  shims: ["mac10"],
  prove: true,
  probes: JSON.parse(process.env["LAB_PROBES"] ?? "[]"),
  junit: process.env["LAB_JUNIT"],
});
export const plan = topology.plan;
export const diagram = topology.diagram;
export const results = topology.proof?.results;
`;

/** Throwaway containers. */
const LEFT = "docker ps -aq --filter label=pulumi-macvlan.probe";
const HOSTS = ["host1", "host2", "host3"];

describe("a topology of VLANs", function () {
  this.timeout(240_000);
  const stack = new Project("topology", PROGRAM);
  const before_: Record<string, string> = {};
  const run = (host: string, name: string, network: string) =>
    on(
      host,
      `docker run -d --name ${name} --network ${network} busybox sleep 100000 >/dev/null; docker exec ${name} ip -o addr show eth0`,
    );
  const ttl = (host: string, from: string, to: string) =>
    on(host, `${from} ping -c 2 -W 2 ${to} | grep -o ' ttl=[0-9]*' | head -1; true`);

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    stack.env["LAB_NAMES"] = "host1";
    for (const host of HOSTS) before_[host] = await snapshot(host);
    await stack.init();
  });
  after(() => stack.end());

  it("is refused in a preview where it can't be, with all that is wrong, and nothing is made", async () => {
    stack.env["LAB_ID"] = "100";
    const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
    delete stack.env["LAB_ID"];
    assert.notEqual(exitCode, 0);
    assert.match(
      String(all),
      /VlanTopology "lan": VLANs "mac10" and "mac20" both have id 100 on enp0s8 of host1: give one/,
    );
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });

  it("shows in a preview which addresses each host will hand out", async () => {
    const shown = await stack.good("preview", "--diff");
    assert.match(shown, /ipRange: "172\.16\.10\.32\/27"/);
    assert.match(shown, /"172\.16\.10\.2\/32"/, "the shim's address");
  });

  it("is made on its hosts, and containers get addresses of their host's range", async () => {
    await stack.good("up", "--yes", "--skip-preview");
    assert.match(await run("host1", "d1", "mac10"), /inet 172\.16\.10\.(3[2-9]|[45]\d|6[0-3])\/24/);
    assert.match(await run("host1", "d2", "mac20"), /inet 172\.16\.20\.(3[2-9]|[45]\d|6[0-3])\/24/);
  });

  it("gets another host without a change of the first one", async () => {
    stack.env["LAB_NAMES"] = "host2 host1";
    const shown = await stack.good("preview", "--diff");
    assert.match(shown, /\+ 6 to create\n\s+~ 3 to update\n\s+9 changes\. 11 unchanged/, shown);
    assert.match(shown, /~ pulumi-nodejs:dynamic\/macvlan:AddressPlan: \(update\)[\s\S]*\+ host2/);
    assert.doesNotMatch(shown, /[~+-] .*host1-mac/, "host1 is left alone");
    const now = await snapshot("host1");
    await stack.good("up", "--yes", "--skip-preview");
    assertSame(await snapshot("host1"), now);
    assert.match(await run("host2", "d3", "mac10"), /inet 172\.16\.10\.(6[4-9]|[78]\d|9[0-5])\/24/);
    assert.match(await run("host2", "d4", "mac20"), /inet 172\.16\.20\.(6[4-9]|[78]\d|9[0-5])\/24/);
  });

  it("lets containers reach each other in a VLAN, by IPv6 too, and across VLANs what the policy lets through", async () => {
    assert.equal(await ttl("host1", "docker exec d1", "172.16.10.64"), "ttl=64", "d1 to d3");
    assert.equal(await ttl("host1", "docker exec d1", "fd00:10::2:0:0:0"), "ttl=64", "d1 to d3 by IPv6");
    assert.equal(await ttl("host1", "docker exec d2", "172.16.20.64"), "ttl=64", "d2 to d4, on ipvlan");
    assert.equal(await ttl("host1", "docker exec d1", "172.16.20.64"), "", "d1 to d4: tcp 443 and nothing else");
    await on("host2", "docker exec -d d4 nc -l -p 443 -e echo passed; docker exec -d d4 nc -l -p 444 -e echo passed");
    assert.equal(await on("host1", "docker exec d1 nc -w 2 172.16.20.64 443 </dev/null; true"), "passed");
    assert.equal(await on("host1", "docker exec d1 nc -w 2 172.16.20.64 444 </dev/null; true"), "");
    assert.equal(await ttl("host1", "", "172.16.10.32"), "ttl=64", "host1 to its own d1, through its shim");
    assert.equal(await ttl("host2", "", "172.16.10.64"), "ttl=64", "host2 to its own d3");
  });

  it("has proved so by itself, and left no container of its own", async () => {
    const results = JSON.parse(await stack.good("stack", "output", "results", "--json")) as ProbeResult[];
    assert.deepEqual(
      results.map(({ name, found }) => `${name}: ${found}`),
      [
        "host1/mac10 to host2/mac10: reachable",
        "host1 to host1/mac10: reachable",
        "host2 to host2/mac10: reachable",
        "host1/mac10 to host2/mac10 (IPv6): reachable",
        "host1 to host1/mac10 (IPv6): reachable",
        "host2 to host2/mac10 (IPv6): reachable",
        "host1/mac10 to host2/mac20: unreachable",
        "host1/mac10 to host2/mac20 (tcp 443): reachable",
        "host1/mac10 to host2/mac20 (tcp 9): unreachable",
        "host1/mac10 to host2/mac20 (udp 53): reachable",
        "host1/mac10 to host2/mac20 (udp 9): unreachable",
        "host1/mac20 to host2/mac20: reachable",
        "host1/mac20 to host2/mac10: unreachable",
      ],
    );
    for (const host of ["host1", "host2"]) assert.equal(await on(host, LEFT), "");
  });

  it("fails where a probe does not come out as expected, says on which way, and tells CI", async () => {
    const ends = { from: { host: "host1", network: "mac10" }, to: { host: "host2", network: "mac10" } };
    const wrong = { from: { host: "host1", network: "mac20" }, to: { host: "host2", network: "mac10" } };
    stack.env["LAB_PROBES"] = JSON.stringify([
      { ...ends, size: 1500, expect: "reachable" },
      { ...ends, size: 1600, expect: "unreachable" },
      { ...ends, to: "172.16.10.1", expect: "unreachable" },
      { ...wrong, expect: "reachable" },
    ]);
    stack.env["LAB_JUNIT"] = join(stack.folder, "junit.xml");
    const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
    assert.notEqual(exitCode, 0);
    assert.match(
      String(all),
      /2 of 17 probes are not as expected:\s+host1\/mac10 to 172\.16\.10\.1: wanted unreachable, but 172\.16\.10\.1 is reachable \(ttl=64; .*arrives\)/,
    );
    assert.match(
      String(all),
      /host1\/mac20 to host2\/mac10: wanted reachable, but 172\.16\.10\.\d+ is unreachable \(.*via 172\.16\.20\.1 dev eth0.*by 172\.16\.20\.1; ends after 172\.16\.20\.1\)/,
    );
    const xml = readFileSync(stack.env["LAB_JUNIT"], "utf8");
    assert.match(xml, /tests="17" failures="2"/);
    for (const host of ["host1", "host2"]) assert.equal(await on(host, LEFT), "");
    delete stack.env["LAB_PROBES"];
    delete stack.env["LAB_JUNIT"];
    await stack.good("up", "--yes", "--skip-preview");
  });

  it("changes nothing when nothing is changed, and names its picture", async () => {
    assert.match(await stack.good("preview", "--expect-no-changes"), /unchanged/);
    assert.match(await stack.good("stack", "output", "diagram"), /^flowchart LR\n {2}vlan_mac10/);
  });

  it("is taken away from a host that goes, and then from all", async () => {
    await on("host1", "docker rm -f d1 d2");
    stack.env["LAB_NAMES"] = "host2";
    const now = await snapshot("host2");
    await stack.good("up", "--yes", "--skip-preview");
    assertSame(await snapshot("host1"), before_["host1"] ?? "");
    assertSame(await snapshot("host2"), now);
    await on("host2", "docker rm -f d3 d4");
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });
});
