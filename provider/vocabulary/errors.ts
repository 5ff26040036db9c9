// What can go wrong, in one shape: what was tried, on which host, why it failed, what to do.

/** An input that is refused before anything is changed. `property` is its path, such as `subnets[0].gateway`. */
export interface Refusal {
  property: string;
  reason: string;
}

/** A host operation that failed. `made` tells that the host may have been changed all the same. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(
    message: string,
    readonly made: boolean = false,
  ) {
    super(message);
  }
}

/** The host could not be reached, or its identity not be proved: nothing was changed. */
export class ConnectionError extends HostError {}

/** `"a"`, for the names in messages. */
export const quoted = (name: string): string => `"${name}"`;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
