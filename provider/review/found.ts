// What a review finds, as data.
import type { Cell } from "./reach";
import type { Said } from "./said";
import type { Side } from "./side";
import type { StackChange, Step } from "./stack";
import type { Tried } from "./tried";

/** Something that stands against an update, with what to do. */
export interface Stop {
  /** The host, where it is known. */
  host?: string;
  text: string;
  /** Whether the update will be refused for it; else it may be, or it goes through and is wrong. */
  refuses: boolean;
}

/** Containers that are off a network while it is changed. */
export interface Off {
  host: string;
  network: string;
  users: string[];
  /** About, for each. */
  seconds: number;
}

/** One line of a host's table. */
export interface Line {
  step: Exclude<Step, "same">;
  /** Its class. */
  type: string;
  what: string;
  changes: string[];
  /** Undone by the host unless a new connection confirms it: a router's change, and one of what was guarded when it was changed before. */
  guarded: boolean;
}

/** A host's addresses of a network that become others. */
export interface Move {
  host: string;
  network: string;
  before: string;
  after: string;
}

export interface Review {
  project: string;
  stack: string;
  /** All of it in one sentence. */
  sentence: Said;
  stops: Stop[];
  warnings: string[];
  before: Side;
  after: Side;
  cells: Cell[];
  hosts: { host: string; lines: Line[] }[];
  moves: Move[];
  off: Off[];
  others: StackChange["others"];
  /** The fields of each resource before and after, without hosts, and without what has its default before and after. */
  fields: string;
  /** What became of it on a twin, where one was asked. */
  tried?: Tried;
}
