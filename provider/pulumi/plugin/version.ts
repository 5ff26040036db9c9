// The version of this package, which is the plugin's.
import { createRequire } from "node:module";

export const { version: VERSION } = createRequire(__filename)("pulumi-macvlan/package.json") as { version: string };
