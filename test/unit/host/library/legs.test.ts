import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readLibrary, textOf } from "../../../../provider/host/scripts";

interface Vlan {
  parent?: number;
  mac?: string;
  mark?: string;
  reorder?: number;
}

interface Scene {
  vlans?: Record<string, Vlan>;
  /** The interfaces with addresses of a router. */
  routed?: string[];
  /** What sync_legs has joined before. */
  joined?: string[];
  /** `tc qdisc show` */
  qdiscs?: string;
  /** `tc filter show dev X ingress` by "X ingress". */
  filters?: Record<string, string>;
  /** tc takes no rule. */
  refuses?: boolean;
  leaving?: string;
}

const MAC = "02:00:00:00:00:03";
const MARK = "pulumi-macvlan project/stack/lan-router-iot";
const PAIR: Scene = { vlans: { "eth0.300": {}, "eth0.301": {} }, routed: ["eth0.300"] };

/** The kernel's files and tc, played by a folder. */
const FAKES = `
root=$1 run_dir=$1 joined=$1/legs
peek() { peeked=; { IFS= read -r peeked <"$root$1"; } 2>/dev/null || [ -n "$peeked" ]; }
exists() { [ -e "$root/sys/class/net/$1" ]; }
ls() { case $1 in /proc/*) command ls "$root$1" ;; *) command ls "$@" ;; esac; }
tc() {
  echo "$*" >>"$root/calls"
  case $* in
    "qdisc show") cat "$root/qdiscs" ;;
    "filter show dev "*) cat "$root/filters $4 $5" 2>/dev/null ;;
    *-batch*) cat >>"$root/told"; [ ! -e "$root/refuses" ] ;;
  esac
}
sync_legs $2
`;

/** What tc is told, a command a line, what stays recorded, and how often tc is started. */
function sync({ vlans = {}, routed = [], joined, qdiscs = "", filters = {}, refuses, leaving = "" }: Scene) {
  const root = mkdtempSync(join(tmpdir(), "pulumi-macvlan-legs-"));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const read = (file: string) =>
    existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8").split("\n").filter(Boolean) : [];
  try {
    write("proc/net/vlan/config", "VLAN Dev name    | VLAN ID\n");
    for (const [name, { parent = 2, mac = MAC, mark = MARK, reorder = 1 }] of Object.entries(vlans)) {
      write(`proc/net/vlan/${name}`, `${name}  VID: 300\t REORDER_HDR: ${reorder}  dev->priv_flags: 81021\n`);
      for (const [file, text] of Object.entries({ iflink: parent, address: mac, ifalias: mark }))
        write(`sys/class/net/${name}/${file}`, `${text}\n`);
    }
    write("router.b/addresses", routed.map((name) => `${name} 172.16.30.1/24\n${name} fd00:30::1/64\n`).join(""));
    write("qdiscs", qdiscs);
    for (const [where, text] of Object.entries(filters)) write(`filters ${where}`, text);
    if (joined) write("legs", joined.map((name) => `${name}\n`).join(""));
    if (refuses) write("refuses", "");
    const { stderr, status } = spawnSync(
      "sh",
      ["-c", `${textOf(readLibrary("legs"))}\n${FAKES}`, "sh", root, leaving],
      {
        encoding: "utf8",
      },
    );
    assert.deepEqual([status, stderr], [0, ""]);
    return { told: read("told"), recorded: read("legs"), calls: read("calls").length };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const ingress = (twin: string, leg: string) => [
  `qdisc add dev ${twin} clsact`,
  `filter add dev ${twin} ingress protocol all pref 28000 flower dst_mac ${MAC} action mirred ingress redirect dev ${leg}`,
  `filter add dev ${twin} ingress protocol all pref 28001 flower dst_mac 01:00:00:00:00:00/01:00:00:00:00:00 action mirred ingress mirror dev ${leg}`,
];
const egress = (leg: string, twin: string, pref = 28001) =>
  `filter add dev ${leg} egress protocol all pref ${pref} flower src_mac ${MAC} action mirred egress mirror dev ${twin}`;

describe("a router's legs", () => {
  it("are one in a subnet as a rule: then tc is not even started", () => {
    const nothing = { told: [], recorded: [], calls: 0 };
    assert.deepEqual(sync({}), nothing);
    assert.deepEqual(sync({ ...PAIR, routed: [] }), nothing);
    assert.deepEqual(sync({ vlans: { "eth0.300": {} }, routed: ["eth0.300"] }), nothing);
  });

  it("are two while a VLAN gets another id: the one with the addresses answers for both", () => {
    for (const [leg, twin] of [
      ["eth0.300", "eth0.301"],
      ["eth0.301", "eth0.300"],
    ] as const) {
      const { told, recorded } = sync({ ...PAIR, routed: [leg] });
      assert.deepEqual(told, [`qdisc add dev ${leg} clsact`, ...ingress(twin, leg), egress(leg, twin)]);
      assert.deepEqual(recorded, [leg, twin]);
    }
  });

  it("are more where that breaks off and goes on to a third id", () => {
    const { told, recorded } = sync({
      vlans: { a1: { mark: `${MARK}2` }, a2: { mark: `${MARK}2` }, b1: {}, b2: {}, b3: {} },
      routed: ["b2", "a1"],
    });
    assert.deepEqual(told, [
      "qdisc add dev a1 clsact",
      ...ingress("a2", "a1"),
      egress("a1", "a2"),
      "qdisc add dev b2 clsact",
      ...ingress("b1", "b2"),
      egress("b2", "b1"),
      ...ingress("b3", "b2"),
      egress("b2", "b3", 28002),
    ]);
    assert.deepEqual(recorded, ["a1", "a2", "b2", "b1", "b3"]);
  });

  const strangers: Record<string, Record<string, Vlan>> = {
    "of another resource": { "eth0.301": { mark: `${MARK}2` } },
    "of nobody of ours": { "eth0.300": { mark: "lan" }, "eth0.301": { mark: "lan" } },
    "on another parent": { "eth0.301": { parent: 3 } },
    "with another MAC address": { "eth0.301": { mac: "02:00:00:00:00:04" } },
    "that keeps its tag in the frame": { "eth0.301": { reorder: 0 } },
  };
  for (const [what, vlans] of Object.entries(strangers)) {
    it(`have nothing to do with a sub-interface ${what}`, () =>
      assert.deepEqual(sync({ ...PAIR, vlans: { ...PAIR.vlans, ...vlans } }).told, []));
  }

  it("are not joined where both are routed, or one of them is about to go", () => {
    assert.deepEqual(sync({ ...PAIR, routed: ["eth0.300", "eth0.301"] }).told, []);
    assert.deepEqual(sync({ ...PAIR, leaving: "eth0.301" }).told, []);
  });

  for (const kind of ["clsact", "ingress"]) {
    for (const name of ["eth0.300", "eth0.301"]) {
      it(`leave alone what others have on one of them: ${kind} of ${name}`, () => {
        const qdiscs = `qdisc noqueue 0: dev lo root refcnt 2 \nqdisc ${kind} ffff: dev ${name} parent ffff:fff1 \n`;
        assert.deepEqual(sync({ ...PAIR, qdiscs }), { told: [], recorded: [], calls: 1 });
      });
    }
  }

  it("are parted when one has gone, and joined the other way when the addresses move", () => {
    const joined = ["eth0.300", "eth0.301"];
    const vlans = { "eth0.301": {} };
    assert.deepEqual(sync({ vlans, routed: ["eth0.301"], joined }), {
      told: ["qdisc del dev eth0.301 clsact"],
      recorded: [],
      calls: 3,
    });
    const { told, recorded } = sync({ ...PAIR, routed: ["eth0.301"], joined });
    assert.deepEqual(told.slice(0, 3), [
      "qdisc del dev eth0.300 clsact",
      "qdisc del dev eth0.301 clsact",
      "qdisc add dev eth0.301 clsact",
    ]);
    assert.deepEqual(recorded, ["eth0.301", "eth0.300"]);
  });

  it("are parted without a filter that others have put there since", () => {
    const filters = {
      "eth0.301 ingress":
        "filter protocol all pref 28000 flower chain 0 \nfilter protocol all pref 28000 flower chain 0 handle 0x1 \n  dst_mac 02:00:00:00:00:03\nfilter protocol all pref 28001 flower chain 0 \nfilter protocol ip pref 49152 bpf chain 0 \n",
      "eth0.301 egress": "",
    };
    const { told } = sync({ vlans: { "eth0.301": {} }, joined: ["eth0.301"], filters });
    assert.deepEqual(told, [
      "filter del dev eth0.301 ingress pref 28000",
      "filter del dev eth0.301 ingress pref 28001",
    ]);
  });

  it("leave nothing behind where tc can't join them", () => {
    const { told, recorded } = sync({ ...PAIR, refuses: true });
    assert.deepEqual(told.slice(-2), ["qdisc del dev eth0.300 clsact", "qdisc del dev eth0.301 clsact"]);
    assert.deepEqual(recorded, []);
  });
});
