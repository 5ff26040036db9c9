// node comment.mjs FILE: keeps one comment under a pull request (GitHub) or merge request (GitLab) up to date. The token comes in
// REVIEW_TOKEN, all else in what a job of either has anyway.
import { readFileSync } from "node:fs";

const text = readFileSync(process.argv[2] ?? "review.md", "utf8");
/** Its first line says which stack it is about: each has a comment of its own. */
const [marker] = text.split("\n");
const { GITHUB_API_URL, GITHUB_REPOSITORY, PULL_REQUEST, REVIEW_TOKEN } = process.env;
const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID } = process.env;

/** Each with its calls; `isOurs` tells a comment of this job's from one of somebody who copied the marker. */
const github = {
  comments: `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues/${PULL_REQUEST}/comments`,
  comment: ({ id }) => `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues/comments/${id}`,
  method: "PATCH",
  headers: { authorization: `Bearer ${REVIEW_TOKEN}`, accept: "application/vnd.github+json" },
  isOurs:
    async () =>
    ({ user }) =>
      user?.type === "Bot",
};

const gitlab = {
  comments: `${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/merge_requests/${CI_MERGE_REQUEST_IID}/notes`,
  comment: ({ id }) => `${gitlab.comments}/${id}`,
  method: "PUT",
  headers: { "private-token": REVIEW_TOKEN },
  isOurs: async () => {
    const { id } = await call("GET", `${CI_API_V4_URL}/user`);
    return ({ author }) => author?.id === id;
  },
};

const forge = CI_API_V4_URL ? gitlab : github;

async function call(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { ...forge.headers, "content-type": "application/json", "user-agent": "pulumi-macvlan" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function ours() {
  const isOurs = await forge.isOurs();
  for (let page = 1; ; page += 1) {
    const comments = await call("GET", `${forge.comments}?per_page=100&page=${page}`);
    const found = comments.find((comment) => comment.body?.startsWith(marker) && isOurs(comment));
    if (found || comments.length < 100) return found;
  }
}

const known = await ours();
if (known) await call(forge.method, forge.comment(known), { body: text });
else await call("POST", forge.comments, { body: text });
console.log(known ? "The comment is up to date." : "The comment is there.");
