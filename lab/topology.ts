// What the lab is made of. Hosts and NICs are data: add a line, get a host.

/** What a NIC is plugged into: each net is a switch of its own. A lab reaches its hosts on `management`, and has a server on `outside`. */
export type Net = "management" | "outside" | (string & {});

export interface LabHost {
  /** A host name: letters, digits and hyphens. */
  name: string;
  /** The Debian release it runs: those of the lab are all others, so that three versions of iproute2, Docker and nftables are always met. */
  release: "bookworm" | "trixie" | "forky";
  /** The release's own, or one that is built from source (`npm run test:docker29`). */
  docker: "own" | "29";
  /** By NIC; one of them must be on `management`. */
  nics: Record<string, Net>;
  /** With prefix, by NIC: what the host has before anybody configures it, beside the lab's own. */
  addresses?: Record<string, readonly string[]>;
}

/** MiB of each host, if it uses all of it. */
export const MEMORY = 1024;

const docker = process.env["DOCKER29"] ? "29" : "own";

export const HOSTS: readonly LabHost[] = [
  { name: "host1", release: "bookworm", docker: "own", nics: { enp0s3: "management", enp0s8: "trunk" } },
  { name: "host2", release: "trixie", docker: "own", nics: { enp0s3: "management", enp0s8: "trunk" } },
  { name: "host3", release: "forky", docker, nics: { enp0s3: "management", enp0s8: "trunk", enp0s9: "outside" } },
];

/** On the outside net; hosts come after it. */
const SERVER = 10;
/** The server on the outside net: it answers pings and HTTP, and has no route back to any VLAN. */
export const OUTSIDE_SERVER = `203.0.113.${SERVER}`;

export const managementAddress = (index: number): string => `10.77.0.${11 + index}`;

/** The addresses that a host has before anybody configures it. */
export function addressesOf({ nics, addresses = {} }: LabHost, index: number, nic: string): string[] {
  const net = nics[nic];
  return [
    ...(net === "management" ? [`${managementAddress(index)}/24`] : []),
    ...(net === "outside" ? [`203.0.113.${SERVER + 1 + index}/24`] : []),
    ...(addresses[nic] ?? []),
  ];
}
