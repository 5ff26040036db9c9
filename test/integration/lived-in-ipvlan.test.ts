// An ipvlan network with containers on it is changed: what they keep, and for how long nobody gets an answer from them.
import { type Change, livesIn, MOVED, V4, V6 } from "./lived-in";

const CHANGES: Change[] = [
  MOVED,
  ["its gateway", { subnets: [{ ...V4, gateway: "172.16.30.2" }] }],
  ["an IPv6 subnet more", { subnets: [V4, V6] }],
  ["the IPv6 subnet away again", { subnets: [V4] }],
];

livesIn("ipvlan", CHANGES);
