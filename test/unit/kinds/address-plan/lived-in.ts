// Hosts that are lived in: containers keep the addresses that their host's range had when they were started, whatever becomes of the
// plan, until somebody stops them. What a plan gives to others meanwhile is compared with what they hold.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AddressesToPlan,
  type HostToPlan,
  type PlannedAddresses,
  planAddresses,
  reservedBlocks,
  type SubnetToPlan,
} from "../../../../provider/kinds/address-plan/planner";
import { containsRange, parseAddress, parseCidr, type Span } from "../../../../provider/vocabulary/addresses";

/** What a program says, as it is changed. */
interface Program {
  vlans: Record<string, SubnetToPlan>;
  hosts: Record<string, HostToPlan>;
  shims: boolean;
}

/** A container, or a host's own address, which some machine has; names of hosts change, machines don't. */
interface Container {
  machine: number;
  kind: "container" | "shim";
  address: bigint;
  family: 4 | 6;
}

export interface Counts {
  changes: number;
  refused: number;
  /** By their words. */
  refusals: Map<string, number>;
}

export const noCounts = (): Counts => ({ changes: 0, refused: 0, refusals: new Map() });

const LANS: Record<string, string[]> = {
  one: ["10.0.0.0/24", "10.0.0.0/23", "10.0.1.0/24", "10.0.0.0/22", "10.0.0.0/25", "10.0.0.128/25", "192.168.7.0/24"],
  two: ["10.0.2.0/24", "10.0.2.0/23", "10.0.3.0/24", "10.0.1.0/24", "192.168.7.0/24", "192.168.6.0/23"],
  six: ["fd00::/120", "fd00::/119", "fd00::100/120", "fd00::/64"],
};
const SIZES = [undefined, 4, 8, 16, 32, 64];
const MOST_HOSTS = 5;

const spanOf = (text: string): Span => {
  const { family, first, last } = parseCidr(text);
  return { family, first, last };
};
const spanAlone = (text: string): Span => {
  const { family, value } = parseAddress(text);
  return { family, first: value, last: value };
};
const inside = ({ family, first, last }: Span, container: Container): boolean =>
  family === container.family && first <= container.address && container.address <= last;

export class World {
  program: Program = {
    vlans: { one: { subnet: "10.0.0.0/24" }, two: { subnet: "10.0.2.0/24" }, six: { subnet: "fd00::/120" } },
    hosts: { a: {}, b: {}, c: {} },
    shims: false,
  };
  plan: PlannedAddresses;
  readonly machines = new Map<string, number>([
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ]);
  named = 3;
  containers: Container[] = [];
  private made = 0;

  constructor(readonly counts: Counts) {
    this.plan = planAddresses(this.asked({}));
  }

  private asked(more: Partial<AddressesToPlan>): AddressesToPlan {
    const { vlans, hosts, shims } = this.program;
    return { subnets: Object.values(vlans), hosts, shims, ...more };
  }

  machine(host: string): number {
    return this.machines.get(host) as number;
  }

  /** What this host hands out now, and what it has itself. */
  given(host: string): { kind: Container["kind"]; span: Span }[] {
    return Object.values(this.plan).flatMap(({ hosts }) => {
      const { range, shim } = hosts[host] ?? {};
      return [
        ...(range === undefined ? [] : [{ kind: "container" as const, span: spanOf(range) }]),
        ...(shim === undefined ? [] : [{ kind: "shim" as const, span: spanAlone(shim) }]),
      ];
    });
  }

  /** Those there that have an address which the host gives no more. */
  old(host: string): Container[] {
    const given = this.given(host);
    return this.containers.filter(
      (container) =>
        container.machine === this.machine(host) &&
        !given.some(({ kind, span }) => kind === container.kind && inside(span, container)),
    );
  }

  /** A change of the program: it is planned, or refused and the program is as before. */
  change(edit: (program: Program) => void, more: Partial<AddressesToPlan> = {}): boolean {
    const before = this.program;
    this.program = structuredClone(before);
    edit(this.program);
    this.counts.changes += 1;
    const planned = this.plan;
    try {
      this.plan = planAddresses(this.asked(more), planned);
    } catch (error) {
      // A refusal is told in words; anything else is a defect.
      if ((error as Error).constructor !== Error) throw error;
      this.assertWayOut(String(error), more);
      this.program = before;
      this.counts.refused += 1;
      const kind = String(error)
        .replace(/[\d.:/a-f-]*\d[\d.:/a-f-]*/g, "N")
        .slice(0, 60);
      this.counts.refusals.set(kind, (this.counts.refusals.get(kind) ?? 0) + 1);
      return false;
    }
    this.assertApart();
    this.haveShims();
    this.assertStays(planned);
    assert.deepEqual(planAddresses(this.asked({}), this.plan), this.plan, "planned again it is the same");
    this.made += 1;
    // What was forgotten may be others' by now.
    if (more.forget === undefined && this.made % 3 === 0) this.assertWayBack(before);
    return true;
  }

  /** Hosts have their own addresses at once, and until somebody starts them again. */
  private haveShims(): void {
    for (const host of Object.keys(this.program.hosts)) {
      const machine = this.machine(host);
      for (const { kind, span } of this.given(host)) {
        if (kind !== "shim" || !span.family) continue;
        const known = this.containers.some((one) => one.machine === machine && one.kind === kind && inside(span, one));
        if (!known) this.containers.push({ machine, kind, address: span.first, family: span.family });
      }
    }
  }

  /** The program as it was can be planned again; a host that was renamed is renamed back. */
  private assertWayBack({ vlans, hosts, shims }: Program): void {
    // Nobody remembers what was reserved, and slots are arithmetic: where a subnet has moved too, a host may be there by now.
    const slots = Object.values(hosts).some(({ slot }) => slot !== undefined);
    const moved = Object.entries(vlans).some(
      ([name, { subnet, reserved }]) => (reserved || slots) && subnet !== this.program.vlans[name]?.subnet,
    );
    if (moved) return;
    const now = Object.entries(this.program.hosts);
    const old = Object.entries(hosts).map(([host, wish]): [string, HostToPlan] => {
      const [name] = now.find(([other, { formerly }]) => formerly === host && !(other in hosts)) ?? [];
      return [host, name === undefined ? wish : { ...wish, formerly: name }];
    });
    planAddresses({ subnets: Object.values(vlans), hosts: Object.fromEntries(old), shims }, this.plan);
  }

  /** What a refusal says would free it does so, or something else is in the way then. */
  private assertWayOut(refusal: string, more: Partial<AddressesToPlan>): void {
    const [, names] = /(?<!then )forget: (\[.*?\])/.exec(refusal) ?? [];
    if (names === undefined) return;
    const forget = [...(more.forget ?? []), ...(JSON.parse(names) as string[])];
    try {
      planAddresses(this.asked({ forget }), this.plan);
    } catch (error) {
      assert.notEqual(String(error), refusal, "its way out is none");
    }
  }

  /** Ranges that can stay have stayed, bit for bit: all that are in a subnet still, and of a size that nobody wants otherwise. */
  private assertStays(before: PlannedAddresses): void {
    const { vlans, hosts } = this.program;
    for (const [host, { size, slot, formerly }] of Object.entries(hosts)) {
      for (const vlan of slot === undefined ? Object.values(vlans) : []) {
        const subnet = parseCidr(vlan.subnet);
        const wanted = (subnet.family === 4 ? size : undefined) ?? vlan.size;
        const had = Object.values(before).flatMap((plan) => {
          const { range } = plan.hosts[host] ?? plan.hosts[formerly ?? host] ?? {};
          const block = range === undefined ? undefined : parseCidr(range);
          return range !== undefined && block && containsRange(subnet, block) ? { range, block } : [];
        });
        const { block: first } = had[0] ?? {};
        if (!first || !(vlan.hosts?.includes(host) ?? true)) continue;
        if (wanted !== undefined && BigInt(wanted) !== first.last - first.first + 1n) continue;
        const range = this.plan[vlan.subnet]?.hosts[host]?.range ?? "none";
        assert.ok(
          had.some((one) => one.range === range),
          `${host} had ${had[0]?.range}, and has ${range}`,
        );
      }
    }
  }

  /** Nothing that the plan gives to one is another's. */
  private assertApart(): void {
    const { vlans, hosts, shims } = this.program;
    const theirs = Object.keys(hosts).flatMap((host) =>
      this.given(host).map((one) => ({ ...one, machine: this.machine(host), what: `the ${one.kind}s of ${host}` })),
    );
    const others = Object.values(vlans).flatMap(({ subnet, reserved = [] }) => {
      const { gateway, hosts: planned } = this.plan[subnet] as PlannedAddresses[string];
      const cidr = parseCidr(subnet);
      for (const { shim } of Object.values(planned)) assert.equal(shim !== undefined, shims);
      const blocks = reserved.flatMap((text) => reservedBlocks(text, cidr));
      return [
        { what: `the gateway ${gateway}`, span: spanAlone(gateway) },
        ...blocks.map(({ first, last }) => ({ what: "reserved", span: { family: cidr.family, first, last } })),
      ];
    });
    const given = [...theirs, ...others.map((one) => ({ ...one, machine: undefined, kind: undefined }))];
    for (const container of this.containers)
      for (const { machine, kind, what, span } of given)
        if ((machine !== container.machine || kind !== container.kind) && inside(span, container))
          assert.fail(`a ${container.kind} of machine ${container.machine} has ${container.address}, as have ${what}`);
    const sorted = given
      .filter(({ what }) => what !== "reserved")
      .sort(({ span: one }, { span: other }) => (one.first < other.first ? -1 : one.first > other.first ? 1 : 0));
    sorted.forEach(({ what, span }, index) => {
      const next = sorted[index + 1];
      assert.ok(!next || next.span.first > span.last, `${what} overlaps ${next?.what}`);
    });
  }
}

type Command = fc.Command<World, World>;

/** One thing that people do: a number picks among what can be done then. */
class Step implements Command {
  constructor(
    readonly what: string,
    readonly pick: number,
    readonly can: (world: World) => boolean,
    readonly act: (world: World, pick: number) => void,
  ) {}

  check(world: World): boolean {
    return this.can(world);
  }

  run(world: World): void {
    this.act(world, this.pick);
  }

  toString(): string {
    return `${this.what}(${this.pick})`;
  }
}

const chosen = <T>(list: readonly T[], pick: number): T => list[pick % list.length] as T;
const always = (): boolean => true;
const hostsOf = ({ program }: World): string[] => Object.keys(program.hosts).sort();
const vlanOf = (pick: number): string => chosen(["one", "two", "one", "two", "six"], pick);

/** A subnet that no other VLAN of the program is in. */
function moved(world: World, pick: number): void {
  const name = vlanOf(pick);
  const others = Object.entries(world.program.vlans).filter(([other]) => other !== name);
  const now = world.program.vlans[name]?.subnet;
  const free = (LANS[name] as string[]).filter((text) => {
    if (text === now) return false;
    const subnet = parseCidr(text);
    return others.every(([, other]) => {
      const span = parseCidr(other.subnet);
      return span.family !== subnet.family || span.last < subnet.first || subnet.last < span.first;
    });
  });
  const subnet = chosen(free, pick >> 3);
  world.change(({ vlans }) => {
    const { hosts } = vlans[name] as SubnetToPlan;
    vlans[name] = { subnet, ...(hosts ? { hosts } : {}) };
  });
}

/** An address near an end of a VLAN's subnet, where people have such. */
function nearEnd(subnet: string, pick: number): string {
  const { family, first, last } = parseCidr(subnet);
  const at = pick % 2 === 0 ? last - 1n - BigInt((pick >> 1) % 4) : first + 1n + BigInt((pick >> 1) % 4);
  return family === 4
    ? [24n, 16n, 8n, 0n].map((shift) => (at >> shift) & 255n).join(".")
    : `fd00::${at.toString(16).slice(-4)}`;
}

function set<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key];
  else target[key] = value;
}

const steps: [
  weight: number,
  what: string,
  can: (world: World) => boolean,
  act: (world: World, pick: number) => void,
][] = [
  [6, "subnet", always, moved],
  [
    2,
    "subnetSize",
    always,
    (world, pick) =>
      world.change(({ vlans }) => set(vlans[vlanOf(pick)] as SubnetToPlan, "size", chosen(SIZES, pick >> 3))),
  ],
  [
    3,
    "hostSize",
    always,
    (world, pick) =>
      world.change(({ hosts }) =>
        set(hosts[chosen(hostsOf(world), pick)] as HostToPlan, "size", chosen(SIZES, pick >> 3)),
      ),
  ],
  [
    1,
    "slot",
    always,
    (world, pick) =>
      world.change(({ hosts }) =>
        set(
          hosts[chosen(hostsOf(world), pick)] as HostToPlan,
          "slot",
          chosen([undefined, undefined, 3, 5, 6, 7], pick >> 3),
        ),
      ),
  ],
  [
    2,
    "gateway",
    always,
    (world, pick) =>
      world.change(({ vlans }) => {
        const vlan = vlans[vlanOf(pick)] as SubnetToPlan;
        set(vlan, "gateway", pick % 3 === 0 ? undefined : nearEnd(vlan.subnet, pick >> 3));
      }),
  ],
  [
    2,
    "reserved",
    always,
    (world, pick) =>
      world.change(({ vlans }) => {
        const vlan = vlans[vlanOf(pick)] as SubnetToPlan;
        const [last, before] = [nearEnd(vlan.subnet, 0), nearEnd(vlan.subnet, 6)];
        const lists = [undefined, [`${before}-${last}`], [last], [`${before}-${last}`, nearEnd(vlan.subnet, 7)]];
        set(vlan, "reserved", chosen(lists, pick >> 3));
      }),
  ],
  [2, "shims", always, (world) => world.change((program) => Object.assign(program, { shims: !program.shims }))],
  [
    4,
    "come",
    (world) => hostsOf(world).length < MOST_HOSTS,
    (world, pick) => {
      const gone = [...world.machines.keys()].filter((host) => !(host in world.program.hosts)).sort();
      const host = gone.length > 0 && pick % 3 > 0 ? chosen(gone, pick >> 2) : `h${world.named}`;
      const known = world.machines.has(host);
      if (!known) world.machines.set(host, world.named++);
      if (!world.change(({ hosts }) => Object.assign(hosts, { [host]: {} })) && !known) world.machines.delete(host);
    },
  ],
  [
    3,
    "go",
    (world) => hostsOf(world).length > 2,
    (world, pick) => {
      const host = chosen(hostsOf(world), pick);
      world.change(({ hosts, vlans }) => {
        delete hosts[host];
        for (const vlan of Object.values(vlans))
          set(
            vlan,
            "hosts",
            vlan.hosts?.filter((name) => name !== host),
          );
      });
    },
  ],
  [
    2,
    "rename",
    always,
    (world, pick) => {
      const host = chosen(hostsOf(world), pick);
      const next = `h${world.named}`;
      world.machines.set(next, world.machine(host));
      const done = world.change(({ hosts, vlans }) => {
        hosts[next] = { ...hosts[host], formerly: host };
        delete hosts[host];
        for (const vlan of Object.values(vlans))
          set(
            vlan,
            "hosts",
            vlan.hosts?.map((name) => (name === host ? next : name)),
          );
      });
      // The old name may be anybody's from now on.
      world.machines.delete(done ? host : next);
      if (done) world.named += 1;
    },
  ],
  [
    1,
    "formerlyNoMore",
    always,
    (world, pick) =>
      world.change(({ hosts }) => set(hosts[chosen(hostsOf(world), pick)] as HostToPlan, "formerly", undefined)),
  ],
  [
    2,
    "takePart",
    always,
    (world, pick) =>
      world.change(({ vlans }) => {
        const some = hostsOf(world).filter((_, index) => ((pick >> 3) & (1 << index)) !== 0);
        set(vlans[vlanOf(pick)] as SubnetToPlan, "hosts", some.length === 0 || pick % 2 === 0 ? undefined : some);
      }),
  ],
  [
    4,
    "forget",
    (world) => [...world.machines.keys()].some((host) => world.old(host).length === 0),
    (world) =>
      world.change(() => {}, { forget: [...world.machines.keys()].filter((host) => world.old(host).length === 0) }),
  ],
  [
    10,
    "start",
    always,
    (world, pick) => {
      const host = chosen(hostsOf(world), pick);
      const ranges = world.given(host).filter(({ kind }) => kind === "container");
      const { kind, span } = chosen(ranges, pick >> 3) ?? {};
      if (!kind || !span?.family) return;
      const address = span.first + (BigInt(pick >> 5) % (span.last - span.first + 1n));
      world.containers.push({ machine: world.machine(host), kind, address, family: span.family });
    },
  ],
  [
    2,
    "stop",
    ({ containers }) => containers.length > 0,
    (world, pick) => world.containers.splice(pick % world.containers.length, 1 + (pick % 3)),
  ],
  // All of a host's that have an address from before.
  [
    2,
    "restart",
    always,
    (world, pick) => {
      const old = world.old(chosen([...world.machines.keys()], pick));
      world.containers = world.containers.filter((container) => !old.includes(container));
    },
  ],
];

const command = fc.oneof(
  ...steps.map(([weight, what, can, act]) => ({
    weight,
    arbitrary: fc.nat({ max: 2 ** 20 }).map((pick): Command => new Step(what, pick, can, act)),
  })),
);

/**
 * Lives until so many changes were made, and fails with the shortest story that ends in an address in two hands; the seed that it
 * tells plays that again.
 */
export function live(changes: number, seed?: number): Counts {
  const counts = noCounts();
  while (counts.changes < changes) {
    fc.assert(
      fc.property(fc.commands([command], { maxCommands: 60, size: "max" }), (commands) =>
        fc.modelRun(() => {
          const world = new World(counts);
          return { model: world, real: world };
        }, commands),
      ),
      { numRuns: 100, includeErrorInReport: true, ...(seed === undefined ? {} : { seed }) },
    );
  }
  return counts;
}
