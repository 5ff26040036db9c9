// VlanSubinterface on a host: an 802.1Q or 802.1ad interface on a parent.
// Kernel: Documentation/networking/vlan.rst (net/8021q); iproute2: ip-link(8), "VLAN Type Support".
import { z } from "zod";
import { decodeAddresses, decodeLink } from "../../formats/iproute";
import { explainCommon } from "../../lifecycle/explain";
import type { Claim, CommonInputs, ResourceKind } from "../../lifecycle/kind";
import type { Refusal } from "../../vocabulary/errors";
import { flag, interfaceAddresses, interfaceName, mtu, vlanId, wholeNumber } from "../../vocabulary/fields";
import { belongsTo } from "../../vocabulary/mark";
import type { Checked } from "../../vocabulary/values";
import { lanClaim, linkDrift, linkOutputs, observedMtu } from "../shared/link";
import type { VlanSubinterfaceArguments } from "./arguments";

export type VlanSubinterfaceInputs = CommonInputs & Checked<VlanSubinterfaceArguments, "mtu">;

const priority = wholeNumber(0, 7, "a priority from 0 to 7");

/** `{skb priority: PCP}`; 0 is what an absent entry means, so it is left out. */
function qosMap(highestKey: number, what: string) {
  return z
    .record(z.string(), priority, { error: `must be a map of ${what}` })
    .superRefine((map, context) => {
      for (const key of Object.keys(map)) {
        if (!/^\d+$/.test(key) || Number(key) > highestKey) {
          context.issues.push({ code: "custom", message: `"${key}" is no key: it is a map of ${what}`, input: map });
        }
      }
    })
    .transform((map) =>
      Object.fromEntries(
        Object.entries(map)
          .map(([from, to]): [string, number] => [String(Number(from)), to])
          .filter(([, to]) => to !== 0)
          .sort(([a], [b]) => Number(a) - Number(b)),
      ),
    )
    .default({});
}

const qosWords = (map: Record<string, number>): string[] => Object.entries(map).map(([from, to]) => `${from}:${to}`);

function decodeQos(entries: unknown): Record<string, number> {
  const list = Array.isArray(entries) ? (entries as { from: number; to: number }[]) : [];
  return Object.fromEntries(
    list
      .filter(({ to }) => to !== 0)
      .sort((a, b) => a.from - b.from)
      .map(({ from, to }) => [String(from), to]),
  );
}

export const defaultName = (parent: string, vlanId: number): string => `${parent}.${vlanId}`;

export const vlanSubinterface: ResourceKind<VlanSubinterfaceInputs> = {
  type: "VlanSubinterface",
  describe: ({ name }) => `VLAN sub-interface "${name}"`,
  fields: {
    parent: interfaceName,
    vlanId,
    name: interfaceName.optional(),
    protocol: z.enum(["802.1Q", "802.1ad"], { error: 'must be "802.1Q" or "802.1ad"' }).default("802.1Q"),
    reorderHeader: flag(true),
    egressQosMap: qosMap(0xffffffff, "skb priority to VLAN priority, such as {0: 1}"),
    ingressQosMap: qosMap(7, "VLAN priority (0 to 7) to skb priority, such as {1: 0}"),
    mtu: mtu.optional(),
    addresses: interfaceAddresses.default([]),
    promiscuous: flag(false),
    persist: flag(true),
  },
  identity: ["parent", "vlanId", "name", "protocol"],
  // The kernel has one of a name, and one of an id on a parent. What stands on the old one moves over before it goes.
  beside: (olds, news) =>
    olds.name !== news.name && (["parent", "vlanId", "protocol"] as const).some((field) => olds[field] !== news[field]),
  localId: ({ name }) => name,
  byId: (name) => [{ name }],
  complete: ({ parent, vlanId, name }) => (name || !parent || !vlanId ? {} : { name: defaultName(parent, vlanId) }),
  refuse: ({ parent, name, vlanId }): Refusal[] => {
    if (!name) return [];
    const length = Buffer.byteLength(name);
    if (length > 15) {
      return [
        {
          property: "name",
          reason: `"${name}", made of parent and vlanId ${vlanId}, has ${length} bytes: the kernel allows at most 15; give a shorter name`,
        },
      ];
    }
    return name === parent ? [{ property: "name", reason: `"${name}" is the parent's own name` }] : [];
  },
  claims: ({ name, parent, vlanId, protocol, addresses }): Claim[] => {
    const holder = `VLAN sub-interface "${name}"`;
    return [
      { key: `interface ${name}`, property: "name", holder },
      { key: `vlan ${parent} ${protocol} ${vlanId}`, property: "vlanId", holder },
      lanClaim(name, "parent", holder, addresses),
    ];
  },
  script: "vlan-subinterface",
  library: ["legs"],
  data: (inputs) => [
    inputs.name,
    inputs.parent,
    inputs.protocol,
    String(inputs.vlanId),
    inputs.reorderHeader ? "on" : "off",
    qosWords(inputs.egressQosMap),
    qosWords(inputs.ingressQosMap),
    inputs.mtu === undefined ? "" : String(inputs.mtu),
    String(inputs.promiscuous),
    inputs.addresses,
  ],
  decode: (sections, inputs) => {
    const link = decodeLink(sections);
    if (link?.kind !== "vlan" || !belongsTo(inputs, link.mark)) return undefined;
    return {
      inputs: {
        parent: link.parent,
        vlanId: link.data["id"],
        protocol: link.data["protocol"],
        reorderHeader: (link.data["flags"] as string[] | undefined)?.includes("REORDER_HDR") ?? false,
        egressQosMap: decodeQos(link.data["egress_qos"]),
        ingressQosMap: decodeQos(link.data["ingress_qos"]),
        ...observedMtu(sections, link, inputs.mtu),
        addresses: decodeAddresses(sections, inputs.addresses),
        promiscuous: link.promiscuous,
      },
      outputs: linkOutputs(link),
      drift: linkDrift(link),
    };
  },
  explain: (failure, inputs) => {
    const {
      code,
      details: [first = "", second = ""],
    } = failure;
    const { parent, vlanId, mtu } = inputs;
    if (code === "has-children") {
      return `${explainCommon(failure, inputs)}; or, where it is to be replaced, give the new one another name: it is made beside this one, and they move over`;
    }
    if (code === "taken") {
      return `VLAN ${vlanId} of "${parent}" is there already as "${first}"${second ? ` (its mark says "${second}")` : ""}: the kernel allows it once; remove that one, or give this one its name and adopt: true`;
    }
    if (code === "command" && mtu !== undefined && /Numerical result out of range|Invalid argument/.test(second)) {
      return `the kernel refused MTU ${mtu}: it must not be above the one of "${parent}", and 4 below it on MACsec ("${first}": ${second})`;
    }
    return undefined;
  },
};
