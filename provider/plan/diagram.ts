// A topology as a picture: Mermaid text, as GitHub and many wikis draw it, and Graphviz's. Pure.
// https://mermaid.js.org/syntax/flowchart.html, https://graphviz.org/doc/info/lang.html
import type { PlannedAddresses } from "../kinds/address-plan/planner";
import { type DescribedTopology, hostsOf, networkOf, planned } from "./topology";

interface Node {
  id: string;
  /** One entry a line. */
  label: string[];
}

interface Graph {
  vlans: Node[];
  hosts: (Node & { networks: Node[] })[];
  router: Node | undefined;
  edges: { from: string; to: string; label?: string[] }[];
}

const id = (...words: string[]): string =>
  words.join("_").replace(/[^A-Za-z0-9_]/g, (letter) => `_${letter.charCodeAt(0)}_`);

function graphOf(topology: DescribedTopology, plan: PlannedAddresses): Graph {
  const { hosts, vlans, router } = topology;
  const all = Object.entries(vlans);
  const at = (host: string) => all.filter(([, vlan]) => hostsOf(topology, vlan).includes(host));
  const routed = all.filter(([name]) => router && (router.vlans?.includes(name) ?? true));
  return {
    vlans: all.map(([name, { vlanId, protocol, subnets }]) => ({
      id: id("vlan", name),
      label: [
        `${name}: ${vlanId === undefined ? "untagged" : `${protocol === "802.1ad" ? "802.1ad " : ""}VLAN ${vlanId}`}`,
        ...subnets.map(planned),
      ],
    })),
    hosts: Object.keys(hosts).map((host) => ({
      id: id("host", host),
      label: [host],
      networks: at(host).map(([name, { subnets, ...vlan }]) => ({
        id: id("host", host, name),
        label: [
          networkOf(name, vlan),
          ...subnets.map((subnet) => plan[planned(subnet)]?.hosts[host]?.range ?? planned(subnet)),
        ],
      })),
    })),
    router: router && { id: "router", label: ["router"] },
    edges: [
      ...all.flatMap(([name, vlan]) =>
        hostsOf(topology, vlan).map((host) => ({ from: id("host", host, name), to: id("vlan", name) })),
      ),
      ...routed.map(([name, { subnets }]) => ({
        from: id("vlan", name),
        to: "router",
        label: subnets.map((subnet) => plan[planned(subnet)]?.gateway ?? ""),
      })),
    ],
  };
}

const mermaidText = (lines: readonly string[]): string => `"${lines.join("<br>").replaceAll('"', "#quot;")}"`;

export function toMermaid(topology: DescribedTopology, plan: PlannedAddresses): string {
  const { vlans, hosts, router, edges } = graphOf(topology, plan);
  const lines = [
    "flowchart LR",
    ...vlans.map((vlan) => `  ${vlan.id}([${mermaidText(vlan.label)}])`),
    ...hosts.flatMap((host) => [
      `  subgraph ${host.id} [${mermaidText(host.label)}]`,
      ...host.networks.map((network) => `    ${network.id}[${mermaidText(network.label)}]`),
      "  end",
    ]),
    ...(router ? [`  ${router.id}{{${mermaidText(router.label)}}}`] : []),
    ...edges.map(({ from, to, label }) => `  ${from} ---${label ? `|${mermaidText(label)}|` : ""} ${to}`),
  ];
  return `${lines.join("\n")}\n`;
}

const dotText = (lines: readonly string[]): string =>
  `"${lines.map((line) => line.replaceAll("\\", "\\\\").replaceAll('"', '\\"')).join("\\n")}"`;

export function toDot(topology: DescribedTopology, plan: PlannedAddresses): string {
  const { vlans, hosts, router, edges } = graphOf(topology, plan);
  const node = ({ id, label }: Node, shape: string) => `${id} [label=${dotText(label)}, shape=${shape}];`;
  const lines = [
    "graph topology {",
    '  rankdir=LR; node [fontname="sans-serif", fontsize=11]; edge [fontname="sans-serif", fontsize=10];',
    ...vlans.map((vlan) => `  ${node(vlan, "ellipse")}`),
    ...hosts.flatMap((host) => [
      `  subgraph cluster_${host.id} {`,
      `    label=${dotText(host.label)}; fontname="sans-serif"; style=rounded;`,
      ...host.networks.map((network) => `    ${node(network, "box")}`),
      "  }",
    ]),
    ...(router ? [`  ${node(router, "hexagon")}`] : []),
    ...edges.map(({ from, to, label }) => `  ${from} -- ${to}${label ? ` [label=${dotText(label)}]` : ""};`),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
