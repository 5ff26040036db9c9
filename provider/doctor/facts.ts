// What a host told of itself, taken apart. Pure.
import { rowsOf, type Sections } from "../formats/sections";

/** An interface, by what the kernel shows of it. */
export interface Nic {
  name: string;
  /** As what it was made: `nic` is one of a bus, whatever drives it. */
  kind: "nic" | "wifi" | "bridge" | "bond" | "vlan" | "tun" | "virtual";
  /** It is switched on, whatever hangs on its other end. */
  up: boolean;
  /** Something answers at its other end; unknown where it is switched off. */
  carrier?: boolean;
  /** Mbit/s; where the driver knows it. */
  speed?: number;
  /** Bytes. */
  mtu: number;
  driver?: string;
  macAddress: string;
  /** The bridge or bond that it is a port of. */
  master?: { name: string; kind: "bond" | "bridge" };
  /** What stands on it, by the names that this host sees. */
  above: string[];
}

/** Something that a kernel has, or could load; what it said where it can't. */
export interface Ability {
  name: string;
  how: "loaded" | "loadable" | "built in" | undefined;
  said?: string;
}

/** A frame of another host's that came in. */
export interface Heard {
  /** Where it came in. */
  nic: string;
  from: { host: number; nic: string };
  /** 0: without a tag. */
  vlanId: number;
  /** Bytes of it, behind its head and its tag. */
  size: number;
  tagged: boolean;
}

/** What a switch says of itself (LLDP, IEEE 802.1AB). */
export interface Neighbour {
  nic: string;
  system: string;
  port: string;
  vlans: number[];
}

export interface Facts {
  user: string;
  root: boolean;
  kernel: string;
  machine: string;
  system: string;
  shell: string;
  /** `ip -V`, `nft -v`: empty where there is none, or it says nothing. */
  ip: string;
  nft: string;
  tools: Record<string, boolean>;
  systemd?: string;
  /** Who configures its network. */
  managers: string[];
  /** What it runs on, by systemd-detect-virt; `none` on bare metal. */
  virtual: string;
  abilities: Ability[];
  /** KiB that are free, by folder. */
  room: Record<string, number>;
  docker?:
    | { version: string; root: string; storage: string; swarm: boolean; firewall: string; iptables: boolean }
    | { silent: string };
  nics: Nic[];
  /** The interface that SSH came in by. */
  way?: string;
  /** From where frames were sent. */
  sent: string[];
  heard: Heard[];
  neighbours: Neighbour[];
  /** Why frames could not be sent. */
  unheard?: string;
}

/** One host that was asked: what it told, or why it could not be asked. */
export interface Examined {
  host: string;
  facts?: Facts;
  refused?: string;
}

const IFF_UP = 1;

const numberOf = (text: string | undefined): number | undefined =>
  /^\d+$/.test(text ?? "") ? Number(text) : undefined;

const words = (text: string | undefined): string[] => (text ?? "").split(" ").filter(Boolean);

function nicOf(line: string[]): Nic {
  const [
    ,
    name = "",
    kind = "virtual",
    ,
    carrier = "",
    speed,
    mtu,
    driver,
    macAddress = "",
    master,
    role,
    above,
    flags,
  ] = line;
  const mbits = numberOf(speed);
  return {
    name,
    kind: kind as Nic["kind"],
    up: (Number(flags) & IFF_UP) !== 0,
    ...(carrier !== "" && { carrier: carrier === "1" }),
    ...(mbits !== undefined && { speed: mbits }),
    mtu: numberOf(mtu) ?? 0,
    ...(driver && { driver }),
    macAddress,
    ...(master && (role === "bond" || role === "bridge") && { master: { name: master, kind: role } }),
    above: words(above),
  };
}

function dockerIn(sections: Sections): Facts["docker"] {
  const lines = rowsOf(sections, "docker");
  const told = (name: string) => lines.find(([first]) => first === name);
  const [, silent] = told("silent") ?? [];
  if (silent !== undefined) return { silent };
  const [, version, root = "", storage = "", swarm] = told("docker") ?? [];
  if (version === undefined) return undefined;
  const [, firewall = ""] = told("firewall") ?? [];
  return { version, root, storage, swarm: swarm === "active", firewall, iptables: !told("iptables") };
}

/** Of the answer of library/doctor.sh. */
export function factsIn(sections: Sections): Facts {
  const system = rowsOf(sections, "system");
  const all = (name: string) => system.filter(([first]) => first === name).map(([, ...rest]) => rest);
  const one = (name: string): string[] => all(name)[0] ?? [];
  const [user = "", uid] = one("user");
  const [kernel = "", machine = ""] = one("release");
  const [systemd] = one("systemd");
  const frames = rowsOf(sections, "frames");
  const of = (name: string) => frames.filter(([first]) => first === name).map(([, ...rest]) => rest);
  const nics = rowsOf(sections, "nics");
  const [, way] = nics.find(([first]) => first === "way") ?? [];
  const docker = dockerIn(sections);
  const known = new Set(["sends", "heard", "lldp", "unheard"]);
  const failed = of("unheard").length > 0;
  return {
    user,
    root: uid === "0",
    kernel,
    machine,
    system: one("name")[0] ?? "",
    shell: one("shell")[0] ?? "",
    ip: one("ip")[0] ?? "",
    nft: one("nft")[0] ?? "",
    tools: Object.fromEntries(all("tool").map(([name = "", there]) => [name, there === "yes"])),
    ...(systemd !== undefined && { systemd }),
    managers: all("manager").map(([name = ""]) => name),
    virtual: one("virtual")[0] ?? "",
    abilities: all("kernel").map(([name = "", how, said]) => ({
      name,
      how: (how || undefined) as Ability["how"],
      ...(said && { said }),
    })),
    room: Object.fromEntries(
      [...system, ...rowsOf(sections, "docker")]
        .filter(([first]) => first === "room")
        .flatMap(([, folder = "", free]) => {
          const kib = numberOf(free);
          return kib === undefined ? [] : [[folder, kib]];
        }),
    ),
    ...(docker && { docker }),
    nics: nics.filter(([first]) => first === "nic").map(nicOf),
    ...(way && { way }),
    sent: words(of("sends")[0]?.[0]),
    heard: of("heard").flatMap(([nic = "", host, from = "", vlanId, size, how]) => {
      const [index, id, bytes] = [numberOf(host), numberOf(vlanId), numberOf(size)];
      if (index === undefined || id === undefined || bytes === undefined) return [];
      return [{ nic, from: { host: index, nic: from }, vlanId: id, size: bytes, tagged: how === "tagged" }];
    }),
    neighbours: of("lldp").map(([nic = "", systemName = "", port = "", vlans]) => ({
      nic,
      system: systemName,
      port,
      vlans: words(vlans).map(Number),
    })),
    ...(failed && {
      unheard: frames
        .filter(([first = ""]) => !known.has(first))
        .map((line) => line.join("|"))
        .join(" "),
    }),
  };
}
