// The Debian packages that a lab is made with and runs on.
import { existsSync } from "node:fs";
import { execa } from "execa";
import { skipped, step } from "./progress";
import { asRoot, isRoot } from "./root";

/** By package: the programs of it that are called, by us or by debootstrap; or a file of it. */
export type Packages = Record<string, readonly string[]>;

export const PACKAGES: Packages = {
  "busybox-static": ["busybox"],
  "debian-archive-keyring": ["/usr/share/keyrings/debian-archive-keyring.gpg"],
  debootstrap: ["debootstrap"],
  e2fsprogs: ["mke2fs", "tune2fs"],
  gpgv: ["gpgv"],
  iproute2: ["ip", "bridge"],
  mawk: ["awk"],
  "openssh-client": ["ssh", "ssh-add", "ssh-agent", "ssh-keygen"],
  procps: ["pgrep"],
  socat: ["socat"],
  "util-linux": ["taskset"],
  wget: ["wget"],
  "xz-utils": ["xz"],
};

/** Where a program, or a file, is on this machine. */
export const whereIs = (program: string): string | undefined =>
  (program.startsWith("/")
    ? [program]
    : [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"].map((folder) => `${folder}/${program}`)
  ).find((file) => existsSync(file));

/** Those that are not there; a program that is there already is taken from wherever it is. */
const missingOf = (packages: Packages): string[] =>
  Object.entries(packages)
    .filter(([, parts]) => !parts.every(whereIs))
    .map(([name]) => name);

export async function installPackages(packages = PACKAGES): Promise<void> {
  const wanted = missingOf(packages);
  if (wanted.length === 0) {
    skipped("Debian packages");
    return;
  }
  const command = `apt-get update && apt-get install -y --no-install-recommends ${wanted.join(" ")}`;
  const sudo = isRoot || (await execa("sudo", ["-n", "true"], { reject: false })).exitCode === 0;
  if (!sudo) {
    throw new Error(
      `the lab needs root, and these Debian packages that are missing here: ${wanted.join(", ")}.\nRun this, then try again as root or with sudo: sudo sh -c '${command}'`,
    );
  }
  await step(`Debian packages: ${wanted.join(", ")}`, async () => {
    const run = (args: string[]) =>
      execa(...asRoot("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...args]), {
        all: true,
        stdin: "ignore",
      });
    await run(["update"]);
    await run(["install", "-y", "--no-install-recommends", ...wanted]);
  });
}
