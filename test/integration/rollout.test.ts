// Hosts of a topology that are changed one batch after the other: what a batch that fails leaves as it is.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, on, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const nic = (name: string) => ({ connection: lab[name], parent: "enp0s8" });
new VlanTopology("lan", {
  hosts: { host1: nic("host1"), host2: nic("host2"), host3: nic("host3") },
  vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"], labels: { note: process.env["LAB_NOTE"] ?? "" } } },
  rollout: JSON.parse(process.env["LAB_ROLLOUT"] ?? "{}"),
});
`;

const HOSTS = ["host1", "host2", "host3"];

describe("a rollout", function () {
  this.timeout(240_000);
  const stack = new Project("rollout", PROGRAM);
  const before_: Record<string, string> = {};

  /** With what a snapshot leaves out: which network it is, and what is on it. */
  const whole = async (host: string) =>
    `${await snapshot(host)}\n${await on(host, "docker network inspect mac10; docker ps --format '{{.Names}} {{.ID}}'")}`;
  const noteOf = (host: string) => on(host, "docker network inspect -f '{{.Labels.note}}' mac10");

  /** As Pulumi tells it: what began or ended when. */
  function assertOrder(said: string, ...lines: string[]): void {
    const places = lines.map((line) => said.indexOf(line));
    assert.ok(!places.includes(-1), `${lines[places.indexOf(-1)]} is not in\n${said}`);
    assert.deepEqual(
      places,
      [...places].sort((one, other) => one - other),
      `${lines.join(", ")} is not the order of\n${said}`,
    );
  }

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    stack.env["LAB_ROLLOUT"] = JSON.stringify({ batches: [["host2", "host3"]] });
    stack.env["LAB_NOTE"] = "1";
    for (const host of HOSTS) before_[host] = await snapshot(host);
    await stack.init();
  });
  after(async () => {
    await lab.plugged("host2", "enp0s8", true);
    stack.end();
  });

  it("tells its order in the preview, and keeps it: the proof of a batch comes before the next", async () => {
    const order = 'VlanTopology "lan" changes host2 and host3 first; then, once packets have proved them, host1';
    assert.ok((await stack.good("preview")).includes(order));
    const said = await stack.good("up", "--yes", "--skip-preview");
    assertOrder(
      said,
      "MacvlanNetwork lan-host2-mac10 created",
      "Reachability lan-proof-1 creating",
      "Reachability lan-proof-1 created",
      "VlanSubinterface lan-host1-mac10 creating",
      "MacvlanNetwork lan-host1-mac10 created",
    );
    await on("host1", "docker run -d --name d1 --network mac10 busybox sleep 100000");
    await stack.good("preview", "--expect-no-changes");
  });

  it("leaves the later batches as they are where packets show that one does not work", async () => {
    const now = await whole("host1");
    await lab.plugged("host2", "enp0s8", false);
    stack.env["LAB_NOTE"] = "2";
    const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
    assert.notEqual(exitCode, 0);
    assert.match(String(all), /host2\/mac10 to host3\/mac10: wanted reachable, but 172\.16\.10\.\d+ is unreachable/);
    assert.deepEqual(await Promise.all(["host2", "host3"].map(noteOf)), ["2", "2"]);
    assertSame(await whole("host1"), now);
  });

  it("proves that batch again, and goes on with the next once the cause is gone", async () => {
    await lab.plugged("host2", "enp0s8", true);
    const said = await stack.good("up", "--yes", "--skip-preview");
    assert.doesNotMatch(said, /lan-host2-mac10 updat/, "it was changed already");
    assertOrder(said, "Reachability lan-proof-1 updated", "MacvlanNetwork lan-host1-mac10 updating");
    assert.equal(await noteOf("host1"), "2");
    await stack.good("preview", "--expect-no-changes");
  });

  it("leaves the others as they are where its canary can't be changed, and goes on later", async () => {
    stack.env["LAB_ROLLOUT"] = JSON.stringify({ canary: "host2" });
    stack.env["LAB_NOTE"] = "3";
    const now = await Promise.all(["host1", "host3"].map(whole));
    await on("host2", "systemctl stop docker.socket docker");
    try {
      const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
      assert.notEqual(exitCode, 0);
      assert.match(String(all), /host2: its Docker daemon does not answer/);
      for (const [index, host] of ["host1", "host3"].entries()) assertSame(await whole(host), now[index] ?? "");
    } finally {
      await on("host2", "systemctl start docker.socket docker");
    }
    const said = await stack.good("up", "--yes", "--skip-preview");
    assertOrder(
      said,
      "MacvlanNetwork lan-host2-mac10 updated",
      "Reachability lan-proof-1 updated",
      "MacvlanNetwork lan-host1-mac10 updating",
    );
    assert.deepEqual(await Promise.all(HOSTS.map(noteOf)), ["3", "3", "3"]);
    await stack.good("preview", "--expect-no-changes");
  });

  it("ends with hosts as they were", async () => {
    await on("host1", "docker rm -f d1");
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });
});
