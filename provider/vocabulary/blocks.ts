// Free space in a subnet, as CIDR blocks: the arithmetic below the address plan. Numbers are bigints, of either family.
import { type Cidr, type Family, formatAddress, overlaps, type Span, widthOf } from "./addresses";

/** A CIDR-aligned block: `first` is a multiple of two to the power of `bits`. */
export interface Block extends Span {
  family?: never;
  bits: number;
}

export const block = (first: bigint, bits: number): Block => ({ first, last: first + (1n << BigInt(bits)) - 1n, bits });
export const single = (address: bigint): Block => block(address, 0);
export const blockOf = ({ family, first, prefix }: Cidr): Block => block(first, widthOf(family) - prefix);
export const formatBlock = (family: Family, { first, bits }: Block): string =>
  `${formatAddress(family, first)}/${widthOf(family) - bits}`;

/** The one block of that size that holds an address. */
export const around = (address: bigint, bits: number): Block => block((address >> BigInt(bits)) << BigInt(bits), bits);

/** Rounded down. */
const log2 = (value: bigint): number => value.toString(2).length - 1;

/** The largest aligned blocks that make up a range. */
export function blocksOf(first: bigint, last: bigint): Block[] {
  const blocks: Block[] = [];
  let at = first;
  while (at <= last) {
    const room = log2(last - at + 1n);
    const bits = at === 0n ? room : Math.min(room, log2(at & -at));
    blocks.push(block(at, bits));
    at += 1n << BigInt(bits);
  }
  return blocks;
}

/** What of a block is outside of another one. */
export function without(whole: Block, taken: Block): Block[] {
  if (!overlaps(whole, taken)) return [whole];
  return [
    ...(whole.first < taken.first ? blocksOf(whole.first, taken.first - 1n) : []),
    ...(taken.last < whole.last ? blocksOf(taken.last + 1n, whole.last) : []),
  ];
}

/** What is free in one block: lists by size, each size in the order of addresses. */
export class FreeSpace {
  private readonly bySize = new Map<number, bigint[]>();

  constructor(whole: Block, taken: readonly Block[]) {
    // Sorted, so that what is between two neighbours is free.
    const sorted = [...taken].sort((one, other) => (one.first < other.first ? -1 : one.first > other.first ? 1 : 0));
    let at = whole.first;
    for (const { first, last } of sorted.filter((other) => overlaps(other, whole))) {
      if (first > at) for (const free of blocksOf(at, first - 1n)) this.give(free);
      if (last >= at) at = last + 1n;
    }
    if (at <= whole.last) for (const free of blocksOf(at, whole.last)) this.give(free);
  }

  give({ first, bits }: Block): void {
    const list = this.bySize.get(bits) ?? [];
    let place = list.length;
    while (place > 0 && (list[place - 1] as bigint) > first) place -= 1;
    list.splice(place, 0, first);
    this.bySize.set(bits, list);
  }

  /** The lowest block of the smallest size that holds as many; what is left of it stays free. */
  take(bits: number): Block | undefined {
    const sizes = this.sizes.filter((size) => size >= bits);
    return sizes.length === 0 ? undefined : this.cut(Math.min(...sizes), bits);
  }

  /** The lowest address, from a block of less than `bits` while there is one, else from the smallest. */
  takeLowest(bits: number): Block | undefined {
    const lowest = (size: number): bigint => this.bySize.get(size)?.[0] as bigint;
    const small = this.sizes.filter((size) => size < bits).sort((one, other) => (lowest(one) < lowest(other) ? -1 : 1));
    return small[0] === undefined ? this.take(0) : this.cut(small[0], 0);
  }

  private get sizes(): number[] {
    return [...this.bySize].filter(([, list]) => list.length > 0).map(([size]) => size);
  }

  private cut(size: number, bits: number): Block {
    const first = this.bySize.get(size)?.shift() as bigint;
    for (let left = size - 1; left >= bits; left -= 1) this.give(block(first + (1n << BigInt(left)), left));
    return block(first, bits);
  }

  /** How many addresses are free. */
  get addresses(): bigint {
    let sum = 0n;
    for (const [bits, list] of this.bySize) sum += BigInt(list.length) << BigInt(bits);
    return sum;
  }
}
