// Pulumi's engine, mocked: what a program makes, without a host.
import * as pulumi from "@pulumi/pulumi";
import { handlers } from "../../provider/pulumi/dynamic/handlers";

export interface Made {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

export const made: Made[] = [];

/** Mocks must stand before a module that makes resources is loaded. */
export function mock(config: Record<string, string> = {}): void {
  made.length = 0;
  pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        made.push({ type, name, inputs });
        // Its output is what check makes of it; of a mocked engine nobody calls that.
        if (type.endsWith(":AddressPlan"))
          return { id: name, state: (await handlers.check("AddressPlan", {}, inputs)).inputs };
        return {
          id: `${name}-id`,
          state: {
            ...inputs,
            name: inputs["name"] ?? `${inputs["parent"]}.${inputs["vlanId"]}`,
            networkId: "f00",
            networkDatas: [{ ipAddress: "172.16.10.10" }],
          },
        };
      },
      call: ({ inputs }) => inputs,
    },
    "project",
    "stack",
  );
  pulumi.runtime.setAllConfig(config);
}

export async function settled(type: string): Promise<Made> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = made.find((resource) => resource.type.endsWith(type));
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${type} was made; made were ${made.map((resource) => resource.type).join(", ")}`);
}
