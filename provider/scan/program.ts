// The program that describes what hosts have: text that people would write. Pure, and the same for the same hosts.
import { VERSION, versionOf } from "../pulumi/plugin/version";
import { fieldsOf, secretPart } from "../vocabulary/host";
import { isMap, printable } from "../vocabulary/values";
import type { Described, Scanned } from "./read";
import { type FoundTopology, topologyIn } from "./topology";

const WIDTH = 120;

/** So that nobody has to have an account first. */
const BACKEND = `# The stack's state: in this folder, in .pulumi. Without these lines it is where you are logged in.
backend:
  url: file://.
`;

/** No variable of a module is called so. */
const RESERVED =
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield";

const isName = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text);

/** A piece of program in the place of a value. */
class Code {
  constructor(readonly text: string) {}
}

/** In the quotes of which it has fewer itself. */
function quotedText(text: string): string {
  const double = JSON.stringify(text);
  const count = (quote: string) => text.split(quote).length - 1;
  if (count('"') <= count("'")) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Several objects of several fields are read one below the other. */
const isWide = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 1 && value.every((entry) => isMap(entry) && Object.keys(entry).length > 1);

/** A value as TypeScript has it: on one line where it fits there, after as much as stands before it. */
function literal(value: unknown, indent: string, before: number): string {
  if (value instanceof Code) return value.text;
  if (Array.isArray(value))
    return listed(
      "[",
      "]",
      value.map((entry) => ["", entry]),
      indent,
      before,
      isWide(value),
    );
  if (typeof value === "string") return quotedText(value);
  if (!isMap(value)) return JSON.stringify(value);
  return listed("{", "}", entriesOf(value), indent, before);
}

const entriesOf = (fields: Record<string, unknown>): [string, unknown][] =>
  Object.entries(fields).map(([key, value]) => [
    value instanceof Code && value.text === key ? "" : `${isName(key) ? key : quotedText(key)}: `,
    value,
  ]);

/** Of a name, with its colon: below a shorter one a text would win no room. */
const LONG_KEY = 7;

/** A text that is too long for the line of its name stands below it. */
function lineOf(key: string, value: unknown, indent: string): string {
  const text = literal(value, indent, key.length);
  const isLong =
    key.length >= LONG_KEY && typeof value === "string" && indent.length + key.length + text.length >= WIDTH;
  return isLong ? `${indent}${key.trimEnd()}\n${indent}  ${text},\n` : `${indent}${key}${text},\n`;
}

function listed(
  open: string,
  close: string,
  entries: [string, unknown][],
  indent: string,
  before: number,
  broken = false,
): string {
  if (entries.length === 0) return open + close;
  const space = open === "{" ? " " : "";
  const short = entries.map(([key, value]) => key + literal(value, "", 0)).join(", ");
  const line = `${open}${space}${short}${space}${close}`;
  if (!broken && !line.includes("\n") && indent.length + before + line.length < WIDTH) return line;
  const lines = entries.map(([key, value]) => lineOf(key, value, `${indent}  `));
  return `${open}\n${lines.join("")}${indent}${close}`;
}

/** Always over several lines, as arguments are read best. */
const argumentsOf = (fields: Record<string, unknown>): string => listed("{", "}", entriesOf(fields), "", 0, true);

const made = (type: string, label: string, fields: Record<string, unknown>): string =>
  `new ${type}(${JSON.stringify(label)}, ${argumentsOf(fields)});\n`;

/** `lan-host1.vlan_100` as a variable: lanHost1Vlan100. */
function variableOf(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const [first = "it", ...rest] = words.map((word) => word.replace(/^./, (letter) => letter.toUpperCase()));
  const name = first.replace(/^./, (letter) => letter.toLowerCase()) + rest.join("");
  return /^\d/.test(name) ? `_${name}` : name;
}

/** A host as people would call it: without its user, and with a letter first. */
const hostName = (name: string): string => name.replace(/^.*@/, "").replace(/^(?=\d)/, "host-");

/** What nobody else is called yet. */
function unique(wanted: string, taken: Set<string>, join = ""): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}${join}${count}`;
  taken.add(name);
  return name;
}

const comment = (lines: readonly string[]): string => lines.map((line) => `// ${printable(line)}\n`).join("");

/** What people would call it, after its host. */
const shortName = ({ type, name, inputs }: Described): string =>
  type === "VlanSubinterface" ? `vlan${inputs["vlanId"]}` : name;

const inFront = ["parent", "vlanId", "name"];

/** In the order in which people say it; adopt last. */
function ordered(inputs: Record<string, unknown>): Record<string, unknown> {
  const { adopt, ...rest } = inputs;
  const front = inFront.filter((field) => field in rest);
  const others = Object.keys(rest).filter((field) => !front.includes(field));
  return {
    ...Object.fromEntries([...front, ...others].map((field) => [field, rest[field]])),
    ...(adopt === true && { adopt }),
  };
}

/** Without what nobody would write: a name that follows from the rest, a map with nothing in it. */
function plain({ type, inputs }: Described): Record<string, unknown> {
  const { parent, vlanId } = inputs;
  return Object.fromEntries(
    Object.entries(inputs).filter(
      ([field, value]) =>
        !(type === "VlanSubinterface" && field === "name" && value === `${parent}.${vlanId}`) &&
        !(isMap(value) && Object.keys(value).length === 0) &&
        !field.startsWith("__"),
    ),
  );
}

/** Links stand before what stands on them. */
function inOrder(described: readonly Described[]): Described[] {
  const rank = { VlanSubinterface: 0, MacvlanLink: 1, MacvlanNetwork: 2 };
  const byRank = [...described].sort((one, other) => rank[one.type] - rank[other.type]);
  const done: Described[] = [];
  const place = (entry: Described): void => {
    if (done.includes(entry)) return;
    const below = byRank.find(({ type, name }) => type !== "MacvlanNetwork" && name === entry.inputs["parent"]);
    if (below && below !== entry) place(below);
    done.push(entry);
  };
  for (const entry of byRank) place(entry);
  return done;
}

/** The names of those that are given, however deep. */
const given = (value: unknown): string[] =>
  isMap(value)
    ? Object.entries(value).flatMap(([key, inner]) => (isMap(inner) ? given(inner) : inner === undefined ? [] : [key]))
    : [];

/** What a connection has beside its own fields nobody knows: it may be a secret. */
function hostText({ name, connection }: Scanned, variable: string): string {
  const fields = { ...fieldsOf(connection), name: connection.name ?? name };
  const secrets = [...new Set(given(secretPart(connection)))].join(", ");
  const told = `A secret is not written here (${secrets}): give it by new pulumi.Config().requireSecret("…").`;
  const start = `const ${variable} = `;
  return `${secrets ? comment([told]) : ""}${start}${literal(fields, "", start.length)};\n`;
}

/** The names that a program has given so far, and what it imports. */
class Names {
  readonly variables = new Set(RESERVED.split(" "));
  readonly resources = new Set<string>();
  readonly classes = new Set<string>();
}

/** What one has to know of it, and no field says. */
const noted = ({ drift, holder, name }: Described, where = ""): string[] => [
  ...(holder
    ? [
        `${holder} configures ${name}${where}, and goes on doing so: what is changed or deleted here is to be so in its files, too.`,
      ]
    : []),
  ...drift.map((what) => `The first \`pulumi up\` puts this right${where && ` (${name}${where})`}: ${what}.`),
];

/** What hosts have together, as one describes it, after their connections. */
function topologyPart(found: FoundTopology, hosts: ReadonlyMap<string, string>, names: Names, lan: string): string {
  const { vlans, probes, persist, places, twice } = found;
  names.classes.add("VlanTopology");
  const fields = {
    hosts: Object.fromEntries(
      Object.entries(found.hosts).map(([name, host]) => [
        name,
        { connection: new Code(hosts.get(name) ?? ""), ...host },
      ]),
    ),
    vlans,
    ...(probes.length > 0 && { probes }),
    ...(persist !== undefined && { persist }),
    adopt: true,
  };
  const on = Map.groupBy(
    places.flatMap(({ host, network }) =>
      network.containers.map((container) => ({ vlan: network.name, who: `${container} (${host.name})` })),
    ),
    ({ vlan }) => vlan,
  );
  const unplanned = Object.entries(vlans).flatMap(([name, vlan]) => (vlan["unplanned"] ? [name] : []));
  const told = [
    ...[...on].map(([vlan, users]) => `On ${vlan}: ${users.map(({ who }) => who).join(", ")}.`),
    ...twice.map(([vlan, address, who]) => `In ${vlan} ${address} is there twice: ${who.join(", ")}.`),
    ...(unplanned.length > 0
      ? [
          `Each host hands out all of ${unplanned.join(", ")}: two may give one address twice. Without \`unplanned\` each gets a range of its own, for`,
          "which its network is made anew; its containers keep their addresses, which are `reserved`.",
        ]
      : []),
    ...(probes.length > 0
      ? ["The probes are sent after every change: those of containers that are gone have to go, too."]
      : []),
    ...places.flatMap(({ host, network, subinterface }) =>
      [network, ...(subinterface ? [subinterface] : [])].flatMap((entry) => noted(entry, ` on ${host.name}`)),
    ),
  ];
  const label = unique("lan", names.resources, "-");
  return `${comment(told)}const ${lan} = ${made("VlanTopology", label, fields)}`;
}

/** A way into a map of a program. */
const within = (key: string): string => (isName(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

/** Of one host: its resources, and what they don't describe. */
function hostPart(
  scanned: Scanned,
  host: string,
  names: Names,
  topology: FoundTopology | undefined,
  lan: string,
): string[] {
  const described = inOrder(scanned.described);
  const parents = new Set(described.map(({ inputs }) => inputs["parent"]));
  const shared = topology?.places.filter((place) => place.host === scanned) ?? [];
  // What stands on one goes where it goes.
  const links = new Map(
    shared.flatMap(({ network, subinterface }): [string, string][] =>
      subinterface ? [[subinterface.name, `${lan}.networks${within(scanned.name)}${within(network.name)}.parent`]] : [],
    ),
  );
  const own = described.filter(
    (entry) => !shared.some(({ network, subinterface }) => entry === network || entry === subinterface),
  );
  const parts = own.map((entry) => {
    const label = unique(`${scanned.name}-${shortName(entry)}`, names.resources, "-");
    names.classes.add(entry.type);
    const isParent = entry.type !== "MacvlanNetwork" && parents.has(entry.name);
    const variable = isParent ? unique(variableOf(label), names.variables) : undefined;
    const below = links.get(String(entry.inputs["parent"]));
    if (variable) links.set(entry.name, `${variable}.name`);
    const fields = ordered({ ...plain(entry), ...(below && { parent: new Code(below) }) });
    const users = entry.containers.length > 0 ? [`On it: ${entry.containers.join(", ")}.`] : [];
    const text = made(entry.type, label, { host: new Code(host), ...fields });
    return `${comment([...users, ...noted(entry)])}${variable ? `const ${variable} = ` : ""}${text}`;
  });
  const [first] = scanned.rules;
  const beside = first
    ? comment([
        `What no resource of these describes${topology ? ` on ${scanned.name}` : ""} stays as it is; an InterVlanRouter would say it anew:`,
        ...scanned.rules.map(({ command, shows }) => `  ${shows}    (${command})`),
      ])
    : "";
  const left = comment(
    scanned.leftOut.map(({ what, why }) => `Left out${topology ? ` on ${scanned.name}` : ""}: ${what}: ${why}.`),
  );
  return [...parts, ...[beside + left].filter(Boolean)];
}

/** Connections first where hosts have something together, else each with what its host has. */
function partsOf(hosts: readonly Scanned[], names: Names): string[] {
  const variables = hosts.map(({ name }) => unique(variableOf(name), names.variables));
  const texts = hosts.map((scanned, index) => hostText(scanned, variables[index] ?? ""));
  const topology = topologyIn(hosts);
  const lan = topology ? unique("lan", names.variables) : "";
  const parts = hosts.map((scanned, index) => hostPart(scanned, variables[index] ?? "", names, topology, lan));
  if (!topology) return parts.flatMap((part, index) => [texts[index] ?? "", ...part]);
  // Of two of one name the first is the topology's.
  const byName = new Map(hosts.map(({ name }, index) => [name, variables[index] ?? ""] as const).reverse());
  return [...texts, topologyPart(topology, byName, names, lan), ...parts.flat()];
}

export interface ProgramFile {
  path: string;
  text: string;
}

/** A whole project, by its files. */
export function programOf(project: string, scanned: readonly Scanned[]): ProgramFile[] {
  const taken = new Set<string>();
  const hosts = scanned.map((host) => ({ ...host, name: unique(hostName(host.name), taken, "-") }));
  const names = new Names();
  const parts = partsOf(hosts, names);
  const imports = [...names.classes].sort().join(", ");
  const head = [
    `// What ${hosts.map(({ name }) => name).join(", ")} had when pulumi-macvlan scan looked. The first \`pulumi up\` takes it over as it is: nothing but a mark is`,
    "// written. After that, `adopt` may go; with `persist: true` (or without a `persist`) a link is there again after a reboot.",
    ...(imports ? [`import { ${imports} } from "pulumi-macvlan";`] : ["export {};"]),
  ].join("\n");
  return [
    { path: "index.ts", text: `${head}\n\n${parts.join("\n")}` },
    {
      path: "Pulumi.yaml",
      text: `name: ${JSON.stringify(project)}\nruntime: nodejs\ndescription: ${JSON.stringify(`The networks of ${hosts.map(({ name }) => name).join(", ")}`)}\n${BACKEND}`,
    },
    {
      path: "package.json",
      text: `${JSON.stringify(
        {
          name: project,
          private: true,
          main: "index.ts",
          engines: { node: ">=22" },
          dependencies: { "@pulumi/pulumi": versionOf("@pulumi/pulumi"), "pulumi-macvlan": VERSION },
          devDependencies: { typescript: versionOf("typescript") },
        },
        undefined,
        2,
      )}\n`,
    },
    {
      path: "tsconfig.json",
      text: `${JSON.stringify(
        {
          compilerOptions: { strict: true, target: "es2023", module: "node20", noEmit: true, skipLibCheck: true },
          files: ["index.ts"],
        },
        undefined,
        2,
      )}\n`,
    },
  ];
}
