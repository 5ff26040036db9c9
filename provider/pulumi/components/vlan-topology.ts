import * as pulumi from "@pulumi/pulumi";
import type { HostToPlan, PlannedAddresses } from "../../kinds/address-plan/planner";
import {
  type FromPlan,
  networkOn,
  routedBy,
  routerOf,
  shimOn,
  subinterfaceOn,
  swarmNetwork,
  withoutAdopt,
} from "../../plan/children";
import { describe } from "../../plan/describe";
import { toDot, toMermaid } from "../../plan/diagram";
import { joinNames } from "../../plan/names";
import { type Place, placesOf, vlanNames } from "../../plan/places";
import {
  type Allowed,
  onInterfaces,
  onNetworks,
  policyOf,
  probesOf,
  probesOfBatch,
  refuseUnproved,
} from "../../plan/policy";
import { batchesOf, type Rollout, sayOrder, withLast } from "../../plan/rollout";
import {
  type DescribedTopology,
  type DescribedVlan,
  parentOf,
  refuseTopology,
  shimmed,
  toPlan,
  warnUnplanned,
} from "../../plan/topology";
import { ROUTER, type WholeTopology, wantedOf } from "../../plan/wanted";
import type { HostConnection } from "../host";
import { AddressPlan } from "../resources/address-plan";
import { InterVlanRouter, type RouterNatArgs, type RouterPolicyArgs } from "../resources/inter-vlan-router";
import { MacvlanNetwork, type MacvlanNetworkArgs } from "../resources/macvlan-network";
import { type ProbeArgs, Reachability } from "../resources/reachability";
import { Readiness } from "../resources/readiness";
import { VlanSubinterface } from "../resources/vlan-subinterface";
import { MacvlanComponent } from "./component";
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
  /** As InterVlanRouter's: tells the routers of several topologies on one host apart. Default: "router". */
  name?: pulumi.Input<string> | undefined;
  /** The VLANs that it routes. Default: all. */
  vlans?: string[] | undefined;
  /** As InterVlanRouter's. */
  nat?: pulumi.Input<pulumi.Input<RouterNatArgs>[]> | undefined;
  /** As InterVlanRouter's; `from` and `to` may also name a VLAN of this topology. */
  policy?: pulumi.Input<RouterPolicyArgs> | undefined;
  /** The only new connections that pass, instead of a `policy`: "iot to nas: tcp 443, nothing else". Default: all pass. */
  allow?: Allowed[] | undefined;
}

export interface TopologySwarmArgs {
  /** One of the hosts: a manager of the Swarm. */
  manager: string;
}

export interface VlanTopologyArgs {
  /** By name: the names are those of the children and of the plan. One may change: `formerly` has the old one then. */
  hosts: Record<string, TopologyHostArgs>;
  /** By name, which is the Docker network's too (see `network`). One may change: `formerly` has the old one then. */
  vlans: Record<string, TopologyVlanArgs>;
  /** Default: none, VLANs do not reach each other. */
  router?: TopologyRouterArgs | undefined;
  /** Give each host a way to its own containers: on all VLANs, or on those named. Default: false. */
  shims?: boolean | string[] | undefined;
  /**
   * The hosts are nodes of a Docker Swarm, this one a manager: each node gets its part (`<vlan>-node`), the manager the network that
   * services name. Default: none, each host has a network of its own.
   */
  swarm?: TopologySwarmArgs | undefined;
  /**
   * Show it with real packets after every change (Reachability): hosts to each other in every VLAN and to their own containers, and
   * between VLANs that what is allowed works and what is not does not. An `unplanned` VLAN is left out. Default: false.
   */
  prove?: boolean | undefined;
  /**
   * In which order hosts are changed: a batch begins once packets have proved the one before, whatever `prove` says; where a batch fails, the
   * later ones and the router stay as they are, but for legs in new VLANs: the router has them first. What goes is deleted last, as always.
   * The preview tells the order. Default: all at once.
   */
  rollout?: Rollout | undefined;
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
  /**
   * Take over the VLAN interfaces, networks and shims that hosts have already under the names of these, though no stack made them: what is
   * as described stays as it is, the preview tells what would be changed. A router is not taken over: what somebody made of it is refused.
   * It may go once all are taken over. Default: false.
   */
  adopt?: boolean | undefined;
}

/**
 * VLANs over many hosts from one description: on each host a sub-interface and a Docker network per VLAN, with an address range of
 * that host's own, a router between the VLANs, and each host's way to its own containers.
 *
 * Names, VLAN ids and subnets are plain data: what can't fit together is refused before anything is made, each time with the
 * hosts and what to do. Which addresses each host hands out is kept in the stack's state (AddressPlan): hosts may come and go.
 *
 * Before an update changes anything, all hosts that it touches are asked whether it can be done (login and tools, parents, foreign
 * objects in the way, containers on what goes, room on disks). One "no" and nothing is changed anywhere; all of them are told together.
 *
 * Children, named after the component (`lan`), the host and the VLAN: AddressPlan `lan`, Readiness `lan-ready`, VlanSubinterface
 * `lan-host1-mac10`, MacvlanNetwork `lan-host1-mac10`, HostShim `lan-host1-mac10`, and for the router VlanSubinterface
 * `lan-router-mac10`, InterVlanRouter `lan-router`. With `rollout`, Reachability `lan-proof-1` and so on.
 *
 * @example
 * new VlanTopology("lan", {
 *   hosts: { host1: { connection: host1, parent: "enp0s8" }, host2: { connection: host2, parent: "enp0s8" } },
 *   vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] }, mac20: { vlanId: 200, subnets: ["172.16.20.0/24"] } },
 *   router: { connection: host3, parent: "enp0s8", nat: [{ outInterface: "enp0s9" }] },
 *   shims: ["mac10"],
 * });
 */
export class VlanTopology extends MacvlanComponent {
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
  private readonly shims = new Map<Place, HostShim>();
  private readonly from: FromPlan<pulumi.Output<string>, pulumi.Output<string[]>>;
  /** The router's sub-interfaces, by VLAN. */
  private readonly legs = new Map<string, VlanSubinterface>();
  /** What those that are made next wait for. */
  private after: pulumi.Resource[] = [];

  constructor(
    name: string,
    private readonly args: VlanTopologyArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("VlanTopology", name, options);
    const topology = describe(args);
    const wrong = refuseTopology(topology);
    if (args.router?.policy && args.router.allow) wrong.push("router has both policy and allow: say it once");
    const batches = batchesOf(Object.keys(args.hosts), args.rollout);
    if (wrong.length === 0) wrong.push(...refuseUnproved(topology, batches));
    if (wrong.length > 0) throw new pulumi.ResourceError(`VlanTopology "${name}": ${wrong.join("\n")}`, this);

    for (const why of warnUnplanned(topology)) pulumi.log.warn(`VlanTopology "${name}": ${why}`, this);
    const { plan } = new AddressPlan(name, { ...toPlan(topology) }, this.options([name]));
    this.plan = plan;
    this.from = { text: (read) => plan.apply((it) => read(it) as string), texts: (read) => plan.apply(read) };
    // None of the others begins before all hosts have said that it can be done.
    this.after = [this.makeReadiness(`${name}-ready`, topology)];
    if (args.router) this.makeLegs(`${name}-router`, args.router);
    const places = placesOf(name, topology);
    for (const { host } of places) this.networks[host] = {};
    const order = withLast(batches, args.router ? ["the router"] : []);
    if (args.rollout) pulumi.log.info(`VlanTopology "${name}" changes ${sayOrder(order)}`, this);
    for (const [index, batch] of batches.entries()) {
      const here = places.filter(({ host }) => batch.includes(host));
      for (const place of here) this.makePlace(place, topology);
      const probes = index < batches.length - 1 ? probesOfBatch(topology, batches, index) : [];
      const hosts = batches.slice(0, index + 1).flat();
      if (probes.length > 0) this.after = [this.makeBatchProof(`${name}-proof-${index + 1}`, hosts, probes, here)];
    }
    for (const vlan of args.swarm ? Object.keys(args.vlans) : []) {
      const names = joinNames([name], ["swarm"], vlanNames(args, vlan));
      this.swarmNetworks[vlan] = this.makeSwarmNetwork(names, vlan, args.swarm?.manager ?? "");
    }
    // With the last batch: a router that changed before would take a gateway or a subnet from all hosts that a failed batch leaves as they
    // are, and what a batch is proved with needs none. Whatever VLAN a host is in by then, the router has a leg there.
    this.router = args.router && this.makeRouter(`${name}-router`, args.router);
    this.proof = this.makeProof(`${name}-proof`, topology, places);
    this.diagram = this.plan.apply((plan) => toMermaid(topology, plan));
    this.dot = this.plan.apply((plan) => toDot(topology, plan));
    this.registerOutputs({ plan: this.plan, diagram: this.diagram });
  }

  private makeReadiness(name: string, topology: DescribedTopology): Readiness {
    const { hosts, vlans, router, probe, persist, adopt } = this.args;
    const places = { ...hosts, ...(router && { [ROUTER]: router }) };
    const { connection: _, ...routing } = router ?? {};
    const given = pulumi.output({
      hosts: Object.fromEntries(Object.entries(hosts).map(([host, { parent }]) => [host, { parent }])),
      vlans,
      ...(router && { router: routing }),
      probe,
      persist,
      adopt,
    });
    return new Readiness(
      name,
      {
        hosts: Object.fromEntries(Object.entries(places).map(([place, { connection }]) => [place, connection])),
        wanted: pulumi
          .all([given, this.plan])
          .apply(([known, plan]) => wantedOf({ ...topology, ...known } as WholeTopology, plan)),
      },
      { parent: this },
    );
  }

  private vlan(name: string): TopologyVlanArgs {
    return this.args.vlans[name] as TopologyVlanArgs;
  }

  private host(name: string): TopologyHostArgs {
    return this.args.hosts[name] as TopologyHostArgs;
  }

  /** What every child is made with: it is found by its former names too, and waits for the batch before. */
  private options([, ...former]: readonly string[], after: pulumi.Resource[] = []) {
    return { parent: this, aliases: former.map((name) => ({ name })), dependsOn: [...this.after, ...after] };
  }

  private makePlace(place: Place, topology: DescribedTopology): void {
    const { host, vlan } = place;
    const network = this.makeNetwork(place);
    this.networks[host] = { ...this.networks[host], [vlan]: network };
    if (shimmed(topology, vlan)) this.shims.set(place, this.makeShim(place, network));
  }

  /** The interface of a VLAN, where it is not the parent itself. */
  private makeInterface(
    names: readonly string[],
    vlan: string,
    host: pulumi.Input<HostConnection>,
    parent: pulumi.Input<string>,
    args: VlanTopologyArgs,
  ): VlanSubinterface | undefined {
    const given = subinterfaceOn(this.vlan(vlan), parent, args, (name) => pulumi.output(parent).apply(name));
    const [name = ""] = names;
    return given && new VlanSubinterface(name, { host, ...given }, this.options(names));
  }

  private makeLegs(name: string, { connection, parent, ...router }: TopologyRouterArgs): void {
    for (const [vlan] of routedBy(this.args.vlans, router)) {
      const names = joinNames([name], vlanNames(this.args, vlan));
      const leg = this.makeInterface(names, vlan, connection, parent, withoutAdopt(this.args));
      if (leg) this.legs.set(vlan, leg);
    }
  }

  private makeNetwork(place: Place): MacvlanNetwork {
    const { host, vlan, names } = place;
    const { connection, parent } = this.host(host);
    const nic = parentOf(this.vlan(vlan), host, undefined) ?? parent;
    const standsOn = this.makeInterface(names, vlan, connection, nic, this.args)?.name ?? pulumi.output(nic);
    const given = networkOn(this.args, this.from, place, standsOn);
    const leg = this.legs.get(vlan);
    // No host moves to a VLAN before the router has a leg there.
    const options = this.options(names, leg ? [leg] : []);
    return new MacvlanNetwork(names[0] ?? "", { host: connection, ...given }, options);
  }

  private makeSwarmNetwork(names: readonly string[], vlan: string, manager: string): MacvlanNetwork {
    const parts = Object.values(this.networks).flatMap((byVlan) => byVlan[vlan] ?? []);
    const given = swarmNetwork(this.args, vlan);
    const { connection } = this.host(manager);
    return new MacvlanNetwork(names[0] ?? "", { host: connection, ...given }, this.options(names, parts));
  }

  private makeShim(place: Place, network: MacvlanNetwork): HostShim {
    const { connection } = this.host(place.host);
    const given = shimOn(this.args, this.from, place);
    return new HostShim(place.names[0] ?? "", { host: connection, network, ...given }, this.options(place.names));
  }

  /** Sent again when something has changed that stands in these places. */
  private triggersOf(networks: readonly MacvlanNetwork[], places: readonly Place[]): pulumi.Output<string>[] {
    const shims = places.flatMap((place) => this.shims.get(place) ?? []);
    return [...networks.map(({ networkId }) => networkId), ...shims.map(({ link }) => link.macAddress)];
  }

  private connections(hosts: readonly string[]): Record<string, pulumi.Input<HostConnection>> {
    return Object.fromEntries(hosts.map((host) => [host, this.host(host).connection]));
  }

  private makeBatchProof(name: string, hosts: readonly string[], probes: ProbeArgs[], here: Place[]): Reachability {
    const networks = here.flatMap(({ host, vlan }) => this.networks[host]?.[vlan] ?? []);
    const triggers = this.triggersOf(networks, here);
    return new Reachability(name, { hosts: this.connections(hosts), probes, triggers }, this.options([name]));
  }

  private makeProof(name: string, topology: DescribedTopology, places: readonly Place[]): Reachability | undefined {
    const { prove, probes = [], junit, router } = this.args;
    // What a policy of the user's own lets through is not ours to guess.
    const passing = router?.policy === undefined ? (router?.allow ?? "everything") : "unknown";
    const derived = prove ? probesOf(topology, passing) : [];
    if (derived.length + probes.length === 0) return undefined;
    const networks = Object.values(this.networks).flatMap((byVlan) => Object.values(byVlan));
    return new Reachability(
      name,
      {
        hosts: this.connections(Object.keys(this.args.hosts)),
        probes: [...derived, ...probes.map((probe) => pulumi.output(probe).apply((it) => onNetworks(topology, it)))],
        triggers: [
          ...this.triggersOf([...networks, ...Object.values(this.swarmNetworks)], places),
          ...(this.router ? [this.router.ruleset] : []),
        ],
        junit,
      },
      this.options([name]),
    );
  }

  private makeRouter(name: string, router: TopologyRouterArgs): InterVlanRouter {
    const { connection, parent } = router;
    const policy = policyOf(router);
    const interfaces = Object.fromEntries(
      routedBy(this.args.vlans, router).map(([vlan]) => {
        return [vlan, this.legs.get(vlan)?.name ?? pulumi.output(parent)];
      }),
    );
    const wired = policy && pulumi.all([policy, pulumi.output(interfaces)]);
    return new InterVlanRouter(
      name,
      {
        host: connection,
        ...routerOf(this.args, this.from, router, interfaces),
        policy: wired?.apply(([wanted, known]) => onInterfaces(wanted, known)),
      },
      this.options([name]),
    );
  }
}
