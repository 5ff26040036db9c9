import assert from "node:assert/strict";
import { decodeNetwork, type NetworkSpec, renderCreate, specHash } from "../../../provider/formats/docker";
import { RELEASES, sections } from "../captured";

const SPEC: NetworkSpec = {
  driver: "macvlan",
  parent: "enp0s8",
  mode: "bridge",
  internal: true,
  subnets: [
    {
      subnet: "172.16.10.0/24",
      gateway: "172.16.10.1",
      ipRange: "172.16.10.64/26",
      auxAddresses: { nas: "172.16.10.65" },
    },
    { subnet: "fd00:10::/64" },
  ],
  labels: { note: "x" },
  options: { "com.docker.network.driver.mtu": "1400" },
};

describe("Docker's networks", () => {
  for (const release of RELEASES) {
    it(`are read as they were created (${release})`, () => {
      const network = decodeNetwork(sections(release, { network: "network" }));
      assert.match(network?.id ?? "", /^[0-9a-f]{64}$/);
      assert.equal(network?.mark, "pulumi-macvlan project/stack/net");
      assert.deepEqual(network?.containers, { captured: ["172.16.10.64", "fd00:10::2"] });
      assert.deepEqual(
        { ...network?.spec, subnets: network?.spec.subnets.slice(0, 1) },
        { ...SPEC, subnets: SPEC.subnets.slice(0, 1) },
      );
      assert.equal(network?.spec.subnets[1]?.subnet, "fd00:10::/64");
    });
  }

  it("are none where the section is empty or an empty list", () => {
    assert.equal(decodeNetwork(new Map([["network", ""]])), undefined);
    assert.equal(decodeNetwork(new Map([["network", "[]"]])), undefined);
  });

  it("have no subnet that Docker was given without --ipv6, and does not use", () => {
    const [found] = JSON.parse(sections("trixie", { network: "network" }).get("network") ?? "[]");
    const subnetsOf = (change: object) =>
      decodeNetwork(new Map([["network", JSON.stringify([{ ...found, ...change }])]]))?.spec.subnets.map(
        ({ subnet }) => subnet,
      );
    assert.deepEqual(subnetsOf({}), ["172.16.10.0/24", "fd00:10::/64"]);
    assert.deepEqual(subnetsOf({ EnableIPv6: false }), ["172.16.10.0/24"]);
    assert.deepEqual(subnetsOf({ EnableIPv6: false, Scope: "swarm" }), ["172.16.10.0/24", "fd00:10::/64"]);
  });

  it("of a Swarm are rendered without settings, and their nodes' parts without a driver", () => {
    assert.deepEqual(renderCreate("mac10", "MARK", { ...SPEC, configFrom: "mac10-node" }), {
      Name: "mac10",
      CheckDuplicate: true,
      Driver: "macvlan",
      Scope: "swarm",
      Attachable: true,
      ConfigFrom: { Network: "mac10-node" },
    });
    const part = renderCreate("mac10-node", "MARK", { ...SPEC, internal: false, configOnly: true });
    assert.deepEqual([part["ConfigOnly"], part["Driver"], part["EnableIPv6"]], [true, undefined, true]);
    assert.equal((part["IPAM"] as { Config: { Subnet: string }[] }).Config[0]?.Subnet, "172.16.10.0/24");
    assert.equal((part["Options"] as Record<string, string>)["parent"], "enp0s8");
    assert.equal((part["Labels"] as Record<string, string>)["pulumi-macvlan.mark"], "MARK");
  });

  it("are rendered as Docker's API takes them", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(renderCreate("mac10", "MARK", SPEC, "HASH"))), {
      Name: "mac10",
      CheckDuplicate: true,
      Driver: "macvlan",
      Internal: true,
      EnableIPv6: true,
      IPAM: {
        Driver: "default",
        Config: [
          {
            Subnet: "172.16.10.0/24",
            IPRange: "172.16.10.64/26",
            Gateway: "172.16.10.1",
            AuxiliaryAddresses: { nas: "172.16.10.65" },
          },
          { Subnet: "fd00:10::/64" },
        ],
      },
      Options: { "com.docker.network.driver.mtu": "1400", parent: "enp0s8", macvlan_mode: "bridge" },
      Labels: { note: "x", "pulumi-macvlan.mark": "MARK", "pulumi-macvlan.spec": "HASH" },
    });
  });

  it("have another hash for every difference", () => {
    const changes: Partial<NetworkSpec>[] = [
      {},
      { parent: "x" },
      { internal: false },
      { labels: {} },
      { options: {} },
      { subnets: [] },
      { mode: "x" },
      { driver: "ipvlan" },
    ];
    const hashes = changes.map((change) => specHash({ ...SPEC, ...change }));
    assert.equal(new Set(hashes).size, changes.length);
    assert.equal(specHash({ ...SPEC }), hashes[0]);
  });
});
