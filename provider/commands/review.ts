// pulumi-macvlan review: what a change does, as the comment under a pull request, out of what Pulumi printed.
import { Command, Option } from "commander";
import { review } from "../review/review";
import { type Format, formatOption, outputOption, readJson, write } from "./output";

interface Options {
  preview: string;
  state?: string;
  format: Format;
  output?: string;
  failOn?: "refused";
}

/** What `--fail-on refused` ends with where an update will be refused. */
const REFUSED = 2;

async function run({ preview, state, format, output, failOn }: Options): Promise<void> {
  const found = review(
    readJson(preview, "pulumi preview --json"),
    state === undefined ? undefined : readJson(state, "pulumi stack export"),
  );
  await write(found, format, output);
  if (failOn === "refused" && found.stops.some(({ refuses }) => refuses)) process.exitCode = REFUSED;
}

export const reviewCommand = (): Command =>
  new Command("review")
    .description("what a change does: who is off, who reaches whom, what stops it; asks neither hosts nor Pulumi")
    .requiredOption("--preview <file>", "what `pulumi preview --json` printed; - is standard input")
    .option(
      "--state <file>",
      "what `pulumi stack export` printed: what stays, and who was on the networks at the last refresh",
    )
    .addOption(formatOption())
    .addOption(outputOption())
    .addOption(
      new Option("--fail-on <what>", `end with ${REFUSED} where an update will be refused`).choices(["refused"]),
    )
    .action(run);
