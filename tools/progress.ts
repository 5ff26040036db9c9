// Says what is being done and for how long, on a terminal as in a log.
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const log = (line: string): void => {
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

const told = new Set<string>();

/** A step whose result is there already; told once. */
export function skipped(what: string): void {
  if (!told.has(what)) log(`✓ ${what} (there already)`);
  told.add(what);
}
