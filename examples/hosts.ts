// Where the program's hosts come from: your configuration, else the lab that `npm start` runs.
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { HostConnection } from "pulumi-macvlan";

export interface FabricHost {
  connection: HostConnection;
  /** The interface that carries the tagged frames. */
  trunk: string;
  /** The interface that leads out; the router's only. */
  uplink?: string | undefined;
}

export type FabricHosts = Record<"host1" | "host2" | "host3", FabricHost>;

/** One host as the configuration has it: a connection's fields, with the interfaces beside them. */
export type ConfiguredHost = HostConnection & { trunk?: string; uplink?: string };

const labFile = (): string =>
  process.env["PULUMI_MACVLAN_LAB"] ?? join(tmpdir(), "pulumi-macvlan-lab", "main", "hosts.json");

/** What the stack configures as `hosts`, in the shape of Pulumi.example.yaml. */
const configuredHosts = () => new pulumi.Config().getObject<Record<string, ConfiguredHost>>("hosts") ?? {};

export function fabricHosts(configured = configuredHosts()): FabricHosts {
  let hosts = configured;
  if (Object.keys(configured).length === 0) {
    if (!existsSync(labFile()))
      throw new Error(
        'no hosts are configured, and the lab does not run: start it with "npm run lab -- up", or fill in the configuration (Pulumi.example.yaml)',
      );
    hosts = JSON.parse(readFileSync(labFile(), "utf8")) as Record<string, ConfiguredHost>;
  }
  const read = (name: keyof FabricHosts): FabricHost => {
    const host = hosts[name];
    if (!host)
      throw new Error(
        `the configuration has no "${name}" under hosts: it takes host1, host2 and host3 (Pulumi.example.yaml)`,
      );
    const { trunk = "enp0s8", uplink = name === "host3" ? "enp0s9" : undefined, ...connection } = host;
    return { connection: { name, ...connection }, trunk, uplink };
  };
  return { host1: read("host1"), host2: read("host2"), host3: read("host3") };
}
