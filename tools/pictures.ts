// npm run pictures: each example's topology as an SVG beside it, drawn by Graphviz from the example's own program.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import * as pulumi from "@pulumi/pulumi";
import { messageOf } from "../provider/core/errors";
import { mock } from "../test/unit/mocks";

const root = join(__dirname, "..", "..");

/** By example: what its picture must be. An example without a topology has none. */
export async function pictures(): Promise<Record<string, string>> {
  const graphviz = await Graphviz.load();
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-pictures-"));
  const hosts = Object.fromEntries(["host1", "host2", "host3"].map((name) => [name, { address: `${name}.example` }]));
  process.env["PULUMI_MACVLAN_LAB"] = join(folder, "hosts.json");
  writeFileSync(process.env["PULUMI_MACVLAN_LAB"], JSON.stringify(hosts));
  const drawn: Record<string, string> = {};
  try {
    for (const name of readdirSync(join(root, "examples")).filter((entry) => /^s\d-/.test(entry))) {
      mock();
      const { dot } = (await import(join(root, "dist", "examples", name, "index.js"))) as {
        dot?: pulumi.Output<string>;
      };
      if (dot === undefined) continue;
      const text = await new Promise<string>((resolve) => dot.apply(resolve));
      // The next program must not begin before this one has registered everything.
      await pulumi.runtime.disconnect();
      drawn[name] = graphviz.dot(text, "svg").replace(/<!--[\s\S]*?-->\n?/g, "");
    }
  } finally {
    rmSync(folder, { recursive: true });
    delete process.env["PULUMI_MACVLAN_LAB"];
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
