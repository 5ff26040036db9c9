// What a host has, by its own lists. Pure.
import { rowsOf, type Sections } from "../formats/sections";
import { isInterface } from "../vocabulary/fields";
import { PREFIX } from "../vocabulary/mark";

export interface Listed {
  type: "VlanSubinterface" | "MacvlanLink" | "MacvlanNetwork";
  name: string;
  /** Of networks: who is on it. */
  containers: string[];
  /** And with which addresses. */
  addresses?: Record<string, string[]>;
}

/** Named, and left out. */
export interface LeftOut {
  what: string;
  why: string;
}

/** What no resource describes: a command that shows it, and what that shows. */
export interface Rule {
  command: string;
  shows: string;
}

export interface Lists {
  listed: Listed[];
  leftOut: LeftOut[];
  rules: Rule[];
}

/** Those who make links of these kinds for themselves, by how they name them. */
const SOMEBODY: readonly [RegExp, string][] = [
  [/^(?:cni|flannel|cilium|lxc_|cali|kube|veth|weave|vxlan)/, "Kubernetes' network makes it"],
  [/^(?:virbr|vnet|macvtap)/, "libvirt makes it"],
  [/^(?:d[mi]-[0-9a-f]{12})$/, "Docker makes it, for a network without a parent"],
];

const KINDS: Record<string, Listed["type"]> = {
  vlan: "VlanSubinterface",
  macvlan: "MacvlanLink",
  ipvlan: "MacvlanLink",
};

/** Of the answer of library/scan.sh. */
export function listsIn(sections: Sections): Lists {
  const listed: Listed[] = [];
  const leftOut: LeftOut[] = [];
  const take = (entry: Listed, mark: string): void => {
    const [, who] = entry.type === "MacvlanNetwork" ? [] : (SOMEBODY.find(([names]) => names.test(entry.name)) ?? []);
    if (mark.startsWith(PREFIX))
      leftOut.push({ what: entry.name, why: `a stack has it: ${mark.slice(PREFIX.length)}` });
    else if (who) leftOut.push({ what: entry.name, why: who });
    else listed.push(entry);
  };
  for (const [name = "", kind = "", ...mark] of rowsOf(sections, "links")) {
    const type = KINDS[kind];
    if (type && isInterface(name)) take({ type, name, containers: [] }, mark.join("|"));
  }
  for (const [name = "", , scope, mark = "", users = ""] of rowsOf(sections, "networks")) {
    const on = users
      .split(" ")
      .filter(Boolean)
      .map((user) => user.split("="))
      .sort(([one = ""], [other = ""]) => (one < other ? -1 : 1));
    const entry: Listed = {
      type: "MacvlanNetwork",
      name,
      containers: on.map(([container = ""]) => container),
      addresses: Object.fromEntries(
        on.map(([container = "", addresses = ""]) => [
          container,
          addresses.split(",").flatMap((address) => address.split("/")[0] || []),
        ]),
      ),
    };
    if (scope === "swarm") leftOut.push({ what: name, why: "it is a Swarm's: describe it with scope and configFrom" });
    else take(entry, mark);
  }
  const rules = rowsOf(sections, "rules").map(([command = "", ...shows]) => ({ command, shows: shows.join("|") }));
  const order = (one: Listed, other: Listed) => one.name.localeCompare(other.name, "en", { numeric: true });
  return { listed: listed.sort(order), leftOut, rules };
}
