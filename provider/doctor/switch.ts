// What switches pass between hosts, by the frames that came through. Pure.
import type { Examined, Heard } from "./facts";
import type { Finding } from "./finding";

/** A host's interface. */
export interface Port {
  host: string;
  nic: string;
}

/** Between two NICs, in one VLAN. */
export interface Passage {
  vlanId: number;
  from: Port;
  to: Port;
  /**
   * small: only frames come through that are shorter than the MTU. stripped: they come through without their tag. dropped: none does, but those
   * without a tag do. apart: none does at all.
   */
  how: "passes" | "small" | "stripped" | "dropped" | "apart";
  /** Of the longest frame that should come through: bytes behind its head and tag. */
  mtu: number;
  /** Of the longest that did, with its tag; 0 where none did. */
  longest: number;
}

interface Sender extends Port {
  index: number;
  mtu: number;
  named: boolean;
}

/**
 * Bytes of the frames that are sent, as far as an MTU lets them through, beside one as long as that and one without the length of a tag: what
 * goes through where it was forgotten somewhere (1500), or where tunnels and DSL lines take their part.
 */
export const SIZES: readonly number[] = [128, 1280, 1400, 1450, 1492, 1500];

const HOW: Record<Exclude<Passage["how"], "passes">, (passage: Passage) => [what: string, advice: string]> = {
  dropped: ({ vlanId }) => [
    "no frame with this VLAN's tag comes through, but frames without one do",
    `let VLAN ${vlanId} through, tagged, on the switch's ports to both (and on what is between them)`,
  ],
  stripped: ({ vlanId }) => [
    "frames come through without their tag",
    `make VLAN ${vlanId} tagged on the switch's ports to both: it is the untagged ("native", "access") one of one of them`,
  ],
  small: ({ mtu, longest }) => [
    `frames of ${mtu} bytes do not come through with a tag, which makes them 4 bytes longer; of ${longest} they do`,
    `let the switch's ports take ${mtu + 4} bytes (${mtu + 22} with head and checksum), or set mtu: ${longest} on what stands on the VLAN`,
  ],
  apart: () => [
    "no frame comes through, with or without a tag",
    "see to the cables, and whether these ports are of one network at all",
  ],
};

/** As library/doctor.sh takes them. */
const sizesOf = ({ mtu }: Sender): number[] => [...SIZES, mtu - 4, mtu].filter((size) => size <= mtu);

function passed(
  heard: readonly Heard[],
  vlanId: number,
  mtu: number,
  together: boolean,
): Pick<Passage, "how" | "longest"> {
  const frames = heard.filter((frame) => frame.vlanId === vlanId);
  const longest = Math.max(0, ...frames.filter(({ tagged }) => tagged).map(({ size }) => size));
  if (longest > 0) return { how: longest >= mtu ? "passes" : "small", longest };
  if (frames.length > 0) return { how: "stripped", longest };
  return { how: together ? "dropped" : "apart", longest };
}

const portOf = ({ host, nic }: Port): Port => ({ host, nic });
export const showPort = ({ host, nic }: Port): string => `${host} ${nic}`;

/** Two ports have a switch in common where frames come through, or where both were named for it. */
function passagesOf(
  hosts: readonly Examined[],
  vlans: readonly number[],
  named: readonly (readonly string[])[],
): Passage[] {
  const senders: Sender[] = hosts.flatMap(({ host, facts }, index) =>
    (facts?.sent ?? []).map((nic) => ({
      index,
      host,
      nic,
      mtu: facts?.nics.find(({ name }) => name === nic)?.mtu ?? 1500,
      named: (named[index] ?? []).includes(nic),
    })),
  );
  const heardBy = (to: Sender, from: Sender): Heard[] =>
    (hosts[to.index]?.facts?.heard ?? []).filter(
      (frame) => frame.nic === to.nic && frame.from.host === from.index && frame.from.nic === from.nic,
    );
  return vlans.flatMap((vlanId) =>
    senders.flatMap((from) =>
      senders.flatMap((to): Passage[] => {
        if (to.index === from.index) return [];
        const heard = heardBy(to, from);
        const together = heard.length > 0 || heardBy(from, to).length > 0;
        if (!together && !(from.named && to.named)) return [];
        const mtu = Math.max(...sizesOf(from).filter((size) => size <= to.mtu));
        return [{ vlanId, from: portOf(from), to: portOf(to), ...passed(heard, vlanId, mtu, together), mtu }];
      }),
    ),
  );
}

/** One port that all of them have in common is told of once, with all others. */
function tellOf(passages: readonly Passage[]): Finding[] {
  const [first] = passages;
  if (!first || first.how === "passes") return [];
  const ends = passages.map(({ from, to }) => [showPort(from), showPort(to)]);
  const common = [first.to, first.from].find((port) => ends.every((pair) => pair.includes(showPort(port))));
  const [what, advice] = HOW[first.how](first);
  if (!common) {
    const pairs = new Map(
      passages.map((passage) => [[showPort(passage.from), showPort(passage.to)].sort().join(), passage]),
    );
    return [...pairs.values()].flatMap((passage) => tellOf([passage]));
  }
  const others = [...new Set(ends.flat())].filter((port) => port !== showPort(common));
  return [
    {
      host: common.host,
      about: `VLAN ${first.vlanId}`,
      level: "wrong",
      what: `between ${common.nic} and ${others.join(", ")}: ${what}`,
      advice,
    },
  ];
}

export function judgeSwitch(
  hosts: readonly Examined[],
  vlans: readonly number[],
  named: readonly (readonly string[])[],
): { passages: Passage[]; findings: Finding[] } {
  const passages = passagesOf(hosts, vlans, named);
  const groups = Map.groupBy(passages, ({ vlanId, how }) => `${vlanId} ${how}`);
  return { passages, findings: [...groups.values()].flatMap(tellOf) };
}
