// The Debian packages that the lab runs on, by the command that shows whether they are there.
import { existsSync } from "node:fs";
import { execa } from "execa";
import { skipped, step } from "../../tools/progress";
import { asRoot, isRoot } from "./root";

const COMMANDS: Record<string, string> = {
  debootstrap: "debootstrap",
  mke2fs: "e2fsprogs",
  ip: "iproute2",
  socat: "socat",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  busybox: "busybox-static",
};
const FILES: Record<string, string> = { "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring" };

const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
const onPath = (command: string): boolean => folders.some((folder) => existsSync(`${folder}/${command}`));

const missing = (): string[] => [
  ...new Set([
    ...Object.entries(COMMANDS)
      .filter(([command]) => !onPath(command))
      .map(([, name]) => name),
    ...Object.entries(FILES)
      .filter(([file]) => !existsSync(file))
      .map(([, name]) => name),
  ]),
];

export async function installPackages(): Promise<void> {
  const wanted = missing();
  if (wanted.length === 0) {
    skipped("Debian packages for the lab");
    return;
  }
  const command = `apt-get update && apt-get install -y --no-install-recommends ${wanted.join(" ")}`;
  const sudo = isRoot || (await execa("sudo", ["-n", "true"], { reject: false })).exitCode === 0;
  if (!sudo) {
    throw new Error(
      `the lab needs root, and these Debian packages that are missing here: ${wanted.join(", ")}.\nRun this, then try again as root or with sudo: sudo sh -c '${command}'`,
    );
  }
  await step(`Debian packages for the lab: ${wanted.join(", ")}`, async () => {
    const run = (args: string[]) =>
      execa(...asRoot("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...args]), {
        all: true,
        stdin: "ignore",
      });
    await run(["update"]);
    await run(["install", "-y", "--no-install-recommends", ...wanted]);
  });
}
