// The Node that this package is written for.
const OLDEST = 22;

/** Said once and in words, rather than by the first function that is missing. */
export function requireNode(version = process.versions.node): void {
  if (Number.parseInt(version, 10) < OLDEST)
    throw new Error(
      `pulumi-macvlan needs Node ${OLDEST} or newer, and this is Node ${version} (${process.execPath}): put a newer \`node\` first on PATH`,
    );
}
