// The Debian packages that set-up, lab and tests run on: what isn't named here isn't called (tools/setup/programs.ts).
import { existsSync } from "node:fs";
import { execa } from "execa";
import { skipped, step } from "../../tools/progress";
import { asRoot, isRoot } from "./root";

/** By package: the programs of it that are called, by us or by debootstrap. One that is there already is taken from wherever it is. */
export const PACKAGES: Record<string, readonly string[]> = {
  "busybox-static": ["busybox"],
  debootstrap: ["debootstrap"],
  e2fsprogs: ["mke2fs", "tune2fs"],
  gpgv: ["gpgv"],
  iproute2: ["ip", "bridge"],
  mawk: ["awk"],
  "openssh-client": ["ssh", "ssh-add", "ssh-agent", "ssh-keygen"],
  procps: ["pgrep"],
  socat: ["socat"],
  wget: ["wget"],
  python3: ["python3"],
  "xz-utils": ["xz"],
};
const FILES: Record<string, string> = {
  // The tests' Chromium, which npm brings, is linked with it.
  libnss3: "/usr/lib/x86_64-linux-gnu/libnss3.so",
  "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
  // Of python3-pip-whl, which it brings along.
  "python3-venv": "/usr/share/python-wheels",
};

/** Where a program is on this machine. */
export const whereIs = (program: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"]
    .map((folder) => `${folder}/${program}`)
    .find((file) => existsSync(file));

const missing = (): string[] => [
  ...Object.entries(PACKAGES)
    .filter(([, programs]) => !programs.every(whereIs))
    .map(([name]) => name),
  ...Object.entries(FILES)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name),
];

export async function installPackages(): Promise<void> {
  const wanted = missing();
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
