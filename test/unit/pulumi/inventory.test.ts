import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { inventory } from "pulumi-macvlan";
import { labInventory } from "../../../provider/pulumi/lab";
import { mock } from "../mocks";

describe("inventory", () => {
  const { HOME } = process.env;
  const home = mkdtempSync(join(tmpdir(), "pulumi-macvlan-home-"));
  beforeEach(() => {
    process.env["HOME"] = home;
  });
  afterEach(() => {
    process.env["HOME"] = HOME;
  });
  after(() => rmSync(home, { recursive: true }));

  const configure = (hosts: object, more: Record<string, string> = {}) =>
    mock({ "project:hosts": JSON.stringify(hosts), ...more });

  it("gives the hosts that the stack configures, by their names", () => {
    configure({
      host1: { address: "192.0.2.1", user: "ops", parent: "eth1" },
      host2: { address: "b", parent: "eth0" },
    });
    assert.deepEqual(inventory("host1"), {
      host1: { connection: { name: "host1", address: "192.0.2.1", user: "ops" }, parent: "eth1", uplink: undefined },
    });
  });

  it("gives those of a running lab where nothing is configured, and says what to do where none runs", () => {
    for (const nothing of [{}, { "project:hosts": "{}" }]) {
      mock(nothing);
      assert.throws(() => inventory("host1"), /no hosts are configured, and no lab runs.*pulumi config set --path/);
    }
    mkdirSync(dirname(labInventory()), { recursive: true });
    writeFileSync(labInventory(), JSON.stringify({ host1: { address: "127.0.0.1", port: 22100, parent: "enp0s8" } }));
    mock();
    assert.equal(inventory("host1").host1.connection.port, 22100);
  });

  it("gives hosts that use sudo its password, as a secret, and no others", async () => {
    configure(
      { host1: { address: "a", parent: "eth0", sudo: true }, host2: { address: "b", parent: "eth0" } },
      { "project:sudoPassword": "PASSWORD" },
    );
    const { host1, host2 } = inventory("host1", "host2");
    const { password } = host1.connection.sudo as { password: pulumi.Output<string> };
    assert.equal(await pulumi.isSecret(password), true);
    assert.equal(host2.connection.sudo, undefined);
  });

  it("refuses a host that is missing or has no parent, with the command that helps", () => {
    configure({ host1: { address: "192.0.2.1" } });
    assert.throws(
      () => inventory("host2"),
      /no host "host2" with an address; its hosts are "host1"\. Configure it: pulumi/,
    );
    assert.throws(
      () => inventory("host1"),
      /host "host1" has no parent.*: pulumi config set --path 'hosts\.host1\.parent' <interface>/,
    );
  });
});
