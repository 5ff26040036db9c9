import assert from "node:assert/strict";
import { type Dhcp, renderServer, routerOf } from "../../../provider/formats/dnsmasq";

const files = { pid: "/run/pid", leases: "/var/leases" };
const dhcp: Dhcp = { first: "172.16.10.200", last: "172.16.10.250", leaseTime: 3600, dnsServers: [] };
const addresses = ["172.16.9.1/24", "172.16.10.1/24", "fd00:10::1/64", "fd00:10::2/64"];
const of = (...entries: Parameters<typeof renderServer>[0]) => renderServer(entries, files).split("\n").slice(5);

describe("the router's dnsmasq", () => {
  it("is none where nobody is to be served", () =>
    assert.equal(renderServer([{ interface: "enp0s8.100", addresses }], files), ""));

  it("answers no DNS, and keeps its files with ours", () =>
    assert.deepEqual(
      renderServer([{ interface: "enp0s8.100", addresses, dhcp }], files)
        .split("\n")
        .slice(0, 5),
      ["port=0", "no-resolv", "bind-dynamic", "pid-file=/run/pid", "dhcp-leasefile=/var/leases"],
    ));

  it("hands out addresses with the router of their subnet, and DNS servers where there are any", () => {
    assert.deepEqual(of({ interface: "enp0s8.100", addresses, dhcp }), [
      "interface=enp0s8.100",
      "dhcp-range=set:lan0,172.16.10.200,172.16.10.250,255.255.255.0,3600",
      "dhcp-option=tag:lan0,option:router,172.16.10.1",
    ]);
    const dns = of({ interface: "enp0s8.100", addresses, dhcp: { ...dhcp, dnsServers: ["9.9.9.9", "1.1.1.1"] } });
    assert.equal(dns.at(-1), "dhcp-option=tag:lan0,option:dns-server,9.9.9.9,1.1.1.1");
  });

  it("advertises each IPv6 subnet once, and serves those interfaces only that ask for it", () =>
    assert.deepEqual(
      of(
        { interface: "enp0s8.100", addresses, advertise: true },
        { interface: "enp0s8.200", addresses: ["172.16.20.1/20"] },
        {
          interface: "enp0s8.300",
          addresses: ["172.16.48.1/20"],
          dhcp: { ...dhcp, first: "172.16.50.1", last: "172.16.50.9" },
        },
      ),
      [
        "enable-ra",
        "interface=enp0s8.100",
        "dhcp-range=fd00:10::,ra-only,64",
        "interface=enp0s8.300",
        "dhcp-range=set:lan1,172.16.50.1,172.16.50.9,255.255.240.0,3600",
        "dhcp-option=tag:lan1,option:router,172.16.48.1",
      ],
    ));

  it("takes no router for a range that is not all inside, or holds the network's own addresses", () => {
    const router = (change: Partial<Dhcp>) => routerOf({ interface: "a", addresses, dhcp: { ...dhcp, ...change } });
    assert.equal(router({}), "172.16.10.1/24");
    assert.equal(router({ last: "172.16.11.5" }), undefined);
    assert.equal(router({ last: "172.16.10.255" }), undefined);
    assert.equal(router({ first: "172.16.10.0" }), undefined);
  });
});
