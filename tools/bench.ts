// npm run bench: what this package costs, in numbers that anybody can measure again.
import { Command } from "commander";
import { messageOf } from "../provider/vocabulary/errors";
import { type FleetOptions, fleet } from "./bench/fleet";
import { host } from "./bench/host";
import { onlyDeclaredPrograms } from "./setup/programs";

const program = new Command("npm run bench --");
program
  .command("fleet", { isDefault: true })
  .description("times pulumi up and preview of a simulated fleet against resources that do nothing")
  .option("--hosts <number>", "how many hosts", "100")
  .option("--vlans <number>", "VLANs of each, with a Docker network each", "5")
  .action((options: FleetOptions) => fleet(options));
program
  .command("host")
  .description(
    "counts the processes that an operation makes on its host, and the round trips that it takes, on the lab",
  )
  .action(() => host());

onlyDeclaredPrograms()
  .then(() => program.parseAsync())
  .catch((error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  });
