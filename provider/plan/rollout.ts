// In which order hosts are changed. Pure.
import { quoted } from "../vocabulary/errors";

export interface Rollout {
  /** The host that comes first, alone. Default: none. */
  canary?: string | undefined;
  /** Those that come next, together or one after the other: `[["host2"], ["host1", "host4"]]`. Default: none. */
  batches?: string[][] | undefined;
}

/** Every host is in one of them; those that the rollout does not name come last, together. */
export function batchesOf(hosts: readonly string[], { canary, batches = [] }: Rollout = {}): string[][] {
  const first = canary === undefined ? [] : [canary];
  const next = batches.map((batch) => batch.filter((host) => host !== canary));
  const named = [first, ...next].flat();
  const rest = hosts.filter((host) => !named.includes(host));
  return [first, ...next, rest].filter((batch) => batch.length > 0);
}

export function refuseRollout({ canary, batches = [] }: Rollout): string[] {
  const named = batches.flatMap((batch, index) => batch.map((host) => ({ host, index })));
  const twice = named.filter(({ host }, index) => named.findIndex((other) => other.host === host) < index);
  const late = named.find(({ host, index }) => host === canary && index > 0);
  return [
    ...(canary === undefined && batches.length === 0 ? ["rollout names no host: give it a canary, or batches"] : []),
    ...batches.flatMap((batch, index) =>
      batch.length === 0 ? [`rollout.batches[${index}] is empty: name its hosts, or leave it out`] : [],
    ),
    ...[...new Set(twice.map(({ host }) => host))].map(
      (host) => `rollout.batches name ${quoted(host)} twice: a host is changed once; leave it out of all but one`,
    ),
    ...(late
      ? [`rollout.canary ${quoted(late.host)} is in batches[${late.index}] as well: it comes first; leave it out there`]
      : []),
  ];
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** With what is changed together with the last of them. */
export const withLast = (batches: readonly string[][], last: readonly string[]): string[][] =>
  batches.map((batch, index) => (index === batches.length - 1 ? [...batch, ...last] : batch));

/** For the preview: "host2 first; then, once packets have proved it, host1 and host4". */
export function sayOrder(batches: readonly (readonly string[])[]): string {
  const steps = batches.map((batch, index) => {
    const before = batches[index - 1] ?? [];
    return index === 0
      ? `${listed(batch)}${batches.length > 1 ? " first" : ""}`
      : `then, once packets have proved ${before.length > 1 ? "them" : "it"}, ${listed(batch)}`;
  });
  return steps.join("; ");
}
