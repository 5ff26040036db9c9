// The same VLANs for Kubernetes: what Multus attaches pods to. Pure.
// https://github.com/k8snetworkplumbingwg/multi-net-spec, https://www.cni.dev/plugins/current/

import { type PlannedAddresses, reservedBlocks } from "../kinds/address-plan/planner";
import { alone, type Cidr, contains, formatAddress, parseAddress, parseCidr } from "../vocabulary/addresses";
import { formatBlock } from "../vocabulary/blocks";
import { quoted } from "../vocabulary/errors";
import { type DescribedVlan, hostsOf, interfaceOf, networkOf, parentOf, planned, reservedOf } from "./topology";

export type AttachedVlan = Pick<
  DescribedVlan,
  "formerly" | "network" | "vlanId" | "protocol" | "subnets" | "hosts" | "parent" | "driver" | "mode" | "mtu" | "dhcp"
>;

/** A node of the cluster. */
export interface AttachedNode {
  /** Its interface that carries the VLANs, such as `enp0s8`. */
  parent: string;
}

export interface NetworkAttachmentArgs {
  /** The nodes, by the names that the plan has. */
  hosts: Record<string, AttachedNode>;
  /** By name, as VlanTopology's `vlans`. */
  vlans: Record<string, AttachedVlan>;
  /** The address plan of these VLANs, as planAddresses or an AddressPlan gives it. */
  plan: PlannedAddresses;
  /**
   * host-local: each node hands out its own range of the plan, with one definition per VLAN and node. whereabouts: one range for all
   * nodes, but for the gateway, the hosts' own and the reserved addresses. Default: "host-local".
   */
  ipam?: "host-local" | "whereabouts" | undefined;
  /**
   * interface: pods stand on the VLAN's interface of their node (VlanSubinterface makes it). vlan: the plugin of that name makes a
   * tagged interface for each pod instead, one pod per VLAN and node. Default: "interface".
   */
  link?: "interface" | "vlan" | undefined;
  /** Kubernetes' namespace. Default: "default". */
  namespace?: string | undefined;
  /** Let the pods' default route go through the VLAN's gateway. Default: false. */
  defaultRoute?: boolean | undefined;
}

/** A manifest's name and place. */
export interface AttachmentMetadata {
  /** The VLAN's name, with the node's where ranges are its own. */
  name: string;
  /** Kubernetes' namespace. */
  namespace: string;
}

/** What Multus reads of a manifest. */
export interface AttachmentSpec {
  /** The CNI configuration, as JSON text. */
  config: string;
}

/** A manifest. */
export interface NetworkAttachmentDefinition {
  /** Of the custom resource that Multus defines. */
  apiVersion: "k8s.cni.cncf.io/v1";
  /** Of the same. */
  kind: "NetworkAttachmentDefinition";
  /** Its name and place. */
  metadata: AttachmentMetadata;
  /** How pods are attached. */
  spec: AttachmentSpec;
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A range that pods can have: of IPv4 not the network's and not the broadcast address. */
function usable(range: Cidr, subnet: Cidr): { rangeStart: string; rangeEnd: string } {
  const edges = subnet.family === 4 && subnet.prefix < 31;
  const first = edges && range.first === subnet.first ? range.first + 1n : range.first;
  const last = edges && range.last === subnet.last ? range.last - 1n : range.last;
  return { rangeStart: formatAddress(subnet.family, first), rangeEnd: formatAddress(subnet.family, last) };
}

class Attachments {
  constructor(private readonly args: NetworkAttachmentArgs) {}

  private planOf(subnet: string) {
    // Those without hosts are planned no more: they tell what hosts had.
    const plans = Object.entries(this.args.plan).filter(([, { hosts }]) => Object.keys(hosts).length > 0);
    const plan = new Map(plans).get(subnet);
    if (!plan) throw new Error(`subnet ${subnet} is not in the plan: it has ${plans.map(([text]) => text).join(", ")}`);
    return plan;
  }

  private routes(subnets: readonly string[]): object {
    if (!this.args.defaultRoute) return {};
    return {
      routes: subnets.map((text) => ({
        dst: text.includes(":") ? "::/0" : "0.0.0.0/0",
        gw: this.planOf(text).gateway,
      })),
    };
  }

  private hostLocal(vlan: AttachedVlan, host: string): object {
    const subnets = vlan.subnets.map(planned);
    const ranges = subnets.map((text) => {
      const { gateway, hosts } = this.planOf(text);
      const range = hosts[host]?.range;
      if (range === undefined) throw new Error(`the plan gives ${host} no range of ${text}: plan its addresses first`);
      return [{ subnet: text, ...usable(parseCidr(range), parseCidr(text)), gateway }];
    });
    return { type: "host-local", ranges, ...this.routes(subnets) };
  }

  private whereabouts(vlan: AttachedVlan): object {
    const ranges = vlan.subnets.map((entry) => {
      const text = planned(entry);
      const subnet = parseCidr(text);
      const { gateway, hosts } = this.planOf(text);
      const own = [gateway, ...Object.values(hosts).flatMap(({ shim }) => shim ?? [])]
        .map((address) => parseAddress(address))
        .filter((address) => contains(subnet, address))
        .map(({ address }) => alone(address));
      const blocks = reservedOf(vlan, entry)
        .flatMap((given) => reservedBlocks(given, subnet))
        .map((block) => formatBlock(subnet.family, block));
      return { range: text, exclude: [...own, ...blocks] };
    });
    const given = ranges.length === 1 ? ranges[0] : { ipRanges: ranges };
    return { type: "whereabouts", ...given, ...this.routes(vlan.subnets.map(planned)) };
  }

  /** The plugin that makes the pod's interface. */
  private plugin(name: string, vlan: AttachedVlan, host: string): object {
    const { vlanId, protocol, driver = "macvlan", mode, mtu } = vlan;
    const parent = parentOf(vlan, host, this.args.hosts[host]?.parent) as string;
    const size = mtu === undefined ? {} : { mtu };
    if (this.args.link === "vlan") {
      if (vlanId === undefined)
        throw new Error(`VLAN ${quoted(name)} has no vlanId: the vlan plugin needs one; take link "interface"`);
      if (protocol === "802.1ad")
        throw new Error(`VLAN ${quoted(name)} is 802.1ad: the vlan plugin makes 802.1Q only; take link "interface"`);
      return { type: "vlan", master: parent, vlanId, ...size };
    }
    return { type: driver, master: interfaceOf(vlan, parent), ...(mode === undefined ? {} : { mode }), ...size };
  }

  private definition(name: string, plugin: object, ipam: object): NetworkAttachmentDefinition {
    if (!DNS_LABEL.test(name)) {
      throw new Error(
        `${quoted(name)} is no name for Kubernetes: lower-case letters, digits and - only, at most 63 (RFC 1123)`,
      );
    }
    return {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name, namespace: this.args.namespace ?? "default" },
      spec: { config: JSON.stringify({ cniVersion: "0.3.1", name, ...plugin, ipam }) },
    };
  }

  of(name: string, vlan: AttachedVlan): NetworkAttachmentDefinition[] {
    const hosts = hostsOf({ hosts: this.args.hosts, vlans: {} }, vlan);
    const unknown = hosts.find((host) => !(host in this.args.hosts));
    if (unknown) throw new Error(`VLAN ${quoted(name)} names host ${quoted(unknown)}: there is none`);
    const plugins = new Map(hosts.map((host) => [host, this.plugin(name, vlan, host)]));
    const network = networkOf(name, vlan);
    if (this.args.ipam !== "whereabouts") {
      return hosts.map((host) =>
        this.definition(`${network}-${host}`, plugins.get(host) ?? {}, this.hostLocal(vlan, host)),
      );
    }
    const alike = new Set([...plugins.values()].map((plugin) => JSON.stringify(plugin))).size === 1;
    const ipam = this.whereabouts(vlan);
    return [...plugins]
      .slice(0, alike ? 1 : undefined)
      .map(([host, plugin]) => this.definition(alike ? network : `${network}-${host}`, plugin, ipam));
  }
}

/**
 * What Multus attaches pods to, so that they stand on the same VLANs as the containers of Docker hosts, with addresses of one plan.
 *
 * With host-local a pod must name the definition of the node that it runs on (`mac10-host1`): put both into one pod template per
 * node, with a nodeSelector. Give the objects to `@pulumi/kubernetes`, or write them as YAML.
 *
 * @throws Error that says which VLAN, subnet or name can't be used, and what to do.
 */
export function toNetworkAttachmentDefinitions(args: NetworkAttachmentArgs): NetworkAttachmentDefinition[] {
  const attachments = new Attachments(args);
  return Object.entries(args.vlans).flatMap(([name, vlan]) => attachments.of(name, vlan));
}
