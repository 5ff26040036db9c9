import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pictureFile, pictures } from "../../../tools/pictures";

const folder = join(__dirname, "..", "..", "..", "..", "examples");

describe("the examples", function () {
  this.timeout(60_000);

  it("have pictures of their own topologies", async () => {
    const drawn = await pictures();
    assert.ok(Object.keys(drawn).length >= 8);
    for (const [name, svg] of Object.entries(drawn)) {
      assert.match(svg, /^<\?xml[\s\S]*<svg /);
      assert.equal(readFileSync(pictureFile(name), "utf8"), svg, `${name}: make it again with npm run pictures`);
    }
  });

  it("are each explained in a few lines, with their picture", () => {
    for (const name of readdirSync(folder).filter((entry) => /^s\d-/.test(entry))) {
      const text = readFileSync(join(folder, name, "README.md"), "utf8");
      assert.ok(text.split("\n").length <= 24, `${name} explains too much`);
      assert.equal(text.includes("](topology.svg)"), existsSync(pictureFile(name)), name);
    }
  });
});
