#!/usr/bin/env node
// npx pulumi-macvlan-lab …, in this repository npm run lab -- …: a safe place to try a topology.

import Table from "cli-table3";
import { Command } from "commander";
import { execa } from "execa";
import { quoteWords } from "pulumi-macvlan/lab";
import { Lab } from "./lab";
import { installPackages } from "./packages";

/** As it was typed. */
const ME = process.env["npm_lifecycle_event"] === "lab" ? "npm run lab --" : "npx pulumi-macvlan-lab";

const program = new Command(ME).description("Three real hosts on this machine: kernels, sshd, Docker.");
program.option("--name <name>", "which lab; labels let several run side by side", "main");
const lab = () => new Lab(program.opts<{ name: string }>().name);

async function status(): Promise<void> {
  const table = new Table({ head: ["host", "running", "ssh", "nics"], style: { head: [], border: [] } });
  for (const { host, running, ssh, nics } of await lab().status())
    table.push([host, running ? "yes" : "no", ssh, nics]);
  console.log(table.toString());
}

program
  .command("up")
  .description("start the hosts; the first time, make them")
  .action(async () => {
    await lab().up();
    await status();
    const { inventoryFile, name } = lab();
    const named = name === "main" ? "" : `--name ${name} `;
    console.log(`Connections: ${inventoryFile}\nStop it with: ${ME} ${named}down`);
  });
program
  .command("down")
  .description("end all of it")
  .action(() => lab().down());
program
  .command("reset")
  .description("back to freshly made hosts")
  .action(() => lab().reset());
program.command("status").description("what runs, and where sshd listens").action(status);
program
  .command("reboot <host>")
  .option("--power", "cut the power instead of asking its init")
  .description("reboot one host and wait for its Docker")
  .action((host: string, { power }: { power?: boolean }) => lab().reboot(host, power));
program
  .command("speed")
  .description("how long the lab takes for what people and tests do with it")
  .action(async () => {
    const host = "host1";
    const table = new Table({ head: ["what", "seconds"], style: { head: [], border: [] } });
    const timed = async (what: string, action: () => Promise<unknown>) => {
      const started = Date.now();
      await action();
      table.push([what, ((Date.now() - started) / 1000).toFixed(2)]);
    };
    const twenty = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip -j link >/dev/null; done";
    await timed("reset of all hosts", () => lab().reset());
    await timed("reboot of one host", () => lab().reboot(host));
    await timed("SSH login", () => lab().exec(host, "true"));
    await timed("20 times ip -j link, with a login", () => lab().exec(host, twenty));
    await timed("docker run, with a login", () => lab().exec(host, "docker run --rm busybox /bin/true"));
    console.log(table.toString());
  });
program
  .command("ssh <host>")
  .description("a shell on a host")
  .action(async (host: string) => {
    process.exitCode =
      (await execa("ssh", ["-t", ...lab().sshArguments(host)], { stdio: "inherit", reject: false })).exitCode ?? 1;
  });
program
  .command("exec <host> [command...]")
  .description("one command on a host: exec host1 -- ip link")
  .action(async (host: string, words: string[]) => {
    process.exitCode =
      (await execa("ssh", [...lab().sshArguments(host), quoteWords(words)], { stdio: "inherit", reject: false }))
        .exitCode ?? 1;
  });

program.hook("preAction", () => installPackages());
program.parseAsync().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
