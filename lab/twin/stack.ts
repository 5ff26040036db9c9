// The stack of a twin: Pulumi, with a state of its own, runs the user's programs where they are, on hosts that are not theirs.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type Attempt, type Deployment, TWIN } from "pulumi-macvlan/twin";

/** Ways in and credentials that the user's environment has for the real hosts, and where Pulumi keeps the real state. */
const NOT_THEIRS = /^(?:PULUMI_MACVLAN_|PULUMI_BACKEND_URL$|PULUMI_STACK$)/;

/** Of what Pulumi prints, the part that says what went wrong. */
function complaints(printed: string): string[] {
  const lines = printed.split("\n").map((line) => line.trim());
  const from = lines.indexOf("Diagnostics:");
  const told = from < 0 ? lines.filter((line) => /^error:/.test(line)) : lines.slice(from + 1);
  const to = told.findIndex((line) => /^(?:Resources|Outputs|Duration|Policies):/.test(line));
  return (to < 0 ? told : told.slice(0, to)).filter((line) => line !== "" && !/^pulumi:pulumi:Stack /.test(line));
}

export class TwinStack {
  private readonly env: NodeJS.ProcessEnv;
  private readonly project: string;

  /** `hostsFile` says which host of the twin stands for which. */
  constructor(
    private readonly folder: string,
    private readonly stack: string,
    hostsFile: string,
  ) {
    this.project = join(folder, "project");
    const given = Object.entries(process.env).filter(([name]) => !NOT_THEIRS.test(name));
    this.env = {
      ...Object.fromEntries(given),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      [TWIN]: hostsFile,
      // As with the real one: a passphrase that is nowhere is an empty one.
      ...(given.some(([name]) => name.startsWith("PULUMI_CONFIG_PASSPHRASE")) ? {} : { PULUMI_CONFIG_PASSPHRASE: "" }),
    };
  }

  private pulumi(cwd: string, words: readonly string[]) {
    return execa("pulumi", [...words, "--stack", this.stack, "--non-interactive", "--color", "never"], {
      cwd,
      env: this.env,
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
    const { exitCode, stdout, stderr } = await this.pulumi(folder, words);
    const worked = exitCode === 0;
    return { worked, took: (Date.now() - started) / 1000, said: worked ? [] : complaints(`${stdout}\n${stderr}`) };
  }
}
