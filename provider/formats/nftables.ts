// A router's one nftables table: rendered as a whole and replaced as a whole; nobody else's table is touched.
// Source: nft(8); the accept of one table never overrides the drop of another, so this one only restricts.
// The script reads in a table, as it is rendered here, whose it is and which interfaces it routes and translates on.

import type { Checked } from "../vocabulary/values";

/** What every router's table is called, or begins with. */
export const TABLE = "pulumi_macvlan_router";

/** Users read these words, and those of what else the router is given. */
export interface RouterRule {
  /** An interface, a subnet, or "any". */
  from: string;
  /** An interface, a subnet, or "any". */
  to: string;
  /** Default: every protocol. */
  protocol?: "tcp" | "udp" | "icmp" | undefined;
  /** Destination ports or ranges (`443`, `"8000-8100"`); needs tcp or udp. Default: all. */
  ports?: (number | string)[] | undefined;
  /** What becomes of packets that are so: the first rule that fits decides. */
  action: "accept" | "drop";
}

export interface RouterNat {
  /** The interface that leads out; packets that leave there get its address (masquerade). */
  outInterface: string;
  /** The subnets that may go out. Default: all subnets of the routed interfaces. */
  sources?: string[] | undefined;
}

export interface RouterPolicy {
  /**
   * What happens when no rule says otherwise: between routed interfaces, and between those and the ones of the host's other
   * routers, where each router must let a packet pass. Default: "accept".
   */
  default?: "accept" | "drop" | undefined;
  /**
   * The first that matches decides, for packets that come in or go out through a routed interface. Replies are always let
   * through. Default: none.
   */
  rules?: RouterRule[] | undefined;
}

/** Ports as nft has them. */
export type Rule = Omit<Checked<RouterRule, "protocol">, "ports"> & { ports?: string[] | undefined };

export type Policy = Omit<Checked<RouterPolicy>, "rules"> & { rules: Rule[] };

export interface RouterRules {
  /** The interfaces between which packets are routed. */
  interfaces: string[];
  nat: Checked<RouterNat>[];
  policy: Policy;
}

const set = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? "") : `{ ${items.join(", ")} }`);
const names = (items: readonly string[]): string => set(items.map((item) => `"${item}"`));
const isAddress = (end: string): boolean => end.includes("/");
const family = (address: string): string => (address.includes(":") ? "ip6" : "ip");

function end(side: "from" | "to", value: string): string {
  if (value === "any") return "";
  if (isAddress(value)) return `${family(value)} ${side === "from" ? "saddr" : "daddr"} ${value} `;
  return `${side === "from" ? "iifname" : "oifname"} "${value}" `;
}

function match({ protocol, ports }: Rule): string {
  if (protocol === "icmp") return "meta l4proto { icmp, ipv6-icmp } ";
  if (!protocol) return "";
  return ports?.length ? `${protocol} dport ${set(ports)} ` : `meta l4proto ${protocol} `;
}

const renderRule = (rule: Rule): string => `${end("from", rule.from)}${end("to", rule.to)}${match(rule)}${rule.action}`;

/**
 * The text for `nft -f`: one transaction that removes the old table, if any, and adds the new one. Its set `others` is for the
 * script to fill: only the host knows the interfaces of its other routers.
 */
export function renderRuleset(table: string, mark: string, { interfaces, nat, policy }: RouterRules): string {
  const inside = names(interfaces);
  const outside = nat.map(({ outInterface }) => outInterface);
  const masquerade = nat.flatMap(({ outInterface, sources }) =>
    ["ip", "ip6"].flatMap((kind) => {
      const list = sources.filter((source) => family(source) === kind);
      return list.length ? [`oifname "${outInterface}" ${kind} saddr ${set(list)} masquerade`] : [];
    }),
  );
  const lines = (indent: string, rules: readonly string[]) => rules.map((rule) => `${indent}${rule}\n`).join("");
  const forward = [
    // What neither comes from here nor goes here is nobody's business but that of others.
    `iifname != ${inside} oifname != ${inside} accept`,
    "ct state established,related accept",
    ...policy.rules.map(renderRule),
    // What NAT hides can't be addressed from outside; this also stops those who route to it on purpose.
    ...(outside.length
      ? [`iifname ${inside} oifname ${names(outside)} accept`, `iifname ${names(outside)} oifname ${inside} drop`]
      : []),
    `iifname ${inside} oifname @others ${policy.default}`,
    `iifname @others oifname ${inside} ${policy.default}`,
    `iifname ${inside} oifname ${inside} ${policy.default}`,
  ];
  return `table inet ${table}
delete table inet ${table}
table inet ${table} {
	comment "${mark}"
	set others {
		type ifname
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
${lines("\t\t", forward)}	}
${
  masquerade.length
    ? `	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		iifname @others accept
${lines("\t\t", masquerade)}	}
`
    : ""
}}`;
}

/** The lines of a listing that carry meaning, each with its chain: `forward: oifname … accept`. */
export function decodeListing(listing: string): string[] {
  const lines: string[] = [];
  let chain = "";
  for (const raw of listing.split("\n")) {
    const line = raw.trim();
    const opened = /^chain (\S+) \{$/.exec(line);
    if (opened) chain = opened[1] ?? "";
    else if (line === "}") chain = "";
    else if (line && !line.startsWith("table ") && !line.startsWith("#"))
      lines.push(chain ? `${chain}: ${line}` : line);
  }
  return lines;
}

/** What is in one listing and not in the other, as people read it. */
export function compareListings(applied: string, found: string): string[] {
  const [before, now] = [decodeListing(applied), decodeListing(found)];
  const without = (list: string[], other: string[]) => list.filter((line) => !other.includes(line));
  const drift = [
    ...without(before, now).map((line) => `firewall rule is gone: ${line}`),
    ...without(now, before).map((line) => `firewall rule was added: ${line}`),
  ];
  return drift.length === 0 && before.join("\n") !== now.join("\n")
    ? ["the firewall rules stand in another order"]
    : drift;
}
