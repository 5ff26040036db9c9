// Secrets, through a whole stack's life: not in what the CLI prints, not in its outputs, not in its state.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { lab } from "./hooks";
import { link, on, reloadSshd } from "./hosts";
import { Project } from "./pulumi";

/** Secrets come as plain text, from wherever the user has them: it is us who must know that they are secret. */
const PROGRAM = `import { readFileSync } from "node:fs";
import { Config } from "@pulumi/pulumi";
import { MacvlanLink, VlanSubinterface } from "pulumi-macvlan";

const env = (name: string): string => process.env[name] ?? "";
const { address, port, hostKey } = JSON.parse(env("LAB_HOST"));
const { name: secondName, ...second } = JSON.parse(env("LAB_BASTION"));
const asOps = {
  name: "host1", address, port, hostKey, user: "ops",
  password: env("LAB_PASSWORD"), sudo: { password: new Config().requireSecret("sudo") },
};
const withKey = {
  name: "host1", address: "10.77.0.11", port: 22, hostKey,
  privateKey: readFileSync(env("LAB_KEY"), "utf8"), passphrase: env("LAB_PASSPHRASE"), bastion: second,
};
const vlan = new VlanSubinterface("vlan", { host: asOps, parent: env("LAB_PARENT"), vlanId: 61, mtu: Number(env("LAB_MTU")) });
const over = new MacvlanLink("link", { host: withKey, parent: "enp0s8", name: "over0" });
export const name = vlan.name;
export const all = vlan;
export const both = over;
`;

describe("secrets", function () {
  this.timeout(180_000);
  const stack = new Project("secrets", PROGRAM);
  const { folder } = stack;
  let printed = "";
  let key = "";

  before(async () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "canary-of-passphrase", "-f", join(folder, "key")]);
    key = readFileSync(join(folder, "key"), "utf8");
    await lab.exec(
      "host1",
      "id ops >/dev/null 2>&1 || useradd -m -s /bin/sh ops; cp /etc/ssh/lab_authorized_keys /etc/ssh/kept; cat >>/etc/ssh/lab_authorized_keys; echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/ops",
      { input: readFileSync(join(folder, "key.pub"), "utf8") },
    );
    await lab.exec("host1", "chpasswd", { input: "ops:canary-of-login\n" });
    await reloadSshd("host1", "sed -i 's/^PasswordAuthentication.*/PasswordAuthentication yes/' /etc/ssh/sshd_config");
    const { address, port, hostKey } = lab.connection("host1");
    Object.assign(stack.env, {
      LAB_HOST: JSON.stringify({ address, port, hostKey }),
      LAB_BASTION: JSON.stringify(lab.connection("host2")),
      LAB_KEY: join(folder, "key"),
      LAB_PASSPHRASE: "canary-of-passphrase",
      LAB_PASSWORD: "canary-of-login",
      LAB_PARENT: "enp0s8",
      LAB_MTU: "1500",
      PULUMI_CONFIG_PASSPHRASE: "not what is looked for",
    });
    await stack.init();
    await stack.good("config", "set", "--secret", "sudo", "canary-of-login");
  });
  after(async () => {
    await reloadSshd(
      "host1",
      "mv /etc/ssh/kept /etc/ssh/lab_authorized_keys; rm -f /etc/sudoers.d/ops; usermod -p '*' ops; sed -i 's/^PasswordAuthentication.*/PasswordAuthentication no/' /etc/ssh/sshd_config",
    );
    stack.end();
  });

  const run = async (...args: string[]): Promise<string> => {
    const all = await stack.good(...args);
    printed += all;
    return all;
  };

  function assertNone(what: string, text: string): void {
    const lines = key.split("\n").filter((line) => line.length > 40);
    assert.ok(lines.length > 0);
    for (const secret of ["canary-of", ...lines])
      assert.ok(
        !text.includes(secret),
        `a secret shows in ${what}: …${text.slice(Math.max(0, text.indexOf(secret) - 200)).slice(0, 300)}`,
      );
  }

  function assertNoneKept(when: string): void {
    const files = (readdirSync(stack.state, { recursive: true }) as string[])
      .map((name) => join(stack.state, name))
      .filter((file) => statSync(file).isFile());
    assert.ok(files.some((file) => readFileSync(file, "utf8").includes("macvlan:VlanSubinterface")));
    for (const file of files) assertNone(`${file}, ${when}`, readFileSync(file, "latin1"));
  }

  it("are in no state, output or message of an up", async () => {
    assert.match(await run("up", "--yes", "--skip-preview"), /3 created/);
    assert.ok(await link("host1", "enp0s8.61"));
    assert.ok(await link("host1", "over0"));
    assertNoneKept("after up");
    await run("stack", "output", "--json");
    await run("stack", "export");
    assertNone("what the CLI printed", printed);
  });

  it("nor of a preview, an update, a refresh, a failure", async () => {
    stack.env["LAB_MTU"] = "1400";
    await run("preview", "--diff");
    assert.match(await run("up", "--yes", "--skip-preview", "--diff"), /1 updated/);
    await on("host1", "ip link set enp0s8.61 mtu 1300");
    await run("refresh", "--yes", "--skip-preview", "--diff");
    stack.env["LAB_PARENT"] = "absent0";
    const { all, exitCode } = await stack.run("up", "--yes", "--skip-preview");
    assert.notEqual(exitCode, 0);
    assert.match(String(all), /parent "absent0" does not exist/);
    printed += String(all);
    assertNoneKept("after a failure");
    assertNone("what the CLI printed", printed);
  });

  it("nor of a destroy", async () => {
    await run("destroy", "--yes", "--skip-preview");
    assertNoneKept("after destroy");
    assertNone("what the CLI printed", printed);
    assert.equal(await on("host1", "ls /sys/class/net | grep 'enp0s8\\.\\|over0' || true"), "");
  });
});
