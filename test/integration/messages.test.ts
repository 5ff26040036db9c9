// What people read besides fields, as the CLI shows it.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { on } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { MacvlanNetwork } from "pulumi-macvlan";

new MacvlanNetwork("mac10", {
  host: JSON.parse(process.env["LAB_HOST"] ?? ""),
  name: "mac10",
  parent: process.env["LAB_PARENT"] ?? "",
  driver: process.env["LAB_DRIVER"] === "ipvlan" ? "ipvlan" : "macvlan",
  subnets: [{ subnet: "172.16.10.0/24" }],
  labels: { note: process.env["LAB_NOTE"] ?? "" },
});
`;

describe("what the CLI tells", function () {
  this.timeout(120_000);
  const stack = new Project("messages", PROGRAM);
  async function changed<T>(change: Record<string, string>, work: () => Promise<T>): Promise<T> {
    const { env } = stack;
    const kept = { ...env };
    try {
      Object.assign(env, change);
      return await work();
    } finally {
      Object.assign(env, kept);
    }
  }
  const preview = (change: Record<string, string>) => changed(change, () => stack.good("preview"));

  before(async () => {
    Object.assign(stack.env, {
      LAB_HOST: JSON.stringify(lab.connection("host1")),
      LAB_PARENT: "enp0s8",
      LAB_DRIVER: "macvlan",
      LAB_NOTE: "1",
    });
    await stack.init();
    await stack.good("up", "--yes", "--skip-preview");
    await on("host1", "docker run -d --name c1 --network mac10 busybox sleep 100000");
    await stack.good("refresh", "--yes", "--skip-preview");
  });
  after(async () => {
    await on("host1", "docker rm -f c1");
    await stack.good("destroy", "--yes", "--skip-preview");
    stack.end();
  });

  it("at preview names the containers that a change takes off their network", async () =>
    assert.match(
      await preview({ LAB_NOTE: "2" }),
      /Docker network "mac10" on host1 is made anew: c1 \(as last read\) will be off it for about 1 s, until they are put back/,
    ));

  it("at preview names those that come along to another parent", async () =>
    assert.match(
      await preview({ LAB_PARENT: "enp0s3" }),
      /"mac10" on host1 is made anew: c1 \(as last read\) will be off it for about 1 s, until they are put back/,
    ));

  it("at preview names those that are in the way of another network", async () =>
    assert.match(
      await preview({ LAB_DRIVER: "ipvlan" }),
      /"mac10" on host1 can be replaced only once no container is on it: c1 \(as last read\) must be removed or disconnected first/,
    ));

  it("at preview says it at the resource that it is about", async () => {
    const [, diagnostics = ""] = (await preview({ LAB_NOTE: "2" })).split("Diagnostics:\n");
    assert.match(
      diagnostics,
      /^ *pulumi-nodejs:dynamic\/macvlan:MacvlanNetwork \(mac10\):\n +warning: Docker network "mac10" on host1 is made anew: c1/,
    );
    assert.doesNotMatch(diagnostics, /pulumi:pulumi:Stack/);
  });

  it("at preview names none where nothing is changed", async () => assert.doesNotMatch(await preview({}), /c1/));

  /** No line has it twice, nor has the summary at the end (above it the CLI tells it when it happens, and again when it gives up). */
  function toldOnce(printed: string, sentence: string) {
    const times = (text: string) => text.split(sentence).length - 1;
    const [live = "", summary = ""] = printed.split("Diagnostics:");
    assert.equal(times(summary), 1, printed);
    assert.ok(times(live) > 0, printed);
    for (const line of live.split("\n")) assert.ok(times(line) <= 1, line);
    assert.doesNotMatch(printed, /^\s+at .*:\d+|HostError|Error: Error/m);
  }

  it("of a delete that fails is one sentence, told once", async () => {
    const { exitCode, all } = await stack.run("destroy", "--yes", "--skip-preview");
    assert.notEqual(exitCode, 0);
    toldOnce(
      String(all),
      'error: cannot delete Docker network "mac10" on host1: containers are still on it: c1; remove them, or disconnect them (docker network disconnect mac10 CONTAINER)',
    );
  });

  async function withoutDocker(work: () => Promise<void>): Promise<void> {
    await on("host1", "systemctl stop docker docker.socket");
    try {
      await work();
    } finally {
      await on("host1", "systemctl start docker.socket docker; docker start c1");
    }
  }

  it("of a read that fails is one sentence, told once", () =>
    withoutDocker(async () => {
      const { exitCode, all } = await stack.run("refresh", "--yes", "--skip-preview");
      assert.notEqual(exitCode, 0);
      toldOnce(
        String(all),
        'error: cannot read Docker network "mac10" on host1: its Docker daemon does not answer: Cannot connect to the Docker daemon',
      );
    }));

  it("of a change that fails is one sentence, told once", () =>
    withoutDocker(() =>
      changed({ LAB_NOTE: "3" }, async () => {
        const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
        assert.notEqual(exitCode, 0);
        toldOnce(
          String(all),
          'error: cannot set up Docker network "mac10" on host1: its Docker daemon does not answer: Cannot connect to the Docker daemon',
        );
      }),
    ));
});
