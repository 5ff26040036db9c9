import assert from "node:assert/strict";
import { asGiven, hostsOf, withConnections } from "../../../../provider/pulumi/plugin/hosts";
import { UNKNOWN } from "../../../../provider/vocabulary/values";

const KEY = "ssh-ed25519 AAAA";
const HOSTS = {
  host1: {
    address: "192.0.2.1",
    hostKey: `${KEY} root@host1`,
    password: "secret of host1",
    sudo: { password: "secret of sudo" },
  },
};

describe("the plugin's hosts", () => {
  it("are found by their name, which is their label, and split", () => {
    const { host, credentials, vlanId } = withConnections({ host: "host1", vlanId: 100 }, HOSTS);
    assert.deepEqual(host, { name: "host1", address: "192.0.2.1", hostKey: [KEY], sudo: true });
    const { password, sudoPassword } = credentials as Record<string, string>;
    assert.deepEqual([password, sudoPassword, vlanId], ["secret of host1", "secret of sudo", 100]);
  });

  it("may be a connection, which stays in the state as the program says it", () => {
    const given = { host: { address: "192.0.2.9", password: "secret" } };
    const { host, credentials } = withConnections(given, HOSTS);
    assert.deepEqual(host, { address: "192.0.2.9" });
    assert.deepEqual(asGiven({ host, credentials, name: "x" }, given), { ...given, name: "x" });
  });

  it("are many where there are probes", () => {
    const given = { hosts: { a: "host1", b: { address: "192.0.2.2" } }, probes: [] };
    const { hosts, credentials } = withConnections(given, HOSTS) as Record<string, Record<string, object>>;
    assert.deepEqual(hosts?.["a"], { name: "host1", address: "192.0.2.1", hostKey: [KEY], sudo: true });
    assert.deepEqual(Object.keys(credentials ?? {}), ["a", "b"]);
    assert.deepEqual(asGiven({ hosts, credentials, probes: [] }, given), given);
  });

  it("of a plan are names only", () => {
    const plan = { hosts: ["host1"], subnets: ["10.0.0.0/24"] };
    assert.deepEqual(withConnections(plan, HOSTS), plan);
  });

  it("that are not known yet stay so", () => assert.equal(withConnections({ host: UNKNOWN }, HOSTS)["host"], UNKNOWN));

  it("are not known before the configuration is", () => {
    assert.equal(hostsOf(UNKNOWN), undefined);
    assert.equal(withConnections({ host: "host1" }, undefined)["host"], UNKNOWN);
  });

  it("come as a map, or as its JSON text", () => {
    assert.deepEqual(hostsOf(HOSTS), HOSTS);
    assert.deepEqual(hostsOf(JSON.stringify(HOSTS)), HOSTS);
    assert.deepEqual(hostsOf(undefined), {});
  });

  for (const [configured, reason] of [
    [
      "host1",
      /^Error: the provider's hosts is no JSON: hosts is a map of name to connection \(pulumi config set --path/,
    ],
    [["host1"], /^Error: the provider's hosts is no map: /],
    [
      { host1: "192.0.2.1" },
      /^Error: the provider's hosts\.host1 must be a HostConnection: at least \{address\}: hosts is/,
    ],
    [
      { host1: { address: "192.0.2.1", port: 70000 } },
      /^Error: the provider's hosts\.host1\.port "70000" is not a TCP port from 1 to 65535: hosts is/,
    ],
  ] as const)
    it(`are refused as ${JSON.stringify(configured)}`, () => assert.throws(() => hostsOf(configured), reason));

  it("that nobody has configured are told, with those that are there", () =>
    assert.throws(
      () => withConnections({ host: "host2" }, HOSTS),
      /host "host2" is not configured in the provider: its hosts are "host1"; configure it \(pulumi config set --secret --path 'macvlan:hosts\.host2\.address' ADDRESS\), or give its connection/,
    ));
});
