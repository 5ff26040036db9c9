// MacvlanLink on a host: a macvlan or ipvlan interface on a parent, with addresses and routes of its own.
// Kernel: drivers/net/macvlan.c, Documentation/networking/ipvlan.rst; iproute2: ip-link(8).

import { z } from "zod";
import { compareRoutes, decodeAddresses, decodeLink, decodeRoutes } from "../../formats/iproute";
import type { Claim, CommonInputs, ResourceKind } from "../../lifecycle/kind";
import { contains, parseAddress, parseCidr } from "../../vocabulary/addresses";
import type { Refusal } from "../../vocabulary/errors";
import {
  address,
  flag,
  interfaceAddresses,
  interfaceName,
  macAddress,
  mtu,
  subnet,
  wholeNumber,
} from "../../vocabulary/fields";
import { belongsTo } from "../../vocabulary/mark";
import { completeMode, FLAGS, flagOfIpvlan, KINDS, kind, LINK_MODES, modeOf, refuseMode } from "../../vocabulary/modes";
import type { Checked } from "../../vocabulary/values";
import { lanClaim, linkDrift, linkOutputs, naiveShim, observedMtu, shimRefusals } from "../shared/link";
import { parentClaim } from "../shared/parent";
import type { MacvlanLinkArguments } from "./arguments";

export type MacvlanLinkInputs = CommonInputs &
  Checked<MacvlanLinkArguments, "flag" | "sourceMacAddresses" | "bcqueuelen" | "macAddress" | "mtu">;

const sourcesOf = (shown: unknown): string[] => (Array.isArray(shown) ? (shown as string[]) : []).toSorted();

/** Inputs that only one kind or mode has. */
function refuseOfOthers({ kind, mode, ...inputs }: Partial<MacvlanLinkInputs>): Refusal[] {
  const refusals: Refusal[] = [];
  if (mode && mode !== "source" && inputs.sourceMacAddresses) {
    refusals.push({ property: "sourceMacAddresses", reason: `is for mode "source": this link has mode "${mode}"` });
  }
  if (kind !== "ipvlan") return refusals;
  if (inputs.macAddress) {
    refusals.push({ property: "macAddress", reason: "is for macvlan: an ipvlan has its parent's MAC address" });
  }
  if (inputs.bcqueuelen !== undefined) refusals.push({ property: "bcqueuelen", reason: "is for macvlan" });
  return refusals;
}

const isPassthru = ({ mode }: Partial<MacvlanLinkInputs>): boolean => mode === "passthru";

export const macvlanLink: ResourceKind<MacvlanLinkInputs> = {
  type: "MacvlanLink",
  describe: ({ kind, name }) => `${kind} link "${name}"`,
  fields: {
    parent: interfaceName,
    name: interfaceName,
    kind,
    mode: modeOf(LINK_MODES),
    flag: flagOfIpvlan,
    sourceMacAddresses: z
      .array(macAddress, { error: "must be a list of MAC addresses" })
      .transform((list) => [...new Set(list)].sort())
      .optional(),
    bcqueuelen: wholeNumber(0, 0xffffffff, "a length of a queue: a whole number of frames").optional(),
    macAddress: macAddress.optional(),
    addresses: interfaceAddresses.default([]),
    routes: z
      .array(z.strictObject({ to: subnet, via: address.optional() }), { error: "must be a list of {to, via?}" })
      .transform((routes) => [...routes].sort(compareRoutes))
      .default([]),
    mtu: mtu.optional(),
    promiscuous: flag(false),
    persist: flag(true),
  },
  identity: ["parent", "name", "kind"],
  // The kernel: "Passthrough mode can't be set or cleared dynamically".
  remade: (olds, news) => (isPassthru(olds) === isPassthru(news) ? [] : ["mode"]),
  localId: ({ name }) => name,
  byId: (name) => KINDS.map((kind) => ({ name, kind })),
  complete: (inputs) => ({
    ...completeMode(inputs),
    ...(inputs.mode === "source" ? { sourceMacAddresses: inputs.sourceMacAddresses ?? [] } : {}),
  }),
  refuse: ({ host, name, parent, addresses, routes, ...rest }): Refusal[] => {
    const refusals: Refusal[] = host && addresses ? shimRefusals(host.address, addresses) : [];
    refusals.push(...refuseMode(rest, LINK_MODES), ...refuseOfOthers(rest));
    if (name && name === parent) refusals.push({ property: "name", reason: `"${name}" is the parent's own name` });
    routes?.forEach(({ to, via }, index) => {
      if (!via || !addresses) return;
      const reachable = addresses.some((own) => contains(parseCidr(own), parseAddress(via)));
      const routed = routes.some((other) => !other.via && contains(parseCidr(other.to), parseAddress(via)));
      if (parseAddress(via).family !== parseCidr(to).family) {
        refusals.push({ property: `routes[${index}].via`, reason: `${via} is of another IP version than ${to}` });
      } else if (!reachable && !routed && !via.startsWith("fe80:")) {
        const own = addresses.join(", ") || "none";
        refusals.push({
          property: `routes[${index}].via`,
          reason: `${via} can't be reached over this link: its addresses are ${own}`,
        });
      }
    });
    return refusals;
  },
  claims: ({ name, parent, kind, mode, flag, addresses, macAddress: mac, adopt }): Claim[] => {
    const holder = `${kind} link "${name}"`;
    return [
      { key: `interface ${name}`, property: "name", holder },
      parentClaim(parent, { kind, mode, flag }, holder),
      // As it is, if it has to be; its host refuses what is new there.
      lanClaim(parent, "link", holder, adopt ? [] : addresses),
      ...(mac ? [{ key: `mac ${mac}`, property: "macAddress", holder }] : []),
    ];
  },
  script: "macvlan-link",
  data: (inputs) => [
    inputs.name,
    inputs.parent,
    inputs.kind,
    inputs.mode,
    inputs.flag ?? "",
    inputs.sourceMacAddresses ?? [],
    inputs.bcqueuelen === undefined ? "" : String(inputs.bcqueuelen),
    inputs.macAddress ?? "",
    inputs.mtu === undefined ? "" : String(inputs.mtu),
    String(inputs.promiscuous),
    inputs.addresses,
    // Direct ones first: the kernel takes a gateway only when it can be reached by then.
    [
      ...inputs.routes.filter(({ via }) => !via).map(({ to }) => to),
      ...inputs.routes.filter(({ via }) => via).map(({ to, via }) => `${to} ${via}`),
    ],
  ],
  decode: (sections, inputs) => {
    const link = decodeLink(sections);
    if (!link || link.kind !== inputs.kind || !belongsTo(inputs, link.mark)) return undefined;
    return {
      inputs: {
        parent: link.parent,
        kind: link.kind,
        mode: link.data["mode"],
        ...(link.kind === "ipvlan" ? { flag: FLAGS.find((flag) => link.data[flag] === true) } : {}),
        ...(link.data["mode"] === "source" ? { sourceMacAddresses: sourcesOf(link.data["macaddr_data"]) } : {}),
        ...(inputs.bcqueuelen === undefined ? {} : { bcqueuelen: link.data["bcqueuelen"] }),
        ...(inputs.macAddress === undefined ? {} : { macAddress: link.macAddress }),
        ...observedMtu(sections, link, inputs.mtu),
        addresses: decodeAddresses(sections, inputs.addresses),
        routes: decodeRoutes(sections),
        promiscuous: link.promiscuous,
      },
      outputs: linkOutputs(link),
      drift: linkDrift(link),
    };
  },
  explain: ({ code, details: [command = "", said = ""] }, { parent, mtu, kind, mode }) => {
    if (code === "naive-shim") return naiveShim(command, `its parent "${parent}" (${said})`);
    if (code !== "command") return undefined;
    if (/Device or resource busy/.test(said)) {
      const other = kind === "macvlan" ? "an ipvlan's or a passthru macvlan's parent" : "a macvlan's parent";
      return `parent "${parent}" is taken in a way that ${kind} can't share (a bridge's port, ${other}): choose another parent ("${command}": ${said})`;
    }
    if (mtu !== undefined && /mtu/.test(command) && /Invalid argument|Numerical result out of range/.test(said)) {
      return `the kernel refused MTU ${mtu}: it must not be above the one of "${parent}" ("${command}": ${said})`;
    }
    if (!/Invalid argument/.test(said)) return undefined;
    const why =
      kind === "macvlan"
        ? ": is a passthru macvlan there, or is this to be one beside others? It has its parent for itself"
        : "";
    return `the kernel refused mode ${mode} on "${parent}"${why} ("${command}": ${said})`;
  },
};
