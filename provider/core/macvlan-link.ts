// MacvlanLink on a host: a macvlan interface on a parent, with addresses and routes of its own.
// Kernel: drivers/net/macvlan.c; iproute2: ip-link(8), "MACVLAN and MACVTAP Type Support".
import { z } from "zod";
import { compareRoutes, decodeAddresses, decodeLink, decodeRoutes } from "../iproute/decode";
import { contains, parseAddress, parseCidr } from "./addresses";
import type { Refusal } from "./errors";
import { address, flag, interfaceAddresses, interfaceName, macAddress, mtu, subnet } from "./fields";
import { lanClaim, linkDrift, linkOutputs, naiveShim, observedMtu, shimRefusals } from "./link";
import { markOf } from "./mark";
import type { Claim, CommonInputs, ResourceKind } from "./resource";

export interface MacvlanLinkInputs extends CommonInputs {
  parent: string;
  name: string;
  kind: "macvlan";
  mode: "bridge" | "private";
  macAddress?: string;
  addresses: string[];
  routes: { to: string; via?: string }[];
  mtu?: number;
  promiscuous: boolean;
  persist: boolean;
}

export const macvlanLink: ResourceKind<MacvlanLinkInputs> = {
  type: "MacvlanLink",
  describe: ({ name }) => `macvlan link "${name}"`,
  fields: {
    parent: interfaceName,
    name: interfaceName,
    kind: z.enum(["macvlan"], { error: 'must be "macvlan": other kinds are not supported yet' }).default("macvlan"),
    mode: z
      .enum(["bridge", "private"], { error: 'must be "bridge" or "private": other modes are not supported yet' })
      .default("bridge"),
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
  localId: ({ name }) => name,
  refuse: ({ host, name, parent, addresses, routes }): Refusal[] => {
    const refusals: Refusal[] = host && addresses ? shimRefusals(host.address, addresses) : [];
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
  claims: ({ name, parent, addresses, macAddress: mac }): Claim[] => {
    const holder = `macvlan link "${name}"`;
    return [
      { key: `interface ${name}`, property: "name", holder },
      lanClaim(parent, "link", holder, addresses),
      ...(mac ? [{ key: `mac ${mac}`, property: "macAddress", holder }] : []),
    ];
  },
  script: "macvlan-link",
  data: (inputs) => [
    inputs.name,
    inputs.parent,
    inputs.kind,
    inputs.mode,
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
    const { mark } = markOf(inputs.__owner);
    if (!link || link.kind !== inputs.kind || link.alias !== mark) return undefined;
    return {
      inputs: {
        parent: link.parent,
        kind: link.kind,
        mode: link.data["mode"],
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
  explain: ({ code, details: [command = "", said = ""] }, { parent, mtu, mode }) => {
    if (code === "naive-shim") return naiveShim(command, `its parent "${parent}" (${said})`);
    if (code !== "command") return undefined;
    if (/Device or resource busy/.test(said)) {
      return `parent "${parent}" is taken in a way that macvlan can't share (a bridge port, an ipvlan or a passthru parent): choose another parent ("${command}": ${said})`;
    }
    if (mtu !== undefined && /mtu/.test(command) && /Invalid argument|Numerical result out of range/.test(said)) {
      return `the kernel refused MTU ${mtu}: it must not be above the one of "${parent}" ("${command}": ${said})`;
    }
    return /Invalid argument/.test(said)
      ? `the kernel refused mode ${mode} on "${parent}" ("${command}": ${said})`
      : undefined;
  },
};
