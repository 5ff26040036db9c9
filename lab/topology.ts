// What the lab is made of. Hosts and NICs are data: add a line, get a host.

/** A NIC is plugged into one of these nets; each is a switch of its own. */
export type Net = "management" | "trunk" | "outside";

export interface LabHost {
  name: string;
  /** The Debian release it runs: each another one, so that three versions of iproute2, Docker and nftables are always met. */
  release: "bookworm" | "trixie" | "forky";
  /** The release's own, or one that is built from source (`npm run test:docker29`). */
  docker: "own" | "29";
  nics: Record<string, Net>;
}

const docker = process.env["DOCKER29"] ? "29" : "own";

export const HOSTS: readonly LabHost[] = [
  { name: "host1", release: "bookworm", docker: "own", nics: { enp0s3: "management", enp0s8: "trunk" } },
  { name: "host2", release: "trixie", docker: "own", nics: { enp0s3: "management", enp0s8: "trunk" } },
  { name: "host3", release: "forky", docker, nics: { enp0s3: "management", enp0s8: "trunk", enp0s9: "outside" } },
];

/** The server on the outside net: it answers pings and HTTP, and has no route back to any VLAN. */
export const OUTSIDE_SERVER = "203.0.113.10";

export const managementAddress = (index: number): string => `10.77.0.${11 + index}`;

/** The addresses that a host has before anybody configures it. */
export function addressOf(host: LabHost, index: number, nic: string): string | undefined {
  if (host.nics[nic] === "management") return `${managementAddress(index)}/24`;
  return host.nics[nic] === "outside" ? `203.0.113.${2 + index}/24` : undefined;
}
