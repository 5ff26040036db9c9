// Pulumi's own parts: its stubs fit the gRPC and protobuf that come with them, and have no types.
import { createRequire } from "node:module";

// biome-ignore lint/suspicious/noExplicitAny: see above
export type Untyped = any;

/** The module beside which they are. */
export const SDK = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
export const part = createRequire(SDK);
