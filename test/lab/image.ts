// The lab's kernel and disks: made once from their recipes, kept outside the tree, keyed by what they were made from.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Part, skipped, step } from "../../tools/progress";
import { asRoot } from "./root";
import { HOSTS, type LabHost } from "./topology";

const recipes = join(__dirname, "..", "..", "..", "test", "lab", "image");

export const cacheFolder = (): string => {
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pulumi-macvlan");
  mkdirSync(folder, { recursive: true });
  return folder;
};

interface Recipe extends Part {
  /** What its folder in the cache is called, but for the key. */
  name: string;
  /** The script, and what else it reads; all of it is in the key. */
  files: string[];
  /** What else it is made from. */
  variant?: string;
}

function folderOf({ name, files, variant = "" }: Recipe): string {
  const hash = createHash("sha256").update(variant);
  for (const part of files) hash.update(readFileSync(join(recipes, part)));
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
}

/** Makes it with its recipe unless one made from the same recipe is there; older ones go. */
async function made(recipe: Recipe, build: (file: string) => string[]): Promise<string> {
  const { what, name, files } = recipe;
  const folder = folderOf(recipe);
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
    const result = await execa(...asRoot("env", [path, "sh", join(recipes, files[0] ?? ""), ...command]), {
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

const KERNEL: Recipe = {
  what: "the lab's kernel, compiled from Debian's linux-source",
  minutes: 7,
  allCores: true,
  name: "lab-kernel",
  files: ["kernel.sh", "kernel.config"],
};

export const kernelImage = (): Promise<string> => made(KERNEL, (file) => [join(recipes, "kernel.config"), file]);

/** A Docker daemon newer than any release's, which can be had here only from its Go modules. */
const DOCKERD: Recipe = {
  what: "dockerd 29, built from its Go modules",
  minutes: 6,
  allCores: true,
  name: "lab-dockerd",
  files: ["dockerd.sh", "dockerd/go.mod"],
};

const diskOf = ({ release, docker }: Pick<LabHost, "release" | "docker">): Recipe => ({
  what: `the disk of the lab's ${release} hosts, by debootstrap and a first boot`,
  minutes: 1.3,
  name: docker === "29" ? `lab-docker29-${release}` : `lab-disk-${release}`,
  files: ["rootfs.sh"],
  variant: docker === "29" ? `${release} ${join(folderOf(DOCKERD), "image")}` : release,
});

/** `docker` is the release's own, or 29's daemon in its place. */
export async function diskImage(host: Pick<LabHost, "release" | "docker">, kernel: string): Promise<string> {
  const daemon = host.docker === "29" ? [await made(DOCKERD, (file) => [join(recipes, "dockerd"), file])] : [];
  return made(diskOf(host), (file) => [host.release, kernel, file, ...daemon]);
}

/** What a lab is made of that is not there yet. */
export const missingImages = (): Part[] =>
  [KERNEL, ...(HOSTS.some(({ docker }) => docker === "29") ? [DOCKERD] : []), ...HOSTS.map(diskOf)].filter(
    (recipe) => !existsSync(folderOf(recipe)),
  );
