import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { knownTypes, verdict } from "../../../../provider/host/ssh/known-hosts";

const key = "ssh-ed25519 AAAAKEY";
const salt = Buffer.from("0123456789abcdefghij");
const hashed = (name: string): string =>
  `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;

const CASES: [string, string, string, number, string][] = [
  ["a plain name", `host1 ${key}`, "host1", 22, "trusted"],
  ["a name with comment and case", `HOST1 ${key} me@here`, "host1", 22, "trusted"],
  ["a list", `other,host1 ${key}`, "host1", 22, "trusted"],
  ["another port", `[host1]:2222 ${key}`, "host1", 2222, "trusted"],
  ["another port, not listed", `host1 ${key}`, "host1", 2222, "unknown"],
  ["a hashed name", `${hashed("host1")} ${key}`, "host1", 22, "trusted"],
  ["a hashed name with port", `${hashed("[host1]:2222")} ${key}`, "host1", 2222, "trusted"],
  ["another hashed name", `${hashed("host2")} ${key}`, "host1", 22, "unknown"],
  ["a pattern", `*.example.net ${key}`, "a.example.net", 22, "trusted"],
  ["a pattern of one letter", `host? ${key}`, "host1", 22, "trusted"],
  ["a dot that is no wild card", `host.1 ${key}`, "hostx1", 22, "unknown"],
  ["a negation", `!bad.example.net,*.example.net ${key}`, "bad.example.net", 22, "unknown"],
  ["a comment", `# host1 ${key}`, "host1", 22, "unknown"],
  ["an empty file", "", "host1", 22, "unknown"],
  ["another key of the same type", "host1 ssh-ed25519 BBBB", "host1", 22, "changed"],
  ["a key of another type", "host1 ssh-rsa BBBB", "host1", 22, "unknown"],
  ["a second line that fits", `host1 ssh-ed25519 BBBB\nhost1 ${key}`, "host1", 22, "trusted"],
  ["a revoked key", `host1 ${key}\n@revoked * ${key}`, "host1", 22, "revoked"],
  ["a certificate authority", "@cert-authority * ssh-ed25519 CCCC", "host1", 22, "authority"],
  ["windows line ends", `host1 ${key}\r\n`, "host1", 22, "trusted"],
];

describe("known_hosts", () => {
  for (const [what, file, address, port, expected] of CASES) {
    it(`${what}: ${expected}`, () => assert.equal(verdict(file, address, port, key).kind, expected));
  }

  it("knows which key types to ask for", () => {
    assert.deepEqual(knownTypes(`host1 ssh-rsa AAAA\n@revoked host1 ssh-ed25519 BBBB`, "host1", 22), ["ssh-rsa"]);
  });
});
