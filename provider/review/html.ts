// A review as one page that needs nothing else: tables, and the picture as SVG. Pure, but for Graphviz, which is loaded when it draws.
import { html } from "./escape";
import type { Review } from "./found";
import { pictureOf, toDot } from "./picture";
import { type Cell, gridOf, inWords, same } from "./reach";
import { plainly, show } from "./said";
import { TRIED, tellTried } from "./tried";
import { STEPS } from "./words";

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #ffffff; --line: #d0d7de; --soft: #f6f8fa; --added: #1a7f37; --removed: #cf222e; --changed: #7d4e00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #3d444d; --soft: #161b22; --added: #3fb950; --removed: #ff7b72; --changed: #d29922; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
code, pre { font: 0.9em ui-monospace, monospace; } pre { white-space: pre-wrap; background: var(--soft); padding: 0.75rem; }
details { margin-top: 2rem; } .wide { overflow-x: auto; } table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; overflow-wrap: normal; }
th { background: var(--soft); } .stop { color: var(--removed); } .other { font-weight: 600; } .was { font-weight: 400; opacity: 0.8; }
.create { color: var(--added); } .delete, .replace { color: var(--removed); } .update { color: var(--changed); }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); } svg [stroke="black"] { stroke: var(--ink); }
svg [stroke="#1a7f37"] { stroke: var(--added); } svg [stroke="#cf222e"] { stroke: var(--removed); } svg [stroke="#9a6700"] { stroke: var(--changed); }
`;

const named = (name: string): string => `<code>${html(name)}</code>`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ""
    : `<div class="wide"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join("")}</tr></thead><tbody>\n${rows
        .map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`)
        .join("\n")}\n</tbody></table></div>`;

const list = (items: readonly string[], kind = ""): string =>
  items.length === 0 ? "" : `<ul>${items.map((item) => `<li class="${kind}">${item}</li>`).join("\n")}</ul>`;

const cellText = (cell: Cell | undefined): string => {
  if (!cell) return "";
  const { before, after } = cell;
  if (same(cell)) return after.length === 0 ? "" : html(inWords(after));
  return `<span class="other">≠ ${html(inWords(after))}</span><br><span class="was">was ${html(inWords(before))}</span>`;
};

function matrix({ cells }: Review): string {
  const { columns, rows } = gridOf(cells);
  return table(
    ["from \\ to", ...columns.map(({ label }) => named(label))],
    rows.map(({ from, cells: row }) => [named(from.label), ...row.map(cellText)]),
  );
}

const hosts = ({ hosts: all }: Review): string =>
  table(
    ["host", "what", "", "how"],
    all.flatMap(({ host, lines }) =>
      lines.map(({ step, what, changes, guarded }) => [
        named(host),
        html(what),
        `<span class="${step}">${STEPS[step].sign} ${STEPS[step].word}</span>${guarded ? ", guarded" : ""}`,
        changes.map(html).join("<br>"),
      ]),
    ),
  );

async function picture({ before, after }: Review): Promise<string> {
  const drawn = pictureOf(before, after);
  if (drawn.segments.length === 0) return "";
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
  const svg = (await Graphviz.load()).dot(toDot(drawn), "svg");
  const drawing = svg
    .slice(svg.indexOf("<svg"))
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    .replace(/<title>[^<]*<\/title>\n?/g, "")
    .replace(/^<svg([^>]*)>/, '<svg role="img"$1><title>the topology before and after</title>');
  return `<div class="wide">${drawing}</div>`;
}

/** Each line in the colour of its sign. */
const coloured = (fields: string): string =>
  fields
    .split("\n")
    .map((line) => {
      const [step] = Object.entries(STEPS).find(([, { sign }]) => line.startsWith(sign)) ?? [];
      return step ? `<span class="${step}">${html(line)}</span>` : html(line);
    })
    .join("\n");

const section = (title: string, content: string): string => (content === "" ? "" : `<h2>${title}</h2>\n${content}`);

/** The page. The same review gives the same page. */
export async function toHtml(review: Review): Promise<string> {
  const { project, stack, sentence, stops, warnings, moves, off, others, fields, tried } = review;
  const elsewhere = Object.entries(others).filter(([, count]) => count > 0);
  const title = `${project}/${stack}`;
  const parts = [
    `<h1>${named(title)}: ${show(sentence, named, html)}</h1>`,
    section(
      "What stops it",
      list(
        stops.map(({ host, text }) => `${host === undefined ? "" : `${named(host)}: `}${html(text)}`),
        "stop",
      ),
    ),
    section(TRIED, list((tried ? tellTried(tried) : []).map((line) => show(line, named, html)))),
    section("Warnings", list(warnings.map(html))),
    section("Before and after", await picture(review)),
    section("Who reaches whom", matrix(review)),
    section("Host by host", hosts(review)),
    section(
      "Addresses that move",
      table(
        ["host", "network", "addresses", "become"],
        moves.map(({ host, network, before, after }) => [host, network, before, after].map(named)),
      ),
    ),
    section(
      "Off for a moment",
      table(
        ["host", "network", "off for about", "containers"],
        off.map(({ host, network, seconds, users }) => [
          named(host),
          named(network),
          `${seconds} s`,
          users.map(named).join(", "),
        ]),
      ),
    ),
    section("Resources of other packages", list(elsewhere.map(([step, count]) => `${count} to ${step}`))),
    fields === "" ? "" : `<details><summary>All changed fields</summary><pre>${coloured(fields)}</pre></details>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(`${title}: ${plainly(sentence)}`)}</title>
<style>${STYLE}</style>
</head>
<body>
${parts.filter(Boolean).join("\n")}
</body>
</html>
`;
}
