// What a program says of a Reachability, besides its hosts; users read these words.

export interface Endpoint {
  /** One of `hosts`. Alone: the host itself. */
  host?: string | undefined;
  /** A Docker network of that host: a throwaway container is made on it. */
  network?: string | undefined;
  /** A container of that host that runs already: its name, or its id. */
  container?: string | undefined;
  /** The throwaway container's address (default: Docker's choice), or, as a target, which of the host's addresses. */
  address?: string | undefined;
}

/** One probe. */
export interface GivenProbe {
  /** For messages. Default: what it does, such as `host1/mac10 to host2/mac10 (tcp 443)`. */
  name?: string | undefined;
  /** Who sends. */
  from: Endpoint;
  /** An endpoint, or the text of an address. */
  to: string | Endpoint;
  /** Default: "tcp" with a `port`, else "icmp". udp goes to throwaway containers only: others answer what they understand. */
  protocol?: "icmp" | "tcp" | "udp" | undefined;
  /** Of tcp and udp; a throwaway container as the target listens on it. Range: 1 to 65535. */
  port?: number | undefined;
  /** Bytes of the whole IP packet, which must not be fragmented on its way; icmp only. Default: 84. */
  size?: number | undefined;
  /** Which of a container's addresses it goes to. Default: 4. */
  ipVersion?: 4 | 6 | undefined;
  /** What is to come of it; anything else fails. */
  expect: "reachable" | "unreachable";
}

export interface ReachabilityArguments {
  /** In the order of the results. */
  probes: GivenProbe[];
  /** The throwaway containers' image: one with `sh`, `sleep` and, for tcp ports, `nc`. Default: "busybox". */
  image?: string | undefined;
  /** Whatever changes here lets the probes be sent again, such as networks' ids and a router's ruleset. */
  triggers?: unknown[] | undefined;
  /** A file that gets the results as JUnit XML, also where they are not as expected. Default: none. */
  junit?: string | undefined;
}
