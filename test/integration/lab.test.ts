// What the lab promises to those who use it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { Lab } from "../lab/lab";
import { asRoot } from "../lab/root";
import { lab, resetLab } from "./hooks";
import { on } from "./hosts";

const listening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

const ours = async (name: string): Promise<string> =>
  String((await execa("pgrep", ["-af", `pulumi-macvlan-lab/${name}|pmvlab-${name}`], { reject: false })).stdout);

describe("the lab", function () {
  this.timeout(180_000);

  it("has hosts of two releases, each with its own kernel, init, sshd and Docker", async () => {
    const facts = async (host: string) =>
      (
        await on(
          host,
          "cat /proc/1/comm /proc/sys/kernel/random/boot_id; hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname; docker version -f '{{.Server.Version}}'",
        )
      ).split("\n");
    const [first, second] = await Promise.all([facts("host1"), facts("host2")]);
    assert.deepEqual([first?.[0], second?.[0], first?.[2], second?.[2]], ["systemd", "systemd", "host1", "host2"]);
    assert.notEqual(first?.[1], second?.[1]);
    assert.notEqual(first?.[3], second?.[3]);
  });

  it("is found by a second up", async () => {
    const boot = await on("host1", "cat /proc/sys/kernel/random/boot_id");
    assert.equal(await lab.up(), "found");
    assert.equal(await on("host1", "cat /proc/sys/kernel/random/boot_id"), boot);
  });

  for (const power of [false, true]) {
    it(`really reboots a host${power ? ", by cutting its power too" : ""}`, async () => {
      const boot = await on(
        "host1",
        "ip link add left type dummy; echo kept > /root/kept; sync; cat /proc/sys/kernel/random/boot_id",
      );
      await lab.reboot("host1", power);
      assert.notEqual(await on("host1", "cat /proc/sys/kernel/random/boot_id"), boot);
      assert.equal(await on("host1", "cat /root/kept; [ -e /sys/class/net/left ] || echo gone"), "kept\ngone");
    });
  }

  it("is reset to freshly made hosts", async () => {
    await resetLab();
    assert.equal(await on("host1", "ls /root/kept 2>/dev/null || echo gone"), "gone");
  });

  it("does not end one of its name in another temporary folder", async () => {
    const { TMPDIR } = process.env;
    const other = mkdtempSync(join(tmpdir(), "pulumi-macvlan-other-"));
    try {
      process.env["TMPDIR"] = other;
      await new Lab(lab.name).down();
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
      rmSync(other, { recursive: true });
    }
    assert.equal(await lab.login("host1"), true);
  });

  it("leaves nothing behind", async () => {
    const spare = new Lab("spare");
    try {
      assert.equal(await spare.up(), "started");
      const { port } = spare.connection("host1");
      assert.equal(await listening(port), true);
      assert.match(await ours("spare"), /umid=spare-\w+-host1/);
      await spare.down();
      assert.equal(await listening(port), false);
      assert.equal(await ours("spare"), "");
      assert.doesNotMatch(String((await execa(...asRoot("ip", ["netns", "list"]))).stdout), /pmvlab-spare/);
      assert.equal(existsSync(spare.inventoryFile), false);
      assert.equal(await on("host1", "echo still here"), "still here", "another lab is not touched");
    } finally {
      await spare.down();
    }
  });
});
