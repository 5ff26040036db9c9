// The pieces that inputs are made of. Each accepts the ways people write a value, gives the one way that previews
// show, and says why it refuses. https://zod.dev does the walking.
import { z } from "zod";
import { type Cidr, compareCidr, formatCidr, hasHostBits, networkOf, parseAddress, parseCidr } from "./addresses";
import { messageOf, quoted, type Refusal } from "./errors";
import { sortKeys } from "./values";

/** `subnets[0].gateway` from zod's path. */
const pathText = (path: PropertyKey[]): string =>
  path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index ? "." : ""}${String(step)}`)).join("");

/** What zod has found, each with its path below `path`. */
export const refusalsOf = ({ issues }: z.ZodError, path: PropertyKey[] = []): Refusal[] =>
  issues.map((issue) => ({ property: pathText([...path, ...issue.path]), reason: issue.message }));

/** A field whose text is read by `parse`; what `parse` throws becomes the reason. */
function parsed<T>(expected: string, parse: (text: string) => T) {
  return z.string({ error: expected }).transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.issues.push({ code: "custom", message: `${quoted(text)} ${messageOf(error)}`, input: text });
      return z.NEVER;
    }
  });
}

/**
 * A network interface's name. The kernel takes more (`a;b`, `-x`) and rewrites some (`x%d`); this rule refuses those.
 * Source: `dev_valid_name()` in net/core/dev.c, IFNAMSIZ 16.
 */
export const interfaceName = parsed("must be the name of a network interface", (name) => {
  const bytes = Buffer.byteLength(name);
  if (bytes > 15) throw new Error(`has ${bytes} bytes: the kernel allows at most 15 for an interface`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) || name === "all" || name === "default") {
    throw new Error("is no interface name: letters, digits, _ . - and no - or . at the start; not all, not default");
  }
  return name;
});

/** As said by somebody else than a program. */
export const isInterface = (name: string): boolean => interfaceName.safeParse(name).success;

/** A router's name: part of the names of an nft table, of a comment that iptables shows as it is, and of files. */
export const routerName = parsed("must be a router's name", (name) => {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$/.test(name)) {
    throw new Error("is no router's name: a letter or digit, then letters, digits, _ - and at most 15 of them");
  }
  return name;
});

/** A Docker object's name. Source: moby `daemon/names/names.go`, RestrictedNameChars. */
export const dockerName = parsed("must be the name of a Docker network", (name) => {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    throw new Error("is no Docker name: a letter or digit, then letters, digits, _ . - and at most 128 of them");
  }
  if (["bridge", "host", "none", "default"].includes(name)) throw new Error("is a name that Docker keeps for itself");
  return name;
});

/** A whole number in a range, also as text (configuration gives text). */
export function wholeNumber(low: number, high: number, what: string) {
  return z.union([z.number(), z.string()], { error: `must be ${what}` }).transform((value, context) => {
    const text = String(value).trim();
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= low && number <= high) return number;
    context.issues.push({ code: "custom", message: `${quoted(text)} is not ${what}`, input: value });
    return z.NEVER;
  });
}

/** VLAN id. Source: IEEE 802.1Q, 0 and 4095 are reserved. */
export const vlanId = wholeNumber(
  1,
  4094,
  "a VLAN id: a whole number from 1 to 4094 (0 and 4095 are reserved by IEEE 802.1Q)",
);

/** MTU in bytes. Source: ETH_MIN_MTU 68, ETH_MAX_MTU 65535; below 1280 an interface has no IPv6 (RFC 8200). */
export const mtu = wholeNumber(68, 65535, "an MTU: a whole number of bytes from 68 to 65535");

/** A unicast MAC address, as `02:42:ac:10:0a:02`. */
export const macAddress = parsed("must be a MAC address such as 02:42:ac:10:0a:02", (text) => {
  const mac = text.trim().toLowerCase().replaceAll("-", ":");
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) throw new Error("is not a MAC address such as 02:42:ac:10:0a:02");
  if (Number.parseInt(mac.slice(0, 2), 16) & 1)
    throw new Error("is a group (multicast) address: the first byte must be even");
  if (mac === "00:00:00:00:00:00") throw new Error("is no address of an interface");
  return mac;
});

function refuseUnusable(cidr: Cidr): void {
  const most = cidr.family === 4 ? 31 : 127;
  if (cidr.prefix >= most) return;
  const network = networkOf(cidr);
  if (!hasHostBits(cidr)) throw new Error(`is the network itself: give an address inside ${network}`);
  if (cidr.family === 4 && cidr.value === cidr.last) throw new Error(`is the broadcast address of ${network}`);
}

/** An address with its prefix, such as `172.16.10.2/24`. */
export const interfaceAddress = parsed("must be an address with its prefix, such as 172.16.10.2/24", (text) => {
  const cidr = parseCidr(text);
  refuseUnusable(cidr);
  return formatCidr(cidr);
});

/** A set of addresses, sorted. */
export const interfaceAddresses = z
  .array(interfaceAddress, { error: "must be a list of addresses such as 172.16.10.2/24" })
  .transform((list) => [...new Set(list)].sort(compareCidr));

/** A network without host bits, such as `172.16.10.0/24`. */
export const subnet = parsed("must be a subnet such as 172.16.10.0/24", (text) => {
  const cidr = parseCidr(text);
  if (hasHostBits(cidr)) throw new Error(`has host bits set: the subnet is ${networkOf(cidr)}`);
  return formatCidr(cidr);
});

/** One address without prefix, such as `172.16.10.1`. */
export const address = parsed("must be an address such as 172.16.10.1", (text) => {
  if (text.includes("/")) throw new Error("must be an address without a prefix");
  return parseAddress(text).address;
});

/** Text for a label or an option; NUL can't be passed to a program. */
export const plainText = z
  .string({ error: "must be text" })
  .refine((text) => !/[\0\n\r]/.test(text), { error: "must not hold line breaks or NUL" });

/** Labels or options: a map of text, its keys sorted. */
export const textMap = z
  .record(
    plainText.refine((key) => key !== "" && !key.includes("="), { error: "a key must not be empty or hold =" }),
    plainText,
    {
      error: "must be a map of text",
    },
  )
  .transform((map) => sortKeys(map));

export const flag = (fallback: boolean) => z.boolean({ error: "must be true or false" }).default(fallback);
