// What changes of one resource, in the field's own words. Pure.
import type { Subnet } from "../formats/docker";
import type { RouterPolicy, RouterRule } from "../formats/nftables";
import { diff } from "../lifecycle/lifecycle";
import { type Connection, hostLabel } from "../vocabulary/host";
import { canonical, isMap, isUnknown, UNKNOWN } from "../vocabulary/values";
import type { Props, Reviewed, Step } from "./stack";

export const LATER = "what is known after the update";

function valueText(value: unknown): string {
  if (isUnknown(value)) return LATER;
  if (value === undefined || value === null) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  if (!isMap(value)) return String(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? "none" : entries.map(([field, inner]) => `${field} ${valueText(inner)}`).join(" ");
}

const becomes = (what: string, old: unknown, wanted: unknown): string[] =>
  canonical(old) === canonical(wanted) ? [] : [`${what} ${valueText(old)} becomes ${valueText(wanted)}`];

/** By subnet: what is new, what goes, what of it is another. */
function subnetWords(old: readonly Subnet[], wanted: readonly Subnet[]): string[] {
  const [gone, fresh] = [
    old.filter(({ subnet }) => !wanted.some((other) => other.subnet === subnet)),
    wanted.filter(({ subnet }) => !old.some((other) => other.subnet === subnet)),
  ];
  const [one, other] = [gone[0], fresh[0]];
  if (one && other && gone.length === 1 && fresh.length === 1)
    return [`subnet ${one.subnet} becomes ${other.subnet}`, ...inside(one, other)];
  return [
    ...fresh.map(({ subnet }) => `subnet ${subnet} more`),
    ...gone.map(({ subnet }) => `subnet ${subnet} away`),
    ...old.flatMap((before) => {
      const now = wanted.find(({ subnet }) => subnet === before.subnet);
      return now ? inside(before, now).map((words) => `${before.subnet}: ${words}`) : [];
    }),
  ];
}

const inside = (old: Subnet, wanted: Subnet): string[] => [
  ...becomes("gateway", old.gateway, wanted.gateway),
  ...becomes("range", old.ipRange, wanted.ipRange),
  ...becomes("auxAddresses", old.auxAddresses, wanted.auxAddresses),
];

/** A list of which only some entries are others: those alone. */
function listWords(field: string, old: readonly unknown[], wanted: readonly unknown[]): string[] {
  const [were, are] = [old.map(canonical), wanted.map(canonical)];
  return [
    ...wanted.filter((_, index) => !were.includes(are[index] ?? "")).map((entry) => `${field} + ${valueText(entry)}`),
    ...old.filter((_, index) => !are.includes(were[index] ?? "")).map((entry) => `${field} - ${valueText(entry)}`),
  ];
}

interface Leg {
  interface: string;
  addresses: string[];
}

/** A router's legs: one that keeps its addresses has moved. */
function legWords(old: readonly Leg[], wanted: readonly Leg[]): string[] {
  const addressesOf = ({ addresses }: Leg) => [...addresses].sort().join(" ");
  const gone = old.filter((leg) => !wanted.some((other) => other.interface === leg.interface));
  const fresh = wanted.filter((leg) => !old.some((other) => other.interface === leg.interface));
  const moved = fresh.flatMap((leg) => {
    const from = gone.find((other) => addressesOf(other) === addressesOf(leg));
    return from ? [{ from, to: leg }] : [];
  });
  return [
    ...moved.map(({ from, to }) => `leg ${addressesOf(to)}: ${from.interface} becomes ${to.interface}`),
    ...fresh
      .filter((leg) => !moved.some(({ to }) => to === leg))
      .map((leg) => `leg + ${leg.interface} ${addressesOf(leg)}`),
    ...gone
      .filter((leg) => !moved.some(({ from }) => from === leg))
      .map((leg) => `leg - ${leg.interface} ${addressesOf(leg)}`),
    ...wanted.flatMap((leg) => {
      const { interface: name, addresses, ...more } = leg;
      const before = old.find((other) => other.interface === name);
      if (!before) return [];
      const { interface: _name, addresses: had, ...had_ } = before;
      return [...listWords(`${name}: address`, had, addresses), ...becomes(`${name}:`, had_, more)];
    }),
  ];
}

const ruleText = ({ from, to, protocol, ports = [], action }: RouterRule): string =>
  [
    `${from} to ${to}:`,
    ...(protocol ? [protocol] : ["everything"]),
    ...(ports.length > 0 ? [ports.join(", ")] : []),
    action,
  ].join(" ");

function policyWords(old: RouterPolicy, wanted: RouterPolicy): string[] {
  const [had, has] = [old, wanted].map(({ rules = [] }) => rules.map(ruleText));
  return [...becomes("default", old.default, wanted.default), ...listWords("rule", had ?? [], has ?? [])];
}

const placeOf = (host: unknown): string => {
  if (isUnknown(host)) return LATER;
  return isMap(host) && typeof host["address"] === "string" ? hostLabel(host as unknown as Connection) : String(host);
};

export const ANOTHER_WAY = "another way to its host";

function fieldWords(field: string, old: unknown, wanted: unknown): string[] {
  // Of a connection only which host it leads to: the rest of it is nobody's business.
  if (field === "host")
    return placeOf(old) === placeOf(wanted) ? [ANOTHER_WAY] : [`host ${placeOf(old)} becomes ${placeOf(wanted)}`];
  if (isUnknown(wanted)) return [`${field} becomes ${LATER}`];
  if (field === "vlanId") return [`VLAN ${valueText(old)} becomes ${valueText(wanted)}`];
  const lists = [old ?? [], wanted ?? []].every(Array.isArray);
  if (!lists && (field === "interfaces" || field === "subnets")) return [`${field} become others`];
  if (field === "interfaces") return legWords((old ?? []) as Leg[], (wanted ?? []) as Leg[]);
  if (field === "subnets") return subnetWords((old ?? []) as Subnet[], (wanted ?? []) as Subnet[]);
  if (field === "policy") return policyWords((old ?? {}) as RouterPolicy, (wanted ?? {}) as RouterPolicy);
  if (Array.isArray(old) && Array.isArray(wanted)) return listWords(field, old, wanted);
  return becomes(field, old, wanted);
}

/** What becomes of a resource, as a sign and in a word. */
export const STEPS: Record<Exclude<Step, "same">, { sign: string; word: string }> = {
  create: { sign: "+", word: "new" },
  update: { sign: "~", word: "changes" },
  replace: { sign: "±", word: "is made anew" },
  delete: { sign: "-", word: "goes" },
};

/** What it is, as in `Docker network "iot"`. */
export function nameOf({ kind, wanted, old, type, name }: Reviewed): string {
  const props = wanted ?? old;
  const described = kind && props ? kind.describe(props as never) : "";
  return described === "" || /"undefined"/.test(described) || described.includes(UNKNOWN)
    ? `${type} "${name}"`
    : described;
}

/** Of an update or a replacement; empty where nothing of it is another on the host. */
export function changesOf({ kind, old, wanted }: Reviewed): string[] {
  if (!kind || !old || !wanted) return [];
  const { fields } = diff(kind, old, wanted);
  // What a name is by default follows from these.
  const named = fields.some((field) => ["vlanId", "protocol", "parent"].includes(field)) && kind.complete !== undefined;
  const told = fields.filter((field) => field !== "name" || !named);
  return told.flatMap((field) => fieldWords(field, (old as Props)[field], (wanted as Props)[field]));
}
