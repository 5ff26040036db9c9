// The stack of a twin: Pulumi, with a state of its own, runs the user's programs where they are, on hosts that are not theirs.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type Attempt, type Deployment, TWIN } from "pulumi-macvlan/twin";

/** Ways in and credentials that the user's environment has for the real hosts, and where Pulumi keeps the real state. */
const NOT_THEIRS = /^(?:PULUMI_MACVLAN_|PULUMI_BACKEND_URL$|PULUMI_STACK$|PULUMI_HOME$|SSH_)/;

const MOST_LINES = 20;
const MOST_LETTERS = 400;

/** Of what Pulumi prints, what it says went wrong: each error with the lines that stand further in. What programs print may be anything. */
export function complaints(printed: string): string[] {
  const told: string[] = [];
  let error = Number.POSITIVE_INFINITY;
  for (const line of printed.split("\n")) {
    const depth = line.search(/\S/);
    if (/^\s*error: /.test(line)) error = depth;
    else if (depth <= error) error = Number.POSITIVE_INFINITY;
    if (error <= depth) told.push(line.trim().slice(0, MOST_LETTERS));
  }
  return told.slice(0, MOST_LINES);
}

/** Programs know hosts by the installed package: one that knows of no twins would reach the real ones. */
export function refuseOldPackage(folder: string): void {
  const installed = join(folder, "node_modules", "pulumi-macvlan", "package.json");
  const { exports } = existsSync(installed)
    ? (JSON.parse(readFileSync(installed, "utf8")) as { exports?: Record<string, unknown> })
    : {};
  if (!exports?.["./twin"])
    throw new Error(
      `the program in ${folder} has no pulumi-macvlan in its node_modules that knows of twins: it would reach the stack's own hosts. Install it there (npm ci), of this version`,
    );
}

export class TwinStack {
  private readonly env: NodeJS.ProcessEnv;
  private readonly project: string;
  /** Without the organisation that a backend of the cloud has it in. */
  private readonly stack: string;

  /** `hostsFile` says which host of the twin stands for which. */
  constructor(
    private readonly folder: string,
    stack: string,
    hostsFile: string,
    /** What seals the twin's state where nobody gives a passphrase. */
    secret: string,
  ) {
    this.project = join(folder, "project");
    this.stack = stack.split("/").at(-1) ?? "";
    const given = Object.entries(process.env).filter(([name]) => !NOT_THEIRS.test(name));
    this.env = {
      ...Object.fromEntries(given),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Providers of other packages are not there, and none is fetched: nothing but this one changes anything.
      PULUMI_HOME: join(folder, "home"),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      [TWIN]: hostsFile,
      ...(given.some(([name]) => name.startsWith("PULUMI_CONFIG_PASSPHRASE"))
        ? {}
        : { PULUMI_CONFIG_PASSPHRASE: secret }),
    };
  }

  private pulumi(cwd: string, words: readonly string[], more: NodeJS.ProcessEnv = {}) {
    return execa("pulumi", [...words, "--stack", this.stack, "--non-interactive", "--color", "never"], {
      cwd,
      env: { ...this.env, ...more },
      extendEnv: false,
      stdin: "ignore",
      reject: false,
    });
  }

  /** The configuration of a program's folder, as a copy: Pulumi writes into the one it is given. */
  private configOf(folder: string): string {
    const name = `Pulumi.${this.stack}.yaml`;
    const copy = join(this.project, name);
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), copy);
    return copy;
  }

  /** Begins with a state. */
  async begin(project: string, folder: string, deployment: Deployment): Promise<void> {
    for (const part of [this.project, join(this.folder, "state")]) mkdirSync(part, { recursive: true });
    writeFileSync(join(this.project, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    this.configOf(folder);
    const file = join(this.folder, "begin.json");
    writeFileSync(file, JSON.stringify(deployment));
    for (const words of [
      ["stack", "init", "--no-select"],
      ["stack", "import", "--file", file],
    ]) {
      const { exitCode, stderr } = await this.pulumi(this.project, words);
      if (exitCode !== 0) throw new Error(`cannot make the twin's stack (pulumi ${words.join(" ")}): ${stderr}`);
    }
  }

  /** What `pulumi preview --json` prints of the program there. */
  async preview(folder: string): Promise<unknown> {
    const { stdout, stderr } = await this.pulumi(folder, ["preview", "--json", "--config-file", this.configOf(folder)]);
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`pulumi preview of the program in ${folder} printed no JSON: ${stdout}${stderr}`);
    }
  }

  async up(folder: string, ...more: string[]): Promise<Attempt> {
    const started = Date.now();
    const words = ["up", "--yes", "--skip-preview", "--config-file", this.configOf(folder), ...more];
    // Its types were checked in the preview, and those of the program as it is when that was written.
    const { exitCode, stdout, stderr } = await this.pulumi(folder, words, { PULUMI_NODEJS_TRANSPILE_ONLY: "true" });
    const worked = exitCode === 0;
    return { worked, took: (Date.now() - started) / 1000, said: worked ? [] : complaints(`${stdout}\n${stderr}`) };
  }
}
