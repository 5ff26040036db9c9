// Reads the JSON of `ip -j -d addr` and `ip -j route` (iproute2 4.16 and later).
import { compareCidr, parseCidr } from "../vocabulary/addresses";
import { jsonSection } from "./sections";

interface LinkJson {
  ifindex: number;
  ifname: string;
  link?: string;
  flags?: string[];
  mtu: number;
  address?: string;
  ifalias?: string;
  promiscuity?: number;
  linkinfo?: { info_kind?: string; info_data?: Record<string, unknown> };
}

interface AddressJson {
  ifname?: string;
  addr_info?: { family: string; local: string; prefixlen: number; dynamic?: boolean }[];
}

interface RouteJson {
  dst: string;
  gateway?: string;
  via?: { host: string };
  protocol?: string;
  type?: string;
}

export interface Link {
  ifIndex: number;
  name: string;
  parent: string | undefined;
  up: boolean;
  promiscuous: boolean;
  mtu: number;
  macAddress: string;
  /** Whose it is, by its alias or by what the host keeps of one that was taken over. */
  mark: string;
  kind: string;
  /** What `ip -d` says of the kind: protocol, id, flags, mode … */
  data: Record<string, unknown>;
}

/** `ip -j -d addr show dev X`, or of link; undefined where the section is empty: there is no such link. */
export function decodeLink(sections: ReadonlyMap<string, string>, section = "link"): Link | undefined {
  const link = jsonSection<LinkJson[]>(sections, section)?.find((entry) => entry.ifname !== undefined);
  if (!link) return undefined;
  const flags = link.flags ?? [];
  return {
    ifIndex: link.ifindex,
    name: link.ifname,
    parent: link.link,
    up: flags.includes("UP"),
    promiscuous: flags.includes("PROMISC"),
    mtu: link.mtu,
    macAddress: link.address ?? "",
    mark: sections.get("mark") ?? link.ifalias ?? "",
    kind: link.linkinfo?.info_kind ?? "",
    data: link.linkinfo?.info_data ?? {},
  };
}

/**
 * `ip -j -d addr show dev X`: the addresses that its resource answers for, sorted. Those from router advertisements (dynamic),
 * the kernel's own link-local ones and those that a router resource put there are left out, unless `wanted` has them.
 */
export function decodeAddresses(
  sections: ReadonlyMap<string, string>,
  wanted: readonly string[],
  section = "link",
): string[] {
  const entries = jsonSection<AddressJson[]>(sections, section) ?? [];
  const routers = new Set(sections.get("router-addresses")?.split("\n"));
  return entries
    .flatMap(({ ifname, addr_info }) => (addr_info ?? []).map((info) => ({ ifname, ...info })))
    .filter((info) => !info.dynamic)
    .map(({ ifname, local, prefixlen }) => ({ ifname, address: `${local}/${prefixlen}` }))
    .filter(
      ({ ifname, address }) =>
        wanted.includes(address) || !(address.startsWith("fe80:") || routers.has(`${ifname} ${address}`)),
    )
    .map(({ address }) => address)
    .sort(compareCidr);
}

export interface Route {
  to: string;
  via?: string | undefined;
}

export const compareRoutes = (a: Route, b: Route): number =>
  compareCidr(a.to, b.to) || (a.via ?? "").localeCompare(b.via ?? "");

/** `ip -j route show dev X` of both families, without what the kernel and router advertisements made. */
export function decodeRoutes(sections: ReadonlyMap<string, string>): Route[] {
  const read = (section: string, everything: string, bits: number): Route[] =>
    (jsonSection<RouteJson[]>(sections, section) ?? [])
      .filter((route) => route.dst !== undefined && route.protocol !== "kernel" && route.protocol !== "ra")
      .filter((route) => route.dst !== "fe80::/64" && route.type !== "multicast")
      .map((route) => {
        const to = route.dst === "default" ? everything : route.dst.includes("/") ? route.dst : `${route.dst}/${bits}`;
        const via = route.gateway ?? route.via?.host;
        const { address, prefix } = parseCidr(to);
        return { to: `${address}/${prefix}`, ...(via ? { via } : {}) };
      });
  return [...read("routes", "0.0.0.0/0", 32), ...read("routes6", "::/0", 128)].sort(compareRoutes);
}
