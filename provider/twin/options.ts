// What a twin is asked for with.
import type { Review } from "../review/found";
import type { KnownNic } from "./plan";

export interface TwinOptions {
  /** Folders of the program as it is, and as it is to be. */
  base: string;
  changed: string;
  stack: string;
  /** What `pulumi stack export` printed, parsed. Default: asks Pulumi in the changed program's folder. */
  state?: unknown;
  nics: readonly KnownNic[];
  /** By host: the major number of its Docker. Default: as its topology has seen it, else 26. */
  dockers: Readonly<Record<string, number>>;
  /** Leave the lab running. */
  keep: boolean;
}

/** What pulumi-macvlan-lab does of it: a package of its own, which needs root and Debian. */
export interface TwinLab {
  tryOnTwin(options: TwinOptions): Promise<Review>;
}
