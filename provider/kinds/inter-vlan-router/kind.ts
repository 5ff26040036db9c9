// InterVlanRouter on a host: gateway addresses, forwarding, NAT and a stateful policy between VLANs.
// Kernel: Documentation/networking/ip-sysctl.rst (ip_forward, forwarding, accept_ra); nft(8).

import { z } from "zod";
import { renderServer, routerOf, type ServedInterface } from "../../formats/dnsmasq";
import { decodeAddresses } from "../../formats/iproute";
import { compareListings, type Policy, renderRuleset, TABLE } from "../../formats/nftables";
import type { Sections } from "../../formats/sections";
import { strangersIn } from "../../lifecycle/explain";
import type { Claim, CommonInputs, ResourceKind } from "../../lifecycle/kind";
import { compareCidr, networkOf, overlaps, parseAddress, parseCidr } from "../../vocabulary/addresses";
import type { Refusal } from "../../vocabulary/errors";
import {
  address,
  flag,
  interfaceAddresses,
  interfaceName,
  routerName,
  subnet,
  wholeNumber,
} from "../../vocabulary/fields";
import { markOf } from "../../vocabulary/mark";
import type { Checked } from "../../vocabulary/values";
import type { InterVlanRouterArguments, RouterNat } from "./arguments";

export type InterVlanRouterInputs = CommonInputs &
  Checked<Omit<InterVlanRouterArguments, "interfaces" | "nat" | "policy">> & {
    interfaces: ServedInterface[];
    nat: RouterNat[];
    policy: Policy;
  };

const byName = <T>(list: readonly T[], name: (item: T) => string): T[] =>
  [...list].sort((a, b) => (name(a) < name(b) ? -1 : 1));

const sources = z
  .array(subnet, { error: "must be a list of subnets" })
  .transform((list) => [...new Set(list)].sort(compareCidr));

const port = z
  .union([z.number(), z.string()], { error: "must be a port, or a range such as 8000-8100" })
  .transform((value, context) => {
    const [low = "", high = low, ...rest] = String(value).trim().split("-");
    const good = [low, high].every((text) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535);
    if (good && rest.length === 0 && Number(low) <= Number(high)) {
      return Number(low) === Number(high) ? String(Number(low)) : `${Number(low)}-${Number(high)}`;
    }
    context.issues.push({
      code: "custom",
      message: `"${value}" is not a port, or a range such as 8000-8100`,
      input: value,
    });
    return z.NEVER;
  });

/** An end of a rule: an interface, a subnet, or any. */
const ruleEnd = z.string({ error: 'must be an interface, a subnet or "any"' }).transform((text, context) => {
  if (text === "any") return text;
  const result = (text.includes("/") ? subnet : interfaceName).safeParse(text);
  if (result.success) return result.data;
  for (const issue of result.error.issues) context.issues.push({ code: "custom", message: issue.message, input: text });
  return z.NEVER;
});

const rule = z
  .strictObject(
    {
      from: ruleEnd,
      to: ruleEnd,
      protocol: z.enum(["tcp", "udp", "icmp"], { error: 'must be "tcp", "udp" or "icmp"' }).optional(),
      ports: z.array(port, { error: "must be a list of ports" }).optional(),
      action: z.enum(["accept", "drop"], { error: 'must be "accept" or "drop"' }),
    },
    { error: "must be {from, to, protocol?, ports?, action}" },
  )
  .refine(({ protocol, ports }) => !ports?.length || protocol === "tcp" || protocol === "udp", {
    error: "ports need protocol tcp or udp",
    path: ["ports"],
  });

const dhcp = z.strictObject(
  {
    first: address,
    last: address,
    // dnsmasq takes no less than two minutes.
    leaseTime: wholeNumber(120, 2 ** 31, "a lease time in seconds, 120 or more").default(3600),
    dnsServers: z.array(address, { error: "must be a list of addresses" }).default([]),
  },
  { error: "must be {first, last, leaseTime?, dnsServers?}" },
);

const routerInterface = z.strictObject(
  {
    interface: interfaceName,
    addresses: interfaceAddresses,
    // Nothing where it is off: what is not asked for is no setting.
    advertise: flag(false).transform((on) => on || undefined),
    dhcp: dhcp.optional(),
  },
  { error: "must be {interface, addresses, advertise?, dhcp?}" },
);

/** What is wrong with what one interface hands out. */
function refuseServed(entry: ServedInterface): { field: string; reason: string }[] {
  const refusals: { field: string; reason: string }[] = [];
  const six = entry.addresses.map(parseCidr).filter(({ family }) => family === 6);
  if (entry.advertise && six.length === 0) {
    refusals.push({
      field: "advertise",
      reason: "needs an IPv6 address in addresses: its subnet is what is advertised",
    });
  }
  const odd = entry.advertise ? six.find(({ prefix }) => prefix !== 64) : undefined;
  if (odd) {
    refusals.push({
      field: "advertise",
      reason: `needs subnets of /64, and ${networkOf(odd)} is none: hosts choose addresses in no other (RFC 4862)`,
    });
  }
  if (!entry.dhcp) return refusals;
  const { first, last, dnsServers } = entry.dhcp;
  const foreign = dnsServers.find((text) => text.includes(":"));
  if (foreign)
    refusals.push({ field: "dhcp.dnsServers", reason: `${foreign} is no IPv4 address: DHCP tells of those only` });
  const router = routerOf(entry);
  const [low, high] = [parseAddress(first), parseAddress(last)];
  if (low.family === 6 || high.family === 6) {
    refusals.push({
      field: "dhcp",
      reason: "hands out IPv4: for IPv6 hosts choose addresses by themselves (advertise)",
    });
  } else if (low.value > high.value) {
    refusals.push({ field: "dhcp", reason: `ends before it begins: ${first} to ${last}` });
  } else if (!router) {
    refusals.push({
      field: "dhcp",
      reason: `${first} to ${last} is in no subnet of addresses (${entry.addresses.join(", ")})`,
    });
  } else {
    const own = entry.addresses
      .map(parseCidr)
      .find(({ family, value }) => family === 4 && value >= low.value && value <= high.value);
    if (own)
      refusals.push({ field: "dhcp", reason: `${first} to ${last} holds ${own.address}, the router's own address` });
  }
  return refusals;
}

/** The one of this name is called as it was when a host had one only. */
const DEFAULT_NAME = "router";

/** State of an earlier version knows no name. */
const nameOf = ({ name }: Partial<InterVlanRouterInputs>): string => name ?? DEFAULT_NAME;

/** What tells its table and files from those of the host's other routers. */
const suffix = (inputs: InterVlanRouterInputs, separator: string): string =>
  nameOf(inputs) === DEFAULT_NAME ? "" : `${separator}${nameOf(inputs)}`;

/** Its table in nftables. */
export const tableOf = (inputs: InterVlanRouterInputs): string => `${TABLE}${suffix(inputs, "_")}`;

const described = (inputs: InterVlanRouterInputs): string => `router${suffix(inputs, " ") && ` "${nameOf(inputs)}"`}`;

/** With the files where its script keeps them. */
const server = (inputs: InterVlanRouterInputs): string =>
  renderServer(inputs.interfaces, {
    pid: `/run/pulumi-macvlan/router${suffix(inputs, ".")}/dnsmasq.pid`,
    leases: `/var/lib/pulumi-macvlan/leases${suffix(inputs, ".")}`,
  });

const subnetsOf = (interfaces: readonly ServedInterface[]): string[] =>
  [...new Set(interfaces.flatMap(({ addresses }) => addresses.map((address) => networkOf(parseCidr(address)))))].sort(
    compareCidr,
  );

function ruleset(inputs: InterVlanRouterInputs): string {
  const { interfaces, nat, policy, __owner } = inputs;
  return renderRuleset(tableOf(inputs), markOf(__owner).mark, {
    interfaces: interfaces.map((entry) => entry.interface),
    nat: nat.map(({ outInterface, sources }) => ({ outInterface, sources: sources ?? subnetsOf(interfaces) })),
    policy,
  });
}

const hasIpv6 = ({ interfaces }: InterVlanRouterInputs): boolean =>
  subnetsOf(interfaces).some((entry) => entry.includes(":"));

function driftOf(sections: Sections, inputs: InterVlanRouterInputs): string[] {
  const drift = compareListings(sections.get("applied") ?? "", sections.get("table") ?? "");
  if (sections.get("apart") !== undefined)
    drift.push("the firewall does not know the interfaces of the host's other routers");
  if (sections.get("forwarding") !== "1") drift.push("IPv4 forwarding is off");
  if (hasIpv6(inputs) && sections.get("forwarding6") !== "1") drift.push("IPv6 forwarding is off");
  if ((sections.get("server") ?? "") !== server(inputs)) drift.push("what dnsmasq hands out is not what was asked for");
  else if (server(inputs) && sections.get("serving") !== "yes") drift.push("dnsmasq does not run");
  for (const program of hasIpv6(inputs) ? ["iptables", "ip6tables"] : ["iptables"]) {
    const rules = sections.get(program) ?? "";
    if (!rules) continue;
    for (const { interface: device } of inputs.interfaces) {
      for (const side of ["-i", "-o"]) {
        if (!rules.includes(`${side} ${device} -m comment --comment ${tableOf(inputs)} `)) {
          drift.push(
            `the rule for ${side} ${device} is gone from ${program}'s chain DOCKER-USER: Docker drops those packets`,
          );
        }
      }
    }
  }
  return drift;
}

/** An interface belongs to one router of a host; a way out may be that of several, but no other one's interface. */
function interfaceClaims(inputs: InterVlanRouterInputs): Claim[] {
  const claim = (device: string, side: "routed" | "uplink", property: string): Claim => ({
    key: `router interface ${device}`,
    property,
    holder: described(inputs),
    value: side,
    conflicts: ({ value }) => {
      if (value === "routed") return `"${device}" is routed`;
      return side === "routed" ? `"${device}" is taken as a way out` : undefined;
    },
  });
  return [
    ...inputs.interfaces.map((entry, index) => claim(entry.interface, "routed", `interfaces[${index}].interface`)),
    ...inputs.nat.map(({ outInterface }, index) => claim(outInterface, "uplink", `nat[${index}].outInterface`)),
  ];
}

/** They share the host's routing table: it has one way into a subnet. */
function subnetClaims(inputs: InterVlanRouterInputs): Claim[] {
  return inputs.interfaces.map(({ addresses }, index) => ({
    key: "router subnets",
    property: `interfaces[${index}].addresses`,
    holder: described(inputs),
    value: addresses,
    conflicts: ({ value }) => {
      for (const mine of addresses) {
        const their = (value as string[]).find((text) => overlaps(parseCidr(text), parseCidr(mine)));
        if (their) return `${mine} is in a subnet (${their}) that is routed`;
      }
      return undefined;
    },
  }));
}

export const interVlanRouter: ResourceKind<InterVlanRouterInputs> = {
  type: "InterVlanRouter",
  describe: described,
  fields: {
    name: routerName.default(DEFAULT_NAME),
    interfaces: z
      .array(routerInterface, { error: "must be a list of {interface, addresses, advertise?, dhcp?}" })
      .min(1, { error: "must name at least one interface" })
      .transform((list) => byName(list, (entry) => entry.interface)),
    nat: z
      .array(z.strictObject({ outInterface: interfaceName, sources: sources.optional() }), {
        error: "must be a list of {outInterface, sources?}",
      })
      .transform((list) => byName(list, (entry) => entry.outInterface))
      .default([]),
    policy: z
      .strictObject(
        {
          default: z.enum(["accept", "drop"], { error: 'must be "accept" or "drop"' }).default("accept"),
          rules: z.array(rule, { error: "must be a list of rules" }).default([]),
        },
        { error: "must be {default, rules}" },
      )
      .default({ default: "accept", rules: [] }),
    probe: flag(false),
    persist: flag(true),
  },
  identity: ["name"],
  shown: ["name"],
  localId: nameOf,
  refuse: ({ interfaces = [], nat = [] }) => {
    const refusals: Refusal[] = [];
    const inside = interfaces.map((entry) => entry.interface);
    interfaces.forEach((entry, index) => {
      if (inside.indexOf(entry.interface) !== index) {
        refusals.push({
          property: `interfaces[${index}].interface`,
          reason: `"${entry.interface}" is listed twice: give it all its addresses in one entry`,
        });
      }
      for (const { field, reason } of refuseServed(entry)) {
        refusals.push({ property: `interfaces[${index}].${field}`, reason });
      }
      for (const address of entry.addresses) {
        for (const other of interfaces.slice(0, index)) {
          const clash = other.addresses.find((theirs) => overlaps(parseCidr(theirs), parseCidr(address)));
          if (!clash || other.interface === entry.interface) continue;
          refusals.push({
            property: `interfaces[${index}].addresses`,
            reason: `${address} is in a subnet that "${other.interface}" has already (${clash}): a router needs one subnet per interface`,
          });
        }
      }
    });
    nat.forEach(({ outInterface }, index) => {
      if (inside.includes(outInterface)) {
        refusals.push({
          property: `nat[${index}].outInterface`,
          reason: `"${outInterface}" is one of the routed interfaces: NAT goes out of another one`,
        });
      }
    });
    return refusals;
  },
  claims: (inputs) => [
    { key: `router ${nameOf(inputs)}`, property: "name", holder: described(inputs) },
    ...interfaceClaims(inputs),
    ...subnetClaims(inputs),
  ],
  script: "inter-vlan-router",
  library: ["routers", "strangers", "legs"],
  data: (inputs) => [
    inputs.interfaces.flatMap((entry) => entry.addresses.map((address) => `${entry.interface} ${address}`)),
    inputs.interfaces.map((entry) => entry.interface),
    inputs.nat.map(({ outInterface }) => outInterface),
    nameOf(inputs),
    tableOf(inputs),
    ruleset(inputs),
    String(hasIpv6(inputs)),
    String(inputs.probe),
    server(inputs),
  ],
  decode: (sections, inputs) => {
    const table = sections.get("table") ?? "";
    if (!table.includes(`comment "${markOf(inputs.__owner).mark}"`)) return undefined;
    return {
      inputs: {
        name: nameOf(inputs),
        interfaces: inputs.interfaces.map((entry) => {
          const found = sections.get(`addresses ${entry.interface}`)
            ? decodeAddresses(sections, entry.addresses, `addresses ${entry.interface}`)
            : [];
          // Others may have addresses there too: only the absence of ours is a change.
          return {
            ...entry,
            addresses: entry.addresses.filter((address) => found.includes(address)),
          };
        }),
      },
      outputs: { ruleset: table },
      drift: driftOf(sections, inputs),
    };
  },
  explain: ({ code, details: [first = "", second = "", third = ""] }) => {
    switch (code) {
      case "no-interface":
        return `interface "${first}" does not exist; its interfaces are ${second.trim().split(" ").join(", ")}`;
      case "routed":
        return `"${first}" is routed already by another router there (its mark says "${second}"): only one of them can have it; take it out of that one first, or route another interface`;
      case "subnet":
        return `${first} is in a subnet that another router there (its mark says "${third}") has on "${second}": the host has one way into a subnet; give this router another one`;
      case "uplink":
        return `"${first}" is taken as a way out by another router there (its mark says "${second}"): only one of them can have it; route another interface`;
      case "stranger": {
        const all = strangersIn(first).map(
          ({ device, address, macAddress }) => `${address} on "${device}" (${macAddress})`,
        );
        return `somebody has an address already that this router is to have: ${all.join(", ")}. Of two gateways with one address, hosts send to either: take it away there, or give this router another one`;
      }
      case "server":
        return `dnsmasq did not start: ${first}${/in use/i.test(first) ? ". Another DHCP server listens there: stop it, or leave dhcp and advertise out" : ""}`;
      default:
        return undefined;
    }
  },
};
