// The address plan: which addresses of a subnet each host may hand out, so that no two hosts hand out the same. Pure.
import {
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  hasHostBits,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  widthOf,
} from "../../vocabulary/addresses";
import { type Block, block, blockOf, blocksOf, FreeSpace, formatBlock, single } from "../../vocabulary/blocks";

/** A subnet to plan; its CIDR text alone stands for one with all defaults. */
export interface SubnetToPlan {
  /** As in `172.16.10.0/24`, without host bits. */
  subnet: string;
  /** The router's address in it. Default: its first address after the network's own. */
  gateway?: string;
  /** Addresses that others hand out or hold: CIDRs, `first-last` or single ones. */
  reserved?: string[];
  /** Addresses for each host, rounded up to a power of two. Default: an eighth of the subnet, for IPv6 a /80. */
  size?: number;
  /** Those of the hosts that take part. Default: all. */
  hosts?: string[];
}

/** What one host wants. */
export interface HostToPlan {
  /** Addresses for this host in IPv4 subnets, instead of the subnet's `size`. */
  size?: number;
  /**
   * Fixes the range without any memory: the subnet's blocks of `size` addresses are counted from 0. The block that holds the
   * gateway can't be one.
   */
  slot?: number;
  /** An old name of it. Default: none. */
  formerly?: string | undefined;
}

export interface AddressesToPlan {
  /** What to plan: CIDR texts, or objects with a gateway, reserved addresses, a size. They must not overlap. */
  subnets: (string | SubnetToPlan)[];
  /** Names of the hosts, or a map of name to a size or a slot of its own. */
  hosts: string[] | Record<string, HostToPlan>;
  /** An address for each host itself, outside all ranges (HostShim). Default: false. */
  shims?: boolean;
}

export interface PlannedHost {
  /** What the host's Docker network hands out: a CIDR of its own. */
  range: string;
  /** The host's own address. */
  shim?: string;
}

export interface SubnetPlan {
  gateway: string;
  hosts: Record<string, PlannedHost>;
  /** Ranges of hosts that are gone, the one that went first first: used again last, or when their host comes back. */
  retired: (PlannedHost & { host: string })[];
}

/** By subnet. It is what the next plan takes as `previous`. */
export type PlannedAddresses = Record<string, SubnetPlan>;

interface Held {
  host: string;
  range: Block;
  shim?: bigint;
}

const CONTAINERS_IPV6 = 48;
const byName = <T extends { host: string }>(one: T, other: T): number => (one.host < other.host ? -1 : 1);
const bitsFor = (size: number): number => Math.ceil(Math.log2(size));

/** Reads `first-last`, a CIDR or one address of the subnet. */
export function reservedBlocks(text: string, subnet: Cidr): Block[] {
  const [from = "", to] = text.split("-").map((part) => part.trim());
  const first = from.includes("/") ? parseCidr(from) : undefined;
  const range = first
    ? { first: first.first, last: first.last, family: first.family }
    : { first: parseAddress(from).value, last: parseAddress(to ?? from).value, family: parseAddress(from).family };
  const inside = range.family === subnet.family && range.first >= subnet.first && range.last <= subnet.last;
  if (!inside || range.last < range.first) throw new Error(`reserved ${text} is not in subnet ${networkOf(subnet)}`);
  return blocksOf(range.first, range.last);
}

function blockSize(name: string, size: number, subnet: Cidr): number {
  const room = widthOf(subnet.family) - subnet.prefix;
  if (!(size >= 1) || !Number.isSafeInteger(size) || bitsFor(size) > room) {
    throw new Error(`size ${size} of ${name} does not fit subnet ${networkOf(subnet)}: give 1 to 2^${room} addresses`);
  }
  return bitsFor(size);
}

const defaultBits = (subnet: Cidr): number => {
  const room = widthOf(subnet.family) - subnet.prefix;
  return subnet.family === 4 ? Math.max(0, room - 3) : Math.min(CONTAINERS_IPV6, Math.max(0, room - 3));
};

/** The router's address: the first one, where none is given. */
export function gatewayOf({ first, last }: Cidr, given: string | undefined): bigint {
  if (given !== undefined) return parseAddress(given).value;
  return first === last ? first : first + 1n;
}

/** One subnet's planning: what is given, what is held, what is free. */
class Planner {
  readonly subnet: Cidr;
  /** Its canonical text. */
  readonly text: string;
  readonly gateway: bigint;
  private readonly reserved: { text: string; blocks: Block[] }[];
  private readonly bits: number;
  private readonly hosts: readonly string[] | undefined;
  private readonly held: Held[] = [];
  private retired: Held[] = [];

  constructor(
    given: SubnetToPlan,
    private readonly shims: boolean,
  ) {
    this.subnet = parseCidr(given.subnet);
    if (hasHostBits(this.subnet)) {
      throw new Error(`subnet ${given.subnet} has host bits: write ${networkOf(this.subnet)}`);
    }
    this.text = formatCidr(this.subnet);
    if (given.gateway !== undefined && !contains(this.subnet, parseAddress(given.gateway))) {
      throw new Error(`gateway ${given.gateway} is not in subnet ${this.text}`);
    }
    this.gateway = gatewayOf(this.subnet, given.gateway);
    this.reserved = (given.reserved ?? []).map((entry) => ({
      text: entry,
      blocks: reservedBlocks(entry, this.subnet),
    }));
    this.hosts = given.hosts;
    this.bits = given.size === undefined ? defaultBits(this.subnet) : blockSize("subnet", given.size, this.subnet);
  }

  /** Those of the hosts that take part in it. */
  among(hosts: ReadonlyMap<string, HostToPlan>): ReadonlyMap<string, HostToPlan> {
    if (!this.hosts) return hosts;
    const unknown = this.hosts.filter((host) => !hosts.has(host));
    if (unknown.length > 0) {
      const known = [...hosts.keys()].sort().join(", ");
      throw new Error(`subnet ${this.text} is to have ${unknown.join(", ")}: no such host; there are ${known}`);
    }
    return new Map(this.hosts.map((host) => [host, hosts.get(host) ?? {}]));
  }

  private format(range: Block): string {
    return formatBlock(this.subnet.family, range);
  }

  private wanted(host: string, { size }: HostToPlan): number {
    return size === undefined || this.subnet.family === 6 ? this.bits : blockSize(host, size, this.subnet);
  }

  /** What the plan before gave, as far as it is still of this subnet. */
  remember(previous: SubnetPlan | undefined, hosts: ReadonlyMap<string, HostToPlan>): void {
    if (!previous) return;
    const read = (host: string, { range, shim }: PlannedHost): Held => ({
      host,
      range: blockOf(parseCidr(range)),
      ...(shim === undefined ? {} : { shim: parseAddress(shim).value }),
    });
    const before = [
      ...previous.retired.map(({ host, ...planned }) => read(host, planned)),
      ...Object.entries(previous.hosts)
        .map(([host, planned]) => read(host, planned))
        .sort(byName),
    ];
    for (const entry of before) {
      if (hosts.has(entry.host) && hosts.get(entry.host)?.slot === undefined) this.held.push(entry);
      else if (!hosts.has(entry.host)) this.retired.push(entry);
    }
  }

  private taken(): Block[] {
    return [
      single(this.gateway),
      ...this.reserved.flatMap(({ blocks }) => blocks),
      ...[...this.held, ...this.retired].flatMap(({ range, shim }) =>
        shim === undefined ? [range] : [range, single(shim)],
      ),
    ];
  }

  /** Why a block can't be had, or undefined. */
  private obstacle(wanted: Block, host: string): string | undefined {
    if (overlaps(wanted, single(this.gateway))) return `the gateway ${formatAddress(this.subnet.family, this.gateway)}`;
    const reserved = this.reserved.find(({ blocks }) => blocks.some((other) => overlaps(wanted, other)));
    if (reserved) return `reserved ${reserved.text}`;
    const other = this.held.find(
      ({ host: name, range, shim }) =>
        name !== host && (overlaps(wanted, range) || (shim !== undefined && overlaps(wanted, single(shim)))),
    );
    return other ? `what ${other.host} has` : undefined;
  }

  private refuseObstacle(wanted: Block, host: string, what: string, advice: string): void {
    const obstacle = this.obstacle(wanted, host);
    if (obstacle) throw new Error(`${what} of ${host} in subnet ${this.text} overlaps ${obstacle}: ${advice}`);
  }

  /** Hosts with a slot are placed by arithmetic alone, so that no memory is needed. */
  placeSlots(hosts: ReadonlyMap<string, HostToPlan>): void {
    const slots = [...hosts].flatMap(([host, { slot }]) => (slot === undefined ? [] : [{ host, slot }])).sort(byName);
    const count = 1n << BigInt(widthOf(this.subnet.family) - this.subnet.prefix - this.bits);
    for (const { host, slot } of slots) {
      if (!Number.isSafeInteger(slot) || slot < 0 || BigInt(slot) >= count) {
        throw new Error(`slot ${slot} of ${host} is not in subnet ${this.text}: it has slots 0 to ${count - 1n}`);
      }
      const range = block(this.subnet.first + (BigInt(slot) << BigInt(this.bits)), this.bits);
      const advice = "give another slot";
      this.refuseObstacle(range, host, `slot ${slot}`, advice);
      const entry: Held = { host, range };
      this.held.push(entry);
      if (!this.shims) continue;
      // Beside the gateway, as many steps away as the slot says.
      const step = this.gateway - this.subnet.first < this.subnet.last - this.gateway ? 1n : -1n;
      entry.shim = this.gateway + step * BigInt(slot + 1);
    }
    for (const { host, range, shim } of this.shims ? this.held : []) {
      if (shim === undefined || !slots.some((entry) => entry.host === host)) continue;
      const advice = "give another slot, a larger size, or plan without shims";
      this.refuseObstacle(single(shim), host, "the host's own address", advice);
      if (overlaps(range, single(shim)))
        throw new Error(`the host's own address of ${host} is in its range: ${advice}`);
    }
  }

  /** Those that have a range keep it; one that wants another size keeps its place where that can be. */
  keep(hosts: ReadonlyMap<string, HostToPlan>): void {
    for (const entry of [...this.held]) {
      const wish = hosts.get(entry.host) ?? {};
      if (wish.slot !== undefined) continue;
      if (entry.range.first < this.subnet.first || entry.range.last > this.subnet.last) {
        this.held.splice(this.held.indexOf(entry), 1);
        continue;
      }
      const advice = `free those addresses, or remove ${entry.host} from the plan first`;
      this.refuseObstacle(entry.range, entry.host, `the range ${this.format(entry.range)}`, advice);
      if (entry.shim !== undefined && !this.shims) delete entry.shim;
      if (entry.shim !== undefined)
        this.refuseObstacle(single(entry.shim), entry.host, "the host's own address", advice);
      const bits = this.wanted(entry.host, wish);
      if (bits === entry.range.bits) continue;
      const range = block((entry.range.first >> BigInt(bits)) << BigInt(bits), bits);
      if (bits < entry.range.bits || this.obstacle(range, entry.host) === undefined) entry.range = range;
      else this.held.splice(this.held.indexOf(entry), 1);
    }
  }

  /** Finds room for those that have none yet: where nobody was before, else where the one was that went first. */
  place(hosts: ReadonlyMap<string, HostToPlan>): void {
    for (const old of this.retired.filter(({ host }) => hosts.has(host))) {
      if (!this.held.some(({ host }) => host === old.host)) this.held.push(old);
    }
    this.retired = this.retired.filter(
      (old) => !hosts.has(old.host) && this.obstacle(old.range, old.host) === undefined,
    );
    const holders = new Map(this.held.map((entry) => [entry.host, entry]));
    const wishes = [...hosts].map(([host, wish]) => ({ host, bits: this.wanted(host, wish) })).sort(byName);
    const open = wishes.filter(({ host }) => !holders.has(host)).sort((one, other) => other.bits - one.bits);
    const without = this.shims ? wishes.filter(({ host }) => holders.get(host)?.shim === undefined) : [];
    const smallest = Math.min(this.bits, ...wishes.map(({ bits }) => bits));
    for (;;) {
      const space = new FreeSpace(blockOf(this.subnet), this.taken());
      const shims = without.map(() => this.takeShim(space, smallest));
      const ranges = open.map(({ bits }) => space.take(bits));
      if (!shims.includes(undefined) && !ranges.includes(undefined)) {
        this.held.push(...open.map(({ host }, index) => ({ host, range: ranges[index] as Block })));
        without.forEach(({ host }, index) => {
          const entry = this.held.find((held) => held.host === host);
          if (entry) entry.shim = shims[index] as bigint;
        });
        return;
      }
      if (this.retired.shift()) continue;
      throw this.full(
        open.filter((_, index) => ranges[index] === undefined),
        shims.filter((shim) => shim === undefined).length,
        space,
      );
    }
  }

  /** One address: from a piece that is too small for a range, while there is one; never the first or last of the subnet. */
  private takeShim(space: FreeSpace, smallest: number): bigint | undefined {
    const edges: bigint[] = [];
    try {
      for (;;) {
        const address = space.takeLowest(smallest)?.first;
        if (address !== this.subnet.first && address !== this.subnet.last) return address;
        edges.push(address);
      }
    } finally {
      for (const address of edges) space.give(single(address));
    }
  }

  private full(open: readonly { host: string; bits: number }[], shims: number, space: FreeSpace): Error {
    const missing = open.reduce((sum, { bits }) => sum + (1n << BigInt(bits)), BigInt(shims));
    const who = open.map(({ host, bits }) => `${host} (${1n << BigInt(bits)})`).join(", ");
    return new Error(
      `subnet ${this.text} is full: ${missing} addresses are missing${who ? `, for ${who}` : ""}${shims > 0 ? `, and for ${shims} hosts' own` : ""}; ${space.addresses} are free, in pieces. Give hosts a smaller size, reserve less, or take a larger subnet`,
    );
  }

  get plan(): SubnetPlan {
    const { family } = this.subnet;
    const show = ({ range, shim }: Held): PlannedHost => ({
      range: this.format(range),
      ...(shim === undefined ? {} : { shim: formatAddress(family, shim) }),
    });
    return {
      gateway: formatAddress(family, this.gateway),
      hosts: Object.fromEntries([...this.held].sort(byName).map((entry) => [entry.host, show(entry)])),
      retired: this.retired.map((entry) => ({ host: entry.host, ...show(entry) })),
    };
  }
}

/** Of sorted ones, two that overlap are neighbours, or have one between them that overlaps as well. */
function refuseOverlaps(planners: readonly Planner[]): void {
  const sorted = [...planners].sort(({ subnet: one }, { subnet: other }) =>
    one.family !== other.family ? one.family - other.family : one.first < other.first ? -1 : 1,
  );
  sorted.forEach((planner, index) => {
    const next = sorted[index + 1];
    if (next && overlaps(planner.subnet, next.subnet)) {
      throw new Error(`subnets ${planner.text} and ${next.text} overlap`);
    }
  });
}

/**
 * Gives each host a range of each subnet of its own: CIDR-aligned, disjoint, clear of gateway and reserved addresses. What
 * `previous` gave stays, whoever comes and goes: hosts that are new go where nobody was before, while there is such a place.
 * Pure: the same arguments give the same plan, whatever the order of hosts.
 *
 * @throws Error that says which subnet is full and by how many addresses, or which input is wrong and why.
 */
export function planAddresses(
  { subnets, hosts, shims = false }: AddressesToPlan,
  previous: PlannedAddresses = {},
): PlannedAddresses {
  const wishes = new Map(Array.isArray(hosts) ? hosts.map((host) => [host, {}]) : Object.entries(hosts));
  if (Array.isArray(hosts) && wishes.size !== hosts.length) throw new Error("two hosts have one name");
  const plan: PlannedAddresses = {};
  const planners = subnets.map((entry) => new Planner(typeof entry === "string" ? { subnet: entry } : entry, shims));
  refuseOverlaps(planners);
  for (const planner of planners) {
    const here = planner.among(wishes);
    planner.remember(previous[planner.text], here);
    planner.placeSlots(here);
    planner.keep(here);
    planner.place(here);
    plan[planner.text] = planner.plan;
  }
  return plan;
}
