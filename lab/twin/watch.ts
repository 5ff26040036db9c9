// Asks the twin's containers all the time, from a host of its own beside theirs, for how long they give no answer. (The machine's own kernel
// may know no VLANs.)
import { setTimeout as sleep } from "node:timers/promises";
import { quoteWords } from "pulumi-macvlan/lab";
import type { Asked, Wire } from "pulumi-macvlan/twin";
import type { LabHost } from "../topology";
import { LAST_ANSWERS, type Quiet, quietOf } from "./silence";

/** Seconds: two answers in a row that did not come, of ten a second. */
const SILENCE = 0.25;
const FOLDER = "/tmp/asked";

export interface Silence extends Quiet {
  asked: Asked;
}

const keyOf = ({ switch: net, vlanId, protocol }: Wire): string => `${net} ${vlanId ?? ""} ${protocol ?? ""}`;

export class Watch {
  private readonly asked: readonly Asked[];
  private readonly nics: ReadonlyMap<string, string>;
  private readonly devices = new Map<string, string>();

  constructor(asked: readonly Asked[]) {
    this.asked = asked.filter(({ wires }) => wires.length > 0);
    const switches = new Set(this.asked.flatMap(({ wires }) => wires.map((wire) => wire.switch)));
    this.nics = new Map([...switches].map((net, index) => [net, `nic${index}`]));
  }

  /** The host that asks, with an interface on each switch; none where nobody can be asked. */
  get host(): LabHost | undefined {
    if (this.asked.length === 0) return undefined;
    const nics = Object.fromEntries([...this.nics].map(([net, nic]) => [nic, net]));
    return { name: "watch", release: "trixie", docker: "own", nics: { mgmt0: "management", ...nics } };
  }

  private on = ({ wires }: Asked): string[] => wires.flatMap((wire) => this.devices.get(keyOf(wire)) ?? []);

  /** It has an address on each wire, and takes answers wherever they come from. */
  async start(run: (script: string) => Promise<string>): Promise<void> {
    if (this.asked.length === 0) return;
    const lines = [`mkdir -p ${FOLDER}; cd ${FOLDER}`, "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter"];
    const add = (...words: string[]) => lines.push(quoteWords(words));
    for (const wire of this.asked.flatMap(({ wires }) => wires)) {
      if (this.devices.has(keyOf(wire))) continue;
      const { vlanId, protocol = "802.1Q" } = wire;
      const nic = this.nics.get(wire.switch) ?? "";
      const device = vlanId === undefined ? nic : `ask${this.devices.size}`;
      this.devices.set(keyOf(wire), device);
      if (vlanId !== undefined) {
        add(
          "ip",
          "link",
          "add",
          "link",
          nic,
          "name",
          device,
          "type",
          "vlan",
          "protocol",
          protocol,
          "id",
          String(vlanId),
        );
        add("ip", "link", "set", device, "up");
      }
      lines.push(`echo 0 >/proc/sys/net/ipv4/conf/${device}/rp_filter`);
    }
    const addresses = new Set(this.asked.flatMap((asked) => this.on(asked).map((device) => `${asked.by} ${device}`)));
    for (const [address = "", device = ""] of [...addresses].map((text) => text.split(" ")))
      add("ip", "addr", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
    for (const [index, asked] of this.asked.entries()) {
      for (const device of this.on(asked)) {
        const ping = quoteWords(["setsid", "ping", "-D", "-n", "-i", "0.1", "-I", device, asked.address]);
        lines.push(`${ping} >${index}.${device} 2>&1 </dev/null & echo $! >>pids`);
      }
    }
    await run(`set -e\n${lines.join("\n")}`);
    await sleep(2000);
  }

  async stop(run: (script: string) => Promise<string>): Promise<Silence[]> {
    if (this.asked.length === 0) return [];
    await sleep(LAST_ANSWERS);
    const printed = await run(`cd ${FOLDER} && kill -INT $(cat pids) && date +end.%s.%N && rm pids
      for file in *; do sed -n "s/^\\[\\([0-9.]*\\)\\] [0-9]* bytes from.*/$file \\1/p" $file; done`);
    const end = Number(/^end\.([\d.]+)$/m.exec(printed)?.[1]);
    const answers = printed.split("\n").flatMap((line) => {
      const [, index, at] = /^(\d+)\.\S+ ([\d.]+)$/.exec(line) ?? [];
      return at === undefined ? [] : [{ index: Number(index), at: Number(at) }];
    });
    return this.asked.map((asked, index) => {
      // All wires together, since it is heard on one of them.
      const times = answers
        .flatMap((answer) => (answer.index === index ? [answer.at] : []))
        .sort((one, other) => one - other);
      return { asked, ...quietOf(times, end, SILENCE) };
    });
  }
}
