// What a program says of a topology, as far as it is known before anything is made: what comes from other resources is left out. Pure.
import type { DescribedHost, DescribedTopology } from "./topology";

/** Each of these may come from another resource. */
interface Reached {
  connection: unknown;
  parent: unknown;
}

export interface SaidTopology extends Omit<DescribedTopology, "hosts" | "router"> {
  hosts: Record<string, Reached & Omit<DescribedHost, "address" | "port" | "parent">>;
  router?: (Reached & { vlans?: string[] | undefined }) | undefined;
}

const plainText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function known({ connection, parent }: Reached) {
  const { address, port } = connection as { address?: unknown; port?: unknown };
  return {
    address: plainText(address),
    port: typeof port === "number" ? port : undefined,
    parent: plainText(parent),
  };
}

export function describe({ hosts, vlans, router, shims, swarm, rollout, forget }: SaidTopology): DescribedTopology {
  return {
    hosts: Object.fromEntries(
      Object.entries(hosts).map(([name, host]) => [
        name,
        {
          ...known(host),
          mtu: host.mtu,
          ...(host.size && { size: host.size }),
          ...(host.slot !== undefined && { slot: host.slot }),
          ...(host.ranges && { ranges: host.ranges }),
          ...(host.formerly !== undefined && { formerly: host.formerly }),
        },
      ]),
    ),
    vlans,
    router: router && { ...known(router), vlans: router.vlans },
    shims,
    forget,
    swarm,
    rollout,
  };
}
