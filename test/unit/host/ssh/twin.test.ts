// On a twin its hosts are reached, and no other.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromEnvironment, TWIN, type TwinHost, wayOn } from "../../../../provider/host/ssh/twin";
import type { HostFields } from "../../../../provider/vocabulary/host";

describe("the way to a host", () => {
  const folder = mkdtempSync(join(tmpdir(), "twin-"));
  const file = join(folder, "hosts.json");
  const real: HostFields = {
    address: "10.0.0.1",
    port: 22,
    name: "nas",
    user: "admin",
    sudo: true,
    hostKey: ["ssh-ed25519 AAAA"],
    commandTimeout: 9,
  };
  const connection: HostFields = {
    address: "127.0.0.1",
    port: 22110,
    user: "root",
    privateKeyPath: "/key",
    hostKey: ["ssh-ed25519 BBBB"],
  };
  before(() => writeFileSync(file, JSON.stringify([{ of: [real], connection }] satisfies TwinHost[])));
  after(() => rmSync(folder, { recursive: true }));

  it("is the one given where there is no twin", () =>
    assert.deepEqual(wayOn(real, { password: "x" }, undefined), { host: real, credentials: { password: "x" } }));

  it("is that to its twin, with no credential, and with its own name and patience", () => {
    const wanted = {
      ...connection,
      name: "nas",
      connectTimeout: undefined,
      commandTimeout: 9,
      confirmTimeout: undefined,
    };
    assert.deepEqual(wayOn(real, { password: "x" }, file), { host: wanted, credentials: {} });
  });

  it("is told by key or address before it is by name: names may have been swapped", () => {
    const other: HostFields = { address: "10.0.0.3", name: "db" };
    const twins: TwinHost[] = [
      { of: [real, { ...real, name: "db" }], connection },
      { of: [other, { ...other, name: "nas" }], connection: { ...connection, port: 22111 } },
    ];
    const swapped = join(folder, "swapped.json");
    writeFileSync(swapped, JSON.stringify(twins));
    assert.equal(wayOn(other, {}, swapped).host.port, 22111);
    assert.equal(wayOn({ ...real, name: "db" }, {}, swapped).host.port, 22110);
    // The one who sends the packets has the twin's own connections.
    assert.equal(wayOn({ ...connection, hostKey: ["ssh-ed25519 CCCC"], port: 22111 }, {}, swapped).host.port, 22111);
  });

  it("takes nothing from the environment that is for the stack's own hosts", () => {
    process.env["PULUMI_MACVLAN_PASSWORD"] = "x";
    try {
      assert.equal(fromEnvironment("PASSWORD"), "x");
      process.env[TWIN] = file;
      assert.equal(fromEnvironment("PASSWORD"), undefined);
    } finally {
      delete process.env["PULUMI_MACVLAN_PASSWORD"];
      delete process.env[TWIN];
    }
  });

  it("is known by key, address or name", () => {
    for (const host of [{ ...real, address: "moved" }, { address: "10.0.0.1" }, { address: "nas" }])
      assert.equal(wayOn(host, {}, file).host.port, 22110);
  });

  it("is none to a host that the twin does not have", () =>
    assert.throws(() => wayOn({ address: "10.0.0.2" }, {}, file), /10\.0\.0\.2 is no host of the twin/));
});
