// From what hosts told of themselves to what will not work on them, and what to do. Pure.
import { PACKAGES } from "../lifecycle/explain";
import { quoted } from "../vocabulary/errors";
import type { Examined, Facts, Nic } from "./facts";
import type { Finding } from "./finding";
import { judgeSwitch, type Passage } from "./switch";

export interface Diagnosis {
  hosts: Examined[];
  findings: Finding[];
  /** For each VLAN, and each two NICs that frames were sent between. */
  passages: Passage[];
}

/** KiB: what is written on a host is far less, but a disk as full as that stops Docker too. */
const ROOM = 16 * 1024;

interface Trouble {
  is: (nic: Nic) => boolean;
  what: string;
  advice: (nic: Nic) => string;
  /** Of a NIC that nobody has named it is not worth a word beside the table. */
  passing?: true;
}

/** The first that is so is told. */
const NIC_TROUBLE: readonly Trouble[] = [
  {
    is: ({ kind }) => kind === "wifi",
    what: "is Wi-Fi: an access point takes frames of one MAC address per station, so macvlan gets no answers",
    advice: () => 'use driver: "ipvlan" (kind: "ipvlan" for a link), or a cable',
  },
  {
    is: ({ master }) => master?.kind === "bond",
    what: "is a port of a bond: what stands on it sees half of its frames",
    advice: ({ master }) => `use the bond as the parent: ${master?.name}`,
  },
  {
    is: ({ master }) => master?.kind === "bridge",
    what: "is a port of a bridge, which takes its frames before what stands on it",
    advice: ({ master }) => `use the bridge as the parent: ${master?.name}`,
  },
  {
    is: ({ up }) => !up,
    what: "is down",
    advice: ({ name }) => `bring it up (ip link set ${name} up), and keep it up over a reboot`,
    passing: true,
  },
  {
    is: ({ carrier }) => carrier === false,
    what: "has no carrier: nothing answers at its other end",
    advice: () => "see to its cable, and to the switch's port",
    passing: true,
  },
];

/** By systemd-detect-virt: whose switches know which MAC addresses they gave, and take no others. */
const HYPERVISORS: Record<string, { what: string; advice: string; level?: Finding["level"] }> = {
  vmware: {
    what: "VMware's switch drops MAC addresses that it did not give, as it is set up at first",
    advice: 'allow promiscuous mode and forged transmits on its port group, or use driver: "ipvlan"',
    level: "beware",
  },
  oracle: {
    what: "VirtualBox drops MAC addresses that it did not give, as it is set up at first",
    advice: 'set the adapter\'s promiscuous mode to "Allow All", or use driver: "ipvlan"',
    level: "beware",
  },
  microsoft: {
    what: "Hyper-V's switch drops MAC addresses that it did not give, as it is set up at first",
    advice: 'turn on MAC address spoofing for the adapter (on Azure: there is no such thing), or use driver: "ipvlan"',
    level: "beware",
  },
  amazon: {
    what: "Amazon's network takes no MAC address that it did not give, and no VLAN tags",
    advice: 'use driver: "ipvlan", with addresses that the instance was given',
  },
  google: {
    what: "Google's network takes no MAC address that it did not give, and no VLAN tags of its guests",
    advice: 'use driver: "ipvlan", with addresses that the instance was given',
  },
};

/** What carries nobody's containers by itself. */
const isPort = ({ kind }: Nic): boolean => kind === "nic" || kind === "wifi";

const NEEDED: Record<string, string> = {
  "8021q": "VLAN sub-interfaces",
  macvlan: "macvlan links and Docker networks",
  ipvlan: "ipvlan links and Docker networks",
  nf_tables: "routers",
};

const TOOLS: Record<string, string> = {
  perl: "`probe: true`, probes of UDP, and the switch's examination",
  nsenter: "probes, and containers whose network is made anew",
  tc: "a router whose VLAN gets another id",
  dnsmasq: "a router's dhcp and advertise",
  ping: "probes",
};

type Tell = (about: string, level: Finding["level"], what: string, advice: string) => void;

function judgeSystem(facts: Facts, tell: Tell): void {
  if (!facts.root) {
    tell(
      "rights",
      "wrong",
      `${quoted(facts.user)} is not root there`,
      "connect as root, or set sudo: true (or sudo: {password}) on the host's connection",
    );
    return;
  }
  if (!/iproute2/.test(facts.ip)) tell("iproute2", "wrong", `it has no ${PACKAGES["ip"]}`, "install it there");
  if (!facts.nft) tell("nftables", "beware", "it has no nft, which a router takes", "install nftables there");
  for (const [tool, what] of Object.entries(TOOLS))
    if (facts.tools[tool] === false)
      tell(tool, "beware", `it has no ${tool}, which ${what} take`, `install ${PACKAGES[tool] ?? tool} there`);
  if (facts.systemd === undefined)
    tell(
      "systemd",
      "wrong",
      "it has no systemd to make it all again at boot",
      "set persist: false to have things until the next reboot only",
    );
  for (const { name, how, said } of facts.abilities)
    if (how === undefined)
      tell(
        name,
        name === "nf_tables" || name === "ipvlan" ? "beware" : "wrong",
        `its kernel has no ${name}${said ? ` (${said})` : ""}, which ${NEEDED[name]} take`,
        `install a kernel, or a package of kernel modules, that has it (kernel ${facts.kernel})`,
      );
  for (const [folder, free] of Object.entries(facts.room))
    if (free < ROOM)
      tell(
        folder === (facts.docker && "root" in facts.docker ? facts.docker.root : "") ? "Docker's disk" : folder,
        "wrong",
        `${folder} has ${Math.round(free / 1024)} MB left`,
        "free some",
      );
}

function judgeDocker({ docker, nft }: Facts, tell: Tell): void {
  if (docker === undefined) {
    tell(
      "Docker",
      "beware",
      "it has no Docker, or nobody finds its command",
      "install Docker there, unless it is to be a router alone",
    );
  } else if ("silent" in docker) {
    tell(
      "Docker",
      "wrong",
      `its daemon does not answer: ${docker.silent}`,
      "start it (systemctl start docker), and see why it had stopped",
    );
  } else if (!docker.iptables && nft) {
    tell(
      "Docker",
      "beware",
      'its daemon.json says "iptables": false',
      "what bridge networks publish is then nobody's business but yours; VLANs are not concerned",
    );
  }
}

function judgeNics({ nics, virtual }: Facts, asked: readonly string[], tell: Tell): void {
  for (const name of asked)
    if (!nics.some((nic) => nic.name === name))
      tell(name, "wrong", "does not exist there", `its interfaces are ${nics.map((nic) => nic.name).join(", ")}`);
  for (const nic of nics) {
    const named = asked.includes(nic.name);
    const trouble = NIC_TROUBLE.find(({ is }) => is(nic));
    if (!trouble || !(named || (isPort(nic) && !trouble.passing))) continue;
    tell(nic.name, named ? "wrong" : "beware", trouble.what, trouble.advice(nic));
  }
  const cloud = HYPERVISORS[virtual];
  if (cloud) tell("hypervisor", cloud.level ?? "wrong", cloud.what, cloud.advice);
}

/** Hosts as they were asked for, with the NICs that somebody has named for them. */
export function diagnosisOf(
  hosts: Examined[],
  vlans: readonly number[],
  named: readonly (readonly string[])[],
): Diagnosis {
  const findings: Finding[] = [];
  for (const [index, { host, facts, refused }] of hosts.entries()) {
    const tell: Tell = (about, level, what, advice) => findings.push({ host, about, level, what, advice });
    if (!facts) {
      tell("login", "wrong", refused ?? "it gave no answer", "mend that first: nothing else of it is known");
      continue;
    }
    judgeSystem(facts, tell);
    if (facts.root) judgeDocker(facts, tell);
    judgeNics(facts, named[index] ?? [], tell);
    if (facts.unheard)
      tell("frames", "beware", `none could be sent: ${facts.unheard}`, "what its switch passes is not known");
  }
  const { passages, findings: found } = judgeSwitch(hosts, vlans, named);
  return { hosts, findings: [...findings, ...found], passages };
}
