import assert from "node:assert/strict";
import { compareListings, decodeListing, renderRuleset } from "../../../provider/formats/nftables";
import { captured, RELEASES } from "../captured";

const EXPECTED = [
  'comment "pulumi-macvlan project/stack/router"',
  "forward: type filter hook forward priority filter; policy accept;",
  "forward: ct state established,related accept",
  'forward: iifname "enp0s8.100" ip daddr 172.16.20.10 tcp dport { 443, 8000-8100 } accept',
  "forward: meta l4proto { icmp, ipv6-icmp } accept",
  'forward: iifname { "enp0s8.100", "enp0s8.200" } oifname "enp0s9" accept',
  'forward: iifname { "enp0s8.100", "enp0s8.200" } oifname { "enp0s8.100", "enp0s8.200" } drop',
  "postrouting: type nat hook postrouting priority srcnat; policy accept;",
  'postrouting: oifname "enp0s9" ip saddr { 172.16.10.0/24, 172.16.20.0/24 } masquerade',
];

describe("the router's table", () => {
  for (const release of RELEASES) {
    it(`is read from nft's listing (${release})`, () =>
      assert.deepEqual(decodeListing(captured(release, "table")), EXPECTED));

    it(`shows what is gone, added or moved (${release})`, () => {
      const listing = captured(release, "table");
      assert.deepEqual(compareListings(listing, listing), []);
      const line = "\t\tct state established,related accept\n";
      assert.deepEqual(compareListings(listing, listing.replace(line, "")), [
        "firewall rule is gone: forward: ct state established,related accept",
      ]);
      assert.deepEqual(compareListings(listing, listing.replace(line, `${line}\t\tdrop\n`)), [
        "firewall rule was added: forward: drop",
      ]);
      assert.deepEqual(
        compareListings(
          listing,
          listing
            .replace(line, "")
            .replace("\t\tmeta l4proto", `${line}\t\tmeta l4proto`)
            .replace(/^(.*masquerade)$/m, "$1"),
        ),
        ["the firewall rules stand in another order"],
      );
    });
  }

  it("is rendered with others' packets let by, replies first, NAT's way in shut, and the default last", () => {
    const text = renderRuleset("pulumi_macvlan_router_a-1", "MARK", {
      interfaces: ["a.1", "a.2"],
      nat: [{ outInterface: "up", sources: ["10.1.0.0/16", "fd00::/64"] }],
      policy: {
        default: "drop",
        rules: [
          { from: "a.1", to: "10.2.0.0/24", protocol: "udp", ports: ["53"], action: "accept" },
          { from: "any", to: "any", protocol: "icmp", action: "accept" },
        ],
      },
    });
    assert.deepEqual(
      decodeListing(text)
        .filter((line) => line.includes(": "))
        .map((line) => line.replace(/^.*?: /, "")),
      [
        "type filter hook forward priority filter; policy accept;",
        'iifname != { "a.1", "a.2" } oifname != { "a.1", "a.2" } accept',
        "ct state established,related accept",
        'iifname "a.1" ip daddr 10.2.0.0/24 udp dport 53 accept',
        "meta l4proto { icmp, ipv6-icmp } accept",
        'iifname { "a.1", "a.2" } oifname "up" accept',
        'iifname "up" oifname { "a.1", "a.2" } drop',
        'iifname { "a.1", "a.2" } oifname @others drop',
        'iifname @others oifname { "a.1", "a.2" } drop',
        'iifname { "a.1", "a.2" } oifname { "a.1", "a.2" } drop',
        "type nat hook postrouting priority srcnat; policy accept;",
        "iifname @others accept",
        'oifname "up" ip saddr 10.1.0.0/16 masquerade',
        'oifname "up" ip6 saddr fd00::/64 masquerade',
      ],
    );
    assert.match(
      text,
      /^table inet pulumi_macvlan_router_a-1\ndelete table inet pulumi_macvlan_router_a-1\ntable inet/,
    );
  });
});
