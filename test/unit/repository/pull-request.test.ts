// The jobs of examples/pull-request: their own lines, run against a server that speaks the calls of GitHub and GitLab that they make.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { captured } from "../../review/golden";

const ROOT = join(__dirname, "..", "..", "..", "..");
const example = join(ROOT, "examples", "pull-request");

interface Workflow {
  on: string;
  permissions: Record<string, string>;
  jobs: { review: { if: string; steps: { name?: string; run?: string; env?: Record<string, string> }[] } };
}

const workflow = parse(readFileSync(join(example, ".github", "workflows", "review.yml"), "utf8")) as Workflow;
const pipeline = parse(readFileSync(join(example, ".gitlab-ci.yml"), "utf8")) as { review: { script: string[] } };

interface Comment {
  id: number;
  body: string;
  user?: { type: string };
  author?: { id: number };
}

const TOKEN = "canary-of-token";

/** Either forge, with comments as they were; `calls` is what it was asked. */
class Forge {
  readonly calls: string[] = [];
  readonly comments: Comment[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        this.calls.push(`${method} ${url}`);
        const known = headers.authorization === `Bearer ${TOKEN}` || headers["private-token"] === TOKEN;
        const answer = known ? this.answer(method, url, body) : undefined;
        response.writeHead(answer === undefined ? 403 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(answer ?? { message: "Resource not accessible" }));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer(method: string, url: string, body: string): unknown {
    const { pathname, searchParams } = new URL(url, "http://forge");
    if (pathname === "/user") return { id: 7 };
    if (method === "GET") {
      const page = Number(searchParams.get("page"));
      return this.comments.slice((page - 1) * 100, page * 100);
    }
    const { body: text } = JSON.parse(body) as { body: string };
    if (method === "POST") {
      const made = { id: 1000 + this.comments.length, body: text, user: { type: "Bot" }, author: { id: 7 } };
      this.comments.push(made);
      return made;
    }
    const found = this.comments.find(({ id }) => pathname.endsWith(`/${id}`));
    if (found) found.body = text;
    return found;
  }

  stop(): void {
    this.server.close();
  }
}

const stepOf = (name: string): string => workflow.jobs.review.steps.find((step) => step.name === name)?.run ?? "";

/** Its lines from the review on: those before it are Pulumi's. */
const GITHUB = ["review", "comment", "refuse what an update would refuse"].map(stepOf);
const GITLAB = pipeline.review.script.slice(2);

describe("the jobs of a pull request", function () {
  this.timeout(60_000);
  const forge = new Forge();
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-pull-request-"));
  let address = "";

  before(async () => {
    address = await forge.start();
    // As `npm ci` leaves it.
    const bin = join(folder, "node_modules", ".bin");
    mkdirSync(bin, { recursive: true });
    const main = join(ROOT, "dist", "provider", "commands", "main.js");
    writeFileSync(join(bin, "pulumi-macvlan"), `#!/bin/sh\nexec node '${main}' "$@"\n`, { mode: 0o755 });
    copyFileSync(join(example, "comment.mjs"), join(folder, "comment.mjs"));
  });
  after(() => {
    forge.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    forge.comments.length = 0;
    forge.calls.length = 0;
  });

  const environments = (): Record<string, Record<string, string>> => ({
    GitHub: { GITHUB_API_URL: address, GITHUB_REPOSITORY: "some/shop", PULL_REQUEST: "12" },
    GitLab: { CI_API_V4_URL: address, CI_PROJECT_ID: "5", CI_MERGE_REQUEST_IID: "12" },
  });

  /** As a runner would: each line in a shell that stops at the first that fails. */
  async function run(forge_: string, lines: readonly string[], change: string, token = TOKEN) {
    for (const file of ["preview.json", "state.json"]) copyFileSync(join(captured, change, file), join(folder, file));
    const path = `${join(ROOT, "node_modules", ".bin")}:${process.env["PATH"]}`;
    const env = { PATH: path, HOME: folder, REVIEW_TOKEN: token, ...environments()[forge_] };
    return execa("bash", ["-e", "-o", "pipefail", "-c", lines.join("\n")], {
      cwd: folder,
      env,
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
    });
  }

  it("may do the least on GitHub, and run nobody else's program", () => {
    assert.equal(workflow.on, "pull_request");
    assert.deepEqual(workflow.permissions, { contents: "read", "pull-requests": "write" });
    assert.match(workflow.jobs.review.if, /head\.repo\.full_name == github\.repository/);
  });

  it("preview the same way on both", () => {
    assert.deepEqual(GITHUB, GITLAB.map(String));
    const [, ...lines] = stepOf("preview").trim().split("\n");
    assert.deepEqual(lines, pipeline.review.script.slice(0, 2));
  });

  for (const [name, lines] of [
    ["GitHub", GITHUB],
    ["GitLab", GITLAB],
  ] as const) {
    describe(`on ${name}`, () => {
      it("write one comment, and keep it up to date", async () => {
        const first = await run(name, lines, "a-port-more");
        assert.equal(first.exitCode, 0, first.all);
        assert.deepEqual(
          forge.comments.map(({ body }) => body),
          [readFileSync(join(captured, "a-port-more", "review.md"), "utf8")],
        );
        const second = await run(name, lines, "a-way-out");
        assert.equal(second.exitCode, 0, second.all);
        assert.deepEqual(
          forge.comments.map(({ body }) => body),
          [readFileSync(join(captured, "a-way-out", "review.md"), "utf8")],
        );
      });

      it("find it among many, and leave one alone that somebody else has marked like it", async () => {
        const body = `${readFileSync(join(captured, "a-port-more", "review.md"), "utf8").split("\n")[0]}\nmine`;
        forge.comments.push({ id: 1, body, user: { type: "User" }, author: { id: 9 } });
        for (let id = 2; id < 150; id += 1)
          forge.comments.push({ id, body: "a comment", user: { type: "User" }, author: { id: 9 } });
        forge.comments.push({ id: 150, body, user: { type: "Bot" }, author: { id: 7 } });
        assert.equal((await run(name, lines, "a-port-more")).exitCode, 0);
        assert.equal(forge.comments.length, 150);
        assert.equal(forge.comments[0]?.body, body);
        assert.match(forge.comments.at(-1)?.body ?? "", /gains/);
      });

      it("comment on what an update would refuse, and end red", async () => {
        const { exitCode } = await run(name, lines, "a-vlan-less-in-use");
        assert.equal(exitCode, 2);
        assert.match(forge.comments[0]?.body ?? "", /What stops it/);
      });

      it("say what the forge does not let them do, without the token", async () => {
        const { exitCode, all = "" } = await run(name, lines, "a-port-more", "canary-of-another");
        assert.notEqual(exitCode, 0);
        assert.match(all, /GET http:.*: 403 .*Resource not accessible/);
        assert.doesNotMatch(all, /canary/);
      });
    });
  }
});
