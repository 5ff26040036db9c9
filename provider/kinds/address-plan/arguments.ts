// What an address plan is asked, and what it answers.

/** A subnet to plan; its CIDR text alone stands for one with all defaults. */
export interface SubnetToPlan {
  /** As in `172.16.10.0/24`, without host bits. */
  subnet: string;
  /** The router's address in it. Default: its first address after the network's own. */
  gateway?: string;
  /** Addresses that others hand out or hold: CIDRs, `first-last` or single ones. */
  reserved?: string[];
  /**
   * Addresses for each host, rounded up to a power of two. Default: what a host has already; for one that is new an eighth of the
   * subnet, for IPv6 a /80.
   */
  size?: number;
  /** Those of the hosts that take part; the others are gone from it. Default: all. */
  hosts?: string[];
}

/** What one host wants. */
export interface HostToPlan {
  /** Addresses for this host in IPv4 subnets, instead of the subnet's `size`. */
  size?: number;
  /**
   * Fixes the range by arithmetic alone: the subnet's blocks of `size` addresses are counted from 0. A block that holds the gateway,
   * or what another host has or had, is refused.
   */
  slot?: number;
  /**
   * Fixes its range in each subnet that one of these is in, as that of a network that is there already: CIDRs, one for a subnet, in which no
   * `size` counts then. One that holds the gateway, or what another host has or had, is refused. Default: none.
   */
  ranges?: string[];
  /**
   * An old name of this host: what that one has or had in the plan before is this one's. It may stay here for ever; a host of that name
   * beside this one is refused. Default: none.
   */
  formerly?: string;
}

export interface AddressesToPlan {
  /** What to plan: CIDR texts, or objects with a gateway, reserved addresses, a size. They must not overlap. */
  subnets: (string | SubnetToPlan)[];
  /** Names of the hosts, or a map of name to a size, a slot or ranges of its own. */
  hosts: string[] | Record<string, HostToPlan>;
  /** An address for each host itself, outside all ranges (HostShim). Default: false. */
  shims?: boolean;
  /**
   * Names of hosts (gone ones, or ones that are there, for what they had before) whose former addresses no container holds any more:
   * others may have those then. What a host gives up by this very plan is kept all the same. A name that has nothing of the kind does
   * nothing. Default: none, former addresses are kept for who had them.
   */
  forget?: string[];
}

export interface PlannedHost {
  /** What the host's Docker network hands out: a CIDR of its own. */
  range: string;
  /** The host's own address. */
  shim?: string;
}

/** What a host had. */
export interface RetiredHost extends PlannedHost {
  /** Its name. */
  host: string;
}

export interface SubnetPlan {
  /** The router's address. */
  gateway: string;
  /** By name. */
  hosts: Record<string, PlannedHost>;
  /**
   * What hosts had and have no more, the first first: a container there may hold an address of it still, so that nobody else gets it
   * until it is forgotten. Where `range` is `shim` alone, it is the host's own address only.
   */
  retired: RetiredHost[];
}

/**
 * By subnet. It is what the next plan takes as `previous`. Subnets that are planned no more are among them, without hosts, as long as
 * hosts had addresses there.
 */
export type PlannedAddresses = Record<string, SubnetPlan>;
