// npm run bench -- growth: what a VLAN with a Docker network costs on a host that has many already.
import Table from "cli-table3";
import { Lab, step } from "pulumi-macvlan-lab";
import { closeConnections, runner } from "../../provider/host/ssh/connection";
import { macvlanNetwork } from "../../provider/kinds/macvlan-network/kind";
import { vlanSubinterface } from "../../provider/kinds/vlan-subinterface/kind";
import type { ResourceKind } from "../../provider/lifecycle/kind";
import { create, read } from "../../provider/lifecycle/lifecycle";
import { inputsOn } from "./inputs";
import { median } from "./median";

export interface GrowthOptions {
  vlans: string;
}

const HOST = "host2";

type Props = Record<string, unknown>;

export async function growth({ vlans }: GrowthOptions): Promise<void> {
  const lab = new Lab("bench");
  const count = Number(vlans);
  const some = Math.max(1, Math.round(count / 10));
  const seconds: Record<string, number[]> = {};
  await lab.up();
  try {
    const time = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const started = performance.now();
      const done = await work();
      seconds[what] = [...(seconds[what] ?? []), (performance.now() - started) / 1000];
      return done;
    };
    const one = async (kind: ResourceKind, name: string, props: Props): Promise<void> => {
      const inputs = inputsOn(lab, HOST, kind, name, props);
      const { outs } = await time(`create a ${kind.type}`, () => create(kind, runner, inputs));
      await time(`read a ${kind.type}`, () => read(kind, runner, outs));
    };
    await step(`${count} VLANs with a network each on ${HOST}`, async () => {
      for (let index = 0; index < count; index += 1) {
        const vlanId = 1000 + index;
        const subnet = `10.${100 + (index >> 8)}.${index & 255}.0/24`;
        await one(vlanSubinterface, `vlan${vlanId}`, { parent: "enp0s8", vlanId });
        await one(macvlanNetwork, `net${vlanId}`, {
          parent: `enp0s8.${vlanId}`,
          name: `net${vlanId}`,
          subnets: [{ subnet }],
        });
      }
    });
    const table = new Table({
      head: ["operation", `the first ${some}`, `the last ${some}`, "ratio"],
      style: { head: [], border: [] },
    });
    for (const [what, all] of Object.entries(seconds)) {
      const [first, last] = [median(all.slice(0, some)), median(all.slice(-some))];
      table.push([what, `${first.toFixed(2)} s`, `${last.toFixed(2)} s`, (last / first).toFixed(2)]);
    }
    console.log(`medians, one after the other on ${HOST}\n${table}`);
  } finally {
    await closeConnections();
    await lab.down();
  }
}
