// HostInterface: which of a host's interfaces is meant, told by what it is. It changes nothing on the host.
import { z } from "zod";
import { decodeLink } from "../../formats/iproute";
import type { CommonInputs, ResourceKind } from "../../lifecycle/kind";
import type { Refusal } from "../../vocabulary/errors";
import { address, macAddress, subnet } from "../../vocabulary/fields";
import { linkOutputs } from "../shared/link";
import type { HostInterfaceArguments } from "./arguments";

export type HostInterfaceInputs = CommonInputs & HostInterfaceArguments;

const WAYS = ["macAddress", "route", "subnet"] as const;

const chosen = (inputs: Partial<HostInterfaceInputs>) => WAYS.filter((way) => inputs[way] !== undefined);

const said = (inputs: HostInterfaceInputs): string =>
  inputs.macAddress !== undefined
    ? `with MAC address ${inputs.macAddress}`
    : inputs.subnet !== undefined
      ? `with an address in ${inputs.subnet}`
      : `of the route to ${inputs.route}`;

export const hostInterface: ResourceKind<HostInterfaceInputs> = {
  type: "HostInterface",
  describe: (inputs) => `the interface ${said(inputs)}`,
  fields: {
    macAddress: macAddress.optional(),
    route: z.union([z.literal("default"), address], { error: 'must be an address, or "default"' }).optional(),
    subnet: subnet.optional(),
  },
  identity: [],
  localId: (inputs) => `interface ${said(inputs)}`,
  refuse: (inputs): Refusal[] =>
    chosen(inputs).length > 1
      ? [
          {
            property: chosen(inputs)[1] ?? "",
            reason: `is one way too many to tell an interface: give one of ${WAYS.join(", ")}`,
          },
        ]
      : [],
  script: "host-interface",
  data: (inputs) => {
    const [way = "route"] = chosen(inputs);
    return [way, inputs[way] ?? "default"];
  },
  decode: (sections) => {
    const link = decodeLink(sections);
    if (!link) return undefined;
    return { inputs: {}, outputs: { name: link.name, ...linkOutputs(link) }, drift: [] };
  },
  explain: ({ code, details: [first = ""] }, inputs) => {
    const all = first.split(",").filter(Boolean).join(", ");
    if (code === "no-interface") return `there is none: its interfaces with addresses are ${all}`;
    if (code === "ambiguous") {
      const names = first.trim().split(" ").join(", ");
      return `there are several: ${names}; ${inputs.macAddress === undefined ? "tell it by its MAC address, or by its name" : "tell it by its name"}`;
    }
    return undefined;
  },
};
