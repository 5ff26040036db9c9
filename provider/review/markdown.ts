// A review as the comment under a pull request: Markdown as GitHub and GitLab show it. Pure.
import { code, fenced } from "./escape";
import type { Review } from "./found";
import { pictureOf, toMermaid } from "./picture";
import { type Cell, gridOf, inWords, same } from "./reach";
import { show } from "./said";
import { TRIED, tellTried } from "./tried";
import { STEPS } from "./words";

/** What GitHub takes as a comment. */
export const MOST_CHARACTERS = 65_536;

/** Found again by whoever keeps the comment up to date: one for each stack, and nothing in it that could end it. */
const markerOf = ({ project, stack }: Review): string =>
  `<!-- pulumi-macvlan review of ${`${project}/${stack}`.replace(/[^A-Za-z0-9_/]/g, (sign) => `.${sign.codePointAt(0)}.`)} -->`;

interface Part {
  title: string;
  /** Empty where there is nothing to say. */
  text: string;
  /** Open, or behind a line to click on. */
  folded?: boolean;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? "" : [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const listed = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

function stops({ stops: all }: Review): string {
  return listed(all.map(({ host, text }) => `${host === undefined ? "" : `${code(host)}: `}${code(text)}`));
}

function cellText(cell: Cell): string {
  const { before, after } = cell;
  if (same(cell)) return after.length === 0 ? "" : code(inWords(after));
  return `**${code(inWords(after))}**, was ${code(inWords(before))}`;
}

function matrix({ cells }: Review): string {
  const { columns, rows } = gridOf(cells);
  return table(
    ["from \\ to", ...columns.map(({ label }) => code(label))],
    rows.map(({ from, cells: row }) => [code(from.label), ...row.map((cell) => (cell ? cellText(cell) : "-"))]),
  );
}

function hosts({ hosts: all }: Review): string {
  const rows = all.flatMap(({ host, lines }) =>
    lines.map(({ step, what, changes, guarded }, index) => [
      index === 0 ? code(host) : "",
      code(what),
      [STEPS[step].word, ...(guarded ? ["guarded"] : [])].join(", "),
      changes.map(code).join("<br>"),
    ]),
  );
  return table(["host", "what", "", "how"], rows);
}

const moves = ({ moves: all }: Review): string =>
  table(
    ["host", "network", "addresses", "become"],
    all.map(({ host, network, before, after }) => [host, network, before, after].map(code)),
  );

const off = ({ off: all }: Review): string =>
  table(
    ["host", "network", "off for about", "containers"],
    all.map(({ host, network, seconds, users }) => [
      code(host),
      code(network),
      `${seconds} s`,
      users.map(code).join(", "),
    ]),
  );

/** What Mermaid draws at most, where nobody has told it otherwise. */
const MOST_EDGES = 500;
const MOST_TEXT = 50_000;

function picture({ before, after }: Review): string {
  const drawn = pictureOf(before, after);
  if (drawn.segments.length === 0) return "";
  const text = toMermaid(drawn);
  return drawn.edges.length > MOST_EDGES || text.length > MOST_TEXT
    ? "_Too large for a picture in a comment: `--format html` draws it._"
    : `\`\`\`mermaid\n${text}\`\`\``;
}

const others = ({ others: all }: Review): string =>
  Object.entries(all)
    .filter(([, count]) => count > 0)
    .map(([step, count]) => `${count} to ${step}`)
    .join(", ");

const tried = ({ tried: found }: Review): string =>
  found ? listed(tellTried(found).map((line) => show(line, code, String))) : "";

const partsOf = (review: Review): Part[] => [
  { title: "What stops it", text: stops(review) },
  { title: TRIED, text: tried(review) },
  { title: "Warnings", text: listed(review.warnings.map(code)) },
  { title: "Before and after", text: picture(review) },
  { title: "Who reaches whom", text: matrix(review) },
  { title: "Host by host", text: hosts(review) },
  { title: "Addresses that move", text: moves(review) },
  { title: "Off for a moment", text: off(review) },
  { title: "Resources of other packages", text: others(review) },
  {
    title: "All changed fields",
    text: review.fields === "" ? "" : `\`\`\`diff\n${fenced(review.fields)}\n\`\`\``,
    folded: true,
  },
];

const written = ({ title, text, folded }: Part): string =>
  folded ? `<details><summary>${title}</summary>\n\n${text}\n\n</details>` : `#### ${title}\n\n${text}`;

const left = (titles: readonly string[], most: number): string =>
  `_Left out, since a comment holds ${most} characters: ${titles.join(", ")}._`;

/**
 * The comment, with the parts that say nothing left out. What is too long is left out from the end, with a word about it.
 *
 * @param most characters. Default: what GitHub takes.
 */
export function toMarkdown(review: Review, most = MOST_CHARACTERS): string {
  const head = `${markerOf(review)}\n### ${code(`${review.project}/${review.stack}`)}: ${show(review.sentence, code, String)}`;
  const parts = partsOf(review).filter(({ text }) => text !== "");
  for (let kept = parts.length; kept >= 0; kept -= 1) {
    const gone = parts.slice(kept).map(({ title }) => title);
    const text = [head, ...parts.slice(0, kept).map(written), ...(gone.length > 0 ? [left(gone, most)] : [])].join(
      "\n\n",
    );
    if (text.length < most) return `${text}\n`;
  }
  return `${head.slice(0, most - 200)}\n\n${left(["all of it"], most)}\n`;
}
