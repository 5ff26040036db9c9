// Reviews as people see them: pages in a real browser, pictures of comments drawn by Mermaid itself.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { captured, names } from "../review/golden";
import { ROOT } from "./pulumi";

const MERMAID = join(ROOT, "node_modules", "@mermaid-js", "tiny", "dist", "mermaid.tiny.js");

const mermaidOf = (name: string): string | undefined =>
  /^```mermaid\n([\s\S]*?)^```$/m.exec(readFileSync(join(captured, name, "review.md"), "utf8"))?.[1];

interface Seen {
  scrollWidth: number;
  /** How many of the page's parts stick out. */
  wide: number;
  color: string;
  backgroundColor: string;
  text: string;
}

// What runs in the page is text: this program's types know no browser.
const SEEN = `(() => {
  const { scrollWidth } = document.documentElement;
  const parts = [...document.querySelectorAll("body > *")];
  const wide = parts.filter((part) => part.getBoundingClientRect().right > innerWidth).length;
  const { color, backgroundColor } = getComputedStyle(document.body);
  return { scrollWidth, wide, color, backgroundColor, text: document.body.innerText };
})()`;

/** Drawn as GitHub has it drawn. */
const drawing = (source: string): string => `(async () => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  const { svg } = await mermaid.render("picture", ${JSON.stringify(source)});
  const place = document.getElementById("drawn");
  place.innerHTML = svg;
  const tags = [...place.querySelectorAll("*")].map((element) => element.tagName.toLowerCase());
  return { text: place.textContent, tags };
})()`;

describe("a review in a browser", function () {
  this.timeout(120_000);
  let folder = "";
  let browser: Browser;
  let page: Page;
  /** What the page says of itself where something is wrong. */
  let said: string[] = [];

  before(async () => {
    const [{ launch }, { default: chromium }] = await Promise.all([
      import("puppeteer-core"),
      import("@sparticuz/chromium"),
    ]);
    folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-chromium-"));
    const { TMPDIR } = process.env;
    let executablePath: string;
    try {
      // It unpacks itself there, and its fonts, so that it looks the same on every machine.
      process.env["TMPDIR"] = folder;
      executablePath = await chromium.executablePath();
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
    // Its own list of folders with fonts knows /tmp alone.
    const fonts = `<fontconfig><dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "cache")}</cachedir></fontconfig>`;
    writeFileSync(join(folder, "fonts.conf"), fonts);
    const env = { ...process.env, FONTCONFIG_FILE: join(folder, "fonts.conf") };
    // The pages are our own, and its sandbox lets no root in.
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    browser = await launch({ executablePath, headless: "shell", args, env });
    page = await browser.newPage();
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("requestfailed", (request) => said.push(request.url()));
    page.on("request", (request) => /^https?:/.test(request.url()) && said.push(request.url()));
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    said = [];
  });

  for (const name of names()) {
    it(`of ${name} is a page that fits, in light and dark`, async () => {
      const papers = new Set<string>();
      for (const width of [1280, 400]) {
        for (const scheme of ["light", "dark"]) {
          await page.setViewport({ width, height: 900 });
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          await page.goto(pathToFileURL(join(captured, name, "review.html")).href);
          const seen = (await page.evaluate(SEEN)) as Seen;
          assert.equal(seen.scrollWidth, width, `${name} is wider than ${width}`);
          assert.equal(seen.wide, 0, `something of ${name} is wider than ${width}`);
          assert.notEqual(seen.color, seen.backgroundColor);
          assert.ok(seen.text.length > 40);
          papers.add(seen.backgroundColor);
          const picture = await page.screenshot({ fullPage: true });
          assert.ok(picture.length > 5000, "an empty picture");
        }
      }
      assert.equal(papers.size, 2, "light and dark are the same");
      assert.deepEqual(said, []);
    });

    it(`of ${name} has a picture that Mermaid draws`, async () => {
      const text = mermaidOf(name);
      assert.ok(text);
      await page.goto("about:blank");
      await page.setContent("<!doctype html><body><div id=drawn></div></body>");
      await page.addScriptTag({ path: MERMAID });
      const drawn = (await page.evaluate(drawing(text))) as { text: string; tags: string[] };
      for (const tag of ["a", "img", "script"]) assert.ok(!drawn.tags.includes(tag), `${tag} in the picture`);
      const labels = [...text.matchAll(/\[+"([^"]*)"\]/g)].flatMap(([, label = ""]) => label.split("<br>"));
      assert.ok(labels.length > 1);
      const plain = (label: string) =>
        label.replace(/#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)));
      const flat = drawn.text.replace(/\s+/g, "");
      for (const label of labels) {
        const wanted = plain(label).replace(/\s+/g, "");
        assert.ok(flat.includes(wanted), `"${wanted}" is not in "${flat}"`);
      }
      assert.deepEqual(said, []);
    });
  }
});
