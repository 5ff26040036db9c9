// The kinds that lifecycle.ts carries through their lives on a host.
import type { ResourceKind } from "../lifecycle/kind";
import { hostInterface } from "./host-interface/kind";
import { interVlanRouter } from "./inter-vlan-router/kind";
import { macvlanLink } from "./macvlan-link/kind";
import { macvlanNetwork } from "./macvlan-network/kind";
import { vlanSubinterface } from "./vlan-subinterface/kind";

export const kinds = [
  vlanSubinterface,
  macvlanLink,
  macvlanNetwork,
  interVlanRouter,
  hostInterface,
] as unknown as ResourceKind[];

export const kindOf = (type: string): ResourceKind | undefined => kinds.find((kind) => kind.type === type);
