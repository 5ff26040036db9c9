// A person at a terminal: a login shell on a pseudo-terminal, commands typed one after the other, questions answered.
import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** What ends a command: the prompt, with the code that it ended with, and the number of the next: an empty line does not count. A Python
 * environment that is active says its name before it. */
const PROMPT = /(?:\(\w+\) )?\n\[(\d+) (\d+)\]\$ $/;

/** What a person answers to what a command asks: output of another one may come in pieces that look like a question. */
const ANSWERS: readonly [command: RegExp, question: RegExp, answer: string][] = [
  [/pulumi (up|refresh|destroy)/, /Do you want to perform this (update|refresh|destroy)\?[\s\S]*details/, "yes\r"],
  // "Project name (lan):  ", and so on; what it proposes is taken.
  [/pulumi new/, /[^:\n]*\S: {1,2}$/, "\r"],
];

export class Terminal {
  private readonly shell: ChildProcess;
  private text = "";
  private commands = 0;
  private wake = () => {};

  /** `environment` is all there is besides what every login gives. */
  constructor(folder: string, environment: Record<string, string>) {
    this.shell = spawn(
      "script",
      ["--quiet", "--return", "--command", "bash --noprofile --norc --noediting", "/dev/null"],
      {
        cwd: folder,
        env: { TERM: "xterm", USER: "root", LOGNAME: "root", SHELL: "/bin/bash", LANG: "C.UTF-8", ...environment },
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    this.shell.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.text += stripVTControlCharacters(chunk).replaceAll("\r", "");
      this.wake();
    });
    this.send("PS1='\\n[$? \\#]$ '; stty cols 160 rows 50\n");
  }

  private send(text: string): void {
    this.shell.stdin?.write(text);
  }

  private async until<T>(find: () => T | undefined, seconds: number): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no end in ${seconds} s:\n${this.text.slice(-3000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The code of a command that has ended since the last one did. A key too many that a question got is an empty line here, and none. */
  private ended(): string | undefined {
    const [, code, next] = PROMPT.exec(this.text) ?? [];
    if (code === undefined || Number(next) <= this.commands) return undefined;
    this.commands = Number(next);
    return code;
  }

  /** Types a line and waits for its end; gives what was printed. A code other than 0 is an error. */
  async type(line: string, seconds = 300): Promise<string> {
    if (this.commands === 0) await this.until(() => this.ended(), 20);
    this.text = "";
    this.send(`${line}\n`);
    let answered = 0;
    // A question is drawn again with its answer: a person does not answer it again.
    const questions = new Set<string>();
    const code = await this.until(() => {
      const asked = this.text.slice(answered);
      for (const [command, question, answer] of ANSWERS) {
        const [found] = command.test(line) ? (question.exec(asked) ?? []) : [];
        if (found === undefined || questions.has(found.trim())) continue;
        questions.add(found.trim());
        answered = this.text.length;
        this.send(answer);
      }
      return this.ended();
    }, seconds);
    const printed = this.text.replace(PROMPT, "");
    if (code !== "0") throw new Error(`"${line}" ended with ${code}:\n${printed.slice(-6000)}`);
    return printed;
  }

  close(): void {
    this.shell.stdin?.end("exit\n");
    this.shell.kill("SIGHUP");
  }
}
