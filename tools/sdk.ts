// npm run sdk -- LANGUAGE FOLDER: the plugin's SDK in another language, out of its schema. `pulumi package gen-sdk` does the same where the
// CLI comes with its language hosts.
import { join, resolve } from "node:path";
import { Argument, Command } from "commander";
import { execa } from "execa";
import { messageOf } from "../provider/vocabulary/errors";
import { step } from "./progress";
import { schemaFile } from "./schema";

const sources = join(__dirname, "..", "..", "tools", "setup", "pulumi-from-go", "sdks");

async function write(language: string, folder: string): Promise<void> {
  await step(`the SDK in ${language}, by Pulumi's own generator (Go; minutes for the first one)`, () =>
    execa("go", ["run", "-gcflags=all=-N -l", ".", language, schemaFile, resolve(folder)], {
      cwd: sources,
      env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      stdin: "ignore",
    }),
  );
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
