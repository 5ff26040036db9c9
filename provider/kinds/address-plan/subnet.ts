// One subnet's planning: what is given, what hosts have and had, what is free. Pure.
import {
  type Cidr,
  contains,
  type Family,
  formatAddress,
  formatCidr,
  hasHostBits,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  widthOf,
} from "../../vocabulary/addresses";
import {
  around,
  type Block,
  block,
  blockOf,
  blocksOf,
  FreeSpace,
  formatBlock,
  single,
  without,
} from "../../vocabulary/blocks";
import { quoted } from "../../vocabulary/errors";
import type { HostToPlan, PlannedHost, SubnetPlan, SubnetToPlan } from "./arguments";
import type { Held } from "./memory";

/** What a host had; `now`: it gives it up by this plan, so that it can't be forgotten yet. */
interface Kept extends Held {
  now: boolean;
}

/** A range, or a host's own address, that a host has or had. */
interface Part {
  host: string;
  kind: "range" | "shim";
  block: Block;
  /** Where the host has it no more. */
  kept?: Kept;
}

/** What stands in the way, and what would take it out of the way, where anything does. */
interface Obstacle {
  what: string;
  way?: string;
}

const CONTAINERS_IPV6 = 48;
const bitsFor = (size: number): number => Math.ceil(Math.log2(size));
const list = (hosts: readonly string[]): string => `[${hosts.map(quoted).join(", ")}]`;

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

function show(family: Family, { range, shim }: Omit<Held, "host">): PlannedHost {
  return {
    range: formatBlock(family, range ?? single(shim as bigint)),
    ...(shim === undefined ? {} : { shim: formatAddress(family, shim) }),
  };
}

/** What hosts had, as the next plan is to find it. */
export const showRetired = (family: Family, retired: readonly Held[]): SubnetPlan["retired"] =>
  retired.map(({ host, ...held }) => ({ host, ...show(family, held) }));

/** What is left of a former range whose host has a part of it again. */
function carved(entry: Kept, taken: Block): Kept[] {
  const { range, shim, ...rest } = entry;
  if (!range || !overlaps(range, taken)) return [entry];
  const own = shim === undefined ? {} : { shim };
  const left = without(range, taken).map((piece) => ({ ...rest, range: piece }));
  const [first, ...others] = left.length > 0 || shim === undefined ? left : [rest];
  return first ? [{ ...first, ...own }, ...others] : [];
}

export class SubnetPlanner {
  readonly subnet: Cidr;
  /** Its canonical text. */
  readonly text: string;
  private readonly gateway: bigint;
  private readonly reserved: { text: string; blocks: Block[] }[];
  /** The size that the program asks for, of all hosts. */
  private readonly size: number | undefined;
  /** In the order of names. */
  private readonly hosts: ReadonlyMap<string, HostToPlan>;
  private readonly live = new Map<string, Omit<Held, "host">>();
  /** Gateways of the plan before: the program may be put back, and containers send to them until they are told of another one. */
  private readonly formerGateways: Block[] = [];
  /** By host, the first first; of all hosts in the order in which they are met. */
  private readonly retired = new Map<string, Kept[]>();

  constructor(
    given: SubnetToPlan,
    hosts: ReadonlyMap<string, HostToPlan>,
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
    this.size = given.size === undefined ? undefined : blockSize("subnet", given.size, this.subnet);
    this.hosts = this.among(hosts, given.hosts);
  }

  private among(hosts: ReadonlyMap<string, HostToPlan>, some: readonly string[] | undefined) {
    const unknown = (some ?? []).filter((host) => !hosts.has(host));
    if (unknown.length > 0) {
      const known = [...hosts.keys()].sort().join(", ");
      throw new Error(`subnet ${this.text} is to have ${unknown.join(", ")}: no such host; there are ${known}`);
    }
    const names = [...new Set(some ?? hosts.keys())].sort();
    return new Map(names.map((host) => [host, hosts.get(host) ?? {}]));
  }

  takes(host: string): boolean {
    return this.hosts.has(host);
  }

  /** What the plan before gave a host. One that had two ranges here, of two subnets that are one now, has the first. */
  has({ host, ...held }: Held): void {
    if (this.hosts.has(host) && !this.live.has(host)) this.live.set(host, held);
    else this.retire({ host, ...held, now: true });
  }

  /** What a host had before that. */
  had(entry: Held): void {
    this.retire({ ...entry, now: false });
  }

  wasGateway(address: bigint): void {
    this.formerGateways.push(single(address));
  }

  private retire(entry: Kept): void {
    this.retired.set(entry.host, [...(this.retired.get(entry.host) ?? []), entry]);
  }

  private *parts(): Generator<Part> {
    for (const [host, { range, shim }] of this.live) {
      if (range) yield { host, kind: "range", block: range };
      if (shim !== undefined) yield { host, kind: "shim", block: single(shim) };
    }
    for (const kept of [...this.retired.values()].flat()) {
      const { host, range, shim } = kept;
      if (range) yield { host, kind: "range", block: range, kept };
      if (shim !== undefined) yield { host, kind: "shim", block: single(shim), kept };
    }
  }

  private taken(): Block[] {
    return [
      single(this.gateway),
      ...this.reserved.flatMap(({ blocks }) => blocks),
      ...[...this.parts()].map(({ block: taken }) => taken),
    ];
  }

  private format(range: Block): string {
    return range.bits === 0 ? formatAddress(this.subnet.family, range.first) : formatBlock(this.subnet.family, range);
  }

  /** The gateway or the reserved ones that a block meets. */
  private givenIn(wanted: Block): string | undefined {
    if (overlaps(wanted, single(this.gateway))) return `the gateway ${formatAddress(this.subnet.family, this.gateway)}`;
    const reserved = this.reserved.find(({ blocks }) => blocks.some((other) => overlaps(wanted, other)));
    return reserved && `reserved ${reserved.text}`;
  }

  private describe({ host, block: theirs, kept }: Part): Obstacle {
    if (!kept) return { what: `what ${host} has` };
    const frees = `forget: ${list([host])} frees it once no container there has such an address`;
    return kept.now
      ? {
          what: `${this.format(theirs)}, which ${host} gives up by this change`,
          way: `let that be a change of its own before this one, then ${frees}`,
        }
      : { what: `${this.format(theirs)}, which ${host} had`, way: frees };
  }

  /** Why a host can't have a block: all but what it has or had itself as the same is in the way. */
  private obstacle(wanted: Block, host: string, kind: Part["kind"]): Obstacle | undefined {
    const given = this.givenIn(wanted);
    if (given) return { what: given };
    for (const part of this.parts()) {
      if (overlaps(wanted, part.block) && !(part.host === host && part.kind === kind)) return this.describe(part);
    }
    return undefined;
  }

  /** Where nobody else is or was: former gateways are avoided too, but in what a host has or had itself. */
  private isFree(range: Block, host: string): boolean {
    const own = [this.live.get(host) ?? {}, ...(this.retired.get(host) ?? [])].flatMap(({ range: mine }) => mine ?? []);
    const avoided = this.formerGateways.filter((gateway) => !own.some((mine) => overlaps(mine, gateway)));
    return this.obstacle(range, host, "range") === undefined && !avoided.some((gateway) => overlaps(range, gateway));
  }

  private refuse(what: string, obstacle: Obstacle | undefined, advice: string): void {
    if (!obstacle) return;
    const way = obstacle.way ? `; or ${obstacle.way}` : "";
    throw new Error(`${what} in subnet ${this.text} overlaps ${obstacle.what}: ${advice}${way}`);
  }

  /** Plans: what was given before is known by now. */
  plan(): SubnetPlan {
    this.refuseGiven();
    this.giveUpShims();
    this.placeSlots();
    this.placeRanges();
    for (const host of this.hosts.keys()) this.resize(host);
    for (const host of this.hosts.keys()) this.comeBack(host);
    this.place();
    const { family } = this.subnet;
    return {
      gateway: formatAddress(family, this.gateway),
      hosts: Object.fromEntries([...this.hosts.keys()].map((host) => [host, show(family, this.live.get(host) ?? {})])),
      retired: showRetired(family, [...this.retired.values()].flat()),
    };
  }

  /** The router's address, and what is others', may be nobody's who has or had it. */
  private refuseGiven(): void {
    for (const part of this.parts()) {
      const given = this.givenIn(part.block);
      if (!given) continue;
      const { host, kind, block: theirs, kept } = part;
      const { what, way } = this.describe(part);
      const advice = given.startsWith("reserved")
        ? "reserve others"
        : `give the subnet another gateway${this.freeGateway()}`;
      this.refuse(
        kept ? what : `the ${kind === "range" ? "range" : "host's own address"} ${this.format(theirs)} of ${host}`,
        {
          what: given,
          way:
            way ??
            `take ${host} out of the subnet first, then forget: ${list([host])} frees it once no container there has such an address`,
        },
        advice,
      );
    }
  }

  private freeGateway(): string {
    const free = this.takeShim(new FreeSpace(blockOf(this.subnet), this.taken()), this.bits);
    return free === undefined ? "" : `, such as ${formatAddress(this.subnet.family, free)}`;
  }

  private get bits(): number {
    return this.size ?? defaultBits(this.subnet);
  }

  /** The size that the program asks for, where it does. */
  private wanted(host: string): number | undefined {
    const size = this.hosts.get(host)?.size;
    return size === undefined || this.subnet.family === 6 ? this.size : blockSize(host, size, this.subnet);
  }

  /** The first and last address of a subnet are no host's own. */
  private isUsable(address: bigint): boolean {
    return address > this.subnet.first && address < this.subnet.last;
  }

  private giveUpShims(): void {
    for (const [host, { shim, ...rest }] of this.live) {
      if (shim === undefined || (this.shims && this.isUsable(shim))) continue;
      this.live.set(host, rest);
      this.retire({ host, shim, now: true });
    }
  }

  /** Gives a host this range: what it has besides is kept for it, and what it had of it is no former one any more. */
  private give(host: string, range: Block): void {
    const { range: before, ...has } = this.live.get(host) ?? {};
    this.live.set(host, { ...has, range });
    const kept = this.retired.get(host);
    if (kept)
      this.retired.set(
        host,
        kept.flatMap((entry) => carved(entry, range)),
      );
    for (const rest of before ? without(before, range) : []) this.retire({ host, range: rest, now: true });
  }

  /** Hosts with a slot are placed by arithmetic alone, where nobody else is or was. */
  private placeSlots(): void {
    const slots = [...this.hosts].flatMap(([host, { slot }]) => (slot === undefined ? [] : [{ host, slot }]));
    const count = 1n << BigInt(widthOf(this.subnet.family) - this.subnet.prefix - this.bits);
    for (const { host, slot } of slots) {
      if (!Number.isSafeInteger(slot) || slot < 0 || BigInt(slot) >= count) {
        throw new Error(`slot ${slot} of ${host} is not in subnet ${this.text}: it has slots 0 to ${count - 1n}`);
      }
      const range = block(this.subnet.first + (BigInt(slot) << BigInt(this.bits)), this.bits);
      const before = this.live.get(host)?.range;
      const advice =
        before && before.bits !== this.bits
          ? `give another slot, or the subnet size ${1n << BigInt(before.bits)} as before`
          : "give another slot";
      this.refuse(`slot ${slot} of ${host}`, this.obstacle(range, host, "range"), advice);
      this.give(host, range);
    }
    for (const { host, slot } of this.shims ? slots : []) this.placeSlotShim(host, slot);
  }

  /** The one that the program fixes here. */
  private fixedRange(host: string): Cidr | undefined {
    const here = (this.hosts.get(host)?.ranges ?? []).map(parseCidr).filter((range) => overlaps(range, this.subnet));
    const [range, other] = here;
    if (other) throw new Error(`${host} has two ranges in subnet ${this.text}: leave one out`);
    if (range && (range.prefix < this.subnet.prefix || hasHostBits(range)))
      throw new Error(`range ${formatCidr(range)} of ${host} is no part of subnet ${this.text}`);
    return range;
  }

  private placeRanges(): void {
    for (const host of this.hosts.keys()) {
      const fixed = this.fixedRange(host);
      if (!fixed) continue;
      const range = blockOf(fixed);
      this.refuse(`range ${formatCidr(fixed)} of ${host}`, this.obstacle(range, host, "range"), "give another range");
      this.give(host, range);
    }
  }

  /** Beside the gateway, as many steps away as the slot says. */
  private placeSlotShim(host: string, slot: number): void {
    const advice = "give another slot, a larger size, or plan without shims";
    const step = this.gateway - this.subnet.first < this.subnet.last - this.gateway ? 1n : -1n;
    const shim = this.gateway + step * BigInt(slot + 1);
    if (!this.isUsable(shim)) {
      throw new Error(`the own address of ${host} would be at the end of subnet ${this.text}, or outside: ${advice}`);
    }
    const { shim: before, ...has } = this.live.get(host) ?? {};
    if (has.range && overlaps(has.range, single(shim))) {
      throw new Error(`the host's own address of ${host} is in its range: ${advice}`);
    }
    this.refuse(`the host's own address of ${host}`, this.obstacle(single(shim), host, "shim"), advice);
    if (before !== undefined && before !== shim) this.retire({ host, shim: before, now: true });
    this.giveShim(host, shim);
  }

  private giveShim(host: string, shim: bigint): void {
    this.live.set(host, { ...this.live.get(host), shim });
    const kept = this.retired.get(host);
    if (!kept) return;
    const left = kept.flatMap((entry): Kept[] => {
      const { shim: own, ...rest } = entry;
      return own !== shim ? [entry] : rest.range ? [rest] : [];
    });
    this.retired.set(host, left);
  }

  private isFixed(host: string): boolean {
    return this.hosts.get(host)?.slot !== undefined || this.fixedRange(host) !== undefined;
  }

  /** One that wants another size keeps its place where that can be, else looks for another. */
  private resize(host: string): void {
    const { range, ...has } = this.live.get(host) ?? {};
    const bits = this.wanted(host);
    if (!range || bits === undefined || bits === range.bits || this.isFixed(host)) return;
    const resized = around(range.first, bits);
    if (this.isFree(resized, host)) {
      this.give(host, resized);
    } else {
      this.live.set(host, has);
      this.retire({ host, range, now: true });
    }
  }

  /** One without a range takes what it had last, or what it had before and can be of the size that it wants. */
  private comeBack(host: string): void {
    if (this.live.get(host)?.range) return;
    const bits = this.wanted(host);
    const former = (this.retired.get(host) ?? []).flatMap(({ range }) => range ?? []).reverse();
    const firsts = new Set(bits === undefined ? [] : former.map(({ first }) => around(first, bits).first));
    const range =
      bits === undefined
        ? former[0]
        : [...firsts].map((first) => block(first, bits)).find((candidate) => this.isFree(candidate, host));
    if (range) this.give(host, range);
  }

  /** Finds room, where nobody is and was, for those that have none yet. */
  private place(): void {
    const wishes = [...this.hosts.keys()].map((host) => ({ host, bits: this.wanted(host) ?? this.bits }));
    const open = wishes.filter(({ host }) => !this.live.get(host)?.range).sort((one, other) => other.bits - one.bits);
    for (const { host } of this.shims ? wishes : []) this.takeFormerShim(host);
    const bare = this.shims ? wishes.filter(({ host }) => this.live.get(host)?.shim === undefined) : [];
    const smallest = Math.min(this.bits, ...wishes.map(({ bits }) => bits));
    const space = new FreeSpace(blockOf(this.subnet), [...this.taken(), ...this.formerGateways]);
    const shims = bare.map(() => this.takeShim(space, smallest));
    const ranges = open.map(({ bits }) => space.take(bits));
    if (shims.includes(undefined) || ranges.includes(undefined)) {
      throw this.full(
        open.filter((_, index) => ranges[index] === undefined),
        shims.filter((shim) => shim === undefined).length,
        space,
      );
    }
    open.forEach(({ host }, index) => {
      this.give(host, ranges[index] as Block);
    });
    bare.forEach(({ host }, index) => {
      this.giveShim(host, shims[index] as bigint);
    });
  }

  private takeFormerShim(host: string): void {
    if (this.live.get(host)?.shim !== undefined) return;
    const former = (this.retired.get(host) ?? []).flatMap(({ shim }) => shim ?? []).reverse();
    const shim = former.find((address) => this.isUsable(address));
    if (shim !== undefined) this.giveShim(host, shim);
  }

  /** One address: from a piece that is too small for a range, while there is one; never the first or last of the subnet. */
  private takeShim(space: FreeSpace, smallest: number): bigint | undefined {
    const edges: bigint[] = [];
    try {
      for (;;) {
        const address = space.takeLowest(smallest)?.first;
        if (address === undefined || this.isUsable(address)) return address;
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
      `subnet ${this.text} is full: ${missing} addresses are missing${who ? `, for ${who}` : ""}${shims > 0 ? `, and for ${shims} hosts' own` : ""}; ${space.addresses} are free, in pieces${this.kept()}. Give hosts a smaller size, reserve less, or take a larger subnet`,
    );
  }

  /** What is kept for whom, and how it gets free. */
  private kept(): string {
    const sum = (some: Iterable<Part>): bigint =>
      [...some].reduce((all, { block: { bits } }) => all + (1n << BigInt(bits)), 0n);
    const parts = [...this.parts()].filter(({ kept }) => kept);
    const told = [false, true].map((now) => {
      const some = parts.filter(({ kept }) => kept?.now === now);
      const hosts = [...new Set(some.map(({ host }) => host))].sort();
      if (hosts.length === 0) return "";
      const frees = `forget: ${list(hosts)} frees them once no container there has one`;
      return now
        ? `; ${sum(some)} are given up by this change, by ${hosts.join(", ")}: let that be a change of its own before this one, then ${frees}`
        : `; ${sum(some)} are kept for ${hosts.join(", ")}, who had them: ${frees}`;
    });
    const { family } = this.subnet;
    const former = this.formerGateways
      .filter((gateway) => !overlaps(gateway, single(this.gateway)))
      .map(({ first }) => formatAddress(family, first));
    const gateways =
      former.length === 0
        ? ""
        : `; ${former.join(", ")} was the gateway until this change: let that be a change of its own before this one`;
    return `${told.join("")}${gateways}`;
  }
}
