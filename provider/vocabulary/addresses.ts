// Address arithmetic: the one place that talks to ip-num. Everything else passes CIDR strings around.
import { collapseIPv6Number, IPv4, IPv6 } from "ip-num";

export type Family = 4 | 6;

/** Bits of an address. */
export const widthOf = (family: Family): number => (family === 4 ? 32 : 128);

/** An address, with a prefix or without, as one alone: /32, for IPv6 /128. */
export const alone = (text: string): string => `${text.split("/")[0]}/${widthOf(text.includes(":") ? 6 : 4)}`;

/** An address with its prefix length, as in `172.16.10.2/24`. */
export interface Cidr {
  family: Family;
  /** Canonical: dotted decimal, or RFC 5952. */
  address: string;
  prefix: number;
  /** First and last address of the network that the prefix spans. */
  first: bigint;
  last: bigint;
  value: bigint;
}

interface Address {
  family: Family;
  address: string;
  value: bigint;
}

function readAddress(text: string): Address {
  if (text.includes(":")) {
    const ip = new IPv6(text);
    return { family: 6, address: collapseIPv6Number(ip.toString()), value: ip.getValue() };
  }
  const ip = new IPv4(text);
  return { family: 4, address: ip.toString(), value: ip.getValue() };
}

/** Plans read and show the same few addresses again and again, and ip-num takes tens of microseconds for each. */
const known = new Map<string, Address>();
const shown = { 4: new Map<bigint, string>(), 6: new Map<bigint, string>() };
const MOST_KNOWN = 10_000;

/** Canonical text and value of one address; throws with ip-num's reason when it is none. */
export function parseAddress(text: string): Readonly<Address> {
  const trimmed = text.trim();
  const found = known.get(trimmed) ?? readAddress(trimmed);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(trimmed, found);
  return found;
}

/** Reads `address/prefix`; throws when it is not one. */
export function parseCidr(text: string): Cidr {
  const [addressText = "", prefixText = "", ...rest] = text.trim().split("/");
  if (!/^\d{1,3}$/.test(prefixText) || rest.length > 0) throw new Error("it has no prefix length such as /24");
  const { family, address, value } = parseAddress(addressText);
  const prefix = Number(prefixText);
  const width = widthOf(family);
  if (prefix > width) throw new Error(`an IPv${family} prefix is at most ${width}`);
  const hosts = (1n << BigInt(width - prefix)) - 1n;
  return { family, address, prefix, value, first: value & ~hosts, last: value | hosts };
}

export const formatCidr = (cidr: Cidr): string => `${cidr.address}/${cidr.prefix}`;

export function formatAddress(family: Family, value: bigint): string {
  const texts = shown[family];
  const text =
    texts.get(value) ?? (family === 4 ? new IPv4(value).toString() : collapseIPv6Number(new IPv6(value).toString()));
  if (texts.size >= MOST_KNOWN) texts.clear();
  texts.set(value, text);
  return text;
}

/** The network an address lies in: `172.16.10.2/24` gives `172.16.10.0/24`. */
export const networkOf = (cidr: Cidr): string => `${formatAddress(cidr.family, cidr.first)}/${cidr.prefix}`;

export const hasHostBits = (cidr: Cidr): boolean => cidr.value !== cidr.first;

export const contains = (outer: Cidr, inner: { family: Family; value: bigint }): boolean =>
  outer.family === inner.family && outer.first <= inner.value && inner.value <= outer.last;

export const containsRange = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;

/** From its first address to its last one; without a family, of one that all have in common. */
export interface Span {
  family?: Family;
  first: bigint;
  last: bigint;
}

export const overlaps = (a: Span, b: Span): boolean => a.family === b.family && a.first <= b.last && b.first <= a.last;

/** IPv4 before IPv6, then by value, then the longer prefix later: the order that `check` shows. */
export function compareCidr(left: string, right: string): number {
  const [a, b] = [parseCidr(left), parseCidr(right)];
  if (a.family !== b.family) return a.family - b.family;
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return a.prefix - b.prefix;
}
