// What set-up makes once: kept outside the tree, keyed by what it was made from.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Part, skipped, step } from "./progress";

export const cacheFolder = (): string => {
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pulumi-macvlan");
  mkdirSync(folder, { recursive: true });
  return folder;
};

export interface Recipe extends Part {
  /** What its folder in the cache is called, but for the key. */
  name: string;
  /** What it is made from; all of it is in the key. */
  from: readonly (string | Buffer)[];
}

export function keptIn({ name, from }: Recipe): string {
  const hash = createHash("sha256");
  for (const part of from) hash.update(part);
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
}

export const missing = (recipes: readonly Recipe[]): Recipe[] =>
  recipes.filter((recipe) => !existsSync(keptIn(recipe)));

/** Gives the recipe's folder, which `make` fills unless it is there already; those of older recipes go. */
export async function once(recipe: Recipe, make: (folder: string) => Promise<unknown>): Promise<string> {
  const { what, name } = recipe;
  const folder = keptIn(recipe);
  if (existsSync(folder)) {
    skipped(what);
    return folder;
  }
  const work = mkdtempSync(join(cacheFolder(), `${name}.making-`));
  await step(what, async () => {
    try {
      await make(work);
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
    for (const old of readdirSync(cacheFolder()))
      if (old.startsWith(`${name}-`)) rmSync(join(cacheFolder(), old), { recursive: true, force: true });
    renameSync(work, folder);
  });
  return folder;
}
