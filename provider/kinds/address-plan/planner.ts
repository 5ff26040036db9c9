// The address plan: which addresses of a subnet each host may hand out, so that no two hosts hand out the same. Pure.
import { overlaps, parseAddress, parseCidr, type Span } from "../../vocabulary/addresses";
import { type Block, single } from "../../vocabulary/blocks";
import type { AddressesToPlan, HostToPlan, PlannedAddresses } from "./arguments";
import { type Held, type Remembered, recall } from "./memory";
import { SubnetPlanner, showRetired } from "./subnet";

export type * from "./arguments";
export { gatewayOf, reservedBlocks } from "./subnet";

/** The subnets to plan, in the order of addresses. */
class Subnets {
  private readonly sorted: SubnetPlanner[];
  private readonly byText: ReadonlyMap<string, SubnetPlanner>;

  constructor(planners: readonly SubnetPlanner[]) {
    this.sorted = [...planners].sort(({ subnet: one }, { subnet: other }) =>
      one.family !== other.family ? one.family - other.family : one.first < other.first ? -1 : 1,
    );
    this.byText = new Map(planners.map((planner) => [planner.text, planner]));
  }

  named(text: string): SubnetPlanner | undefined {
    return this.byText.get(text);
  }

  /** Of sorted ones, two that overlap are neighbours, or have one between them that overlaps as well. */
  refuseOverlaps(): void {
    this.sorted.forEach((planner, index) => {
      const next = this.sorted[index + 1];
      if (next && overlaps(planner.subnet, next.subnet)) {
        throw new Error(`subnets ${planner.text} and ${next.text} overlap`);
      }
    });
  }

  /** The last one that a span meets. */
  at(span: Required<Span>): SubnetPlanner | undefined {
    let [from, to] = [0, this.sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const { subnet } = this.sorted[middle] as SubnetPlanner;
      if (subnet.family < span.family || (subnet.family === span.family && subnet.first <= span.last))
        from = middle + 1;
      else to = middle;
    }
    const found = this.sorted[from - 1];
    return found && overlaps(found.subnet, span) ? found : undefined;
  }
}

/** Hands what the plan before gave to the subnets that it is in now; gives back what is in none. */
function handOver({ family, subnet, gateway, live, retired }: Remembered, subnets: Subnets): PlannedAddresses {
  const left: Held[] = [];
  const hand = (entry: Held, to: "has" | "had"): void => {
    const { host, range, shim } = entry;
    const at = (block: Block | undefined) => block && subnets.at({ family, first: block.first, last: block.last });
    const [ofRange, ofShim] = [at(range), at(shim === undefined ? undefined : single(shim))];
    const whole = !range || shim === undefined || ofRange === ofShim;
    for (const [part, planner] of whole
      ? [[entry, ofRange ?? ofShim] as const]
      : [[{ host, range }, ofRange] as const, [{ host, shim }, ofShim] as const]) {
      const there = planner ?? subnets.named(subnet);
      if (there) there[to](part);
      else left.push(part);
    }
  };
  const router = parseAddress(gateway).value;
  subnets.at({ family, first: router, last: router })?.wasGateway(router);
  for (const entry of retired) hand(entry, "had");
  for (const entry of live) hand(entry, "has");
  return left.length === 0 ? {} : { [subnet]: { gateway, hosts: {}, retired: showRetired(family, left) } };
}

/**
 * Gives each host a range of each subnet of its own: CIDR-aligned, disjoint, clear of gateway and reserved addresses. What `previous`
 * gave stays, whoever comes and goes, and whatever becomes of the subnet around it: a host keeps its range as long as that is in a
 * subnet that is planned, and no `size` asks for another one. What a host has no more is kept for it, by address, since containers
 * there may hold it still: nobody else gets it, no gateway and nothing reserved may be in it, until `forget` names the host.
 * Pure: the same arguments give the same plan, whatever the order of hosts.
 *
 * @throws Error that says which subnet is full and by how many addresses, what can't be had because a host has or had it, or which
 * input is wrong and why, and what to do.
 */
export function planAddresses(
  { subnets, hosts, shims = false, forget = [] }: AddressesToPlan,
  previous: PlannedAddresses = {},
): PlannedAddresses {
  const wishes = new Map<string, HostToPlan>(
    Array.isArray(hosts) ? hosts.map((host) => [host, {}]) : Object.entries(hosts),
  );
  if (Array.isArray(hosts) && wishes.size !== hosts.length) throw new Error("two hosts have one name");
  for (const [host, { slot, ranges }] of wishes)
    if (slot !== undefined && ranges) throw new Error(`${host} has both a slot and ranges: say it once`);
  const planners = subnets.map(
    (entry) => new SubnetPlanner(typeof entry === "string" ? { subnet: entry } : entry, wishes, shims),
  );
  const places = new Subnets(planners);
  places.refuseOverlaps();
  for (const [host, { ranges = [] }] of wishes)
    for (const range of ranges)
      if (!places.at(parseCidr(range))?.takes(host))
        throw new Error(`range ${range} of ${host} is in no subnet of the plan in which ${host} takes part`);
  const left = recall(previous, wishes, forget).map((remembered) => handOver(remembered, places));
  return Object.assign({}, ...planners.map((planner) => ({ [planner.text]: planner.plan() })), ...left);
}
