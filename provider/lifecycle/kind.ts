// What a resource has to say about itself; lifecycle.ts does the rest, the same for all of them.
import type { z } from "zod";
import type { ScriptFailure, Sections } from "../formats/sections";
import type { Datum } from "../host/quote";
import type { Refusal } from "../vocabulary/errors";
import type { HostFields } from "../vocabulary/host";

/** The fields that every resource has, besides its own. */
export interface CommonInputs {
  host: HostFields;
  /** Secret, and never compared: a changed credential is no change of the resource. */
  credentials?: Record<string, unknown>;
  /** Who made the object, as `project/stack/resource`: the mark on the host. Hidden in previews. */
  __owner: string;
  adopt: boolean;
}

/** What a host shows of a resource. */
export interface Observed {
  /** The inputs as the host has them: a refresh writes them into state. */
  inputs: Record<string, unknown>;
  /** Outputs that are no inputs. */
  outputs: Record<string, unknown>;
  /** What differs and no input can express, each in one line; the next `up` puts it right. */
  drift: string[];
}

/** Something that only one resource of a host may have, found out at preview across all resources of a program. */
export interface Claim {
  /** Claims with the same key on the same host are compared. */
  key: string;
  /** The input that the refusal names. */
  property: string;
  /** For the message: `docker network "mac10"`. */
  holder: string;
  /** A finer test than equal keys: what collides, or the whole reason, or undefined. */
  conflicts?: (other: Claim) => string | { reason: string } | undefined;
  value?: unknown;
}

/** What reads each field; one that `complete` fills in may be missing until then. */
export type Readers<I> = { [K in Exclude<keyof I, keyof CommonInputs>]-?: z.ZodType<I[K] | undefined> } & Record<
  string,
  z.ZodType
>;

export interface ResourceKind<I extends CommonInputs = CommonInputs> {
  /** As in `macvlan:VlanSubinterface`. */
  type: string;
  /** For messages: `VLAN sub-interface "eth0.100"`. */
  describe(inputs: I): string;
  /** Each field's reader. The order is the one of the documentation. */
  fields: Readers<I>;
  /** Fields whose change makes another object of it: replaced, the old one deleted first. */
  identity: readonly string[];
  /** Whether a host can have the new one while the old one is still there. Fields that are not known yet hold `UNKNOWN`. */
  beside?(olds: I, news: I): boolean;
  /** Fields that its class shows as outputs: in a state even where they have their default, since programs read them. */
  shown?: readonly string[];
  /** Further fields of which just this change can't be made in place. */
  remade?(olds: Partial<I>, news: Partial<I>): string[];
  /** Who is off it while this change is made, as `state` was last read, and for how long: a preview tells. */
  interrupts?(
    olds: I,
    news: I,
    state: Record<string, unknown>,
  ): { who: readonly string[]; seconds: number } | undefined;
  /** The id below the host's label, as in `host1/eth0.100`. */
  localId(inputs: I): string;
  /** What is known of one by the end of its id, where that and its host are enough to read it; each is tried. */
  byId?(localId: string): Partial<I>[];
  /** Fills in what follows from other fields. Fields that are not known yet are missing. */
  complete?(inputs: Partial<I>): Partial<I>;
  /** What can be known to fail without asking the host. Fields that are not known yet are missing, and named in `unknown`. */
  refuse?(inputs: Partial<I>, unknown: ReadonlySet<string>): Refusal[];
  /** What no other resource of the same host may have as well. */
  claims?(inputs: I): Claim[];
  /** The folder in provider/kinds that its script.sh is in. */
  script: string;
  /** Further parts of host/library that its script calls. */
  library?: readonly string[];
  /** The script's data after the common ones (verb, mark, family, adopt); `previous` is what is in state. */
  data(inputs: I, previous?: I): Datum[];
  /** What the host shows, or undefined where the object is not there. */
  decode(sections: Sections, inputs: I): Observed | undefined;
  /** The script's own failures in words: why it failed and what to do. */
  explain(failure: ScriptFailure, inputs: I): string | undefined;
}
