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
  /** Of links: systemd-networkd or NetworkManager, where they configure it. */
  holder?: string;
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

/** Those who make links for themselves, by kind and by how they name them. */
const SOMEBODY: readonly [kinds: RegExp, names: RegExp, why: string][] = [
  [
    /^(?:vxlan|bridge|macvlan|ipvlan)$/,
    /^(?:cni|flannel|cilium|lxc_|cali|kube|weave|vxlan)/,
    "Kubernetes' network makes it",
  ],
  [/^(?:bridge|tun|macvtap|macvlan)$/, /^(?:virbr|vnet|macvtap)/, "libvirt makes it"],
  [/^(?:macvlan|ipvlan)$/, /^(?:d[mi]-[0-9a-f]{12})$/, "Docker makes it, for a network without a parent"],
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
  const isStacks = (what: string, mark: string): boolean => {
    if (!mark.startsWith(PREFIX)) return false;
    leftOut.push({ what, why: `a stack has it: ${mark.slice(PREFIX.length)}` });
    return true;
  };
  for (const [name = "", kind = "", holder = "", ...mark] of rowsOf(sections, "links")) {
    const [, , who] = SOMEBODY.find(([kinds, names]) => kinds.test(kind) && names.test(name)) ?? [];
    const type = KINDS[kind];
    if (!isInterface(name) || isStacks(name, mark.join("|"))) continue;
    if (who) leftOut.push({ what: name, why: who });
    else if (type) listed.push({ type, name, containers: [], ...(holder && { holder }) });
  }
  for (const [table = "", ...mark] of rowsOf(sections, "routers")) isStacks(`router ${table}`, mark.join("|"));
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
          [...new Set(addresses.split(",").flatMap((address) => address.split("/")[0] || []))],
        ]),
      ),
    };
    if (scope === "swarm") leftOut.push({ what: name, why: "it is a Swarm's: describe it with scope and configFrom" });
    else if (!isStacks(name, mark)) listed.push(entry);
  }
  const rules = rowsOf(sections, "rules").map(([command = "", ...shows]) => ({ command, shows: shows.join("|") }));
  const order = (one: Listed, other: Listed) => one.name.localeCompare(other.name, "en", { numeric: true });
  return { listed: listed.sort(order), leftOut, rules };
}
