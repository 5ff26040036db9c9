import * as pulumi from "@pulumi/pulumi";
import { quoted } from "../vocabulary/errors";
import type { HostConnection } from "./host";
import { type ConfiguredHost, labHosts } from "./lab";

/** A host as a program uses it; fit for VlanTopology's `hosts`. */
export interface InventoryHost {
  /** How it is reached; its `name` is the one in the inventory. */
  connection: HostConnection;
  /** The interface that carries the VLANs, such as `enp0s8`. */
  parent: string;
  /** The interface that leads out, for a router's NAT. Default: none. */
  uplink?: string | undefined;
}

const HOW = `pulumi config set --path 'hosts.<name>.address' <address>, and the same for parent and for each further field of HostConnection (secrets with --secret)`;

/**
 * The hosts that a program names: out of the stack's configuration (`hosts`), or, where it configures none, those of a lab that
 * runs on this machine. A host with `sudo: true` becomes root with the password of the configuration's `sudoPassword`, if there is one.
 *
 *     const { host1, host2 } = inventory("host1", "host2");
 *     new VlanTopology("lan", { hosts: { host1, host2 }, … });
 *
 * @throws where there are neither, where one is missing, or where one has no parent; each time with the command that helps.
 */
export function inventory<Name extends string>(...names: Name[]): Record<Name, InventoryHost> {
  const config = new pulumi.Config();
  const configured = config.getObject<Record<string, ConfiguredHost>>("hosts") ?? {};
  const password = config.get("sudoPassword") ? config.requireSecret("sudoPassword") : undefined;
  return hostsIn(Object.keys(configured).length > 0 ? configured : runningLab(), names, password);
}

function runningLab(): Record<string, ConfiguredHost> {
  const hosts = labHosts();
  if (!hosts)
    throw new pulumi.RunError(
      `no hosts are configured, and no lab runs on this machine (npm run lab -- up in pulumi-macvlan's repository starts one). Configure them: ${HOW}`,
    );
  return hosts;
}

/** The same for a configuration that is at hand. */
export function hostsIn<Name extends string>(
  configured: Record<string, ConfiguredHost>,
  names: readonly Name[],
  sudoPassword?: pulumi.Input<string>,
): Record<Name, InventoryHost> {
  const read = (name: Name): InventoryHost => {
    const host = configured[name];
    if (!host?.address) {
      const others = Object.keys(configured).map(quoted).join(", ");
      throw new pulumi.RunError(
        `the configuration has no host ${quoted(name)} with an address; its hosts are ${others}. Configure it: ${HOW}`,
      );
    }
    const { parent, uplink, ...connection } = host;
    if (!parent)
      throw new pulumi.RunError(
        `the configuration of host ${quoted(name)} has no parent, the interface that carries the VLANs: pulumi config set --path 'hosts.${name}.parent' <interface>`,
      );
    const sudo = connection.sudo === true && sudoPassword ? { sudo: { password: sudoPassword } } : {};
    return { connection: { name, ...connection, ...sudo }, parent, uplink };
  };
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, InventoryHost>;
}
