// The Pulumi CLI as a user runs it, on the root program; its hosts, the tests' lab, are configured as a user's own are.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { lab } from "./hooks";

export const ROOT = join(__dirname, "..", "..", "..");

/** `npx pulumi-macvlan`. */
export const COMMAND = join(ROOT, "dist", "provider", "commands", "main.js");

/** A stack of the root program, with its state in a folder of its own. */
export class Stack {
  readonly state = mkdtempSync(join(tmpdir(), "pulumi-macvlan-state-"));
  readonly trace = join(this.state, "trace.jsonl");
  readonly env: Record<string, string> = {
    PULUMI_BACKEND_URL: `file://${this.state}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_MACVLAN_TRACE: this.trace,
  };

  constructor(
    readonly name: string,
    readonly folder = ROOT,
  ) {}

  /** A program's types are checked when it runs for the first time, as always at a user's; later runs are spared it. */
  private typesChecked = false;

  async run(...args: string[]) {
    const result = await execa("pulumi", [...args, "--stack", this.name, "--non-interactive"], {
      cwd: this.folder,
      env: { ...this.env, ...(this.typesChecked ? { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } : {}) },
      stdin: "ignore",
      reject: false,
      all: true,
    });
    this.typesChecked ||= result.exitCode === 0 && ["up", "preview"].includes(args[0] ?? "");
    return result;
  }

  /** A command that must succeed; gives everything it printed. */
  async good(...args: string[]): Promise<string> {
    const { exitCode, all } = await this.run(...args);
    if (exitCode !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${exitCode}:\n${all}`);
    return String(all);
  }

  async init(): Promise<void> {
    await this.good("stack", "init");
    const fields = Object.entries(lab.hosts()).flatMap(([host, connection]) =>
      Object.entries(connection).flatMap(([field, value]) => ["--plaintext", `hosts.${host}.${field}=${value}`]),
    );
    await this.good("config", "set-all", "--path", ...fields);
  }

  end(): void {
    rmSync(this.state, { recursive: true, force: true });
    rmSync(join(this.folder, `Pulumi.${this.name}.yaml`), { force: true });
  }
}

/** A stack of a project of its own: one file, beside the packages of this repository. */
export class Project extends Stack {
  constructor(name: string, program: string) {
    super(name, mkdtempSync(join(tmpdir(), `pulumi-macvlan-${name}-`)));
    const files = {
      "Pulumi.yaml": `name: ${name}\nruntime: nodejs\n`,
      "package.json": JSON.stringify({ name, main: "index.ts" }),
      "tsconfig.json": readFileSync(join(ROOT, "examples", "s4-router", "tsconfig.json"), "utf8"),
      "index.ts": program,
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.folder, file), text);
    symlinkSync(join(ROOT, "node_modules"), join(this.folder, "node_modules"));
  }

  override end(): void {
    super.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
