// The topology before and after in one picture: what is added, removed or changed has a colour, a line and a sign of its own. Pure.
// https://mermaid.js.org/syntax/flowchart.html, https://graphviz.org/doc/info/lang.html
import type { Subnet } from "../formats/docker";
import { canonical } from "../vocabulary/values";
import { mermaid, shown } from "./escape";
import { type Network, networksIn, type Router, type Segment, type Side, segmentOfLeg } from "./side";

type Fate = "same" | "added" | "removed" | "changed";

interface Node {
  id: string;
  /** One entry a line. */
  label: string[];
  fate: Fate;
}

interface Edge {
  from: string;
  to: string;
  label: string[];
  fate: Fate;
}

export interface Picture {
  segments: Node[];
  hosts: { host: string; nodes: Node[] }[];
  edges: Edge[];
}

const SIGNS: Record<Fate, string> = { same: "", added: "+ ", removed: "- ", changed: "~ " };

const signed = ({ label, fate }: Pick<Node, "label" | "fate">): string[] =>
  label.map((line, index) => (index === 0 ? `${SIGNS[fate]}${line}` : line));

/** Things of both sides, by their key, each with what became of it. */
function merged<T>(before: readonly T[], after: readonly T[], key: (thing: T) => string, equal: (thing: T) => unknown) {
  const keys = [...new Set([...before, ...after].map(key))];
  return keys.map((name) => {
    const [old, wanted] = [before, after].map((side) => side.find((thing) => key(thing) === name));
    const fate: Fate =
      old && wanted
        ? canonical(equal(old)) === canonical(equal(wanted))
          ? "same"
          : "changed"
        : old
          ? "removed"
          : "added";
    return { key: name, fate, old, wanted, now: (wanted ?? old) as T };
  });
}

const becomes = (old: string | undefined, wanted: string | undefined): string =>
  old === wanted || old === undefined || wanted === undefined ? (wanted ?? old ?? "") : `${old} becomes ${wanted}`;

const tag = ({ vlanId, protocol }: Segment): string =>
  vlanId === undefined ? "untagged" : `${protocol === "802.1ad" ? "802.1ad " : ""}VLAN ${vlanId}`;

const rangesOf = (subnets: readonly Subnet[]): string =>
  subnets.map(({ subnet, ipRange }) => ipRange ?? subnet).join(", ");

interface Placed<T> {
  thing: T;
  host: string;
  segment: string[];
}

const placedNetworks = (side: Side): Placed<Network>[] =>
  networksIn(side).map(({ host, network, segment }) => ({
    thing: network,
    host,
    segment: segment ? [segment.label] : [],
  }));

interface PlacedLeg {
  host: string;
  router: string;
  segment: string;
  addresses: string;
}

const routersIn = (side: Side): Placed<Router>[] =>
  side.hosts.flatMap(({ host, routers }) => routers.map((router) => ({ thing: router, host, segment: [] })));

const legsIn = (side: Side): PlacedLeg[] =>
  routersIn(side).flatMap(({ host, thing }) =>
    thing.legs.flatMap((leg) => {
      const segment = segmentOfLeg(side, host, leg);
      return segment
        ? [
            {
              host,
              router: thing.name,
              segment: segment.label,
              addresses: leg.addresses.map((one) => one.split("/")[0]).join(", "),
            },
          ]
        : [];
    }),
  );

/** What a router is, but for the legs, which have lines of their own. */
const rulesOf = ({ thing: { policy, nat } }: Placed<Router>) => ({ policy, nat });

export function pictureOf(before: Side, after: Side): Picture {
  const ids = new Map<string, string>();
  const idOf = (...words: string[]): string => {
    const key = words.join("\n");
    if (!ids.has(key)) ids.set(key, `n${ids.size}`);
    return ids.get(key) as string;
  };
  const segments = merged(before.segments, after.segments, ({ label }) => label, tag).map(
    ({ fate, old, wanted, now }) => ({
      id: idOf("segment", now.label),
      label: [`${now.label}: ${becomes(old && tag(old), wanted && tag(wanted))}`, ...now.subnets],
      fate,
    }),
  );
  const networks = merged(
    placedNetworks(before),
    placedNetworks(after),
    ({ host, thing }) => `${host}\n${thing.name}`,
    ({ thing: { users: _users, ...network } }) => network,
  );
  const routers = merged(routersIn(before), routersIn(after), ({ host, thing }) => `${host}\n${thing.name}`, rulesOf);
  const placed = [
    ...networks.map(({ fate, now, old, wanted }) => ({
      host: now.host,
      node: {
        id: idOf("network", now.host, now.thing.name),
        label: [now.thing.name, becomes(old && rangesOf(old.thing.subnets), wanted && rangesOf(wanted.thing.subnets))],
        fate,
      },
    })),
    ...routers.map(({ fate, now }) => ({
      host: now.host,
      node: {
        id: idOf("router", now.host, now.thing.name),
        label: [now.thing.name === "router" ? "router" : `router ${now.thing.name}`],
        fate,
      },
    })),
  ];
  const hosts = [...new Set(placed.map(({ host }) => host))].sort();
  const cables = merged(
    placedNetworks(before).flatMap(({ segment, ...rest }) => segment.map((label) => ({ ...rest, label }))),
    placedNetworks(after).flatMap(({ segment, ...rest }) => segment.map((label) => ({ ...rest, label }))),
    ({ host, thing, label }) => `${host}\n${thing.name}\n${label}`,
    () => "",
  ).map(({ fate, now }) => ({
    from: idOf("network", now.host, now.thing.name),
    to: idOf("segment", now.label),
    label: [],
    fate,
  }));
  const legs = merged(
    legsIn(before),
    legsIn(after),
    ({ host, router, segment }) => `${host}\n${router}\n${segment}`,
    ({ addresses }) => addresses,
  ).map(({ fate, old, wanted, now }) => ({
    from: idOf("segment", now.segment),
    to: idOf("router", now.host, now.router),
    label: [becomes(old?.addresses, wanted?.addresses)],
    fate,
  }));
  return {
    segments,
    hosts: hosts.map((host) => ({ host, nodes: placed.filter((one) => one.host === host).map(({ node }) => node) })),
    edges: [...cables, ...legs],
  };
}

const LINES: Record<Fate, string> = { same: "---", added: "===", removed: "-.-", changed: "===" };

const COLOURS: Record<Exclude<Fate, "same">, string> = { added: "#1a7f37", removed: "#cf222e", changed: "#9a6700" };

const quotedLabel = (lines: readonly string[]): string => `"${lines.map(mermaid).join("<br>")}"`;

export function toMermaid({ segments, hosts, edges }: Picture): string {
  const classOf = ({ fate }: { fate: Fate }) => (fate === "same" ? "" : `:::${fate}`);
  const coloured = edges.flatMap(({ fate }, index) =>
    fate === "same"
      ? []
      : [`  linkStyle ${index} stroke:${COLOURS[fate]}${fate === "removed" ? ",stroke-dasharray:4" : ""}`],
  );
  return `${[
    "flowchart LR",
    ...segments.map((node) => `  ${node.id}([${quotedLabel(signed(node))}])${classOf(node)}`),
    ...hosts.flatMap(({ host, nodes }, index) => [
      `  subgraph h${index} [${quotedLabel([host])}]`,
      ...nodes.map((node) => `    ${node.id}[${quotedLabel(signed(node))}]${classOf(node)}`),
      "  end",
    ]),
    ...edges.map((edge) => {
      const label = edge.label.filter(Boolean);
      return `  ${edge.from} ${LINES[edge.fate]}${label.length > 0 ? `|${quotedLabel(label)}|` : ""} ${edge.to}`;
    }),
    ...Object.entries(COLOURS).map(
      ([fate, colour]) =>
        `  classDef ${fate} stroke:${colour},stroke-width:2px${fate === "removed" ? ",stroke-dasharray:4" : ""}`,
    ),
    ...coloured,
  ].join("\n")}\n`;
}

const dotText = (lines: readonly string[]): string =>
  `"${lines.map((line) => shown(line).replaceAll("&", "&amp;").replaceAll("\\", "\\\\").replaceAll('"', '\\"').replace(/\s+/g, " ")).join("\\n")}"`;

const dotStyle = (fate: Fate): string =>
  fate === "same" ? "" : `, color="${COLOURS[fate]}", penwidth=2, style=${fate === "removed" ? "dashed" : "solid"}`;

export function toDot({ segments, hosts, edges }: Picture): string {
  const node = (one: Node, shape: string) =>
    `${one.id} [label=${dotText(signed(one))}, shape=${shape}${dotStyle(one.fate)}];`;
  return `${[
    "graph topology {",
    '  rankdir=LR; bgcolor="transparent"; node [fontname="sans-serif", fontsize=11, margin="0.25,0.1"]; edge [fontname="sans-serif", fontsize=10];',
    ...segments.map((segment) => `  ${node(segment, "ellipse")}`),
    ...hosts.flatMap(({ host, nodes }, index) => [
      `  subgraph cluster_${index} {`,
      `    label=${dotText([host])}; fontname="sans-serif"; style=rounded;`,
      ...nodes.map((one) => `    ${node(one, "box")}`),
      "  }",
    ]),
    ...edges.map(({ from, to, label, fate }) => `  ${from} -- ${to} [label=${dotText(label)}${dotStyle(fate)}];`),
    "}",
  ].join("\n")}\n`;
}
