// What `npm start`, `npm test`, `npm run lab`, `npm run bench` and `npm run sdk` begin with: dependencies, build, then the tool itself under the Node
// version that the project pins. Plain JavaScript, since nothing is there yet in a fresh clone.
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const bin = (name) => join(root, "node_modules", ".bin", name);

function run(what, program, args, env = process.env) {
  const started = Date.now();
  if (what) console.error(`… ${what}`);
  const { status, signal, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ["inherit", what ? 2 : "inherit", "inherit"],
    env,
  });
  if (error) console.error(`${program}: ${error.message}`);
  if (what) console.error(`${status === 0 ? "✓" : "✗"} ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) process.exit(signal ? 130 : (status ?? 1));
}

const key = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const stamp = join(root, "node_modules", ".pulumi-macvlan-installed");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== key) {
  run("dependencies (npm ci)", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, key);
} else console.error("✓ dependencies (there already)");
require("./fresh.cjs");
run("build (tsc)", bin("node"), [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"]);

const [tool, ...args] = process.argv.slice(2);
const entry = {
  start: "tools/start.js",
  test: "tools/test.js",
  lab: "../lab/dist/cli.js",
  bench: "tools/bench.js",
  sdk: "tools/sdk.js",
}[tool];
const path = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
run("", bin("node"), ["--enable-source-maps", join(root, "dist", entry), ...args], { ...process.env, PATH: path });
