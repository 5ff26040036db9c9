// How commands read what Pulumi printed, and show a review.
import { readFileSync, writeFileSync } from "node:fs";
import { Option } from "commander";
import type { Review } from "../review/found";
import { toHtml } from "../review/html";
import { toMarkdown } from "../review/markdown";
import { plainly } from "../review/said";
import { tellTried } from "../review/tried";
import { messageOf } from "../vocabulary/errors";

export type Format = "md" | "html" | "json";

export const formatOption = (): Option =>
  new Option("--format <format>", "Markdown for a comment, one HTML page, or JSON")
    .choices(["md", "html", "json"] satisfies Format[])
    .default("md");

export const outputOption = (): Option => new Option("--output <file>", "where it goes (default: standard output)");

/** Of a file, or of standard input (`-`). */
export const readText = (file: string): string => readFileSync(file === "-" ? 0 : file, "utf8");

export function readJson(file: string, what: string): unknown {
  try {
    return JSON.parse(readText(file));
  } catch (error) {
    throw new Error(
      `cannot read ${file === "-" ? "standard input" : file}, which should hold what \`${what}\` printed: ${messageOf(error)}`,
    );
  }
}

/** For programs. */
function toJson({ before, after, sentence, tried, ...rest }: Review): string {
  const sides = { before: before.hosts, after: after.hosts };
  const segments = { before: before.segments, after: after.segments };
  const told = tried && { tried: { ...tried, unlike: tried.unlike.map(plainly), told: tellTried(tried).map(plainly) } };
  return `${JSON.stringify({ sentence: plainly(sentence), ...rest, ...told, segments, sides }, undefined, 2)}\n`;
}

export async function write(review: Review, format: Format, file: string | undefined): Promise<void> {
  const text = format === "json" ? toJson(review) : format === "html" ? await toHtml(review) : toMarkdown(review);
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}
