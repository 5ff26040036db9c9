// A Docker network as `docker network create` takes it and as `docker network inspect` shows it.
import { createHash } from "node:crypto";
import { alone, compareCidr, parseCidr } from "../vocabulary/addresses";
import { completeMode, FLAGS, type Flag, KINDS, type Kind, type NetworkMode } from "../vocabulary/modes";
import { type Checked, sortKeys } from "../vocabulary/values";
import { jsonSection } from "./sections";

/** Users read these words. */
export interface Subnet {
  /** Without host bits, such as `172.16.10.0/24`. */
  subnet: string;
  /** An address in the subnet: the containers' default route. Default: Docker's own choice. */
  gateway?: string | undefined;
  /** The part of the subnet that this host's Docker hands out; keep it apart from the other hosts'. Default: all of it. */
  ipRange?: string | undefined;
  /** Addresses that Docker must not hand out, by name. Default: none. */
  auxAddresses?: Record<string, string> | undefined;
}

/** Everything that makes one network differ from another; none of it can be changed in place (moby 27598). Users read these words. */
export interface DockerNetwork {
  /**
   * The interface that containers stand on, such as a VlanSubinterface's name; it must exist. All but a Swarm's have one. A change keeps
   * the containers (see the class).
   */
  parent?: string | undefined;
  /** macvlan: containers have MAC addresses of their own. ipvlan: they have their parent's. Default: "macvlan". Replaces. */
  driver?: Kind | undefined;
  /**
   * Of macvlan: bridge (containers reach each other), private, vepa, passthru (one container only). Of ipvlan: l2, l3, l3s. None
   * reaches the host. Default: "bridge", for ipvlan "l2". Docker options macvlan_mode, ipvlan_mode.
   */
  mode?: NetworkMode | undefined;
  /** Of ipvlan: bridge, private or vepa. Default: "bridge". Docker option ipvlan_flag. */
  flag?: Flag | undefined;
  /** At least one, but of a Swarm's; none may overlap another network of the host. Changing them keeps the containers (see the class). */
  subnets?: Subnet[] | undefined;
  /** No way out (docker network create --internal). Default: false. */
  internal?: boolean | undefined;
  /** Docker labels. Default: none. */
  labels?: Record<string, string> | undefined;
  /** Driver options besides parent, mode and flag. Default: none. */
  options?: Record<string, string> | undefined;
  /** A node's part of a Swarm's network: its parent and its own range. No container stands on it. Default: false. Replaces. */
  configOnly?: boolean | undefined;
  /** Of scope swarm: the one name of all its nodes' parts. Replaces. Docker option --config-from. */
  configFrom?: string | undefined;
}

/** A network that somebody else made may be of any driver and mode. */
export type NetworkSpec = Omit<
  Checked<DockerNetwork, "parent" | "flag" | "configOnly" | "configFrom">,
  "driver" | "mode"
> & { driver: string; mode: string };

export const LABEL = "pulumi-macvlan.";

/** Options that have an input of their own. */
export const OWN_OPTIONS = ["parent", "macvlan_mode", "ipvlan_mode", "ipvlan_flag"];

export const sortSubnets = (subnets: readonly Subnet[]): Subnet[] =>
  [...subnets].sort((a, b) => compareCidr(a.subnet, b.subnet));

/** Equal hashes mean equal networks: what the script compares. */
export const specHash = (spec: NetworkSpec): string =>
  createHash("sha256")
    .update(JSON.stringify(renderCreate("", "", spec)))
    .digest("hex")
    .slice(0, 16);

/**
 * What Docker's API takes to make it. Its command line would give subnets in an order that changes from run to run, and containers get
 * an address of the first.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Network/operation/NetworkCreate
 */
export function renderCreate(name: string, mark: string, spec: NetworkSpec, hash = ""): Record<string, unknown> {
  const request = { Name: name, CheckDuplicate: true };
  // Docker takes neither labels nor options for it: all of it comes from the nodes' parts.
  if (spec.configFrom !== undefined) {
    return {
      ...request,
      Driver: spec.driver,
      Scope: "swarm",
      Attachable: true,
      ConfigFrom: { Network: spec.configFrom },
    };
  }
  const flag = spec.flag === undefined ? {} : { ipvlan_flag: spec.flag };
  return {
    ...request,
    ...(spec.configOnly ? { ConfigOnly: true } : { Driver: spec.driver }),
    Internal: spec.internal,
    EnableIPv6: spec.subnets.some(({ subnet }) => parseCidr(subnet).family === 6),
    IPAM: {
      Driver: "default",
      Config: spec.subnets.map(({ subnet, gateway, ipRange, auxAddresses }) => ({
        Subnet: subnet,
        IPRange: ipRange,
        Gateway: gateway,
        AuxiliaryAddresses: auxAddresses,
      })),
    },
    Options: { ...spec.options, parent: spec.parent ?? "", [`${spec.driver}_mode`]: spec.mode, ...flag },
    Labels: { ...spec.labels, [`${LABEL}mark`]: mark, [`${LABEL}spec`]: hash },
  };
}

interface InspectJson {
  Id: string;
  Driver: string;
  Scope?: string;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network?: string };
  Internal: boolean;
  EnableIPv6?: boolean;
  IPAM: {
    Config:
      | { Subnet?: string; Gateway?: string; IPRange?: string; AuxiliaryAddresses?: Record<string, string> }[]
      | null;
  };
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
  Containers: Record<string, { Name?: string; IPv4Address?: string; IPv6Address?: string }> | null;
}

export interface Network {
  id: string;
  mark: string;
  spec: NetworkSpec;
  scope: string;
  /** The running containers on it, by name, each with its addresses there. */
  containers: Record<string, string[]>;
}

const address = (text: string): string => parseCidr(alone(text)).address;
const cidr = (text: string): string => {
  const parsed = parseCidr(text);
  return `${parsed.address}/${parsed.prefix}`;
};

const without = (map: Record<string, string>, own: (key: string) => boolean): Record<string, string> =>
  sortKeys(Object.fromEntries(Object.entries(map).filter(([key]) => !own(key))));

/** `docker network inspect NAME`; undefined where there is none. */
export function decodeNetwork(sections: ReadonlyMap<string, string>): Network | undefined {
  const found = jsonSection<InspectJson[]>(sections, "network")?.[0];
  if (!found) return undefined;
  const options = found.Options ?? {};
  const labels = found.Labels ?? {};
  // A node's part names no driver, but its options tell which one it is for.
  const driver = found.ConfigOnly ? (options["ipvlan_mode"] ? "ipvlan" : "macvlan") : found.Driver;
  const configFrom = found.ConfigFrom?.Network;
  // Without --ipv6 Docker keeps such a subnet in mind, and gives nobody an address of it.
  const unused = found.EnableIPv6 === false && !configFrom && found.Scope !== "swarm" ? 6 : undefined;
  const given = (found.IPAM.Config ?? []).filter(({ Subnet = "0.0.0.0/0" }) => parseCidr(Subnet).family !== unused);
  const subnets = given.map((config): Subnet => {
    const aux = Object.entries(sortKeys(config.AuxiliaryAddresses ?? {}));
    return {
      subnet: cidr(config.Subnet ?? "0.0.0.0/0"),
      ...(config.Gateway ? { gateway: address(config.Gateway) } : {}),
      ...(config.IPRange ? { ipRange: cidr(config.IPRange) } : {}),
      ...(aux.length ? { auxAddresses: Object.fromEntries(aux.map(([key, value]) => [key, address(value)])) } : {}),
    };
  });
  return {
    id: found.Id,
    mark: labels[`${LABEL}mark`] ?? "",
    spec: {
      driver,
      parent: options["parent"] ?? "",
      mode: "bridge",
      ...completeMode({
        kind: KINDS.find((kind) => kind === driver),
        mode: options[`${driver}_mode`],
        flag: FLAGS.find((flag) => flag === options["ipvlan_flag"]),
      }),
      internal: found.Internal,
      subnets: sortSubnets(subnets),
      labels: without(labels, (key) => key.startsWith(LABEL)),
      options: without(options, (key) => OWN_OPTIONS.includes(key)),
      ...(found.ConfigOnly ? { configOnly: true } : {}),
      ...(configFrom ? { configFrom } : {}),
    },
    scope: found.Scope ?? "local",
    containers: sortKeys(
      Object.fromEntries(
        Object.values(found.Containers ?? {})
          .filter(({ Name }) => Name)
          .map(({ Name = "", IPv4Address, IPv6Address }) => [
            Name,
            [IPv4Address, IPv6Address]
              .filter((given) => given !== undefined && given !== "")
              .map((given) => address(given as string)),
          ]),
      ),
    ),
  };
}
