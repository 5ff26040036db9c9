// npm test: set-up, then every test; the last line is `N passed, N failed`.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, relative } from "node:path";
import Table from "cli-table3";
import Mocha from "mocha";
import { HOSTS, Lab, MEMORY, missingImages, overviewOf, testLab } from "pulumi-macvlan-lab";
import { messageOf } from "../provider/vocabulary/errors";
import { faultTable } from "../test/integration/faults/table";
import { languagesFolder, missingLanguages, wheelFolder } from "./setup/languages";
import { PACKAGES_OF_TESTS } from "./setup/packages";
import { onlyDeclaredPrograms } from "./setup/programs";
import { missingCli, pulumiFolder } from "./setup/pulumi-cli";

const tests = join(__dirname, "..", "test");
const CORES = availableParallelism();
/** Whether memory holds three labs of hosts that use all of theirs, and what runs beside them. */
const ROOMY =
  Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) >=
  (3 * HOSTS.length * MEMORY + 3072) * 2 ** 20;
/**
 * Labs at the same time. Where seconds are measured no more than cores; else one more, which has what the others leave while they wait.
 * Faults spend most of their time waiting for a deadline.
 */
const JOBS = {
  measuring: Math.min(2, CORES),
  others: process.env["FAULTS"] ? 2 * CORES : Math.min(ROOMY ? 3 : 2, CORES + 1),
};
/** They measure seconds: at the same time run no others. */
const MEASURING = ["lived-in-macvlan", "lived-in-ipvlan"];
/** Those that take longest begin first, so that the last to end is a short one. */
const LONGEST = [
  "day-two",
  "typed",
  "persist",
  "twin",
  "readiness",
  "guard",
  "doors",
  "foreign",
  "property/inputs",
  "fabric",
  "kills",
  "errors",
  "cases",
];

const isOneOf = (names: readonly string[], file: string): boolean =>
  names.some((name) => file.endsWith(`${name}.test.js`));

const rank = (file: string): number => {
  const place = LONGEST.findIndex((name) => isOneOf([name], file));
  return place < 0 ? LONGEST.length : place;
};

const filesOf = (...folders: string[]): string[] =>
  folders
    .flatMap((folder) =>
      (readdirSync(join(tests, folder), { recursive: true }) as string[]).map((file) => join(tests, folder, file)),
    )
    .filter((file) => file.endsWith(".test.js"))
    .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));

interface Outcome {
  passes: number;
  /** Full titles. */
  failed: string[];
  /** Of its tests, without what is made ready for them; by file. */
  seconds: Map<string, number>;
}

const together = (one: Outcome, other: Outcome): Outcome => ({
  passes: one.passes + other.passes,
  failed: [...one.failed, ...other.failed],
  seconds: new Map([...one.seconds, ...other.seconds]),
});

/** One suite. A skipped test is no passed one: mocha fails it. */
function run(
  files: readonly string[],
  only: string | undefined,
  { jobs, ...options }: Mocha.MochaOptions = {},
): Promise<Outcome> {
  const mocha = new Mocha({
    forbidPending: true,
    forbidOnly: true,
    timeout: 20_000,
    ...(only ? { grep: only } : {}),
    ...options,
  });
  // Mocha takes one job for none, and would not load what a worker begins with.
  if (jobs !== undefined) mocha.options.jobs = jobs;
  for (const file of files) mocha.addFile(file);
  const failed: string[] = [];
  const seconds = new Map<string, number>();
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve({ passes: runner.stats?.passes ?? 0, failed, seconds }));
    runner.on("test end", ({ file = "", duration = 0 }) => {
      const name = relative(tests, file);
      seconds.set(name, (seconds.get(name) ?? 0) + duration / 1000);
    });
    // At once, and not only after the last of all files.
    runner.on("fail", (test, error: Error) => {
      failed.push(test.fullTitle());
      console.log(`${test.fullTitle()}:\n${error.stack ?? messageOf(error)}`);
    });
  });
}

/** Each file on hosts of its own, several at once; a file's tests are shown when it has ended. */
async function runOnLabs(files: readonly string[], only: string | undefined): Promise<Outcome> {
  const cli = pulumiFolder();
  const [pulumi, languages] = await Promise.all([cli, cli.then(languagesFolder), wheelFolder(), Lab.prepare()]);
  process.env["PATH"] = `${pulumi}:${languages}:${process.env["PATH"]}`;
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-test-"));
  const faults = join(folder, "faults.jsonl");
  process.env["PULUMI_MACVLAN_FAULTS"] = faults;
  // Pulumi starts two of Node for each command, and half of what a start costs is compiling the same files.
  process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
  const labs = Array.from({ length: Math.max(...Object.values(JOBS)) }, (_, worker) => testLab(String(worker)));
  const down = () =>
    Promise.all(labs.map((lab) => lab.down())).finally(() => rmSync(folder, { recursive: true, force: true }));
  const tell = () => {
    const table = faultTable(faults);
    if (table) console.log(table);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // What hours have found until then must not be lost.
      tell();
      down().finally(() => process.exit(130));
    });
  }
  try {
    const runBeside = (jobs: number, some: readonly string[]) =>
      run(some, only, { parallel: true, jobs, require: [join(tests, "integration", "hooks.js")] });
    const measuring = await runBeside(
      JOBS.measuring,
      files.filter((file) => isOneOf(MEASURING, file)),
    );
    const others = await runBeside(
      JOBS.others,
      files.filter((file) => !isOneOf(MEASURING, file)),
    );
    tell();
    return together(measuring, others);
  } finally {
    if (process.env["KEEP_LAB"]) rmSync(folder, { recursive: true });
    else await down();
  }
}

/** Where the time goes. */
function slowest(seconds: ReadonlyMap<string, number>): string {
  const table = new Table({ head: ["tests of", "seconds"], style: { head: [], border: [] } });
  const files = [...seconds].sort(([, one], [, other]) => other - one).slice(0, 12);
  for (const [file, took] of files) table.push([file.replace(/\.test\.js$/, ""), took.toFixed(0)]);
  return table.toString();
}

async function main(): Promise<void> {
  const only = process.argv[2];
  await onlyDeclaredPrograms(PACKAGES_OF_TESTS);
  const then = only ? { what: `the tests of "${only}"`, minutes: 5 } : { what: "all tests", minutes: 60 };
  console.error(overviewOf([...missingCli(), ...missingImages(), ...missingLanguages()], availableParallelism(), then));
  const unit = await run(filesOf("unit"), only);
  const rest = await runOnLabs(filesOf("property", "integration"), only);
  const { passes, failed } = together(unit, rest);
  console.log(slowest(rest.seconds));
  for (const title of failed) console.log(`failed: ${title}`);
  console.log(`${passes} passed, ${failed.length} failed`);
  process.exit(failed.length === 0 ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  console.log("0 passed, 1 failed");
  process.exit(1);
});
