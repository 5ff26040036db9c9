// What a program says of a MacvlanNetwork, besides its host; users read these words.
import type { DockerNetwork } from "../../formats/docker";

export type { Subnet } from "../../formats/docker";

export interface MacvlanNetworkArguments extends DockerNetwork {
  /** The network's name in Docker. Replaces. */
  name: string;
  /**
   * Before a range is handed out for the first time, ask on the parent who has an address of it (ARP, RFC 5227; ND, RFC 4861):
   * a stranger is an error with its address and MAC. Ranges of more than 4,096 addresses are not asked for. It takes perl
   * on the host. Default: false.
   */
  probe?: boolean | undefined;
  /**
   * local: of this host. swarm: of a whole Docker Swarm; the host is one of its managers, and each node's part is a network with
   * `configOnly`. Default: "local". Replaces. Docker option --scope.
   */
  scope?: "local" | "swarm" | undefined;
  /**
   * Take over a network of this name that was not made by this package: one that is as described already stays as it is, with all that is on
   * it (our mark is kept in a file of the host: Docker adds no label to a network), any other one is made anew; it is deleted as one of ours.
   * Default: false.
   */
  adopt?: boolean | undefined;
}
