// For how long somebody gave no answer, from the times at which it did.

/** Seconds without an answer at the end, from which on one counts as lost. */
const LOST = 2.5;

/** Milliseconds to wait at the end, in which whoever still answers does. */
export const LAST_ANSWERS = 3000;

export interface Quiet {
  /** In all, but for the end; undefined where it never answered, not before the change either. */
  seconds: number | undefined;
  /** For how long it has given no answer at the end, where it has not. */
  lost: number | undefined;
}

/**
 * @param times seconds, in order.
 * @param end when it was asked for the last time.
 * @param usual seconds between two answers that are nothing to tell.
 */
export function quietOf(times: readonly number[], end: number, usual: number): Quiet {
  const last = times.at(-1);
  if (last === undefined) return { seconds: undefined, lost: undefined };
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const seconds = gaps.reduce((sum, gap) => sum + (gap > usual ? gap : 0), 0);
  return { seconds, lost: end - last > LOST ? end - last : undefined };
}
