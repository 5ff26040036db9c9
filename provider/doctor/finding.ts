// What is told of a host.
export interface Finding {
  host: string;
  /** What it is about: `Docker`, `enp0s8`, `VLAN 100` … */
  about: string;
  /** wrong: something would fail. beware: it may, or only for some of it. */
  level: "wrong" | "beware";
  what: string;
  /** What to do. */
  advice: string;
}
