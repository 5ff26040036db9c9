// Finds a Pulumi CLI, or gets one: on PATH, else the official installer, else built from its published Go modules.
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { cacheFolder, type Part, skipped, step } from "pulumi-macvlan-lab";
import { messageOf } from "../../provider/vocabulary/errors";
import { go, moduleFolder } from "./go";
import { machinePath } from "./programs";

const VERSION = "3.250.0";
const PARTS = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

const has = (folder: string): boolean => PARTS.every((part) => existsSync(join(folder, part)));

const cached = (): string => join(cacheFolder(), `pulumi-${VERSION}`);
const found = (): string | undefined => [cached(), join(cached(), "bin")].find(has);

/** The CLI, where neither PATH nor the cache has one. Where it can be downloaded it takes less. */
export const missingCli = (): Part[] =>
  machinePath.split(":").some(has) || found() ? [] : [{ what: `Pulumi CLI ${VERSION}`, minutes: 5, allCores: true }];

/** The folder that holds `pulumi` and what it needs for TypeScript programs with dynamic resources. */
export async function pulumiFolder(): Promise<string> {
  const onPath = machinePath.split(":").find(has);
  if (onPath) {
    skipped(`Pulumi CLI on PATH, in ${onPath}`);
    return onPath;
  }
  const folder = found();
  if (folder) {
    skipped(`Pulumi CLI ${VERSION}`);
    return folder;
  }
  const failures: string[] = [];
  for (const [what, make] of [
    [`Pulumi CLI ${VERSION}, by its official installer`, installed],
    [`Pulumi CLI ${VERSION}, built from Go modules, since it can't be downloaded here`, built],
  ] as const) {
    const work = mkdtempSync(join(cacheFolder(), "pulumi.making-"));
    try {
      const inside = await step(what, () => make(work));
      rmSync(cached(), { recursive: true, force: true });
      renameSync(work, cached());
      return join(cached(), inside);
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      failures.push(`${what}: ${messageOf(error).split("\n").slice(0, 4).join(" ")}`);
    }
  }
  throw new Error(
    `there is no Pulumi CLI: put one on PATH (https://www.pulumi.com/docs/install/), or install Go and try again.\n${failures.join("\n")}`,
  );
}

async function installed(root: string): Promise<string> {
  const gaveUp = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("no answer in 120 s")), 120_000).unref(),
  );
  const { SemVer } = await import("semver");
  await Promise.race([PulumiCommand.install({ version: new SemVer(VERSION), root }), gaveUp]);
  if (!has(join(root, "bin"))) throw new Error("the installer left no complete CLI behind");
  return "bin";
}

async function built(root: string): Promise<string> {
  const sdk = "github.com/pulumi/pulumi/sdk/v3";
  await go(
    "cli",
    ...["build", "-gcflags=all=-N -l", "-ldflags", `-s -w -X ${sdk}/go/common/version.Version=v${VERSION}`],
    ...["-o", join(root, "pulumi"), "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
  );
  const languageHost = "pulumi-language-nodejs";
  await go("language", "build", "-o", join(root, languageHost), `${sdk}/nodejs/cmd/${languageHost}`);
  const shim = join(root, "pulumi-resource-pulumi-nodejs");
  await copyFile(join(await moduleFolder("cli", sdk), "nodejs", "dist", "pulumi-resource-pulumi-nodejs"), shim);
  await chmod(shim, 0o755);
  return ".";
}
