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

/**
 * What this program wants of a host, by place (`enp0s8.100` among its VLANs): who wants it, and as what. A change that was broken off and
 * taken back leaves two in the state that are one thing on the host: the one that was to go, and the one that came back.
 */
const wanted = new Map<string, { owner: string; what: string }>();

const placeOf = (inputs: CommonInputs, place: string): string => [hostIdentity(inputs.host), place].join(" ");

export function recordWanted(inputs: CommonInputs, place: string, what: string): void {
  wanted.set(placeOf(inputs, place), { owner: inputs.__owner, what });
}

/** Of the same owner and the same in all that makes it what it is: deleting it would take away what the program has. */
export function isWanted(inputs: CommonInputs, place: string, what: string): boolean {
  const found = wanted.get(placeOf(inputs, place));
  return found?.owner === inputs.__owner && found.what === what;
}

/** For tests: a new process. */
export function forgetClaims(): void {
  claimed.clear();
  wanted.clear();
}
