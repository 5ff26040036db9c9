// What containers feel while something is changed: pings ten times a second, from one to another on its host's network or behind it.
import assert from "node:assert/strict";
import { on } from "./hosts";

export interface Pings {
  host: string;
  /** The container that sends them. */
  from: string;
  to: string;
}

const unit = (to: string) => `pinger-${to.replaceAll(/[.:]/g, "-")}`;

/** What it gives back ends that, and finds no answer missing. */
export async function pinging(all: readonly Pings[]): Promise<() => Promise<void>> {
  for (const { host, from, to } of all)
    await on(
      host,
      `systemd-run -q --unit ${unit(to)} sh -c "exec nsenter -t $(docker inspect -f '{{.State.Pid}}' ${from}) -n ping -n -i 0.1 ${to} >/run/${unit(to)}"`,
    );
  return async () => {
    for (const { host, to } of all) {
      // It then says how many it sent: a loss that lasts leaves no gap.
      await on(host, `systemctl kill -s INT ${unit(to)}; while systemctl -q is-active ${unit(to)}; do sleep 0.1; done`);
      const text = await on(host, `cat /run/${unit(to)}; rm /run/${unit(to)}`);
      const seen = [...text.matchAll(/icmp_seq=(\d+)/g)].map(([, number]) => Number(number));
      const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1]);
      assert.ok(seen.length > 50 && sent - (seen.at(-1) ?? 0) <= 1, `${seen.length} answers of ${to} to ${sent}`);
      const gaps = seen
        .flatMap((number, index) => (index > 0 ? number - (seen[index - 1] ?? 0) - 1 : 0))
        .filter(Boolean);
      // The lab's wire itself may lose one packet; a network that is made anew takes three and more.
      assert.ok(gaps.length === 0 || (gaps.length === 1 && gaps[0] === 1), `${to} left out answers: ${gaps}`);
    }
  };
}

/** After a test that failed, too. */
export const noMorePings = (host: string): Promise<string> => on(host, "systemctl stop 'pinger-*' 2>/dev/null; true");
