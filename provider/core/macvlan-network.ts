// MacvlanNetwork on a host: a Docker network whose containers stand on a parent interface.
// Docker: https://docs.docker.com/engine/network/drivers/macvlan/; moby libnetwork/drivers/macvlan.
import { z } from "zod";
import {
  decodeNetwork,
  LABEL,
  type NetworkSpec,
  OWN_OPTIONS,
  renderCreate,
  type Subnet,
  sortSubnets,
  specHash,
} from "../docker/network";
import { type Cidr, contains, containsRange, formatAddress, overlaps, parseAddress, parseCidr } from "./addresses";
import type { Refusal } from "./errors";
import { address, dockerName, flag, interfaceName, plainText, subnet, textMap } from "./fields";
import { markOf } from "./mark";
import { completeMode, flagOfIpvlan, type Kind, kind, modeOf, parentClaim, refuseMode } from "./modes";
import type { Claim, CommonInputs, ResourceKind } from "./resource";

export interface MacvlanNetworkInputs extends CommonInputs, NetworkSpec {
  name: string;
  driver: Kind;
  scope: "local";
  probe: boolean;
}

const subnetReader = z
  .strictObject(
    {
      subnet,
      gateway: address.optional(),
      ipRange: subnet.optional(),
      auxAddresses: z
        .record(plainText, address, { error: "must be a map of name to address" })
        .transform((map) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))))
        .transform((map) => (Object.keys(map).length > 0 ? map : undefined))
        .optional(),
    },
    { error: "must be {subnet, gateway?, ipRange?, auxAddresses?}" },
  )
  .transform((entry) => entry as Subnet);

function refuseSubnet({ subnet, gateway, ipRange, auxAddresses }: Subnet, path: string): Refusal[] {
  const whole = parseCidr(subnet);
  const refusals: Refusal[] = [];
  const refuse = (property: string, reason: string) => refusals.push({ property: `${path}.${property}`, reason });
  const inside = {
    gateway,
    ...Object.fromEntries(Object.entries(auxAddresses ?? {}).map(([key, value]) => [`auxAddresses.${key}`, value])),
  };
  for (const [property, value] of Object.entries(inside)) {
    if (value === undefined) continue;
    const parsed = parseAddress(value);
    if (!contains(whole, parsed)) refuse(property, `${value} is outside the subnet ${subnet}`);
    else if (whole.family === 4 && whole.prefix < 31 && (parsed.value === whole.first || parsed.value === whole.last)) {
      refuse(property, `${value} is the network or the broadcast address of ${subnet}: no host can have it`);
    }
  }
  if (ipRange && !containsRange(whole, parseCidr(ipRange)))
    refuse("ipRange", `${ipRange} is outside the subnet ${subnet}`);
  return refusals;
}

// Docker knows no source mode.
const MODES = ["bridge", "private", "vepa", "passthru"];

const spec = (inputs: MacvlanNetworkInputs): NetworkSpec => ({
  driver: inputs.driver,
  parent: inputs.parent,
  mode: inputs.mode,
  flag: inputs.flag,
  internal: inputs.internal,
  subnets: inputs.subnets,
  labels: inputs.labels,
  options: inputs.options,
});

const createArguments = (inputs: MacvlanNetworkInputs): string[] =>
  renderCreate(inputs.name, markOf(inputs.__owner).mark, spec(inputs), specHash(spec(inputs)));

/** More than these take too long; and nobody can ask for all addresses of a /80. */
const MOST_PROBED = 4096n;

/** The ranges that are handed out for the first time, as "first last". */
function probedRanges({ probe, subnets }: MacvlanNetworkInputs, previous: MacvlanNetworkInputs | undefined): string[] {
  const handedOut = ({ subnet, ipRange }: Subnet): Cidr => parseCidr(ipRange ?? subnet);
  const before = previous?.subnets?.map(handedOut) ?? [];
  return (probe ? subnets : [])
    .map(handedOut)
    .filter((range) => range.last - range.first < MOST_PROBED && !before.some((old) => containsRange(old, range)))
    .map(({ family, first, last }) => `${formatAddress(family, first)} ${formatAddress(family, last)}`);
}

export const macvlanNetwork: ResourceKind<MacvlanNetworkInputs> = {
  type: "MacvlanNetwork",
  describe: ({ name }) => `Docker network "${name}"`,
  fields: {
    parent: interfaceName,
    name: dockerName,
    driver: kind,
    mode: modeOf(MODES),
    flag: flagOfIpvlan,
    subnets: z
      .array(subnetReader, { error: "must be a list of {subnet, gateway?, ipRange?, auxAddresses?}" })
      .min(1, {
        error: "must name at least one subnet: without one Docker picks a pool that may collide with your LAN",
      })
      .transform(sortSubnets),
    internal: flag(false),
    labels: textMap
      .refine((labels) => Object.keys(labels).every((key) => !key.startsWith(LABEL)), {
        error: `labels that start with ${LABEL} are our own marks`,
      })
      .default({}),
    options: textMap
      .refine((options) => Object.keys(options).every((key) => !OWN_OPTIONS.includes(key)), {
        error: "parent, mode and flag are inputs of their own: set them there",
      })
      .default({}),
    probe: flag(false),
    scope: z.enum(["local"], { error: 'must be "local": "swarm" is not supported yet' }).default("local"),
  },
  identity: ["parent", "name", "driver", "scope"],
  localId: ({ name }) => name,
  complete: ({ driver, mode, flag }) => completeMode({ kind: driver, mode, flag }),
  refuse: ({ subnets = [], driver, mode, flag }) => [
    ...refuseMode({ kind: driver, mode, flag }, MODES),
    ...subnets.flatMap((entry, index) => refuseSubnet(entry, `subnets[${index}]`)),
    ...subnets.flatMap((entry, index) =>
      subnets
        .slice(0, index)
        .filter((other) => overlaps(parseCidr(entry.subnet), parseCidr(other.subnet)))
        .map((other) => ({
          property: `subnets[${index}].subnet`,
          reason: `${entry.subnet} overlaps ${other.subnet} of the same network`,
        })),
    ),
  ],
  claims: ({ name, parent, driver, mode, flag, subnets }): Claim[] => {
    const holder = `Docker network "${name}"`;
    return [
      parentClaim(parent, { kind: driver, mode, flag }, holder),
      { key: `docker network ${name}`, property: "name", holder },
      ...subnets.map((entry, index) => ({
        key: "docker pool",
        property: `subnets[${index}].subnet`,
        holder,
        value: entry.subnet,
        conflicts: ({ value }: Claim) =>
          overlaps(parseCidr(entry.subnet), parseCidr(value as string))
            ? value === entry.subnet
              ? `${entry.subnet} is used already`
              : `${entry.subnet} overlaps ${value}, which is used`
            : undefined,
      })),
    ];
  },
  script: "macvlan-network",
  data: (inputs, previous) => [
    inputs.name,
    inputs.parent,
    specHash(spec(inputs)),
    String(previous !== undefined && specHash(spec(previous)) !== specHash(spec(inputs))),
    createArguments(inputs),
    probedRanges(inputs, previous),
  ],
  decode: (sections, inputs) => {
    const network = decodeNetwork(sections);
    if (!network || network.mark !== markOf(inputs.__owner).mark) return undefined;
    return {
      inputs: { ...network.spec, subnets: withoutChosenGateways(network.spec.subnets, inputs.subnets) },
      outputs: { networkId: network.id, attachedContainers: network.containers },
      drift: [],
    };
  },
  explain: ({ code, details: [first = "", second = ""] }, { parent, name }) => {
    switch (code) {
      case "no-docker":
        return `its Docker daemon does not answer: ${first}`;
      case "network": {
        if (/already using parent interface/.test(first)) {
          return `its Docker allows one network per parent, and "${parent}" has one already. Networks there: ${second.trim()} Use another parent, such as a VLAN sub-interface`;
        }
        if (/overlaps/i.test(first))
          return `a subnet is used by another network already: ${first}. Networks there: ${second.trim()}`;
        return `docker network create said: ${first}`;
      }
      case "stranger": {
        const all = first
          .split(",")
          .filter(Boolean)
          .map((entry) => `${entry.replace(" ", " (")})`);
        return `somebody on "${parent}" has an address already that this network would hand out: ${all.join(", ")}. Reserve it in the plan (or choose another ipRange), or free it`;
      }
      case "in-use":
        return `containers are still on it: ${first.trim().split(" ").join(", ")}; remove them, or disconnect them (docker network disconnect ${name} CONTAINER)`;
      case "lost":
        return `the network is there, but not all containers that were on it could be put back: ${first}; the next up tries again`;
      case "undone":
        return `its containers could not all be put on the changed network, so everything was undone: the old network is back with all its containers. Docker said: ${first}`;
      case "not-undone":
        return `the changed network could not be completed, and undoing failed as well: look at "docker network inspect ${name}" and "docker ps -a" there; the next up tries again. Docker said: ${first} ${second}`;
      default:
        return undefined;
    }
  },
};

/** Docker picks a gateway where none was given: that is no change of the inputs. */
function withoutChosenGateways(found: Subnet[], wanted: readonly Subnet[]): Subnet[] {
  return found.map((entry) => {
    const ours = wanted.find(({ subnet }) => subnet === entry.subnet);
    if (!ours || ours.gateway !== undefined) return entry;
    const { gateway: _chosen, ...rest } = entry;
    return rest;
  });
}
