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
      assert.deepEqual(network?.containers, ["captured"]);
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

  it("of a Swarm are rendered without settings, and their nodes' parts without a driver", () => {
    assert.deepEqual(renderCreate("mac10", "MARK", { ...SPEC, configFrom: "mac10-node" }), [
      "--driver=macvlan",
      "--scope=swarm",
      "--attachable",
      "--config-from=mac10-node",
      "mac10",
    ]);
    const part = renderCreate("mac10-node", "MARK", { ...SPEC, internal: false, configOnly: true });
    assert.deepEqual(part.slice(0, 3), ["--config-only", "--ipv6", "--subnet=172.16.10.0/24"]);
    assert.ok(part.includes("--opt=parent=enp0s8") && part.includes("--label=pulumi-macvlan.mark=MARK"));
  });

  it("are rendered as docker network create takes them", () => {
    assert.deepEqual(renderCreate("mac10", "MARK", SPEC, "HASH"), [
      "--driver=macvlan",
      "--internal",
      "--ipv6",
      "--subnet=172.16.10.0/24",
      "--ip-range=172.16.10.64/26",
      "--gateway=172.16.10.1",
      "--aux-address=nas=172.16.10.65",
      "--subnet=fd00:10::/64",
      "--opt=com.docker.network.driver.mtu=1400",
      "--opt=parent=enp0s8",
      "--opt=macvlan_mode=bridge",
      "--label=note=x",
      "--label=pulumi-macvlan.mark=MARK",
      "--label=pulumi-macvlan.spec=HASH",
      "mac10",
    ]);
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
