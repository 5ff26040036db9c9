// A topology as a picture: Mermaid text, as GitHub and many wikis draw it. https://mermaid.js.org/syntax/flowchart.html
import type { PlannedAddresses } from "./address-plan";
import { type DescribedTopology, hostsOf, planned } from "./topology";

const id = (...words: string[]): string =>
  words.join("_").replace(/[^A-Za-z0-9_]/g, (letter) => `_${letter.charCodeAt(0)}_`);
const quote = (text: string): string => `"${text.replaceAll('"', "#quot;")}"`;

export function drawTopology(topology: DescribedTopology, plan: PlannedAddresses): string {
  const { hosts, vlans, router } = topology;
  const lines = ["flowchart LR"];
  for (const [name, { vlanId, subnets }] of Object.entries(vlans)) {
    const tag = vlanId === undefined ? "untagged" : `VLAN ${vlanId}`;
    lines.push(`  ${id("vlan", name)}([${quote(`${name}: ${tag}<br>${subnets.map(planned).join("<br>")}`)}])`);
  }
  for (const host of Object.keys(hosts)) {
    lines.push(`  subgraph ${id("host", host)} [${quote(host)}]`);
    for (const [name, vlan] of Object.entries(vlans)) {
      if (!hostsOf(topology, vlan).includes(host)) continue;
      const ranges = vlan.subnets.map((subnet) => plan[planned(subnet)]?.hosts[host]?.range ?? "");
      lines.push(`    ${id("host", host, name)}[${quote(`${name}<br>${ranges.join("<br>")}`)}]`);
    }
    lines.push("  end");
  }
  for (const [name, vlan] of Object.entries(vlans)) {
    for (const host of hostsOf(topology, vlan)) lines.push(`  ${id("host", host, name)} --- ${id("vlan", name)}`);
  }
  if (router) {
    lines.push("  router{{router}}");
    for (const name of router.vlans ?? Object.keys(vlans)) {
      const gateways = (vlans[name]?.subnets ?? []).map((subnet) => plan[planned(subnet)]?.gateway ?? "");
      lines.push(`  ${id("vlan", name)} ---|${quote(gateways.join("<br>"))}| router`);
    }
  }
  return `${lines.join("\n")}\n`;
}
