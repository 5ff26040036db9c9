// What one host is asked before a change, and what stands against it, in the words of the resources themselves. Pure.
import type { Subnet } from "../../formats/docker";
import { failureIn, type ScriptFailure, type Sections } from "../../formats/sections";
import type { Datum } from "../../host/quote";
import { explainCommon } from "../../lifecycle/explain";
import type { CommonInputs } from "../../lifecycle/kind";
import { contains, overlaps, parseAddress, parseCidr } from "../../vocabulary/addresses";
import { quoted } from "../../vocabulary/errors";
import { isInterface } from "../../vocabulary/fields";
import { markOf } from "../../vocabulary/mark";
import { type InterVlanRouterInputs, interVlanRouter, tableOf } from "../inter-vlan-router/kind";
import { macvlanLink } from "../macvlan-link/kind";
import { type MacvlanNetworkInputs, macvlanNetwork } from "../macvlan-network/kind";
import { type VlanSubinterfaceInputs, vlanSubinterface } from "../vlan-subinterface/kind";
import type { Entry, HostChange, Seen } from "./kind";

const unique = (list: readonly string[]): string[] => [...new Set(list)].sort();

const LINKS: readonly string[] = [vlanSubinterface.type, macvlanLink.type];

const ofType = <I extends CommonInputs>(
  entries: readonly Entry[],
  { type }: { type: string },
): (I & { name: string })[] =>
  entries.filter(({ kind }) => kind.type === type).map(({ inputs }) => inputs as I & { name: string });

/** "type:name", as its script takes them. */
const named = (entries: readonly Entry[]): string[] =>
  entries.map(({ kind, inputs }) => `${kind.type}:${kind.localId(inputs)}`);

const links = (entries: readonly Entry[]): string[] => named(entries.filter(({ kind }) => LINKS.includes(kind.type)));

/** Tools that its scripts call. */
function toolsOf({ made, goes }: HostChange): string[] {
  const touched = [...made, ...goes];
  const has = (type: string) => touched.some(({ kind }) => kind.type === type);
  const routes = ofType<InterVlanRouterInputs>(made, interVlanRouter);
  const asked = made.map(({ inputs }) => inputs as CommonInputs & { probe?: boolean; persist?: boolean });
  return [
    ...(LINKS.some(has) || has(interVlanRouter.type) ? ["ip"] : []),
    ...(has(macvlanNetwork.type) ? ["docker"] : []),
    ...(has(interVlanRouter.type) ? ["nft"] : []),
    ...(routes.some(({ interfaces }) => interfaces.some(({ advertise, dhcp }) => advertise || dhcp))
      ? ["dnsmasq"]
      : []),
    ...(asked.some(({ probe }) => probe) ? ["perl"] : []),
    ...(asked.some(({ persist }) => persist) ? ["systemd"] : []),
  ];
}

/** What its script takes; `before` is the owner that the state had. */
export function dataOf(verb: "ask" | "look", change: HostChange, owner: string, before: string): Datum[] {
  const { made, goes, all } = change;
  const ours = links(all).map((link) => link.split(":")[1]);
  const theirs = (names: (string | undefined)[]) =>
    unique(names.filter((name) => name !== undefined).filter((name) => !ours.includes(name)));
  const routes = ofType<InterVlanRouterInputs>(made, interVlanRouter);
  return [
    verb,
    markOf(owner).family,
    markOf(before).family,
    toolsOf(change),
    theirs(made.map(({ inputs }) => (inputs as CommonInputs & { parent?: string }).parent)),
    theirs(
      routes.flatMap(({ interfaces, nat }) => [
        ...interfaces.map((entry) => entry.interface),
        ...nat.map(({ outInterface }) => outInterface),
      ]),
    ),
    links(made),
    ofType<VlanSubinterfaceInputs>(made, vlanSubinterface).map(({ name, parent, protocol, vlanId }) =>
      [name, parent, protocol, vlanId].join(" "),
    ),
    ofType(made, macvlanNetwork).map(({ name }) => name),
    routes.map((router) => {
      const { name, interfaces, nat } = router;
      return [
        tableOf(router),
        name,
        interfaces.map((entry) => entry.interface).join(" "),
        nat.map(({ outInterface }) => outInterface).join(" "),
        interfaces.flatMap((entry) => entry.addresses.map((address) => `${entry.interface} ${address}`)).join(","),
      ].join("|");
    }),
    links(goes),
    ofType(goes, macvlanNetwork).map(({ name }) => name),
    named(made.filter(({ inputs }) => inputs.adopt)),
  ];
}

/** A Docker network that is there, as the script lists it. */
interface Network {
  name: string;
  subnets: string[];
}

/** Those that hold on to their subnets: of one host, and no node's part of a Swarm's. */
const networksIn = (sections: Sections): Network[] =>
  (sections.get("networks") ?? "")
    .split("\n")
    .map((line) => line.split("|"))
    .filter(([, , scope, configOnly]) => scope === "local" && configOnly === "false")
    .map(([name = "", , , , , subnets = ""]) => ({
      name,
      subnets: subnets.split(" ").filter((text) => /\/\d+$/.test(text)),
    }));

/** Docker gives a subnet once; what only goes at the end of an update is still there when the new one is made. */
function overlapping(
  { name, subnets, configOnly, scope }: MacvlanNetworkInputs,
  { goes, all }: HostChange,
  there: Network[],
) {
  if (configOnly || scope === "swarm") return [];
  const replaced = (other: string) => all.some(({ key }) => key === `${macvlanNetwork.type} ${other}`);
  return there
    .filter((other) => other.name !== name)
    .flatMap((other) => {
      const leaves = goes.some(({ key }) => key === `${macvlanNetwork.type} ${other.name}`);
      return subnets.flatMap(({ subnet }) =>
        other.subnets
          .filter((theirs) => overlaps(parseCidr(theirs), parseCidr(subnet)))
          .map(
            (theirs) =>
              `its subnet ${subnet} overlaps ${theirs} of Docker network ${quoted(other.name)} there${
                leaves && !replaced(other.name)
                  ? ", which goes in this change, but only after all others are made: let it go in a change before, or choose another subnet"
                  : ": remove that one, or choose another subnet"
              }`,
          ),
      );
    });
}

function fits(address: string, subnets: readonly Subnet[]): boolean {
  const parsed = parseAddress(address);
  const inside = subnets.find(({ subnet }) => contains(parseCidr(subnet), parsed));
  const taken = inside && [inside.gateway, ...Object.values(inside.auxAddresses ?? {})];
  return (
    inside !== undefined && !taken?.some((text) => text !== undefined && parseAddress(text).value === parsed.value)
  );
}

/** Who is on a network, each with the addresses that its user chose for it: "web 172.16.30.70". */
export const usersOf = ({ name }: { name: string }, sections: Sections): string[] =>
  (sections.get(`users ${name}`) ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [container = "", ...chosen] = line.split(" ");
      return [container.replace(/^\//, ""), ...chosen.filter((text) => /^[0-9A-Fa-f.:]+$/.test(text))].join(" ");
    });

/** What it told of itself. */
export function seenIn(sections: Sections): Seen | undefined {
  const lines = (sections.get("seen") ?? "").split("\n").map((line) => line.split(" "));
  const told = (what: string, isOne: (value: string) => boolean): string[] =>
    lines.flatMap(([name, value = ""]) => (name === what && isOne(value) ? [value] : []));
  const [docker] = told("docker", (value) => /^[\w.+~-]+$/.test(value));
  const nics = told("nic", isInterface);
  const [way] = told("way", isInterface);
  if (nics.length === 0 && docker === undefined) return undefined;
  const foreign = lines.flatMap(([what, of = "", name]) =>
    what === "foreign" && /^(?:link|network)$/.test(of) && name !== undefined ? [`${of} ${name}`] : [],
  );
  return { ...(docker !== undefined && { docker }), nics, ...(way !== undefined && { way }), foreign };
}

/** Whose chosen address the network will not have for it any more. */
export function unfitting({ subnets }: Pick<MacvlanNetworkInputs, "subnets">, users: readonly string[]): string[] {
  return users.flatMap((user) => {
    const [container = "", ...chosen] = user.split(" ");
    return chosen
      .filter((address) => !fits(address, subnets))
      .map(
        (address) =>
          `container ${quoted(container)} was given ${address} on it, which the network will not have for it (${subnets.map(({ subnet }) => subnet).join(", ")}): remove the container, or connect it with another address`,
      );
  });
}

function explainHost(failure: ScriptFailure, inputs: CommonInputs): string {
  const {
    code,
    details: [first = "", second = ""],
  } = failure;
  if (code !== "no-room") return explainCommon(failure, inputs);
  return `${first} has no room for 4 MB${second ? ` (${second})` : ""}: free some`;
}

/** As `foreign` of what was seen has it. */
const nameTaken = ({ kind, inputs }: Entry): string =>
  `${LINKS.includes(kind.type) ? "link" : kind.type === macvlanNetwork.type ? "network" : ""} ${kind.localId(inputs)}`;

/** Those whose name somebody else has, as last read. */
export const takenIn = (seen: Seen | undefined, entries: readonly Entry[]): Entry[] =>
  entries.filter((entry) => !entry.inputs.adopt && seen?.foreign?.includes(nameTaken(entry)));

export const explainEntry = ({ kind, inputs }: Entry, why: ScriptFailure): string =>
  `${kind.describe(inputs)}: ${kind.explain(why, inputs) ?? explainCommon(why, inputs)}`;

interface Told {
  /** The key of an entry, or what else it is about. */
  about: string;
  why: ScriptFailure;
}

const toldIn = (sections: Sections): Told[] =>
  [...sections]
    .filter(([name]) => name.startsWith("no "))
    .map(([, text]) => {
      const [about = "", code = "", ...details] = text.split("\n");
      return { about, why: { code, details } };
    });

/** Everything that stands against the change on that host, one line each. */
export function noesOf(change: HostChange, sections: Sections): string[] {
  const { host, made, goes } = change;
  const common = { host, __owner: "", adopt: false };
  const failure = failureIn(sections);
  if (failure) return [explainCommon(failure, common)];
  const told = toldIn(sections).map(({ about, why }) => {
    const isMeant = ({ kind, key }: Entry) =>
      key === about || (about === "device" && kind.type === interVlanRouter.type);
    const entry = [...made, ...goes].find(isMeant);
    return entry
      ? explainEntry(entry, why)
      : explainHost(why, { ...common, ...(about.startsWith("parent ") && { parent: about.slice(7) }) });
  });
  const there = networksIn(sections);
  const judged = ofType<MacvlanNetworkInputs>(made, macvlanNetwork).flatMap((network) =>
    [...overlapping(network, change, there), ...unfitting(network, usersOf(network, sections))].map(
      (why) => `${macvlanNetwork.describe(network)}: ${why}`,
    ),
  );
  return unique([...told, ...judged]);
}
