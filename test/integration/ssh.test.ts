// Every way to a host, and every way in which one can fail on it, with real sshd's.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { closeConnections } from "../../provider/host/ssh/connection";
import type { HostFields } from "../../provider/vocabulary/host";
import { lab } from "./hooks";
import { bendIp, connection, driven, mendIp, on, type Props, reloadSshd } from "./hosts";
import { Relay } from "./relay";

const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-ssh-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};

describe("the way to a host", function () {
  this.timeout(90_000);
  const kept = { HOME: process.env["HOME"], SSH_AUTH_SOCK: process.env["SSH_AUTH_SOCK"] };
  let second = "";
  let locked = "";

  const vlan = (host: HostFields, change: Props = {}) =>
    driven("VlanSubinterface", "host1", { parent: "enp0s8", vlanId: 31, host, ...change });

  /** A change over this way, seen on host1 itself. */
  async function works(host: HostFields, change: Props = {}): Promise<void> {
    const resource = await vlan(host, change).create();
    assert.notEqual(await on("host1", "cat /sys/class/net/enp0s8.31/ifindex"), "");
    await resource.delete();
    assert.equal(await on("host1", "ls -d /sys/class/net/enp0s8.31 2>/dev/null || echo gone"), "gone");
  }

  /** host1, through the lab's management net, which only another host can reach. */
  const inner = (change: object = {}): HostFields =>
    connection("host1", { address: "10.77.0.11", port: 22, bastion: connection("host2"), ...change });

  before(async () => {
    const key = (name: string, passphrase: string) => {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", join(folder, name)]);
      return join(folder, name);
    };
    second = key("second", "");
    locked = key("locked", "canary-of-passphrase");
    const keys = ["second", "locked"].map((name) => readFileSync(join(folder, `${name}.pub`), "utf8")).join("");
    await lab.exec(
      "host1",
      "cp /etc/ssh/lab_authorized_keys /etc/ssh/kept; cat >>/etc/ssh/lab_authorized_keys; sed -i 's/^PasswordAuthentication.*/PasswordAuthentication yes/; $aPermitRootLogin yes' /etc/ssh/sshd_config",
      { input: keys },
    );
    await lab.exec("host1", "chpasswd", { input: "root:canary-of-password\n" });
    await reloadSshd("host1", "true");
  });
  after(async () => {
    await reloadSshd(
      "host1",
      "mv /etc/ssh/kept /etc/ssh/lab_authorized_keys; sed -i 's/^PasswordAuthentication.*/PasswordAuthentication no/; /^PermitRootLogin/d' /etc/ssh/sshd_config; usermod -p '*' root",
    );
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await closeConnections();
    Object.assign(process.env, kept);
    if (kept.SSH_AUTH_SOCK === undefined) delete process.env["SSH_AUTH_SOCK"];
    for (const name of ["PRIVATE_KEY_PATH", "PASSWORD", "SUDO_PASSWORD"]) delete process.env[`PULUMI_MACVLAN_${name}`];
  });

  it("is a key's text", () =>
    works(connection("host1", { privateKeyPath: undefined }), {
      credentials: { privateKey: readFileSync(second, "utf8") },
    }));

  it("is a key with a passphrase, and not without it", async () => {
    const host = connection("host1", { privateKeyPath: locked });
    await works(host, { credentials: { passphrase: "canary-of-passphrase" } });
    await assert.rejects(
      vlan(host).create(),
      /cannot use the private key for host1: it is encrypted: give its passphrase/,
    );
  });

  it("is a password", async () => {
    const host = connection("host1", { privateKeyPath: undefined });
    await works(host, { credentials: { password: "canary-of-password" } });
    await assert.rejects(vlan(host, { credentials: { password: "canary-of-another" } }).create(), (error: Error) => {
      assert.match(error.message, /it refuses the login of user "root"/);
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  });

  it("is an agent, by its socket or by SSH_AUTH_SOCK", async () => {
    const socket = join(folder, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          execFileSync("ssh-add", ["-q", second], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
          break;
        } catch {
          await sleep(100);
        }
      }
      await works(connection("host1", { privateKeyPath: undefined, agent: socket }));
      process.env["SSH_AUTH_SOCK"] = socket;
      await works(connection("host1", { privateKeyPath: undefined, agent: true }));
      await works(connection("host1", { privateKeyPath: undefined }));
    } finally {
      agent.kill();
    }
  });

  it("goes through a bastion, and a guarded change is confirmed through it again", async () => {
    await works(inner());
    const trace = join(folder, "trace");
    process.env["PULUMI_MACVLAN_TRACE"] = trace;
    try {
      await closeConnections();
      const resource = await driven("VlanSubinterface", "host1", {
        parent: "enp0s3",
        vlanId: 31,
        host: inner(),
      }).create();
      const hosts = readFileSync(trace, "utf8")
        .split("\n")
        .filter((line) => line.includes('"connection"'))
        .map((line) => (JSON.parse(line) as { host: string }).host);
      assert.deepEqual(hosts, ["host2", "host1", "host2", "host1"], "both hops anew");
      await resource.delete();
    } finally {
      delete process.env["PULUMI_MACVLAN_TRACE"];
    }
  });

  it("goes through two bastions", () =>
    works(inner({ bastion: connection("host2", { address: "10.77.0.12", port: 22, bastion: connection("host3") }) })));

  it("checks a bastion's key as well", async () => {
    const wrong = connection("host2", { hostKey: connection("host1").hostKey });
    await assert.rejects(
      vlan(inner({ bastion: wrong })).create(),
      /cannot reach host2: its host key is not the pinned one/,
    );
    await assert.rejects(
      vlan(inner({ hostKey: connection("host2").hostKey })).create(),
      /cannot reach host1: its host key is not the pinned one/,
    );
  });

  it("is what ~/.ssh/config says, with ProxyJump", async () => {
    const home = join(folder, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
    const jump = lab.connection("host2");
    copyFileSync(second, join(home, ".ssh", "id"));
    const known = [`[127.0.0.1]:${jump.port} ${jump.hostKey}`, `10.77.0.11 ${lab.connection("host1").hostKey}`].join(
      "\n",
    );
    writeFileSync(join(home, ".ssh", "known_hosts"), `${known}\n`);
    writeFileSync(
      join(home, ".ssh", "config"),
      `Host jump\n  HostName 127.0.0.1\n  Port ${jump.port}\n  IdentityFile ${jump.privateKeyPath}\nHost inner\n  HostName 10.77.0.11\n  ProxyJump jump\n  IdentityFile ~/.ssh/id\nHost *\n  User root\n`,
    );
    process.env["HOME"] = home;
    await works({ address: "inner" });
    writeFileSync(
      join(home, ".ssh", "known_hosts"),
      `@cert-authority 10.77.0.11 ${lab.connection("host1").hostKey}\n${known.split("\n")[0]}\n`,
    );
    await closeConnections();
    await assert.rejects(
      vlan({ address: "inner" }).create(),
      /line 1, trusts a certificate authority for it, and host certificates are not supported/,
    );
  });

  it("takes a key that is not known only when it is told to trust on first use, and remembers it", async () => {
    const known = file("first-use", "");
    const host = connection("host1", { hostKey: undefined, knownHostsPath: known });
    await assert.rejects(vlan(host).create(), /its host key is not known/);
    await works({ ...host, trustOnFirstUse: true });
    assert.equal(readFileSync(known, "utf8"), `[127.0.0.1]:${host.port} ${lab.connection("host1").hostKey}\n`);
    await works(host);
    file("first-use", readFileSync(known, "utf8").replace(/ssh-ed25519 \S+/, lab.connection("host2").hostKey));
    await closeConnections();
    await assert.rejects(
      vlan({ ...host, trustOnFirstUse: true }).create(),
      /its host key is not the one in .*first-use, line 1/,
    );
  });

  it("may change its credentials: no change of a resource, and a destroy takes those of the environment", async () => {
    const host = connection("host1", { privateKeyPath: second });
    const resource = await vlan(host).create();
    const rotated = { host: { ...host, privateKeyPath: "/elsewhere" }, credentials: { password: "canary-of-another" } };
    assert.deepEqual(await resource.diff(rotated), { changes: false, replaces: [], deleteBeforeReplace: false });
    Object.assign(resource.state, rotated);
    await closeConnections();
    await assert.rejects(resource.delete(), /cannot read the private key/);
    process.env["PULUMI_MACVLAN_PRIVATE_KEY_PATH"] = second;
    await resource.delete();
    assert.equal(await on("host1", "ls -d /sys/class/net/enp0s8.31 2>/dev/null || echo gone"), "gone");
  });

  for (const shell of ["fish", "tcsh"]) {
    it(`may end in ${shell}, which is no POSIX shell`, async () => {
      const user = `ops-${shell}`;
      await on(
        "host1",
        `useradd -m -p '*' -s "$(command -v ${shell})" ${user}; echo '${user} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/${user}; chmod 644 /etc/ssh/lab_authorized_keys`,
      );
      try {
        await works(connection("host1", { user, sudo: true }));
      } finally {
        await closeConnections();
        await on(
          "host1",
          `chmod 600 /etc/ssh/lab_authorized_keys; rm /etc/sudoers.d/${user}; pkill -u ${user}; userdel -r ${user} 2>/dev/null`,
        );
      }
    });
  }

  it("may be another server than OpenSSH: Dropbear, with a guarded change", async () => {
    const shown = await on(
      "host1",
      "mkdir -p /root/.ssh; cp /etc/ssh/lab_authorized_keys /root/.ssh/authorized_keys; dropbearkey -t ed25519 -f /run/dropbear.key >/dev/null 2>&1; systemd-run -q --collect --unit=dropbear dropbear -F -r /run/dropbear.key -p 2022; dropbearkey -y -f /run/dropbear.key",
    );
    const [hostKey] = /ssh-ed25519 \S+/.exec(shown) ?? [];
    const host = inner({ port: 2022, hostKey });
    try {
      await works(host);
      await works(host, { parent: "enp0s3", name: "enp0s8.31" });
    } finally {
      await on("host1", "systemctl stop dropbear; rm -r /root/.ssh /run/dropbear.key");
    }
  });

  it("is tried again where nothing can have been run", async () => {
    const relay = await new Relay().start(lab.connection("host1").port);
    try {
      relay.refusing = 2;
      await works(connection("host1", { port: relay.port }));
      assert.equal(relay.accepted, 3);
    } finally {
      relay.end();
    }
  });

  it("that breaks in the middle of a change does not run it a second time, and tells", async () => {
    const relay = await new Relay().start(lab.connection("host1").port);
    const host = connection("host1", { port: relay.port });
    await bendIp("host1", '"link add link enp0s8"*) echo x >>/run/runs; sleep 3;;');
    try {
      const resource = vlan(host);
      const creating = resource.create().then(
        () => assert.fail("it can't have succeeded"),
        (error: Error & { id?: string; properties?: Props }) => error,
      );
      await sleep(2000);
      relay.reset();
      const error = await creating;
      assert.match(
        error.message,
        /the SSH connection broke while the command ran; the next run finds out how far it came/,
      );
      assert.equal(error.id, "host1/enp0s8.31", "it is recorded");
      resource.state = error.properties ?? {};
      await resource.again();
      assert.equal(await on("host1", "cat /run/runs; rm /run/runs"), "x", "made once");
      await resource.delete();
    } finally {
      await mendIp("host1");
      relay.end();
    }
  });

  it("that falls silent ends at its deadline, and holds up no other host", async () => {
    const relay = await new Relay().start(lab.connection("host1").port);
    const host = connection("host1", { port: relay.port, connectTimeout: 3, commandTimeout: 6, confirmTimeout: 5 });
    try {
      const resource = await vlan(host).create();
      relay.silent = true;
      const started = Date.now();
      const reading = assert
        .rejects(resource.refresh(), /no answer within 6 s \(commandTimeout\)/)
        .then(() => Date.now() - started);
      await driven("VlanSubinterface", "host2", { parent: "enp0s8", vlanId: 31 })
        .create()
        .then((other) => other.delete());
      assert.ok(Date.now() - started < 12_000, "host2 did not wait");
      assert.ok((await reading) < 9000);
      await assert.rejects(resource.refresh(), /127.0.0.1:\d+ did not answer within 3 s/);
      resource.state["host"] = connection("host1");
      await resource.delete();
    } finally {
      relay.end();
    }
  });
});
