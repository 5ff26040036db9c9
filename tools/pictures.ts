// npm run pictures: each example's topology as an SVG beside it, drawn by Graphviz from the example's own program.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import * as pulumi from "@pulumi/pulumi";
import { messageOf } from "../provider/vocabulary/errors";
import { mock } from "../test/unit/mocks";

const root = join(__dirname, "..", "..");

/** What goes through the plugin is the same topology once more. */
const hasPicture = (name: string): boolean =>
  /^s\d-/.test(name) && existsSync(join(root, "dist", "examples", name, "index.js"));

/** By example: what its picture must be. An example without a topology has none. */
export async function pictures(): Promise<Record<string, string>> {
  const graphviz = await Graphviz.load();
  const hosts = Object.fromEntries(
    ["host1", "host2", "host3"].map((name) => [
      name,
      { address: `${name}.example`, parent: "enp0s8", ...(name === "host3" ? { uplink: "enp0s9" } : {}) },
    ]),
  );
  const drawn: Record<string, string> = {};
  for (const name of readdirSync(join(root, "examples")).filter(hasPicture)) {
    mock({ "project:hosts": JSON.stringify(hosts) });
    const { dot } = (await import(join(root, "dist", "examples", name, "index.js"))) as {
      dot?: pulumi.Output<string>;
    };
    if (dot === undefined) continue;
    const text = await new Promise<string>((resolve) => dot.apply(resolve));
    // The next program must not begin before this one has registered everything.
    await pulumi.runtime.disconnect();
    drawn[name] = graphviz.dot(text, "svg").replace(/<!--[\s\S]*?-->\n?/g, "");
  }
  return drawn;
}

export const pictureFile = (name: string): string => join(root, "examples", name, "topology.svg");

if (require.main === module) {
  pictures().then(
    (drawn) => {
      for (const [name, svg] of Object.entries(drawn)) {
        const same = existsSync(pictureFile(name)) && readFileSync(pictureFile(name), "utf8") === svg;
        writeFileSync(pictureFile(name), svg);
        console.log(`${same ? "unchanged" : "drawn"}: ${pictureFile(name)}`);
      }
    },
    (error: unknown) => {
      console.error(messageOf(error));
      process.exit(1);
    },
  );
}
