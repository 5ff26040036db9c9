// Asks the twin's containers all the time, from beside its switches, for how long they give no answer.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Asked, Wire } from "pulumi-macvlan/twin";
import type { Lab } from "../lab";

/** Seconds: two answers in a row that did not come, of ten a second. */
const SILENCE = 0.25;
/** Seconds without an answer at the end, from which on one counts as lost. */
const LOST = 2.5;

export interface Silence {
  asked: Asked;
  /** In all, until it answered or was no longer asked; undefined where it never answered, not before the change either. */
  seconds: number | undefined;
  lost: boolean;
}

const keyOf = ({ switch: net, vlanId, protocol }: Wire): string => `${net} ${vlanId ?? ""} ${protocol ?? ""}`;

export class Watch {
  private readonly devices = new Map<string, string>();

  constructor(
    private readonly lab: Lab,
    private readonly folder: string,
    private readonly asked: readonly Asked[],
  ) {}

  private file = (index: number, device: string): string => join(this.folder, `${index}.${device}`);

  private wires = ({ wires }: Asked): { wire: Wire; device: string }[] =>
    wires.flatMap((wire) => {
      const device = this.devices.get(keyOf(wire));
      return device === undefined ? [] : [{ wire, device }];
    });

  /** The one who asks has an address on each wire, and takes answers wherever they come from. */
  async start(): Promise<void> {
    if (this.asked.length === 0) return;
    mkdirSync(this.folder, { recursive: true });
    const lines = ["echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter"];
    for (const wire of this.asked.flatMap(({ wires }) => wires)) {
      if (this.devices.has(keyOf(wire))) continue;
      const below = this.lab.switchOf(wire.switch);
      const device = wire.vlanId === undefined ? below : `ask${this.devices.size}`;
      this.devices.set(keyOf(wire), device);
      if (wire.vlanId !== undefined)
        lines.push(
          `ip link add link ${below} name ${device} type vlan protocol ${wire.protocol ?? "802.1Q"} id ${wire.vlanId}`,
          `ip link set ${device} up`,
        );
      lines.push(`echo 0 >/proc/sys/net/ipv4/conf/${device}/rp_filter`);
    }
    const addresses = new Set(
      this.asked.flatMap((asked) =>
        this.wires(asked).map(({ device }) => `ip addr add ${asked.by} dev ${device} nodad`),
      ),
    );
    const pings = this.asked.flatMap((asked, index) =>
      this.wires(asked).map(({ device }) => {
        const file = this.file(index, device);
        return `setsid ping -D -n -i 0.1 -I ${device} ${asked.address} >${file} 2>&1 </dev/null & echo $! >>${this.pids}`;
      }),
    );
    await this.lab.inside("sh", "-c", [...lines, ...addresses, ...pings].join("\n"));
    await sleep(2000);
  }

  private get pids(): string {
    return join(this.folder, "pids");
  }

  /** When each answered: all wires together, since it is heard on one of them. */
  private times(asked: Asked, index: number): number[] {
    return this.wires(asked)
      .flatMap(({ device }) => readFileSync(this.file(index, device), "utf8").split("\n"))
      .flatMap((line) => /^\[([\d.]+)\] \d+ bytes from/.exec(line)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other);
  }

  async stop(): Promise<Silence[]> {
    if (this.asked.length === 0) return [];
    await sleep(3000);
    const end = Date.now() / 1000;
    await this.lab.inside("sh", "-c", `kill -INT $(cat ${this.pids}); rm ${this.pids}`);
    return this.asked.map((asked, index) => {
      const times = this.times(asked, index);
      if (times.length === 0) return { asked, seconds: undefined, lost: false };
      const gaps = [...times, end].slice(1).map((time, at) => time - (times[at] ?? time));
      const seconds = gaps.reduce((sum, gap) => sum + (gap > SILENCE ? gap : 0), 0);
      return { asked, seconds, lost: (gaps.at(-1) ?? 0) > LOST };
    });
  }
}
