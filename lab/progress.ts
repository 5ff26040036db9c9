// Says what is being done and for how long, on a terminal as in a log.
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

export const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** A line every 20 s; ends with the function that it gives. */
export function beat(what: string): () => void {
  const started = Date.now();
  const timer = setInterval(() => log(`  still at it, ${seconds(started)}: ${what}`), 20_000);
  return () => clearInterval(timer);
}

/** Runs a step: a line when it starts, one every 20 s, one when it ends. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  log(`… ${what}`);
  const end = beat(what);
  try {
    const result = await work();
    log(`✓ ${what} (${seconds(started)})`);
    return result;
  } catch (error) {
    log(`✗ ${what} (${seconds(started)})`);
    throw error;
  } finally {
    end();
  }
}

/** Something of set-up's that is made once. */
export interface Part {
  what: string;
  /** About how long it takes on 2 cores. */
  minutes: number;
  /** Whether more cores make it faster. */
  allCores?: boolean;
}

/** What is going to be done, and for about how long; `then` is what follows. */
export function overviewOf(missing: readonly Part[], cores: number, then: Part): string {
  const minutesOf = ({ minutes, allCores }: Part) => (allCores ? (minutes * 2) / Math.max(cores, 1) : minutes);
  const about = (minutes: number) => (minutes < 1.5 ? "about a minute" : `about ${Math.round(minutes)} minutes`);
  const all = [...missing, then];
  const total = about(all.reduce((sum, part) => sum + minutesOf(part), 0));
  if (missing.length === 0) return `${then.what}: ${total}`;
  return [
    `To be done, in ${total} on ${cores} core${cores === 1 ? "" : "s"}; all but the last only this once:`,
    ...all.map((part) => `  ${part.what} (${about(minutesOf(part))})`),
  ].join("\n");
}

const told = new Set<string>();

/** A step whose result is there already; told once. */
export function skipped(what: string): void {
  if (!told.has(what)) log(`✓ ${what} (there already)`);
  told.add(what);
}
