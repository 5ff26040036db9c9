// More hosts than the lab has, simulated: each is logged in to once, however many resources it has.
import assert from "node:assert/strict";
import { join } from "node:path";
import { execa } from "execa";
import { ROOT } from "./pulumi";

describe("a simulated fleet", function () {
  this.timeout(300_000);

  it("is built by npm run bench with one login per host and run, and none where nothing is to change", async () => {
    const bench = join(ROOT, "dist", "tools", "bench.js");
    const { exitCode, all } = await execa(process.execPath, [bench, "--hosts", "10", "--vlans", "2"], {
      reject: false,
      all: true,
      stdin: "ignore",
    });
    assert.equal(exitCode, 0, String(all));
    assert.match(String(all), /40 resources on 10 simulated hosts/);
    assert.match(String(all), /SSH handshakes of up, preview and refresh: 20 for 10 hosts, 20 through the plugin/);
  });
});
