import assert from "node:assert/strict";
import { aboutThem } from "../../../provider/scan/rules";

const described = [
  { name: "eth0.100", inputs: { parent: "eth0", addresses: ["172.16.10.1/24"] } },
  {
    name: "mac20",
    inputs: { parent: "eth0.200", subnets: [{ subnet: "172.16.20.0/24" }, { subnet: "fd00:20::/64" }] },
  },
];
const kept = (shows: string, command = "iptables-save") => aboutThem([{ command, shows }], described).length === 1;

describe("the rules that are about what is described", () => {
  const about = [
    "-A FORWARD -i eth0.100 -o eth1 -j ACCEPT",
    "-A FORWARD -i eth7 -o eth0.200 -j ACCEPT",
    "-A INPUT -i eth0.100 -j DROP",
    "-A POSTROUTING -s 172.16.20.0/24 -o eth7 -j MASQUERADE",
    "-A PREROUTING -d 172.16.10.1/32 -p tcp -j DNAT",
    "-A FORWARD -s 172.16.0.0/16 -j ACCEPT",
    "-A POSTROUTING -o eth7 -j MASQUERADE",
    "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -i eth0.+ -j ACCEPT",
    "-A FORWARD ! -i wg0 -j DROP",
  ];
  for (const rule of about) it(`are ${rule}`, () => assert.ok(kept(rule)));

  const others = [
    "-A INPUT -p tcp --dport 22 -j ACCEPT",
    "-A FORWARD -i wg0 -o eth7 -j ACCEPT",
    "-A FORWARD -i wg+ -j ACCEPT",
    "-A POSTROUTING -s 10.8.0.0/24 -o eth7 -j MASQUERADE",
    "-A OUTPUT -d 192.0.2.1/32 -j DROP",
  ];
  for (const rule of others) it(`are not ${rule}`, () => assert.ok(!kept(rule)));

  it("are those of IPv6, too", () => {
    assert.ok(kept("-A FORWARD -d fd00:20::5/128 -j DROP", "ip6tables-save"));
    assert.ok(!kept("-A FORWARD -d fd00:21::5/128 -j DROP", "ip6tables-save"));
  });

  it("stand beside what is no such rule", () => assert.ok(kept("1", "cat /proc/sys/net/ipv4/ip_forward")));
});
