// Programs of Pulumi's that are published as Go modules alone.
import { join } from "node:path";
import { execa } from "execa";

/** One for each set of modules that goes together, with their versions pinned. */
export const modules = join(__dirname, "..", "..", "..", "tools", "setup", "pulumi-from-go");

/** `go` in one of them; gives what it prints. */
export async function go(module: "cli" | "language" | "sdks", ...args: string[]): Promise<string> {
  const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
  return (await execa("go", args, { cwd: join(modules, module), env, stdin: "ignore" })).stdout;
}

/** The folder of a published module that one of them names. */
export const moduleFolder = (module: "cli" | "language", path: string): Promise<string> =>
  go(module, "list", "-m", "-f", "{{.Dir}}", path);
