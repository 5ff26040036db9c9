// What only one resource of a host may have, found out at preview. All resources of a program are checked in one
// process, each with its own inputs only; this memory of that process lets the second one see the first.
import type { Refusal } from "../vocabulary/errors";
import { hostIdentity, hostLabel } from "../vocabulary/host";
import type { Claim, CommonInputs } from "./kind";

const claimed = new Map<string, Map<string, Claim[]>>();

export function conflictsOf(inputs: CommonInputs, claims: readonly Claim[]): Refusal[] {
  const others = [...(claimed.get(hostIdentity(inputs.host)) ?? [])].filter(([owner]) => owner !== inputs.__owner);
  return others.flatMap(([owner, theirs]) =>
    claims.flatMap((mine) =>
      theirs
        .filter((their) => their.key === mine.key)
        .flatMap((their) => {
          const why = mine.conflicts ? mine.conflicts(their) : "";
          if (why === undefined) return [];
          if (typeof why === "object") return [{ property: mine.property, reason: why.reason }];
          const resource = owner.split("/").slice(2).join("/");
          const reason = `${why || "is taken already"} by ${their.holder} (resource "${resource}") on ${hostLabel(inputs.host)}: only one of them can have it`;
          return [{ property: mine.property, reason }];
        }),
    ),
  );
}

export function recordClaims(inputs: CommonInputs, claims: readonly Claim[]): void {
  const host = hostIdentity(inputs.host);
  const owners = claimed.get(host) ?? new Map<string, Claim[]>();
  owners.set(inputs.__owner, [...claims]);
  claimed.set(host, owners);
}

/** For tests: a new process. */
export const forgetClaims = (): void => claimed.clear();
