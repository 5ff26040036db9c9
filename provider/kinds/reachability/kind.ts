// Reachability's inputs: probes from containers and hosts to others, each with what is expected of it. Pure.
import { z } from "zod";
import { quoted, type Refusal } from "../../vocabulary/errors";
import { address, dockerName, plainText, refusalsOf, wholeNumber } from "../../vocabulary/fields";
import { type HostFields, hostSchema } from "../../vocabulary/host";
import { type Checked, canonical, isUnknown, withoutUndefined } from "../../vocabulary/values";
import type { Endpoint, GivenProbe, ReachabilityArguments } from "./arguments";

type Props = Record<string, unknown>;

export type Probe = Checked<Omit<GivenProbe, "to">, "port" | "size"> & { to: Endpoint };

export type Expectation = Probe["expect"];

export type ReachabilityInputs = Checked<Omit<ReachabilityArguments, "probes" | "triggers">, "junit"> & {
  hosts: Record<string, HostFields>;
  probes: Probe[];
};

// --- check -------------------------------------------------------------------------------------------------

const endpoint = z.preprocess(
  (given) => (typeof given === "string" ? { address: given } : given),
  z.strictObject(
    {
      host: plainText.optional(),
      network: dockerName.optional(),
      container: dockerName.optional(),
      address: address.optional(),
    },
    { error: "must be an address, or {host, network?, container?, address?}" },
  ),
);

const reader = z.object({
  hosts: z.record(plainText, hostSchema, { error: "must be a map of name to HostConnection" }),
  probes: z.array(
    z
      .strictObject(
        {
          name: plainText.optional(),
          from: endpoint,
          to: endpoint,
          protocol: z.enum(["icmp", "tcp", "udp"], { error: 'must be "icmp", "tcp" or "udp"' }).optional(),
          port: wholeNumber(1, 65535, "a port from 1 to 65535").optional(),
          size: wholeNumber(68, 65535, "a packet's size: 68 to 65535 bytes").optional(),
          ipVersion: z.union([z.literal(4), z.literal(6)], { error: "must be 4 or 6" }).default(4),
          expect: z.enum(["reachable", "unreachable"], { error: 'must be "reachable" or "unreachable"' }),
        },
        { error: "must be {from, to, expect, protocol?, port?, size?, ipVersion?, name?}" },
      )
      .transform((probe): Probe => {
        const protocol = probe.protocol ?? (probe.port === undefined ? "icmp" : "tcp");
        return { ...probe, protocol, name: probe.name ?? nameOf({ ...probe, protocol }) };
      }),
    { error: "must be a list of probes" },
  ),
  image: z
    .string({ error: "must be an image's name" })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/, { error: "must be an image's name" })
    .default("busybox"),
  junit: plainText.optional(),
});

export const show = ({ host, network, container, address }: Endpoint): string =>
  container ?? (network && host ? `${host}/${network}` : (host ?? address ?? ""));

const nameOf = ({ from, to, protocol, port, size, ipVersion }: Omit<Probe, "name" | "expect">): string => {
  const how = [
    protocol === "icmp" ? "" : `${protocol} ${port}`,
    size ? `${size} bytes` : "",
    ipVersion === 6 ? "IPv6" : "",
  ];
  const words = how.filter(Boolean).join(", ");
  return `${show(from)} to ${show(to)}${words ? ` (${words})` : ""}`;
};

function refuseProbe({ from, to, protocol, port, size }: Probe, hosts: Props): string[] {
  const refusals: string[] = [];
  for (const [what, end] of Object.entries({ from, to })) {
    if (end.host !== undefined && !(end.host in hosts)) {
      refusals.push(`${what}.host ${quoted(end.host)} is none of hosts: ${Object.keys(hosts).join(", ")}`);
    }
    if ((end.network ?? end.container) !== undefined && end.host === undefined) {
      refusals.push(`${what}.host is missing: it must say whose Docker has that network or container`);
    }
    if (end.network !== undefined && end.container !== undefined) {
      refusals.push(`${what} has both network and container: a throwaway container, or one that is there`);
    }
  }
  if (from.host === undefined) refusals.push("from.host is missing: a probe is sent from one of hosts");
  if ((to.network ?? to.container ?? to.address) === undefined) {
    refusals.push("to.address is missing: a host has many; say which is to be reached");
  }
  if (protocol === "icmp") {
    if (port !== undefined) refusals.push("port is for tcp and udp: icmp has none");
    return refusals;
  }
  if (port === undefined) refusals.push(`port is missing: ${protocol} goes to a port`);
  if (size !== undefined) refusals.push(`size is for icmp, and not for ${protocol}`);
  if (protocol === "udp" && to.network === undefined) {
    refusals.push(
      "to.network is missing: udp goes to a throwaway container, which answers whatever comes; others don't",
    );
  }
  return refusals;
}

export function checkReachability(news: Props): { inputs: Props; refusals: Refusal[] } {
  const { hosts, probes, image, junit } = news;
  const given = { hosts, probes, image, junit, triggers: news["triggers"], credentials: news["credentials"] };
  if (isUnknown([hosts, probes, image, junit])) return { inputs: withoutUndefined(given), refusals: [] };
  const read = reader.safeParse({ hosts, probes, image, junit });
  const refuse = (property: string, reason: string): Refusal => ({
    property,
    reason: `Reachability: ${property} ${reason}`,
  });
  if (!read.success) {
    const refusals = refusalsOf(read.error).map(({ property, reason }) => refuse(property, reason));
    return { inputs: given, refusals };
  }
  const refusals = read.data.probes.flatMap((probe, index) =>
    refuseProbe(probe, read.data.hosts).map((reason) => refuse(`probes[${index}]`, reason)),
  );
  return { inputs: withoutUndefined({ ...given, ...read.data }), refusals };
}

/** A changed credential, or another way to a host, is no reason to probe again. */
export const reachabilityDiffers = (olds: Props, news: Props): boolean =>
  ["probes", "image", "junit", "triggers"].some(
    (field) => isUnknown(news[field]) || canonical(olds[field]) !== canonical(news[field]),
  ) ||
  canonical(Object.keys((olds["hosts"] ?? {}) as object)) !== canonical(Object.keys((news["hosts"] ?? {}) as object));
