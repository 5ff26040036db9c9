// Each captured change, as it is shown; and what strangers and secrets must not come to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { toHtml } from "../../../provider/review/html";
import { MOST_CHARACTERS, toMarkdown } from "../../../provider/review/markdown";
import { review } from "../../../provider/review/review";
import { plainly } from "../../../provider/review/said";
import { captured, names, reviewOf, shownAs } from "../../review/golden";

const raw = (name: string, file: string): string => readFileSync(join(captured, name, file), "utf8");
const sentence = (name: string): string => plainly(reviewOf(name).sentence);

/** As GitHub renders it, HTML in it included. */
const rendered = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });

describe("a review", function () {
  this.timeout(60_000);

  it("has captured changes to be shown with", () => assert.ok(names().length >= 20));

  for (const name of names())
    it(`of ${name} is as it was looked at`, async () => {
      for (const [file, text] of Object.entries(await shownAs(reviewOf(name)))) {
        assert.equal(raw(name, file), text, `${name}/${file}: make it again with npm run reviews, and look at it`);
        assert.ok(text.length < MOST_CHARACTERS);
      }
      assert.deepEqual(await shownAs(reviewOf(name)), await shownAs(reviewOf(name)));
    });

  for (const [name, said] of [
    ["a-port-more", "the router changes; iot to nas gains tcp 445; nothing is cut off."],
    ["a-policy-that-shuts-out", "the router changes; iot to nas loses tcp 443."],
    ["another-vlan-id", "2 hosts and the router change; 3 containers are off for about 1 s each; nothing is cut off."],
    ["a-vlan-less-in-use", "2 hosts and the router change; nas goes; an update will be refused, for 1 reason."],
  ] as const)
    it(`says of ${name}: ${said}`, () => assert.equal(sentence(name), said));

  it("tells who stops it, with what to do", () => {
    const { stops } = reviewOf("a-vlan-less-in-use");
    assert.equal(stops.length, 1);
    assert.equal(stops[0]?.host, "host1");
    assert.match(
      stops[0]?.text ?? "",
      /^Docker network "nas" goes while store is on it .*remove or disconnect it first/,
    );
    assert.match(reviewOf("addresses-in-two-hands").stops[0]?.text ?? "", /^addresses in two hands on printers: host1/);
    assert.equal(
      reviewOf("what-a-preview-refuses").stops[0]?.text,
      "AddressPlan: gateway 172.16.99.1 is not in subnet 172.16.10.0/24",
    );
  });

  it("counts what other packages change, and describes nothing of it", () => {
    const { others } = reviewOf("addresses-in-two-hands");
    assert.deepEqual(others, { create: 2, update: 0, replace: 0, delete: 0 });
    assert.doesNotMatch(toMarkdown(reviewOf("addresses-in-two-hands")), /elsewhere/);
  });

  it("knows by the preview alone what changes", () => {
    const found = review(JSON.parse(raw("another-vlan-id", "preview.json")));
    assert.deepEqual(
      found.hosts.map(({ host }) => host),
      ["host1", "host2", "host3"],
    );
  });

  it("refuses what is no preview", () =>
    assert.throws(() => review({}), /the preview has no steps: give what `pulumi preview --json` printed/));

  it("lets no name be markup, a link or a mention", async () => {
    const found = reviewOf("names-of-a-stranger");
    const page = rendered(toMarkdown(found));
    const tags = new Set([...page.matchAll(/<(\w+)/g)].map(([, tag]) => tag));
    for (const tag of ["a", "img", "script"]) assert.ok(!tags.has(tag), `${tag} in ${page}`);
    // Neither in code, where GitHub does not look, nor anywhere else.
    assert.doesNotMatch(page.replace(/<(code|pre)[\s\S]*?<\/\1>/g, ""), /@everyone|evil|#1/);
    assert.doesNotMatch(page + (await toHtml(found)), /\u202e/);
    assert.doesNotMatch(await toHtml(found), /<script|<img|<a /);
  });

  it("would show markup if a name were not escaped", () =>
    assert.match(
      rendered("[x](http://evil.example) ![](x) www.evil.example a@b.example"),
      /<a [\s\S]*<img [\s\S]*<a [\s\S]*<a /,
    ));

  it("shows no secret, not even one that Pulumi was told to show", async () => {
    const CANARY = "canary-of-review";
    const state = JSON.parse(raw("another-vlan-id", "state.json")) as {
      deployment: { resources: { outputs?: Record<string, unknown> }[] };
    };
    for (const { outputs } of state.deployment.resources) {
      if (!outputs) continue;
      outputs["credentials"] = { password: CANARY };
      outputs["labels"] = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: CANARY };
    }
    const preview = JSON.parse(
      raw("another-vlan-id", "preview.json").replaceAll(
        '"credentials":"[secret]"',
        `"credentials":{"password":"${CANARY}"}`,
      ),
    ) as unknown;
    const found = review(preview, state);
    assert.ok(found.hosts.length > 0);
    assert.doesNotMatch(JSON.stringify(found) + toMarkdown(found) + (await toHtml(found)), new RegExp(CANARY));
  });

  it("leaves out from its end what is too long, and says so", () => {
    const found = reviewOf("another-vlan-id");
    const most = toMarkdown(found).length - 1;
    const short = toMarkdown(found, most);
    assert.ok(short.length < most);
    assert.match(short, new RegExp(`_Left out, since a comment holds ${most} characters: All changed fields\\._\\n$`));
    assert.doesNotMatch(short, /<details>/);
    assert.ok(toMarkdown(found, 400).length < 400 + 200);
  });
});
