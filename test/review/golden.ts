// npm run reviews: what reviews of the captured changes look like, as Markdown and as a page; looked at before they are committed.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Review } from "../../provider/review/found";
import { toHtml } from "../../provider/review/html";
import { toMarkdown } from "../../provider/review/markdown";
import { review } from "../../provider/review/review";

export const captured = join(__dirname, "..", "..", "..", "test", "unit", "captured", "reviews");

export const names = (): string[] => readdirSync(captured).sort();

export const json = (name: string, file: string): unknown =>
  JSON.parse(readFileSync(join(captured, name, file), "utf8"));

export const reviewOf = (name: string): Review => review(json(name, "preview.json"), json(name, "state.json"));

/** By file. */
export async function shownAs(found: Review): Promise<Record<string, string>> {
  return { "review.md": toMarkdown(found), "review.html": await toHtml(found) };
}

async function main(): Promise<void> {
  for (const name of names())
    for (const [file, text] of Object.entries(await shownAs(reviewOf(name))))
      writeFileSync(join(captured, name, file), text);
}

if (require.main === module) main();
