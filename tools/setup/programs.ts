// Nothing but what is declared: from here on PATH holds the programs of Debian's essential packages and of the packages that set-up
// names, node, npm, git, Go and sudo. What calls another program fails on every machine, not only on the one that lacks it.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { installPackages, whereIs } from "pulumi-macvlan-lab";
import { PACKAGES } from "./packages";

/** The PATH that this was started with. */
export const machinePath = process.env["PATH"] ?? "";

const folder = join(__dirname, "..", "..", "path");

/** The tools that are here before set-up; Go and sudo only where they are needed. */
const GIVEN = ["npm", "npx", "git", "go", "sudo"];

const lines = async (program: string, ...args: string[]): Promise<string[]> =>
  (await execa(program, args, { stdin: "ignore" })).stdout.split("\n");

async function programsOf(packages: readonly string[]): Promise<string[]> {
  const files = await lines("dpkg-query", "--listfiles", ...packages);
  return files.filter((file) => ["/bin", "/sbin", "/usr/bin", "/usr/sbin"].includes(dirname(file)) && existsSync(file));
}

/** Installs the packages that are missing, and makes PATH hold what is declared. */
export async function onlyDeclaredPrograms(wanted = PACKAGES): Promise<void> {
  await installPackages(wanted);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the fields are dpkg-query's
  const format = "${Essential} ${db:Status-Status} ${Package}\\n";
  const installed = (await lines("dpkg-query", "--show", "--showformat", format))
    .map((line) => line.split(" "))
    .filter(([, status]) => status === "installed");
  const packages = installed
    .filter(([essential, , name = ""]) => essential === "yes" || name in PACKAGES || name === "apt")
    .map(([, , name = ""]) => name);
  const declared = new Map<string, string>();
  for (const file of await programsOf(packages)) declared.set(file.slice(dirname(file).length + 1), file);
  for (const program of [...Object.values(PACKAGES).flat(), ...GIVEN].filter((one) => !one.startsWith("/"))) {
    const file = whereIs(program);
    if (file) declared.set(program, file);
  }
  declared.set("node", process.execPath);
  link(declared);
  process.env["PATH"] = folder;
}

const PASSING = ".";

/** Others may be calling programs by this folder, a run that started this one among them: what is right stays as it is. */
function link(declared: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  const linked = new Map(readdirSync(folder).map((program) => [program, readlinkSync(join(folder, program))]));
  for (const [program, file] of declared) {
    const target = realpathSync(file);
    if (linked.get(program) === target) continue;
    const fresh = join(folder, `${PASSING}${program}.${process.pid}`);
    symlinkSync(target, fresh);
    renameSync(fresh, join(folder, program));
  }
  for (const program of linked.keys())
    if (!declared.has(program) && !program.startsWith(PASSING)) rmSync(join(folder, program));
}
