// Each example as it stands, on the lab: it proves itself with packets, and leaves the hosts as they were.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { NetworkAttachmentDefinition, ProbeResult } from "pulumi-macvlan";
import { assertSame, on, snapshot } from "./hosts";
import { ROOT, Stack } from "./pulumi";
import { joinSwarm, leaveSwarm } from "./swarm";

const HOSTS = ["host1", "host2", "host3"];

/** What a test looks at beyond the example's own probes. */
const MORE: Record<string, (stack: Stack) => Promise<void>> = {
  "s8-several-nics": async () => {
    await on(
      "host1",
      "docker run -d --name both --network back busybox sleep 1000 >/dev/null; docker network connect front both",
    );
    try {
      const routes = await on("host1", "docker exec both ip route show | grep ^default");
      assert.equal(routes, "default via 172.16.20.1 dev eth1");
      const addresses = await on("host1", "docker exec both ip -o -4 addr show scope global");
      assert.match(addresses, /172\.16\.21\.\d+\/24[\s\S]*172\.16\.20\.\d+\/24/);
    } finally {
      await on("host1", "docker rm -f both >/dev/null");
    }
  },
  "s9-swarm": async (stack) => {
    const made = JSON.parse(await stack.good("stack", "output", "attachments", "--json"));
    assert.deepEqual(
      (made as NetworkAttachmentDefinition[]).map(({ metadata }) => metadata.name),
      ["mac10-host1", "mac10-host2"],
    );
    assert.equal(await on("host1", "docker network inspect -f '{{.Scope}}' mac10"), "swarm");
  },
};

describe("the examples", function () {
  this.timeout(240_000);
  const names = readdirSync(join(ROOT, "examples")).filter((name) => /^s\d-/.test(name));

  it("are one for each scenario", () => {
    assert.deepEqual(
      names.map((name) => name.split("-")[0]),
      ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"],
    );
  });

  for (const name of names) {
    it(`${name} is built, proves itself, and is taken away without a trace`, async () => {
      const before: Record<string, string> = {};
      for (const host of HOSTS) before[host] = await snapshot(host);
      const stack = new Stack("test", join(ROOT, "examples", name));
      if (name === "s9-swarm") await joinSwarm();
      try {
        await stack.init();
        await stack.good("up", "--yes", "--skip-preview");
        if (name !== "s9-swarm") {
          const results = JSON.parse(await stack.good("stack", "output", "results", "--json")) as ProbeResult[];
          assert.ok(results.length > 0, "it proves nothing");
          for (const { expect, found, name: probe } of results) assert.equal(found, expect, probe);
        }
        await MORE[name]?.(stack);
        await stack.good("destroy", "--yes", "--skip-preview");
      } finally {
        if (name === "s9-swarm") await leaveSwarm();
        stack.end();
      }
      for (const host of HOSTS) assertSame(await snapshot(host), before[host] ?? "");
    });
  }
});
