// npm run capture:reviews: what Pulumi prints of each change, for the tests of the review. No host is asked: the state of a stack that would
// be there is made out of the preview that makes it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { step } from "pulumi-macvlan-lab";
import { UNKNOWN } from "../../provider/vocabulary/values";
import { pulumiFolder } from "../../tools/setup/pulumi-cli";
import { CHANGES, type Program } from "./changes";

const root = join(__dirname, "..", "..", "..");
const program = join(root, "test", "review", "program");
const captured = join(root, "test", "unit", "captured", "reviews");

interface State {
  urn: string;
  type: string;
  custom?: boolean;
  provider?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  [field: string]: unknown;
}

interface Preview {
  steps: { op: string; newState?: State; oldState?: State }[];
}

/** What no review reads, and what is another in every run or on every machine. */
const LEFT_OUT = ["stackTrace", "sourcePosition", "propertyDependencies", "duration", "config", "created", "modified"];

const trimmed = (value: unknown): string =>
  JSON.stringify(value, (field, inner: unknown) => (LEFT_OUT.includes(field) ? undefined : inner));

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

function stateOf({ steps }: Preview, users: Record<string, string[]>) {
  const states = steps.flatMap(({ newState }) => (newState ? [newState] : []));
  const made = states.map((state) => {
    if (!state.custom) return state;
    const more = state.type.endsWith(":MacvlanNetwork") ? { attachedContainers: users[nameOf(state.urn)] ?? [] } : {};
    const inputs = JSON.parse(JSON.stringify(state.inputs).replaceAll('"[secret]"', "{}")) as Record<string, unknown>;
    return { ...state, inputs, id: nameOf(state.urn), outputs: { ...inputs, ...more } };
  });
  const provider = states.find((state) => state.provider !== undefined)?.provider;
  const parts = provider?.split("::") ?? [];
  const first = parts && {
    urn: parts.slice(0, -1).join("::"),
    id: parts.at(-1),
    custom: true,
    type: "pulumi:providers:pulumi-nodejs",
  };
  const resources = provider ? [made[0], first, ...made.slice(1)] : made;
  return { version: 3, deployment: { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" }, resources } };
}

async function main(): Promise<void> {
  process.env["PATH"] = `${await pulumiFolder()}:${process.env["PATH"]}`;
  const work = mkdtempSync(join(tmpdir(), "pulumi-macvlan-reviews-"));
  const pulumi = async (what: Program, ...args: string[]) => {
    const env = {
      REVIEWED: JSON.stringify(what),
      PULUMI_BACKEND_URL: `file://${work}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    const all = [...args, "--stack", "prod", "--non-interactive"];
    return (await execa("pulumi", all, { cwd: program, env, stdin: "ignore", reject: false })).stdout;
  };
  try {
    for (const [name, { before, after, users = {} }] of Object.entries(CHANGES)) {
      await step(name, async () => {
        await pulumi(before, "stack", "init");
        // Until it is made, a provider's id is not known.
        const made = (await pulumi(before, "preview", "--json")).replaceAll(`::${UNKNOWN}`, "::provider");
        const state = stateOf(JSON.parse(made) as Preview, users);
        const file = join(work, "state.json");
        writeFileSync(file, JSON.stringify(state));
        await pulumi(before, "stack", "import", "--force", "--file", file);
        const folder = join(captured, name);
        mkdirSync(folder, { recursive: true });
        const preview = JSON.parse(await pulumi(after, "preview", "--json")) as unknown;
        writeFileSync(join(folder, "preview.json"), `${trimmed(preview)}\n`);
        writeFileSync(join(folder, "state.json"), `${trimmed(state)}\n`);
        await pulumi(before, "stack", "rm", "--force", "--yes", "--remove-backups");
      });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(join(program, "Pulumi.prod.yaml"), { force: true });
  }
}

main();
