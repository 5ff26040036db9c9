// pulumi-macvlan review: what a change does, as the comment under a pull request, out of what Pulumi printed.
import { readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { Review } from "../review/found";
import { toHtml } from "../review/html";
import { toMarkdown } from "../review/markdown";
import { review } from "../review/review";
import { plainly } from "../review/said";
import { messageOf } from "../vocabulary/errors";

interface Options {
  preview: string;
  state?: string;
  format: "md" | "html" | "json";
  output?: string;
  failOn?: "refused";
}

/** What `--fail-on refused` ends with where an update will be refused. */
const REFUSED = 2;

function read(file: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    throw new Error(
      `cannot read ${file === "-" ? "standard input" : file}, which should hold what \`${what}\` printed: ${messageOf(error)}`,
    );
  }
}

/** For programs. */
function toJson({ before, after, sentence, ...rest }: Review): string {
  const sides = { before: before.hosts, after: after.hosts };
  const segments = { before: before.segments, after: after.segments };
  return `${JSON.stringify({ sentence: plainly(sentence), ...rest, segments, sides }, undefined, 2)}\n`;
}

async function run({ preview, state, format, output, failOn }: Options): Promise<void> {
  const found = review(
    read(preview, "pulumi preview --json"),
    state === undefined ? undefined : read(state, "pulumi stack export"),
  );
  const text = format === "json" ? toJson(found) : format === "html" ? await toHtml(found) : toMarkdown(found);
  if (output === undefined) process.stdout.write(text);
  else writeFileSync(output, text);
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
    .addOption(
      new Option("--format <format>", "Markdown for a comment, one HTML page, or JSON")
        .choices(["md", "html", "json"])
        .default("md"),
    )
    .option("--output <file>", "where it goes (default: standard output)")
    .addOption(
      new Option("--fail-on <what>", `end with ${REFUSED} where an update will be refused`).choices(["refused"]),
    )
    .action(run);
