// npm run sdk -- LANGUAGE FOLDER: the plugin's SDK in another language, out of its schema: by the Pulumi CLI where it comes with that
// language's host, else by the generators behind it, which are Go modules.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Argument, Command } from "commander";
import { execa } from "execa";
import { step } from "pulumi-macvlan-lab";
import { VERSION } from "../provider/pulumi/plugin/version";
import { messageOf } from "../provider/vocabulary/errors";
import { makeSchema } from "./schema";
import { generators } from "./setup/languages";

const schema = (): string => JSON.stringify({ ...makeSchema(), version: VERSION });

async function byCli(language: string, folder: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "pulumi-macvlan-sdk-"));
  const file = join(work, "schema.json");
  try {
    writeFileSync(file, schema());
    await execa("pulumi", ["package", "gen-sdk", file, "--language", language, "--out", work]);
    cpSync(join(work, language), folder, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function byGenerators(language: string, folder: string): Promise<void> {
  const program = await generators();
  await step(`the SDK in ${language}, by Pulumi's generators`, () =>
    execa(program, [language, folder], { input: schema() }),
  );
}

async function write(language: string, given: string): Promise<void> {
  const folder = resolve(process.env["INIT_CWD"] ?? "", given);
  const done = await byCli(language, folder).then(
    () => true,
    () => false,
  );
  if (!done) await byGenerators(language, folder);
}

new Command("npm run sdk --")
  .addArgument(new Argument("<language>").choices(["nodejs", "python", "go"]))
  .argument("<folder>", "where it is written")
  .action(write)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  });
