// The version of this package, which is the plugin's, and those of what it is used with.
import { createRequire } from "node:module";

interface Manifest {
  version: string;
  peerDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const manifest = createRequire(__filename)("pulumi-macvlan/package.json") as Manifest;

export const VERSION = manifest.version;

/** What a project beside this package depends on, and in which version. */
export const versionOf = (name: string): string =>
  manifest.peerDependencies[name] ?? manifest.devDependencies[name] ?? "*";
