import assert from "node:assert/strict";
import { decodeAddresses, decodeLink, decodeRoutes } from "../../../provider/formats/iproute";
import { captured, RELEASES, sections } from "../captured";

describe("ip's answers", () => {
  it("come from two versions", () => {
    const versions = RELEASES.map((release) => captured(release, "versions").split("\n"));
    for (const line of [0, 1, 2]) assert.notEqual(versions[0]?.[line], versions[1]?.[line]);
  });

  for (const release of RELEASES) {
    it(`of a VLAN sub-interface are read (${release})`, () => {
      const link = decodeLink(sections(release, { link: "link" }));
      assert.ok(link && link.ifIndex > 0);
      const { data: _data, ifIndex: _index, macAddress: _mac, ...rest } = link;
      assert.deepEqual(rest, {
        name: "enp0s8.100",
        parent: "enp0s8",
        up: true,
        promiscuous: true,
        mtu: 1400,
        mark: "pulumi-macvlan project/stack/vlan",
        kind: "vlan",
      });
      assert.deepEqual([link.data["protocol"], link.data["id"]], ["802.1ad", 100]);
      assert.deepEqual(link.data["egress_qos"], [
        { from: 1, to: 2 },
        { from: 6, to: 5 },
      ]);
      assert.deepEqual(link.data["ingress_qos"], [{ from: 3, to: 1 }]);
      assert.ok(!JSON.stringify(link.data["flags"] ?? []).includes("REORDER_HDR"));
    });

    it(`of a macvlan are read (${release})`, () => {
      const link = decodeLink(sections(release, { link: "macvlan" }));
      assert.deepEqual(
        [link?.kind, link?.data["mode"], link?.parent, link?.macAddress, link?.promiscuous],
        ["macvlan", "private", "enp0s8.100", "02:42:00:00:00:fa", false],
      );
    });

    it(`of addresses are read, without the kernel's and a router's (${release})`, () => {
      const answer = sections(release, { link: "link" });
      assert.deepEqual(decodeAddresses(answer, []), ["172.16.10.2/24", "fd00:10::2/64"]);
      answer.set("router-addresses", "enp0s8.100 172.16.10.2/24\nother fd00:10::2/64");
      assert.deepEqual(decodeAddresses(answer, []), ["fd00:10::2/64"]);
      assert.deepEqual(decodeAddresses(answer, ["172.16.10.2/24"]), ["172.16.10.2/24", "fd00:10::2/64"]);
    });

    it(`of routes are read, without the kernel's (${release})`, () => {
      assert.deepEqual(decodeRoutes(sections(release, { routes: "routes", routes6: "routes6" })), [
        { to: "10.9.9.9/32" },
        { to: "10.50.0.0/16", via: "172.16.10.65" },
        { to: "172.16.10.64/26" },
        { to: "fd00:20::/64" },
      ]);
    });
  }

  it("are none where a section is empty", () => {
    assert.equal(decodeLink(new Map([["link", ""]])), undefined);
    assert.deepEqual(decodeRoutes(new Map()), []);
  });

  it("are refused with a reason where they are no JSON", () => {
    assert.throws(
      () => decodeLink(new Map([["link", 'Option "-j" is unknown']])),
      /is no JSON \(is its iproute2 older than 4.16\?\)/,
    );
  });
});
