// MacvlanNetwork on a host: a Docker network whose containers stand on a parent interface.
// Docker: https://docs.docker.com/engine/network/drivers/macvlan/; moby libnetwork/drivers/macvlan.

import { z } from "zod";
import {
  decodeNetwork,
  LABEL,
  type Network,
  type NetworkSpec,
  OWN_OPTIONS,
  renderCreate,
  type Subnet,
  sortSubnets,
  specHash,
} from "../../formats/docker";
import { strangersIn } from "../../lifecycle/explain";
import type { Claim, CommonInputs, ResourceKind } from "../../lifecycle/kind";
import {
  type Cidr,
  contains,
  containsRange,
  formatAddress,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../vocabulary/addresses";
import type { Refusal } from "../../vocabulary/errors";
import { address, dockerName, flag, interfaceName, plainText, subnet, textMap } from "../../vocabulary/fields";
import { belongsTo, markOf } from "../../vocabulary/mark";
import { completeMode, flagOfIpvlan, KINDS, kind, modeOf, NETWORK_MODES, refuseMode } from "../../vocabulary/modes";
import { type Checked, canonical, sortKeys } from "../../vocabulary/values";
import { parentClaim } from "../shared/parent";
import type { MacvlanNetworkArguments } from "./arguments";

export type MacvlanNetworkInputs = CommonInputs & Checked<MacvlanNetworkArguments, "parent" | "flag" | "configFrom">;

const subnetReader = z
  .strictObject(
    {
      subnet,
      gateway: address.optional(),
      ipRange: subnet.optional(),
      auxAddresses: z
        .record(plainText, address, { error: "must be a map of name to address" })
        .transform((map) => sortKeys(map))
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

const spec = (inputs: MacvlanNetworkInputs): NetworkSpec => ({
  driver: inputs.driver,
  parent: inputs.parent,
  mode: inputs.mode,
  flag: inputs.flag,
  internal: inputs.internal,
  subnets: inputs.subnets,
  labels: inputs.labels,
  options: inputs.options,
  configOnly: inputs.configOnly,
  configFrom: inputs.configFrom,
});

const outputsOf = ({ id, containers }: Network) => ({
  networkId: id,
  attachedContainers: Object.keys(containers),
  attachedAddresses: containers,
});

const creation = (inputs: MacvlanNetworkInputs): string =>
  JSON.stringify(renderCreate(inputs.name, markOf(inputs.__owner).mark, spec(inputs), specHash(spec(inputs))));

/** What no container can have, though it is in a subnet. */
const barred = ({ gateway, auxAddresses }: Subnet): string[] => [
  ...(gateway === undefined ? [] : [gateway]),
  ...Object.values(auxAddresses ?? {}),
];

/** For how long each is off, as measured (docs/guarantees.md); the last, where nobody can stand in for it. */
const secondsOff = (count: number, networks: readonly MacvlanNetworkInputs[]): number => {
  if (networks.every(({ driver, mode, flag }) => driver === "macvlan" || (mode === "l2" && flag === "bridge")))
    return 1;
  return Math.ceil(2 + count * (canonical(networks.map(({ subnets }) => subnets)).includes("::") ? 1 : 0.15));
};

const NO_PARENT = "is missing: it must be the name of a network interface";
const NO_SUBNETS = "must name at least one subnet: without one Docker picks a pool that may collide with your LAN";

/** What a network of one host needs, a Swarm leaves to its nodes' parts, and those leave to the Swarm. */
function refuseScope(inputs: Partial<MacvlanNetworkInputs>, unknown: ReadonlySet<string>): Refusal[] {
  const { scope, configFrom, configOnly, parent, subnets, internal, probe, labels = {}, options = {} } = inputs;
  const refusals: Refusal[] = [];
  const refuse = (property: string, reason: string) => refusals.push({ property, reason });
  if (scope !== "swarm") {
    if (parent === undefined && !unknown.has("parent")) refuse("parent", NO_PARENT);
    if (subnets?.length === 0) refuse("subnets", NO_SUBNETS);
    if (configFrom !== undefined)
      refuse("configFrom", 'is for scope "swarm": a network of one host has settings of its own');
    if (configOnly && internal)
      refuse("internal", "is no setting of a node's part: Docker knows it for whole networks only");
    return refusals;
  }
  if (configFrom === undefined && !unknown.has("configFrom")) {
    refuse(
      "configFrom",
      "is missing: make a network with configOnly on each node, all of one name, and give that name here",
    );
  }
  const own = {
    parent,
    internal,
    probe,
    configOnly,
    subnets: subnets?.length,
    labels: Object.keys(labels).length,
    options: Object.keys(options).length,
  };
  for (const [property, value] of Object.entries(own)) {
    if (value) refuse(property, 'comes from the nodes: Docker takes no such setting for scope "swarm"');
  }
  return refusals;
}

/** More than these take too long; and nobody can ask for all addresses of a /80. */
const MOST_PROBED = 4096n;

/** The ranges that are handed out for the first time, as "parent first last". */
function probedRanges(
  { parent, probe, subnets }: MacvlanNetworkInputs,
  previous: MacvlanNetworkInputs | undefined,
): string[] {
  const handedOut = ({ subnet, ipRange }: Subnet): Cidr => parseCidr(ipRange ?? subnet);
  const before = previous?.subnets?.map(handedOut) ?? [];
  return (probe ? subnets : [])
    .map(handedOut)
    .filter((range) => range.last - range.first < MOST_PROBED && !before.some((old) => containsRange(old, range)))
    .map(({ family, first, last }) => `${parent} ${formatAddress(family, first)} ${formatAddress(family, last)}`);
}

export const macvlanNetwork: ResourceKind<MacvlanNetworkInputs> = {
  type: "MacvlanNetwork",
  describe: ({ name }) => `Docker network "${name}"`,
  fields: {
    parent: interfaceName.optional(),
    name: dockerName,
    driver: kind,
    mode: modeOf(NETWORK_MODES),
    flag: flagOfIpvlan,
    subnets: z
      .array(subnetReader, { error: "must be a list of {subnet, gateway?, ipRange?, auxAddresses?}" })
      .transform(sortSubnets)
      .default([]),
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
    scope: z.enum(["local", "swarm"], { error: 'must be "local" or "swarm"' }).default("local"),
    configOnly: flag(false),
    configFrom: dockerName.optional(),
  },
  identity: ["name", "driver", "scope", "configOnly", "configFrom"],
  shown: ["driver", "subnets"],
  interrupts: (olds, news, { attachedContainers }) => {
    const who = (attachedContainers ?? []) as string[];
    if (who.length === 0 || (olds.name === news.name && specHash(spec(olds)) === specHash(spec(news))))
      return undefined;
    return { who, seconds: secondsOff(who.length, [olds, news]) };
  },
  localId: ({ name }) => name,
  byId: (name) => [{ name }],
  complete: ({ driver, mode, flag }) => completeMode({ kind: driver, mode, flag }),
  refuse: (inputs, unknown) => {
    const { subnets = [], driver, mode, flag } = inputs;
    return [
      ...refuseScope(inputs, unknown),
      ...refuseMode({ kind: driver, mode, flag }, NETWORK_MODES),
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
    ];
  },
  claims: ({ name, parent, driver, mode, flag, subnets }): Claim[] => {
    const holder = `Docker network "${name}"`;
    return [
      ...(parent === undefined ? [] : [parentClaim(parent, { kind: driver, mode, flag }, holder)]),
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
  library: ["docker", "standin", "advertised", "strangers"],
  data: (inputs, previous) => [
    inputs.name,
    inputs.parent ?? "",
    specHash(spec(inputs)),
    previous === undefined ? "" : specHash(spec(previous)) === specHash(spec(inputs)) ? "same" : "other",
    creation(inputs),
    probedRanges(inputs, previous),
    String(inputs.scope === "swarm"),
    inputs.subnets.map(({ subnet }) => subnet),
    inputs.subnets.flatMap(barred),
  ],
  decode: (sections, inputs) => {
    const network = decodeNetwork(sections);
    if (!network || !belongsTo(inputs, sections.get("mark"))) return undefined;
    const { scope, spec } = network;
    // One of a bridge, an overlay or a plugin; and a Swarm's has its mark where it is not looked for in one host's network.
    if (!KINDS.some((kind) => kind === spec.driver) || (scope === "swarm" && inputs.scope !== "swarm"))
      return undefined;
    if (inputs.configFrom !== undefined) {
      const { driver, configFrom } = spec;
      return { inputs: { driver, configFrom, scope }, outputs: outputsOf(network), drift: [] };
    }
    return {
      inputs: { ...spec, subnets: withoutChosenGateways(spec.subnets, inputs.subnets) },
      outputs: outputsOf(network),
      drift: [],
    };
  },
  explain: ({ code, details: [first = "", second = ""] }, { parent, name }) => {
    switch (code) {
      case "network": {
        if (/already using parent interface/.test(first)) {
          return `its Docker allows one network per parent, and "${parent}" has one already. Networks there: ${second.trim()} Use another parent, such as a VLAN sub-interface`;
        }
        if (/overlaps/i.test(first))
          return `a subnet is used by another network already: ${first}. Networks there: ${second.trim()}`;
        return `docker network create said: ${first}`;
      }
      case "stranger": {
        const all = strangersIn(first).map(({ address, macAddress }) => `${address} (${macAddress})`);
        return `somebody on "${parent}" has an address already that this network would hand out: ${all.join(", ")}. Reserve it in the plan (or choose another ipRange), or free it`;
      }
      case "in-use":
        return `containers are still on it: ${first.trim().split(" ").join(", ")}; remove them, or disconnect them (docker network disconnect ${name} CONTAINER)`;
      case "misfits":
        return `addresses that were chosen for containers are not in its new subnets, or are gateways there: ${first}. Nothing was changed; give those containers other addresses first (docker network disconnect ${name} CONTAINER, docker network connect --ip …)`;
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
