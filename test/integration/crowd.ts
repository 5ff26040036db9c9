// node crowd.js STACK FIRST COUNT create|delete INVENTORY: a stack's many links on host1, all asked for at once.
import { readFileSync } from "node:fs";
import { closeConnections } from "../../provider/host/ssh/connection";
import { forgetClaims } from "../../provider/lifecycle/claims";
import { handlers } from "../../provider/pulumi/dynamic/handlers";

const [stack = "", first = "0", count = "0", what = "", inventory = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  const { host1 } = JSON.parse(readFileSync(inventory, "utf8")) as Record<string, { hostKey: string }>;
  const host = { ...host1, hostKey: [host1?.hostKey], commandTimeout: 300 };
  await Promise.all(
    Array.from({ length: Number(count) }, async (_, index) => {
      const name = `crowd${Number(first) + index}`;
      const wanted = { host, __owner: `tests/${stack}/${name}`, parent: "enp0s8", name };
      const { inputs, failures } = await handlers.check("MacvlanLink", {}, wanted);
      if (failures.length > 0) throw new Error(JSON.stringify(failures));
      if (what === "create") return handlers.create("MacvlanLink", inputs);
      // As a destroy, which runs no program: what a program has is not deleted under it.
      forgetClaims();
      return handlers.delete("MacvlanLink", inputs);
    }),
  );
  await closeConnections();
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
