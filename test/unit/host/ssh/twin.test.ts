// On a twin its hosts are reached, and no other.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TwinHost, wayOn } from "../../../../provider/host/ssh/twin";
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

  it("is known by key, address or name", () => {
    for (const host of [{ ...real, address: "moved" }, { address: "10.0.0.1" }, { address: "nas" }])
      assert.equal(wayOn(host, {}, file).host.port, 22110);
  });

  it("is none to a host that the twin does not have", () =>
    assert.throws(() => wayOn({ address: "10.0.0.2" }, {}, file), /10\.0\.0\.2 is no host of the twin/));
});
