// What the tests of the plugin's examples need beside the CLI, where that comes without other languages: Pulumi's language host for Python
// and generators of SDKs; and the packages that pip would fetch.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { missing, once, type Part, type Recipe } from "pulumi-macvlan-lab";
import { go, moduleFolder, modules } from "./go";

const HOST = "pulumi-language-python";
const SDK = "github.com/pulumi/pulumi/sdk/v3";
const requirements = join(__dirname, "..", "..", "..", "examples", "s4-router-python", "requirements.txt");
/** What pip builds the SDK with, and what the SDK requires. */
const BUILD = ["setuptools", "wheel", "parver", "semver"];

const pinned = (...file: string[]): Buffer => readFileSync(join(modules, ...file));

const LANGUAGE_HOST: Recipe = {
  what: "Pulumi's language host for Python, built from Go modules",
  minutes: 0.5,
  name: "pulumi-python",
  from: [pinned("language", "go.sum")],
};

const GENERATORS: Recipe = {
  what: "Pulumi's generators of SDKs, built from Go modules",
  minutes: 2,
  allCores: true,
  name: "pulumi-sdks",
  from: [pinned("sdks", "main.go"), pinned("sdks", "go.sum")],
};

/** The packages of the Python example that come from elsewhere. */
const required = readFileSync(requirements, "utf8")
  .split("\n")
  .filter((line) => /^[a-z]/.test(line));

const WHEELS: Recipe = {
  what: "the Python example's packages",
  minutes: 0.2,
  name: "python-wheels",
  from: [...required, ...BUILD],
};

export const missingLanguages = (): Part[] => missing([LANGUAGE_HOST, GENERATORS, WHEELS]);

/** The program that writes an SDK of the schema on its standard input: LANGUAGE FOLDER. */
export const generators = async (): Promise<string> =>
  join(
    await once(GENERATORS, (folder) => go("sdks", "build", "-gcflags=all=-N -l", "-o", join(folder, "sdks"), ".")),
    "sdks",
  );

/** The folder of the language host for Python; `pulumi` is the CLI's, which is enough where it is complete. */
export async function languagesFolder(pulumi: string): Promise<string> {
  if (existsSync(join(pulumi, HOST))) return pulumi;
  await generators();
  return once(LANGUAGE_HOST, async (folder) => {
    await go("language", "build", "-o", join(folder, HOST), `${SDK}/python/cmd/${HOST}`);
    const program = join(folder, `${HOST}-exec`);
    await copyFile(join(await moduleFolder("language", SDK), "python", "cmd", `${HOST}-exec`), program);
    await chmod(program, 0o755);
  });
}

/** A folder for `pip install --no-index --find-links`. */
export const wheelFolder = (): Promise<string> =>
  once(WHEELS, async (folder) => {
    const venv = join(folder, "venv");
    await execa("python3", ["-m", "venv", venv]);
    await execa(join(venv, "bin", "pip"), ["download", "--quiet", "--dest", folder, ...required, ...BUILD]);
    rmSync(venv, { recursive: true });
  });
