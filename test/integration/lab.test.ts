// What the lab promises to those who use it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { asRoot, HOSTS, keysFolder, Lab, type LabHost } from "pulumi-macvlan-lab";
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
  String((await execa("pgrep", ["-af", `pulumi-macvlan/${name}/|pmvlab-${name}`], { reject: false })).stdout);

describe("the lab", function () {
  this.timeout(180_000);

  it("has hosts of three releases, each with its own kernel, init, sshd and Docker", async () => {
    const facts = async (host: string) =>
      (
        await on(
          host,
          "cat /proc/1/comm /proc/sys/kernel/random/boot_id; hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname; docker version -f '{{.Server.Version}}'",
        )
      ).split("\n");
    for (const { name } of HOSTS.filter(({ docker }) => docker === "29")) {
      const api = await on(name, "docker version -f '{{.Server.APIVersion}}'");
      assert.ok(Number(api.split(".")[1]) >= 52, api);
    }
    const all = await Promise.all(HOSTS.map(({ name }) => facts(name)));
    assert.deepEqual(
      all.map(([init, , name]) => [init, name]),
      HOSTS.map(({ name }) => ["systemd", name]),
    );
    const different = (index: number) => new Set(all.map((found) => found[index])).size;
    assert.deepEqual([different(1), different(3)], [HOSTS.length, HOSTS.length]);
  });

  it("has keys that are made once, however many labs start for the first time together", async () => {
    const { XDG_CACHE_HOME: kept } = process.env;
    const cache = mkdtempSync(join(tmpdir(), "pulumi-macvlan-cache-"));
    process.env["XDG_CACHE_HOME"] = cache;
    try {
      const keys = await Promise.all(
        [1, 2, 3].map(async () => readFileSync(join(await keysFolder(), "host1"), "utf8")),
      );
      assert.equal(new Set(keys).size, 1);
      assert.deepEqual(readdirSync(join(cache, "pulumi-macvlan")), ["lab-keys"]);
    } finally {
      if (kept === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = kept;
      rmSync(cache, { recursive: true });
    }
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

  it("does not end one of its name in another home", async () => {
    const { HOME } = process.env;
    const other = mkdtempSync(join(tmpdir(), "pulumi-macvlan-other-"));
    try {
      process.env["HOME"] = other;
      await new Lab(lab.name).down();
    } finally {
      if (HOME === undefined) delete process.env["HOME"];
      else process.env["HOME"] = HOME;
      rmSync(other, { recursive: true });
    }
    assert.equal(await lab.login("host1"), true);
  });

  it("can be made of other hosts: their names, NICs, addresses and cables", async () => {
    const far = "edge-gateway-of-hall-7";
    const nic = "enp130s0f0np0";
    const nics = { mgmt0: "management", [nic]: "cable-a" };
    const made = ["10.4.0.7/24", "10.4.0.8/24"].map((address, index): LabHost => {
      const name = index === 0 ? far : "b";
      return { name, release: "trixie", docker: "own", nics, addresses: { [nic]: [address] } };
    });
    const others = new Lab("others", made);
    try {
      assert.equal(await others.up(), "started");
      assert.equal(String((await others.exec(far, "cat /proc/sys/kernel/hostname")).stdout), far);
      const found = String((await others.exec(far, `ip -o -4 addr show dev ${nic}`)).stdout);
      assert.match(found, /10\.4\.0\.7\/24/);
      assert.match(String((await others.exec("b", "ping -c 3 -W 2 10.4.0.7")).stdout), /ttl=64/);
      assert.equal(new Lab("others", made).running, true);
    } finally {
      await others.down();
    }
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
