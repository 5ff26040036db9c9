// The lab's kernel and disks: made once from their recipes, kept outside the tree, keyed by what they were made from.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { skipped, step } from "../../tools/progress";
import { asRoot } from "./root";

const recipes = join(__dirname, "..", "..", "..", "test", "lab", "image");

export const cacheFolder = (): string => {
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pulumi-macvlan");
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** Makes `file` with a recipe unless one made from the same recipe is there; older ones go. */
async function made(
  what: string,
  name: string,
  recipe: string[],
  variant: string,
  build: (file: string) => string[],
): Promise<string> {
  const hash = createHash("sha256").update(variant);
  for (const part of recipe) hash.update(readFileSync(join(recipes, part)));
  const folder = join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
  const file = join(folder, "image");
  if (existsSync(file)) {
    skipped(what);
    return file;
  }
  const work = mkdtempSync(join(cacheFolder(), `${name}.making-`));
  await step(what, async () => {
    const command = build(join(work, "image"));
    // sudo would take another PATH.
    const path = `PATH=${process.env["PATH"]}`;
    const result = await execa(...asRoot("env", [path, "sh", join(recipes, recipe[0] ?? ""), ...command]), {
      reject: false,
      all: true,
      stdin: "ignore",
    });
    if (result.exitCode !== 0) {
      await execa(...asRoot("rm", ["-rf", work]));
      throw new Error(`${what} failed:\n${String(result.all).split("\n").slice(-30).join("\n")}`);
    }
    for (const old of readdirSync(cacheFolder())) {
      if (old.startsWith(`${name}-`)) rmSync(join(cacheFolder(), old), { recursive: true, force: true });
    }
    renameSync(work, folder);
  });
  return file;
}

export const kernelImage = (): Promise<string> =>
  made(
    "the lab's kernel, compiled from Debian's linux-source (6 to 13 minutes on 2 cores)",
    "lab-kernel",
    ["kernel.sh", "kernel.config"],
    "",
    (file) => [join(recipes, "kernel.config"), file],
  );

/** A Docker daemon newer than any release's, which can be had here only from its Go modules. */
const dockerd = (): Promise<string> =>
  made(
    "dockerd 29, built from its Go modules (3 to 15 minutes, once)",
    "lab-dockerd",
    ["dockerd.sh", "dockerd/go.mod"],
    "",
    (file) => [join(recipes, "dockerd"), file],
  );

/** `docker` is the release's own, or 29's daemon in its place. */
export async function diskImage(release: string, docker: "own" | "29", kernel: string): Promise<string> {
  const daemon = docker === "29" ? [await dockerd()] : [];
  return made(
    `the disk of the lab's ${release} hosts, by debootstrap and a first boot (about 2 minutes)`,
    docker === "29" ? `lab-docker29-${release}` : `lab-disk-${release}`,
    ["rootfs.sh"],
    [release, ...daemon].join(" "),
    (file) => [release, kernel, file, ...daemon],
  );
}
