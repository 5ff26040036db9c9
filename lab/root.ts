// Some of the lab needs root: namespaces, taps, debootstrap. As root nothing changes; else sudo, which must not ask.
export const isRoot = process.getuid?.() === 0;

export const asRoot = (command: string, args: readonly string[]): [string, string[]] =>
  isRoot ? [command, [...args]] : ["sudo", ["-n", command, ...args]];
