// What was built of sources that have gone would still be run, and packed: a build of other sources is thrown away first.
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const sources = ["provider", "lab", "examples", "test", "tools"]
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
  .filter((file) => file.endsWith(".ts") && !/node_modules|dist/.test(file))
  .sort()
  .join("\n");
const built = join(root, "dist", "sources");
if (!existsSync(built) || readFileSync(built, "utf8") !== sources) {
  for (const folder of ["dist", "lab/dist"]) rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, "dist"));
  writeFileSync(built, sources);
}
