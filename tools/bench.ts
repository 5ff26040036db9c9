// npm run bench: what this package costs, in numbers that anybody can measure again.
import { Command } from "commander";
import { messageOf } from "../provider/vocabulary/errors";
import { type FabricOptions, fabric } from "./bench/fabric";
import { type FleetOptions, fleet } from "./bench/fleet";
import { type GrowthOptions, growth } from "./bench/growth";
import { host } from "./bench/host";
import { onlyDeclaredPrograms } from "./setup/programs";

const program = new Command("npm run bench --");
program
  .command("fleet", { isDefault: true })
  .description("times pulumi up and preview of a simulated fleet against resources that do nothing")
  .option("--hosts <number>", "how many hosts", "100")
  .option("--vlans <number>", "VLANs of each, with a Docker network each", "5")
  .option("--answer <ms>", "in which hosts answer", "0")
  .option("--rounds <number>", "how often; medians are told", "1")
  .action((options: FleetOptions) => fleet(options));
program
  .command("host")
  .description(
    "counts the processes that an operation makes on its host, and the round trips that it takes, on the lab",
  )
  .action(() => host());
program
  .command("growth")
  .description("times VLANs with a Docker network each on one host of the lab: the last ones against the first")
  .option("--vlans <number>", "how many", "200")
  .action((options: GrowthOptions) => growth(options));

program
  .command("fabric")
  .description("times the fabric of npm start on the lab against a command per step, and against nothing")
  .option("--rtt <ms>", "the round trip to each host", "50")
  .option("--rounds <number>", "how often; medians are told", "5")
  .action((options: FabricOptions) => fabric(options));

onlyDeclaredPrograms()
  .then(() => program.parseAsync())
  .catch((error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  });
