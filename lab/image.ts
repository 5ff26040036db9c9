// The lab's kernel and disks: made once from their recipes, kept outside the tree, keyed by what they were made from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { backOff } from "exponential-backoff";
import { keptIn, missing, once, type Recipe } from "./cache";
import { log, type Part } from "./progress";
import { asRoot } from "./root";
import { HOSTS, type LabHost } from "./topology";

const recipes = join(__dirname, "..", "image");

interface Script extends Recipe {
  /** Run as root, with `build`'s words. */
  script: string;
}

/** What the scripts read is in the key, and `variant`, which is what else it is made from. */
const byScript = (part: Part, name: string, files: readonly [string, ...string[]], variant = ""): Script => ({
  ...part,
  name,
  from: [variant, ...files.map((file) => readFileSync(join(recipes, file)))],
  script: join(recipes, files[0]),
});

const imageOf = (recipe: Recipe): string => join(keptIn(recipe), "image");

/** What a script ends with (EX_TEMPFAIL) where an archive did not give what it lists: a rolling release's is not of one piece while it is renewed. */
const NOT_GIVEN = 75;

const ATTEMPTS = 5;

class NotGiven extends Error {}

async function made(recipe: Script, build: (file: string) => string[]): Promise<string> {
  await once(recipe, async (folder) => {
    // sudo would take another PATH.
    const path = `PATH=${process.env["PATH"]}`;
    const command = asRoot("env", [path, "sh", recipe.script, ...build(join(folder, "image"))]);
    const run = async () => {
      const { exitCode, all } = await execa(...command, { reject: false, all: true, stdin: "ignore" });
      if (exitCode === 0) return;
      const message = `${recipe.what} failed:\n${String(all).split("\n").slice(-30).join("\n")}`;
      throw exitCode === NOT_GIVEN ? new NotGiven(message) : new Error(message);
    };
    try {
      await backOff(run, {
        numOfAttempts: ATTEMPTS,
        startingDelay: 10_000,
        retry: (error: unknown, attempt) => {
          const again = error instanceof NotGiven && attempt < ATTEMPTS;
          if (again) log(`  once more, since an archive did not give all that it lists: ${recipe.what}`);
          return again;
        },
      });
    } catch (error) {
      await execa(...asRoot("rm", ["-rf", folder]));
      throw error;
    }
  });
  return imageOf(recipe);
}

const KERNEL = byScript(
  { what: "the lab's kernel, compiled from Debian's linux-source", minutes: 7, allCores: true },
  "lab-kernel",
  ["kernel.sh", "kernel.config"],
);

export const kernelImage = (): Promise<string> => made(KERNEL, (file) => [join(recipes, "kernel.config"), file]);

/** A Docker daemon newer than any release's, which can be had here only from its Go modules. */
const DOCKERD = byScript({ what: "dockerd 29, built from its Go modules", minutes: 6, allCores: true }, "lab-dockerd", [
  "dockerd.sh",
  "dockerd/go.mod",
]);

const diskOf = ({ release, docker }: Pick<LabHost, "release" | "docker">): Script =>
  byScript(
    { what: `the disk of the lab's ${release} hosts, by debootstrap and a first boot`, minutes: 1.3 },
    docker === "29" ? `lab-docker29-${release}` : `lab-disk-${release}`,
    ["rootfs.sh"],
    docker === "29" ? `${release} ${imageOf(DOCKERD)}` : release,
  );

/** `docker` is the release's own, or 29's daemon in its place. */
export async function diskImage(host: Pick<LabHost, "release" | "docker">, kernel: string): Promise<string> {
  const daemon = host.docker === "29" ? [await made(DOCKERD, (file) => [join(recipes, "dockerd"), file])] : [];
  return made(diskOf(host), (file) => [host.release, kernel, file, ...daemon]);
}

/** What a lab is made of that is not there yet. */
export const missingImages = (): Part[] =>
  missing([KERNEL, ...(HOSTS.some(({ docker }) => docker === "29") ? [DOCKERD] : []), ...HOSTS.map(diskOf)]);
