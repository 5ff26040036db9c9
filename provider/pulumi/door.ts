// Which of the two doors this process is: a user's program, whose resources are dynamic ones, or the plugin, which constructs components of
// its own resources.
let plugin = false;

export const isPlugin = (): boolean => plugin;

export function bePlugin(): void {
  plugin = true;
}

/** A component is called after the package that constructs it. */
export const componentToken = (type: string): string => `${plugin ? "macvlan" : "pulumi-macvlan"}:index:${type}`;
