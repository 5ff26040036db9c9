// SIGKILL in the middle of an up: the next one converges, nothing doubled, nothing orphaned.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, snapshot } from "./hosts";
import { Project, ROOT, Stack } from "./pulumi";

/** Interfaces are numbered anew each time they are made. */
const shape = (text: string): string =>
  text.replace(/^\d+: /gm, "").replace(/group_address.*?designated_root \S+/g, "");

describe("a kill in the middle of an up", function () {
  this.timeout(240_000);
  const clean: Record<string, string> = {};
  const whole: Record<string, string> = {};
  const reference = new Stack("test-whole");

  before(async () => {
    for (const { name } of HOSTS) clean[name] = await snapshot(name);
    await reference.init();
    await reference.good("up", "--yes", "--skip-preview");
    for (const { name } of HOSTS) whole[name] = shape(await snapshot(name)).replaceAll("/test-whole/", "/test-kill/");
    await reference.good("destroy", "--yes", "--skip-preview");
    for (const { name } of HOSTS) assertSame(await snapshot(name), clean[name] ?? "");
  });
  after(() => reference.end());

  async function killed(stack: Stack, victim: "CLI" | "provider", at: number): Promise<void> {
    const child = spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", stack.name, "--non-interactive"], {
      cwd: ROOT,
      env: { ...process.env, ...stack.env },
      detached: true,
      stdio: "ignore",
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const events = () =>
      existsSync(stack.trace)
        ? readFileSync(stack.trace, "utf8")
            .trim()
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as { event: string; pid: number })
        : [];
    for (let tries = 0; tries < 6000; tries += 1) {
      const starts = events().filter(({ event }) => event === "start");
      if (starts.length >= at) {
        // All of its processes at once, as when the machine that runs it dies; or just the provider.
        if (victim === "CLI") process.kill(-(child.pid ?? 0), "SIGKILL");
        else process.kill(starts[0]?.pid ?? 0, "SIGKILL");
        await ended;
        return;
      }
      await sleep(5);
    }
    throw new Error("the up never came that far");
  }

  /** Pulumi's providers outlive a CLI that was killed; each is a node below a shell. */
  function orphans(stack: Stack): number[] {
    const pids = new Set(
      readFileSync(stack.trace, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { pid: number }).pid),
    );
    return [...pids]
      .filter((pid) => existsSync(`/proc/${pid}`))
      .flatMap((pid) => {
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        const isShell =
          parent > 1 && readFileSync(`/proc/${parent}/cmdline`, "utf8").includes("pulumi-resource-pulumi-nodejs");
        return isShell ? [parent, pid] : [pid];
      });
  }

  for (const [victim, at] of [
    ["CLI", 1],
    ["CLI", 6],
    ["provider", 3],
    ["provider", 10],
  ] as const) {
    it(`of the ${victim}, at its command ${at}`, async () => {
      const stack = new Stack("test-kill");
      try {
        await stack.init();
        await killed(stack, victim, at);
        for (const pid of orphans(stack)) process.kill(pid, "SIGKILL");
        rmSync(stack.trace, { force: true });
        if (victim === "CLI") await stack.run("cancel", "--yes");
        await stack.good("up", "--yes", "--skip-preview");
        for (const { name } of HOSTS) assertSame(shape(await snapshot(name)), whole[name] ?? "");
        assert.match(await stack.good("preview", "--expect-no-changes", "--refresh"), /12 unchanged/);
        await stack.good("destroy", "--yes", "--skip-preview");
        for (const { name } of HOSTS) assertSame(await snapshot(name), clean[name] ?? "");
        assert.deepEqual(orphans(stack), [], "no provider is left running");
      } finally {
        stack.end();
      }
    });
  }
});

const ENDLESS = `import * as pulumi from "@pulumi/pulumi";
import { planAddresses } from "pulumi-macvlan";

planAddresses({ subnets: ["172.16.10.0/24"], hosts: ["host1"] });
class Part extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Part", name);
    this.registerOutputs({ name });
  }
}
const go = (round: number): void => {
  for (let part = 0; part < 20; part += 1) new Part(\`part\${round}-\${part}\`);
  console.log("round", round);
  if (round < 100) setTimeout(() => go(round + 1), 100);
};
go(0);
`;

describe("a kill of the CLI while nobody reads what it prints", function () {
  this.timeout(120_000);
  const stack = new Project("pipe", ENDLESS);
  after(() => stack.end());

  /** What runs in its folder, and has the word in its command line. */
  const running = (word = ""): number[] =>
    readdirSync("/proc")
      .map(Number)
      .filter((pid) => {
        try {
          return (
            readlinkSync(`/proc/${pid}/cwd`) === stack.folder &&
            readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word)
          );
        } catch {
          return false;
        }
      });
  const programs = () => running("cmd/run");
  const until = async (holds: () => boolean, seconds: number): Promise<boolean> => {
    for (let tries = 0; tries < seconds * 10; tries += 1) {
      // Asked once: what holds now need not hold a moment later.
      if (holds()) return true;
      await sleep(100);
    }
    return false;
  };

  it("leaves no program behind", async () => {
    await stack.good("stack", "init");
    const child = spawn("pulumi", ["preview", "--stack", stack.name, "--non-interactive"], {
      cwd: stack.folder,
      env: { ...process.env, ...stack.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const started = await until(() => programs().length > 0 || child.exitCode !== null, 90);
    assert.ok(started && child.exitCode === null, `the program did not start; the CLI's exit code: ${child.exitCode}`);
    await sleep(3000);
    assert.ok(await until(() => programs().length > 0, 20), "the program has ended by itself");
    child.kill("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
    const ended = await until(() => programs().length === 0, 20);
    // Pulumi's language host is left too: it waits, and takes nothing.
    for (const pid of running()) process.kill(pid, "SIGKILL");
    assert.ok(ended, "the program is still there");
  });
});
