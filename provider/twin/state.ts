// What of a stack's state the twin's stack begins with. Pure.
import type { Seen } from "../kinds/readiness/kind";
import { isOurs, SECRET_KEY } from "../review/stack";
import { type HostFields, hostLabel } from "../vocabulary/host";
import { isMap } from "../vocabulary/values";

interface RawResource {
  urn: string;
  type: string;
  custom?: boolean;
  parent?: string;
  provider?: string;
  inputs?: unknown;
  outputs?: unknown;
}

export interface Deployment {
  version: number;
  deployment: {
    manifest?: unknown;
    resources?: RawResource[];
    secrets_providers?: unknown;
    pending_operations?: unknown;
  };
}

const isSecret = (value: unknown): boolean => isMap(value) && SECRET_KEY in value;

function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((inner) => !isSecret(inner)).map(open);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => !isSecret(inner));
  return Object.fromEntries(entries.map(([key, inner]) => [key, open(inner)]));
}

/** Without secrets, which the twin needs none of, and without what can open them. */
export function withoutSecrets({ version, deployment }: Deployment): Deployment {
  const { secrets_providers: _providers, pending_operations: _pending, resources = [], ...rest } = deployment;
  return { version, deployment: { ...rest, resources: resources.map((resource) => open(resource) as RawResource) } };
}

/** Which addresses each host hands out is nothing on a host: where it is lost, others would be handed out. */
const IN_STATE = /\/macvlan:AddressPlan$|^(?:pulumi-)?macvlan:index:AddressPlan$/;

/** What hosts do not know, with all that it hangs on; the rest is made anew, on the twin's hosts. */
export function inStateOnly(state: Deployment): Deployment {
  const { version, deployment } = withoutSecrets(state);
  const { resources = [] } = deployment;
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const kept = new Set<string>();
  const keep = (urn: string | undefined): void => {
    const found = urn === undefined ? undefined : byUrn.get(urn);
    if (!found || kept.has(found.urn)) return;
    kept.add(found.urn);
    keep(found.parent);
    keep(found.provider?.slice(0, found.provider.lastIndexOf("::")));
  };
  for (const { urn, type } of resources) if (IN_STATE.test(type)) keep(urn);
  return {
    version,
    deployment: {
      ...deployment,
      resources: resources
        .filter(({ urn }) => kept.has(urn))
        .map((resource) => ({ ...resource, dependencies: [], propertyDependencies: {} })),
    },
  };
}

/** Resources through the plugin, which finds its hosts in ways that no twin leads astray. */
export const hasPlugins = ({ deployment }: Deployment): boolean =>
  (deployment.resources ?? []).some(({ type }) => type.startsWith("macvlan:index:"));

/** Resources of other packages. */
export const countOthers = ({ deployment }: Deployment): number =>
  (deployment.resources ?? []).filter(
    ({ type, custom }) => custom === true && !isOurs(type) && !type.startsWith("pulumi:"),
  ).length;

interface Asked {
  users: Record<string, Record<string, string[]>>;
  seen: Record<string, Seen>;
  /** By the names of a topology's hosts. */
  labelOf(name: string): string;
}

/** What topologies know of their hosts. */
function askedIn({ deployment }: Deployment): Asked[] {
  return (deployment.resources ?? []).flatMap(({ type, outputs }) => {
    if (!/macvlan(?::index)?:Readiness$/.test(type) || !isMap(outputs)) return [];
    const { users = {}, seen = {}, hosts = {} } = outputs as Partial<Asked> & { hosts?: Record<string, HostFields> };
    const labelOf = (name: string): string => {
      const host = hosts[name];
      return host ? hostLabel(host) : name;
    };
    return [{ users, seen, labelOf }];
  });
}

/** Addresses that users chose for their containers, as `host network container address`, where a topology has asked. */
export function chosenAddresses(state: Deployment): Set<string> {
  const found = askedIn(state).flatMap(({ users, labelOf }) =>
    Object.entries(users).flatMap(([name, networks]) =>
      Object.entries(networks).flatMap(([network, lines]) =>
        lines.flatMap((line) => {
          const [container = "", ...addresses] = line.split(" ");
          return addresses.map((address) => `${labelOf(name)} ${network} ${container} ${address}`);
        }),
      ),
    ),
  );
  return new Set(found);
}

/** By the hosts' labels; one may be in several topologies. */
export function seenHosts(state: Deployment): Map<string, Seen> {
  const found = new Map<string, Seen>();
  for (const { seen, labelOf } of askedIn(state))
    for (const [name, host] of Object.entries(seen)) found.set(labelOf(name), { ...found.get(labelOf(name)), ...host });
  return found;
}
