// What the router hands out: one configuration of a dnsmasq of its own, which answers no DNS.
// Source: dnsmasq(8); DHCP is RFC 2131, router advertisements RFC 4861, what hosts make of them RFC 4862.
import { formatAddress, parseAddress, parseCidr } from "../vocabulary/addresses";
import type { Checked } from "../vocabulary/values";

export interface RouterDhcp {
  /** The first address that is handed out, such as `172.16.10.200`: in a subnet of the interface's addresses. */
  first: string;
  /** The last one. The range must not hold the router's address, nor what Docker hands out: reserve it in the plan. */
  last: string;
  /** Seconds, 120 or more. Default: 3600. */
  leaseTime?: number | undefined;
  /** Addresses of DNS servers for the clients. Default: none. */
  dnsServers?: string[] | undefined;
}

export type Dhcp = Checked<RouterDhcp>;

export interface RouterInterface {
  /** An interface of the host, such as a VlanSubinterface's name; it must exist. */
  interface: string;
  /** The gateway's addresses on it, such as `172.16.10.1/24`. Addresses that others put there stay. */
  addresses: string[];
  /**
   * Router advertisements (RFC 4861) for its IPv6 subnets, /64 each: hosts and containers there choose addresses and take this
   * router by themselves. Takes dnsmasq on the host (Debian: dnsmasq-base). Default: false.
   */
  advertise?: boolean | undefined;
  /** Hands out IPv4 addresses (DHCP, RFC 2131), with this router. Takes dnsmasq on the host. Default: none. */
  dhcp?: RouterDhcp | undefined;
}

export type ServedInterface = Checked<Omit<RouterInterface, "dhcp">, "advertise"> & { dhcp?: Dhcp | undefined };

/** The address of the interface that is in the range's subnet: what clients take for their router. */
export function routerOf({ addresses, dhcp }: ServedInterface): string | undefined {
  if (!dhcp) return undefined;
  const [first, last] = [parseAddress(dhcp.first), parseAddress(dhcp.last)];
  return addresses.find((text) => {
    const cidr = parseCidr(text);
    return [first, last].every(
      ({ family, value }) => family === cidr.family && value > cidr.first && value < cidr.last,
    );
  });
}

function linesOf(entry: ServedInterface, index: number): string[] {
  const { advertise, dhcp, addresses } = entry;
  const router = routerOf(entry);
  const tag = `lan${index}`;
  const option = (name: string, value: string) => `dhcp-option=tag:${tag},option:${name},${value}`;
  return [
    `interface=${entry.interface}`,
    ...(dhcp && router
      ? [
          `dhcp-range=set:${tag},${dhcp.first},${dhcp.last},${maskOf(router)},${dhcp.leaseTime}`,
          option("router", parseCidr(router).address),
          ...(dhcp.dnsServers.length > 0 ? [option("dns-server", dhcp.dnsServers.join(","))] : []),
        ]
      : []),
    ...(advertise ? prefixesOf(addresses).map((prefix) => `dhcp-range=${prefix},ra-only,64`) : []),
  ];
}

function maskOf(cidr: string): string {
  const { first, last } = parseCidr(cidr);
  return formatAddress(4, 2n ** 32n - (last - first + 1n));
}

const prefixesOf = (addresses: readonly string[]): string[] => [
  ...new Set(
    addresses
      .map(parseCidr)
      .filter(({ family }) => family === 6)
      .map(({ first }) => formatAddress(6, first)),
  ),
];

/** The whole file; empty where nobody is to be served. */
export function renderServer(interfaces: readonly ServedInterface[], files: { pid: string; leases: string }): string {
  const served = interfaces.filter(({ advertise, dhcp }) => advertise || dhcp);
  if (served.length === 0) return "";
  return [
    // No DNS; and nothing of the host's own settings for another dnsmasq.
    "port=0",
    "no-resolv",
    "bind-dynamic",
    `pid-file=${files.pid}`,
    `dhcp-leasefile=${files.leases}`,
    ...(served.some(({ advertise }) => advertise) ? ["enable-ra"] : []),
    ...served.flatMap(linesOf),
  ].join("\n");
}
