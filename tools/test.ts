// npm test: set-up, then every test; the last line is `N passed, N failed`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";
import { messageOf } from "../provider/core/errors";
import { pulumiFolder } from "./setup/pulumi-cli";

const tests = join(__dirname, "..", "test");

const filesOf = (folder: string): string[] =>
  (readdirSync(join(tests, folder), { recursive: true }) as string[])
    .filter((file) => file.endsWith(".test.js"))
    .sort()
    .map((file) => join(tests, folder, file));

/** One suite. A skipped test is no passed one: mocha fails it. */
function run(
  files: readonly string[],
  only: string | undefined,
  rootHooks?: Mocha.RootHookObject,
): Promise<{ passes: number; failures: number }> {
  const mocha = new Mocha({
    forbidPending: true,
    forbidOnly: true,
    timeout: 20_000,
    ...(only ? { grep: only } : {}),
    ...(rootHooks ? { rootHooks } : {}),
  });
  for (const file of files) mocha.addFile(file);
  return new Promise((resolve) => {
    const runner = mocha.run(() =>
      resolve({ passes: runner.stats?.passes ?? 0, failures: runner.stats?.failures ?? 1 }),
    );
  });
}

async function main(): Promise<void> {
  const only = process.argv[2];
  // npm run test:faults: hours of faults and of other people's things on hosts.
  if (process.env["TESTS"] === "long") {
    process.env["PATH"] = `${await pulumiFolder()}:${process.env["PATH"]}`;
    const { mochaHooks } = await import("../test/integration/hooks.js");
    const { passes, failures } = await run(
      [join(tests, "integration", "persist.test.js"), ...filesOf("long")],
      only,
      mochaHooks as never,
    );
    console.log(`${passes} passed, ${failures} failed`);
    process.exit(failures === 0 ? 0 : 1);
  }
  const unit = await run(filesOf("unit"), only);
  process.env["PATH"] = `${await pulumiFolder()}:${process.env["PATH"]}`;
  const { mochaHooks } = await import("../test/integration/hooks.js");
  const integration = await run([...filesOf("property"), ...filesOf("integration")], only, mochaHooks as never);
  const failed = unit.failures + integration.failures;
  console.log(`${unit.passes + integration.passes} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  console.log("0 passed, 1 failed");
  process.exit(1);
});
