// A macvlan network with containers on it is changed: what they keep, and for how long nobody gets an answer from them.
import { type Change, livesIn, MOVED, MTU, V4, V6 } from "./lived-in";

const CHANGES: Change[] = [
  MOVED,
  ["its gateway and its mode", { subnets: [{ ...V4, gateway: "172.16.30.2" }], mode: "private" }],
  ["an IPv6 subnet more", { subnets: [V4, V6] }],
  ["the IPv6 subnet away again, and a label", { subnets: [V4], labels: { note: "2" } }],
  [MTU, { parent: "enp0s8", vlanId: 301, protocol: "802.1ad", name: "outer301", mtu: 1400 }],
  ["its subnet wider", { subnets: [{ ...V4, subnet: "172.16.30.0/23" }] }],
  ["its subnet narrower", { subnets: [V4] }],
];

livesIn("macvlan", CHANGES);
