// npm run bench -- host: what an operation costs its host and the way to it, on the lab. The host itself counts (/proc/stat), and the
// way gets longer by netem: what the time grows by, in round trips, is how many of them an operation takes.
import Table from "cli-table3";
import { Lab, step } from "pulumi-macvlan-lab";
import { encodeData } from "../../provider/host/quote";
import { closeConnections, runner } from "../../provider/host/ssh/connection";
import { kinds } from "../../provider/kinds";
import { create, read, remove, update } from "../../provider/lifecycle/lifecycle";
import { inputsOn } from "./inputs";
import { median } from "./median";

const HOST = "host2";
/** Long beside what a host needs for an operation, which differs by some tens of ms from one to the next. */
const RTT = 500;
const TIMES = 5;

type Props = Record<string, unknown>;

const RESOURCES: Record<string, { inputs: Props; change: Props }> = {
  VlanSubinterface: {
    inputs: { parent: "enp0s8", vlanId: 77, addresses: ["172.30.1.2/24"] },
    change: { mtu: 1400, addresses: ["172.30.1.3/24"] },
  },
  MacvlanLink: {
    inputs: { parent: "enp0s8", name: "bench0", addresses: ["172.30.3.2/32"], routes: [{ to: "172.30.3.64/26" }] },
    change: { mode: "private", addresses: ["172.30.3.3/32"] },
  },
  MacvlanNetwork: {
    inputs: { parent: "enp0s8", name: "bench", subnets: [{ subnet: "172.30.4.0/24" }] },
    change: { labels: { changed: "yes" } },
  },
};

interface Sample {
  processes: number;
  ms: number;
}

class Bench {
  private readonly samples = new Map<string, Sample[]>();

  constructor(private readonly lab: Lab) {}

  /** The kernel's own count of all that was ever started; threads count as well. */
  private async forks(): Promise<number> {
    const { host } = this.inputs("VlanSubinterface", {});
    const script = ["while read -r word count _; do [ $word != processes ] || echo $count; done </proc/stat\n"];
    return Number((await runner.run(host as never, {}, script, encodeData([]))).stdout);
  }

  private inputs(type: string, props: Props): Props {
    const kind = kinds.find((one) => one.type === type);
    if (!kind) throw new Error(`there is no ${type}`);
    return inputsOn(this.lab, HOST, kind, type, { ...RESOURCES[type]?.inputs, ...props });
  }

  private async count<T>(what: string, work: () => Promise<T>): Promise<T> {
    const idle = await this.forks();
    const before = await this.forks();
    const started = performance.now();
    const done = await work();
    const ms = performance.now() - started;
    const processes = (await this.forks()) - before - (before - idle);
    this.samples.set(what, [...(this.samples.get(what) ?? []), { processes, ms }]);
    return done;
  }

  /** A host on which there is something of ours already: the first resource of a host makes what restores them at boot. */
  async run(): Promise<Map<string, Sample[]>> {
    const [vlan] = kinds;
    const other = await create(vlan as never, runner, this.inputs("VlanSubinterface", { vlanId: 78, addresses: [] }));
    for (const type of Object.keys(RESOURCES)) {
      const kind = kinds.find((one) => one.type === type) as never;
      for (let time = 0; time < TIMES; time += 1) {
        const made = await this.count(`create a ${type}`, () => create(kind, runner, this.inputs(type, {})));
        await this.count(`read a ${type}`, () => read(kind, runner, made.outs));
        const changed = await this.count(`update a ${type}`, () =>
          update(kind, runner, made.outs, this.inputs(type, RESOURCES[type]?.change ?? {})),
        );
        await this.count(`delete a ${type}`, () => remove(kind, runner, changed.outs));
      }
    }
    await remove(vlan as never, runner, other.outs);
    return this.samples;
  }
}

export async function host(): Promise<void> {
  const lab = new Lab("bench");
  await lab.up();
  try {
    const near = await step("operations without delay", () => new Bench(lab).run());
    await lab.exec(HOST, `tc qdisc add dev enp0s3 root netem delay ${RTT}ms`);
    const far = await step(`operations with a round trip of ${RTT} ms`, () => new Bench(lab).run());
    const table = new Table({
      head: ["operation", "processes", "ms", `ms at ${RTT} ms`, "round trips"],
      style: { head: [], border: [] },
    });
    for (const [what, samples] of near) {
      const ms = median(samples.map((sample) => sample.ms));
      const delayed = median((far.get(what) ?? []).map((sample) => sample.ms));
      const processes = median(samples.map((sample) => sample.processes));
      table.push([what, processes, ms.toFixed(0), delayed.toFixed(0), ((delayed - ms) / RTT).toFixed(1)]);
    }
    console.log(`medians of ${TIMES}, on ${HOST}\n${table}`);
  } finally {
    await closeConnections();
    await lab.down();
  }
}
