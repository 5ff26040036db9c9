import * as pulumi from "@pulumi/pulumi";
import type { HostToPlan, PlannedAddresses } from "../../kinds/address-plan/planner";
import { toDot, toMermaid } from "../../plan/diagram";
import { type Allowed, probesOf, rulesOf } from "../../plan/policy";
import {
  type DescribedTopology,
  type DescribedVlan,
  hostsOf,
  nodePart,
  parentOf,
  planned,
  refuseTopology,
  shimmed,
  shimName,
  toPlan,
} from "../../plan/topology";
import type { HostConnection } from "../host";
import { AddressPlan } from "../resources/address-plan";
import { InterVlanRouter, type RouterNatArgs, type RouterPolicyArgs } from "../resources/inter-vlan-router";
import { MacvlanNetwork, type MacvlanNetworkArgs } from "../resources/macvlan-network";
import { type ProbeArgs, Reachability } from "../resources/reachability";
import { VlanSubinterface } from "../resources/vlan-subinterface";
import { HostShim } from "./host-shim";

export interface TopologyHostArgs extends HostToPlan {
  /** How it is reached. */
  connection: pulumi.Input<HostConnection>;
  /** Its interface for all VLANs that name no other one, such as `enp0s8`. */
  parent: pulumi.Input<string>;
  /** Bytes, of that interface: a VLAN's MTU is then checked against it at preview. */
  mtu?: number | undefined;
}

export interface TopologyVlanArgs extends DescribedVlan, Pick<MacvlanNetworkArgs, "labels" | "options"> {}

export interface TopologyRouterArgs {
  /** How it is reached. */
  connection: pulumi.Input<HostConnection>;
  /** The interface that its VLANs come in through. */
  parent: pulumi.Input<string>;
  /** The VLANs that it routes. Default: all. */
  vlans?: string[] | undefined;
  /** As InterVlanRouter's. */
  nat?: pulumi.Input<pulumi.Input<RouterNatArgs>[]> | undefined;
  /** As InterVlanRouter's; `from` and `to` may also name a VLAN of this topology. */
  policy?: pulumi.Input<RouterPolicyArgs> | undefined;
  /** The only new connections that pass, instead of a `policy`: "iot to nas: tcp 443, nothing else". Default: all pass. */
  allow?: Allowed[] | undefined;
}

export interface VlanTopologyArgs {
  /** By name: the names are those of the children and of the plan. */
  hosts: Record<string, TopologyHostArgs>;
  /** By name, which is the Docker network's too. */
  vlans: Record<string, TopologyVlanArgs>;
  /** Default: none, VLANs do not reach each other. */
  router?: TopologyRouterArgs | undefined;
  /** Give each host a way to its own containers: on all VLANs, or on those named. Default: false. */
  shims?: boolean | string[] | undefined;
  /**
   * The hosts are nodes of a Docker Swarm, this one a manager: each node gets its part (`<vlan>-node`), the manager the network that
   * services name. Default: none, each host has a network of its own.
   */
  swarm?: { manager: string } | undefined;
  /**
   * Show it with real packets after every change (Reachability): hosts to each other in every VLAN and to their own containers, and
   * between VLANs that what is allowed works and what is not does not. Default: false.
   */
  prove?: boolean | undefined;
  /** Further probes; `network` is a VLAN's name. Default: none. */
  probes?: pulumi.Input<ProbeArgs>[] | undefined;
  /** A file that gets the probes' results as JUnit XML. Default: none. */
  junit?: pulumi.Input<string> | undefined;
  /** As `probe` of MacvlanNetwork and InterVlanRouter: no range and no gateway is used in which a stranger has an address. Default: false. */
  probe?: boolean | undefined;
  /**
   * As AddressPlan's: hosts (gone ones too) whose former addresses no container holds any more, so that others may have them. A name
   * acts once, in the change that adds it. Default: none.
   */
  forget?: string[] | undefined;
  /** Be there again after a reboot. Default: true. */
  persist?: boolean | undefined;
}

const plainText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** As far as it is known before anything is made. */
function describe({ hosts, vlans, router, shims, swarm, forget }: VlanTopologyArgs): DescribedTopology {
  const known = ({ connection, parent }: Pick<TopologyHostArgs, "connection" | "parent">) => {
    const { address, port } = connection as { address?: unknown; port?: unknown };
    return {
      address: plainText(address),
      port: typeof port === "number" ? port : undefined,
      parent: plainText(parent),
    };
  };
  return {
    hosts: Object.fromEntries(
      Object.entries(hosts).map(([name, host]) => [
        name,
        {
          ...known(host),
          mtu: host.mtu,
          ...(host.size && { size: host.size }),
          ...(host.slot !== undefined && { slot: host.slot }),
        },
      ]),
    ),
    vlans,
    router: router && { ...known(router), vlans: router.vlans },
    shims,
    swarm,
    forget,
  };
}

/**
 * VLANs over many hosts from one description: on each host a sub-interface and a Docker network per VLAN, with an address range of
 * that host's own, a router between the VLANs, and each host's way to its own containers.
 *
 * Names, VLAN ids and subnets are plain data: what can't fit together is refused before anything is made, each time with the
 * hosts and what to do. Which addresses each host hands out is kept in the stack's state (AddressPlan): hosts may come and go.
 *
 * Children, named after the component (`lan`), the host and the VLAN: AddressPlan `lan`, VlanSubinterface `lan-host1-mac10`,
 * MacvlanNetwork `lan-host1-mac10`, HostShim `lan-host1-mac10`, and for the router VlanSubinterface `lan-router-mac10`,
 * InterVlanRouter `lan-router`.
 *
 * @example
 * new VlanTopology("lan", {
 *   hosts: { host1: { connection: host1, parent: "enp0s8" }, host2: { connection: host2, parent: "enp0s8" } },
 *   vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] }, mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] } },
 *   router: { connection: host3, parent: "enp0s8", nat: [{ outInterface: "enp0s9" }] },
 *   shims: ["mac10"],
 * });
 */
export class VlanTopology extends pulumi.ComponentResource {
  /** By host, then by VLAN. */
  readonly networks: Record<string, Record<string, MacvlanNetwork>> = {};
  /** With `swarm`: what services name, by VLAN. */
  readonly swarmNetworks: Record<string, MacvlanNetwork> = {};
  /** By subnet: the gateway, and of each host its range and its own address. */
  readonly plan: pulumi.Output<PlannedAddresses>;
  /** Mermaid text. */
  readonly diagram: pulumi.Output<string>;
  /** The same as Graphviz's text, for `dot -Tsvg`. */
  readonly dot: pulumi.Output<string>;
  readonly router: InterVlanRouter | undefined;
  /** Where `prove` or `probes` ask for it. */
  readonly proof: Reachability | undefined;
  private readonly shims: HostShim[] = [];

  constructor(
    name: string,
    private readonly args: VlanTopologyArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("pulumi-macvlan:index:VlanTopology", name, {}, options);
    const topology = describe(args);
    const wrong = refuseTopology(topology);
    if (args.router?.policy && args.router.allow) wrong.push("router has both policy and allow: say it once");
    if (wrong.length > 0) throw new pulumi.ResourceError(`VlanTopology "${name}": ${wrong.join("\n")}`, this);

    const child = { parent: this };
    this.plan = new AddressPlan(name, { ...toPlan(topology) }, child).plan;
    for (const [vlan, described] of Object.entries(args.vlans)) {
      for (const host of hostsOf(topology, described)) {
        const network = this.makeNetwork(`${name}-${host}-${vlan}`, host, vlan);
        this.networks[host] = { ...this.networks[host], [vlan]: network };
        if (shimmed(topology, vlan)) this.shims.push(this.makeShim(`${name}-${host}-${vlan}`, host, vlan, network));
      }
    }
    for (const vlan of args.swarm ? Object.keys(args.vlans) : []) {
      this.swarmNetworks[vlan] = this.makeSwarmNetwork(`${name}-swarm-${vlan}`, vlan, args.swarm?.manager ?? "");
    }
    this.router = args.router && this.makeRouter(`${name}-router`, args.router);
    this.proof = this.makeProof(`${name}-proof`, topology);
    this.diagram = this.plan.apply((plan) => toMermaid(topology, plan));
    this.dot = this.plan.apply((plan) => toDot(topology, plan));
    this.registerOutputs({ plan: this.plan, diagram: this.diagram });
  }

  private vlan(name: string): TopologyVlanArgs {
    return this.args.vlans[name] as TopologyVlanArgs;
  }

  private host(name: string): TopologyHostArgs {
    return this.args.hosts[name] as TopologyHostArgs;
  }

  /** The interface of a VLAN: a sub-interface, or the parent itself. */
  private makeInterface(
    name: string,
    vlan: string,
    connection: pulumi.Input<HostConnection>,
    parent: pulumi.Input<string>,
  ) {
    const { vlanId, mtu } = this.vlan(vlan);
    if (vlanId === undefined) return pulumi.output(parent);
    const { persist } = this.args;
    return new VlanSubinterface(name, { host: connection, parent, vlanId, mtu, persist }, { parent: this }).name;
  }

  private makeNetwork(name: string, host: string, vlan: string): MacvlanNetwork {
    const { connection, parent } = this.host(host);
    const { subnets, driver, mode, flag, internal, labels, options } = this.vlan(vlan);
    const nic = parentOf(this.vlan(vlan), host, undefined) ?? parent;
    return new MacvlanNetwork(
      name,
      {
        host: connection,
        parent: this.makeInterface(name, vlan, connection, nic),
        name: this.args.swarm ? nodePart(vlan) : vlan,
        configOnly: this.args.swarm !== undefined,
        driver,
        mode,
        flag,
        subnets: subnets.map((entry) => {
          const subnet = planned(entry);
          const here = this.plan.apply((plan) => plan[subnet]);
          return {
            subnet,
            gateway: here.apply((it) => it?.gateway as string),
            ipRange: here.apply((it) => it?.hosts[host]?.range as string),
          };
        }),
        internal,
        labels,
        options,
        probe: this.args.probe,
      },
      { parent: this },
    );
  }

  private makeSwarmNetwork(name: string, vlan: string, manager: string): MacvlanNetwork {
    return new MacvlanNetwork(
      name,
      {
        host: this.host(manager).connection,
        name: vlan,
        driver: this.vlan(vlan).driver,
        scope: "swarm",
        configFrom: nodePart(vlan),
      },
      { parent: this, dependsOn: Object.values(this.networks).flatMap((byVlan) => byVlan[vlan] ?? []) },
    );
  }

  private makeShim(name: string, host: string, vlan: string, network: MacvlanNetwork): HostShim {
    const mine = this.plan.apply((plan) =>
      this.vlan(vlan).subnets.flatMap((entry) => plan[planned(entry)]?.hosts[host] ?? []),
    );
    return new HostShim(
      name,
      {
        host: this.host(host).connection,
        network,
        name: shimName(vlan),
        address: mine.apply((entries) => entries.flatMap(({ shim }) => shim ?? [])),
        ranges: mine.apply((entries) => entries.map(({ range }) => range)),
        persist: this.args.persist,
      },
      { parent: this },
    );
  }

  private makeProof(name: string, topology: DescribedTopology): Reachability | undefined {
    const { prove, probes = [], junit, router, hosts } = this.args;
    // What a policy of the user's own lets through is not ours to guess.
    const passing = router?.policy === undefined ? (router?.allow ?? "everything") : "unknown";
    const derived = prove ? probesOf(topology, passing) : [];
    if (derived.length + probes.length === 0) return undefined;
    const networks = Object.values(this.networks).flatMap((byVlan) => Object.values(byVlan));
    return new Reachability(
      name,
      {
        hosts: Object.fromEntries(Object.entries(hosts).map(([host, { connection }]) => [host, connection])),
        probes: [...derived, ...probes],
        triggers: [
          ...[...networks, ...Object.values(this.swarmNetworks)].map(({ networkId }) => networkId),
          ...this.shims.map(({ link }) => link.macAddress),
          ...(this.router ? [this.router.ruleset] : []),
        ],
        junit,
      },
      { parent: this },
    );
  }

  private makeRouter(
    name: string,
    { connection, parent, vlans, nat, policy, allow }: TopologyRouterArgs,
  ): InterVlanRouter {
    const wantedPolicy = policy ?? (allow && rulesOf(allow));
    const routed = vlans ?? Object.keys(this.args.vlans);
    const interfaces = routed.map((vlan) => ({
      vlan,
      interface: this.makeInterface(`${name}-${vlan}`, vlan, connection, parent),
      addresses: this.vlan(vlan).subnets.map((entry) => {
        const subnet = planned(entry);
        return this.plan.apply((plan) => `${plan[subnet]?.gateway}/${subnet.split("/")[1]}`);
      }),
      advertise: this.vlan(vlan).advertise,
      dhcp: this.vlan(vlan).dhcp,
    }));
    const byVlan = pulumi.output(Object.fromEntries(interfaces.map((entry) => [entry.vlan, entry.interface])));
    return new InterVlanRouter(
      name,
      {
        host: connection,
        interfaces: interfaces.map(({ vlan: _, ...rest }) => rest),
        nat,
        policy:
          wantedPolicy &&
          pulumi.all([wantedPolicy, byVlan]).apply(([wanted, names]) => ({
            ...wanted,
            rules: (wanted.rules ?? []).map((rule) => ({
              ...rule,
              from: names[rule.from] ?? rule.from,
              to: names[rule.to] ?? rule.to,
            })),
          })),
        probe: this.args.probe,
        persist: this.args.persist,
      },
      { parent: this },
    );
  }
}
