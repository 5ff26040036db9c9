// What was built of sources that have gone would still be run, and packed: a build of other sources is thrown away first.
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const sources = ["provider", "examples", "test", "tools"]
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
  .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
  .sort()
  .join("\n");
const built = join(root, "dist", "sources");
if (!existsSync(built) || readFileSync(built, "utf8") !== sources) {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  mkdirSync(join(root, "dist"));
  writeFileSync(built, sources);
}
