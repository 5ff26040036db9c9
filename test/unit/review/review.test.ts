// Each captured change, as it is shown; and what strangers and secrets must not come to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { kinds } from "../../../provider/kinds";
import { lean } from "../../../provider/lifecycle/defaults";
import type { Review } from "../../../provider/review/found";
import { toHtml } from "../../../provider/review/html";
import { MOST_CHARACTERS, toMarkdown } from "../../../provider/review/markdown";
import { review } from "../../../provider/review/review";
import { plainly } from "../../../provider/review/said";
import { isMap } from "../../../provider/vocabulary/values";
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

  /** A captured change with something of it replaced in its text. */
  const changed = (name: string, from: string | RegExp, to: string) => {
    const replaced = (file: string): unknown => {
      const text = raw(name, file);
      return JSON.parse(text.replaceAll(typeof from === "string" ? from : new RegExp(from, "g"), to));
    };
    return { preview: replaced("preview.json"), state: replaced("state.json") };
  };

  it("knows a resource under its former name as the same one", () => {
    const state = JSON.parse(
      raw("a-policy-that-shuts-out", "state.json").replaceAll("::lan-router", "::old-router"),
    ) as unknown;
    const preview = JSON.parse(
      raw("a-policy-that-shuts-out", "preview.json").replaceAll(
        /("oldState":\{"urn":"[^"]*)::lan-router/g,
        "$1::old-router",
      ),
    ) as unknown;
    assert.equal(plainly(review(preview, state).sentence), "the router changes; iot to nas loses tcp 443.");
  });

  it("of the plugin's resources is the same", () => {
    const { preview, state } = changed("another-vlan-id", "pulumi-nodejs:dynamic/macvlan:", "macvlan:index:");
    assert.equal(
      plainly(review(preview, state).sentence),
      "2 hosts and the router change; 3 containers are off for about 1 s each; nothing is cut off.",
    );
  });

  it("is the same of a state that leaves out what is default, and of one of before, which does not", () => {
    const shorter = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shorter);
      if (!isMap(value)) return value;
      const type = String(value["type"]).split(":").at(-1);
      const kind = kinds.find((candidate) => candidate.type === type);
      const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
        const isProps = kind && ["inputs", "outputs"].includes(key) && isMap(inner);
        return [key, isProps ? lean(kind, inner, key as "inputs") : shorter(inner)];
      });
      return Object.fromEntries(entries);
    };
    for (const name of names()) {
      const [preview, state] = ["preview.json", "state.json"].map((file) => shorter(JSON.parse(raw(name, file))));
      assert.ok(JSON.stringify(preview).length < raw(name, "preview.json").length);
      assert.equal(toMarkdown(review(preview, state)), raw(name, "review.md"), name);
    }
  });

  it("tells which changes are guarded: a router's, and of what was when it was changed before", () => {
    const guarded = (found: Review) =>
      found.hosts.flatMap(({ lines }) => lines.filter((line) => line.guarded).map(({ what }) => what));
    assert.deepEqual(guarded(reviewOf("another-vlan-id")), ["router"]);
    const old = '"outputs":{"__owner"';
    const { preview, state } = changed("another-vlan-id", old, '"outputs":{"__guarded":true,"__owner"');
    assert.deepEqual(
      [...new Set(guarded(review(preview, state)))],
      ['VLAN sub-interface "enp0s8.101"', 'Docker network "iot"', "router"],
    );
    assert.match(toMarkdown(review(preview, state)), /<code>VLAN [^|]*\| is made anew, guarded \|/);
  });

  for (const what of [
    '"172.16.10.0/24"',
    '"172.16.10.1/24"',
    '"enp0s8.100"',
    '"host1.example"',
    '"bridge"',
    '"enp0s8"',
  ])
    it(`does not break where ${what} is not known yet, or a secret`, async () => {
      for (const instead of ['"04da6b54-80e4-46f7-96ec-b56ff0331ba9"', '"[secret]"']) {
        const { preview, state } = changed("another-vlan-id", what, instead);
        for (const found of [review(preview, state), review(preview)]) {
          const shown = toMarkdown(found) + (await toHtml(found));
          assert.doesNotMatch(shown, /04da6b54|undefined/);
        }
      }
    });

  it("does not say that nothing is cut off where a network gets stricter, or moves to another cable", () => {
    for (const name of ["a-private-network", "another-parent", "a-host-less"])
      assert.doesNotMatch(sentence(name), /nothing is cut off/, name);
  });

  it("tells what somebody else has done on a host since", () => {
    const { preview, state } = changed(
      "a-port-more",
      '"attachedContainers":["bulb","hub"]',
      '"drift":["label a is gone"]',
    );
    assert.deepEqual(review(preview, state).warnings, [
      'Docker network "iot" on host1, as last read: label a is gone; an update puts it right',
    ]);
  });

  it("tells who may be reached from outside", () =>
    assert.deepEqual(
      reviewOf("a-way-out")
        .cells.filter(({ from, to }) => from.what === "outside" || to.what === "outside")
        .map(({ from, to, after }) => [from.label, to.label, ...after]),
      [
        ["iot", "outside", "everything"],
        ["nas", "outside", "everything"],
        ["outside", "iot"],
        ["outside", "nas"],
      ],
    ));

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
