// A diagnosis for people. Pure.
import Table from "cli-table3";
import { printable } from "../vocabulary/values";
import type { Examined, Facts, Nic } from "./facts";
import type { Diagnosis } from "./findings";
import { type Passage, showPort } from "./switch";

const PLAIN = { style: { head: [], border: [] } };

/** Hosts are believed, but write nothing to a terminal; a cell may have several lines of ours. */
const plainly = (text: string): string => text.split("\n").map(printable).join("\n");

function table(head: string[], rows: string[][]): string {
  const drawn = new Table({ head, ...PLAIN });
  drawn.push(...rows.map((row) => row.map(plainly)));
  return `${drawn.toString()}\n`;
}

const iproute2 = ({ ip }: Facts): string => /iproute2-([\w.+~-]+)/.exec(ip)?.[1] ?? "none";

function dockerOf({ docker }: Facts): string {
  if (!docker) return "none";
  if ("silent" in docker) return "does not answer";
  return [docker.version, docker.storage, docker.firewall, docker.swarm ? "swarm" : ""].filter(Boolean).join(", ");
}

/** What it can, by how: "loaded: 8021q, macvlan". */
const abilities = ({ abilities: all }: Facts): string[] =>
  [...Map.groupBy(all, ({ how }) => how ?? "not there")].map(
    ([how, some]) => `${how}: ${some.map(({ name }) => name).join(", ")}`,
  );

function rowOf({ host, facts }: Examined): string[] {
  if (!facts) return [host, "not reached", "", "", "", ""];
  return [
    host,
    `${facts.user}, ${facts.shell}`,
    [facts.system, facts.kernel, ...abilities(facts)].join("\n"),
    iproute2(facts),
    dockerOf(facts),
    facts.managers.join(", ") || "nobody known",
  ];
}

const link = ({ up, carrier }: Nic): string => (up ? (carrier === false ? "no carrier" : "up") : "down");

const nicRows = ({ host, facts }: Examined): string[][] =>
  (facts?.nics ?? [])
    .filter(({ kind }) => kind === "nic" || kind === "wifi" || kind === "bridge" || kind === "bond")
    .map((nic) => [
      host,
      `${nic.name}${nic.name === facts?.way ? " (SSH)" : ""}`,
      nic.kind,
      link(nic),
      nic.speed === undefined ? "" : `${nic.speed}`,
      `${nic.mtu}`,
      nic.driver ?? "",
      [...(nic.master ? [`in ${nic.master.name}`] : []), ...nic.above].join(", "),
    ]);

const SIGN: Record<Passage["how"], string> = {
  passes: "pass",
  small: "short ones only",
  stripped: "lose their tag",
  dropped: "dropped",
  apart: "none, tagged or not",
};

/** Ports that frames pass between, each with all that it reaches, straight or not. */
function reaches(passages: readonly Passage[]): Set<string>[] {
  const groups: Set<string>[] = [];
  for (const { from, to } of passages) {
    const both = [showPort(from), showPort(to)];
    const touched = groups.filter((group) => both.some((port) => group.has(port)));
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push(new Set([...touched.flatMap((group) => [...group]), ...both]));
  }
  return groups;
}

/** Of ports between which all is well, one line tells. */
const passageRows = (passages: readonly Passage[]): string[][] =>
  [...Map.groupBy(passages, ({ vlanId }) => vlanId)].flatMap(([vlanId, all]) =>
    reaches(all).flatMap((group) => {
      const inside = all.filter(({ from }) => group.has(showPort(from)));
      return inside.every(({ how }) => how === "passes")
        ? [[`${vlanId}`, [...group].sort().join("\n"), SIGN.passes]]
        : inside.map(row);
    }),
  );

const row = ({ vlanId, from, to, how, longest }: Passage): string[] => [
  `${vlanId}`,
  `${showPort(from)} to ${showPort(to)}`,
  how === "small" ? `${SIGN.small}: up to ${longest} bytes` : SIGN[how],
];

/** The hosts, their interfaces, what their switch passes, and what is to be done. */
export function toTable({ hosts, findings, passages }: Diagnosis): string {
  const neighbours = hosts.flatMap(({ host, facts }) =>
    (facts?.neighbours ?? []).map(({ nic, system, port, vlans }) => [host, nic, system, port, vlans.join(", ")]),
  );
  const nics = hosts.flatMap(nicRows);
  const parts = [
    table(["host", "login", "system and kernel", "iproute2", "Docker", "network by"], hosts.map(rowOf)),
    ...(nics.length > 0
      ? [table(["host", "interface", "kind", "link", "Mbit/s", "MTU", "driver", "what is on it"], nics)]
      : []),
    ...(passages.length > 0 ? [table(["VLAN", "between", "frames"], passageRows(passages))] : []),
    ...(neighbours.length > 0 ? [table(["host", "interface", "switch (LLDP)", "port", "VLANs"], neighbours)] : []),
    ...findings.map(
      ({ host, about, level, what, advice }) =>
        `${level === "wrong" ? "✗" : "!"} ${plainly(`${host}: ${about}: ${what}`)}\n    ${plainly(advice)}\n`,
    ),
    findings.length === 0 ? "Nothing stands in the way.\n" : "",
  ];
  return parts.join("");
}
