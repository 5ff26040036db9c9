// What the modes mean, with packets: who hears whom, on one host, across hosts, and through a switch that reflects.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, type Driven, driven, json, on, type Props, snapshot } from "./hosts";

const A = "172.28.0.1";
const B = "172.28.0.2";
/** On another host: the rest of the LAN. */
const C = "172.28.0.3";
const D = "172.28.0.4";
const MAC = { a: "02:00:00:00:28:01", b: "02:00:00:00:28:02", c: "02:00:00:00:28:03", d: "02:00:00:00:28:04" };

describe("the modes' meaning", function () {
  this.timeout(120_000);
  const made: { host: string; name: string; link: Driven }[] = [];
  const before_: Record<string, string> = {};

  /** A link in a namespace of its own, as a container would have it. */
  async function put(host: string, name: string, address: string, inputs: Props): Promise<void> {
    const link = await driven("MacvlanLink", host, { parent: "enp0s8", name, ...inputs }).create();
    made.push({ host, name, link });
    await on(
      host,
      `ip netns add ${name}; ip link set dev ${name} netns ${name}; ip -n ${name} addr add ${address}/24 dev ${name}; ip -n ${name} link set dev ${name} up; ip -n ${name} link set dev lo up`,
    );
  }
  /** Asked afresh: while a neighbour asked for in vain is about to be given up, a ping in its queue goes with it. */
  const hears = async (host: string, from: string, to: string): Promise<boolean> =>
    (await on(
      host,
      `ip -n ${from} neigh flush to ${to} dev ${from}; ip netns exec ${from} ping -c 3 -i 0.3 -W 1 ${to} >/dev/null && echo yes; true`,
    )) === "yes";
  const macOf = async (host: string, from: string, of: string): Promise<string | undefined> =>
    (await json<{ dst: string; lladdr?: string }[]>(host, `ip -n ${from} -j neigh show ${of}`))[0]?.lladdr;
  const pair = async (inputs: Props): Promise<void> => {
    const own = inputs["kind"] === "ipvlan" ? [{}, {}] : [{ macAddress: MAC.a }, { macAddress: MAC.b }];
    await put("host1", "pod-a", A, { ...inputs, ...own[0] });
    await put("host1", "pod-b", B, { ...inputs, ...own[1] });
  };

  beforeEach(async () => {
    for (const host of ["host1", "host2"]) before_[host] = await snapshot(host);
    await put("host2", "pod-c", C, { macAddress: MAC.c });
  });
  /** Back to the host first: a namespace's own end takes its links away some time later. */
  async function away({ host, name, link }: (typeof made)[number]): Promise<void> {
    await on(host, `ip -n ${name} link set dev ${name} netns 1 && ip netns del ${name}`);
    await link.delete();
  }

  afterEach(async () => {
    for (const each of made.splice(0)) await away(each);
    for (const host of ["host1", "host2"]) assertSame(await snapshot(host), before_[host] ?? "");
  });

  it("bridge: siblings hear each other, and the LAN hears both", async () => {
    await pair({ mode: "bridge" });
    assert.deepEqual(
      [await hears("host1", "pod-a", B), await hears("host1", "pod-a", C), await hears("host2", "pod-c", B)],
      [true, true, true],
    );
    assert.equal(await macOf("host2", "pod-c", B), MAC.b);
  });

  it("private: siblings don't, even through a switch that reflects, and the LAN hears both", async () => {
    await pair({ mode: "private" });
    await lab.hairpin("host1", "enp0s8", true);
    try {
      assert.deepEqual(
        [await hears("host1", "pod-a", B), await hears("host1", "pod-a", C), await hears("host2", "pod-c", B)],
        [false, true, true],
      );
    } finally {
      await lab.hairpin("host1", "enp0s8", false);
    }
  });

  it("vepa: siblings hear each other only through a switch that reflects", async () => {
    await pair({ mode: "vepa" });
    assert.deepEqual([await hears("host1", "pod-a", B), await hears("host1", "pod-a", C)], [false, true]);
    await lab.hairpin("host1", "enp0s8", true);
    try {
      assert.equal(await hears("host1", "pod-a", B), true);
    } finally {
      await lab.hairpin("host1", "enp0s8", false);
    }
    assert.equal(await hears("host1", "pod-a", B), false);
  });

  it("passthru: the parent is one link's alone", async () => {
    await put("host1", "pod-a", A, { mode: "passthru" });
    assert.equal(await hears("host1", "pod-a", C), true);
    await assert.rejects(
      put("host1", "pod-b", B, { mode: "bridge" }),
      /the kernel refused mode bridge on "enp0s8": is a passthru macvlan there.* It has its parent for itself/,
    );
  });

  it("source: it hears those on its list, and nobody else", async () => {
    await put("host1", "pod-a", A, { mode: "source", sourceMacAddresses: [MAC.c], macAddress: MAC.a });
    await put("host2", "pod-d", D, { macAddress: MAC.d });
    assert.deepEqual([await hears("host1", "pod-a", C), await hears("host1", "pod-a", D)], [true, false]);
  });

  it("ipvlan l2: all have the parent's one MAC address on the switch", async () => {
    await pair({ kind: "ipvlan", mode: "l2" });
    assert.deepEqual(
      [await hears("host1", "pod-a", B), await hears("host2", "pod-c", A), await hears("host2", "pod-c", B)],
      [true, true, true],
    );
    const parent = await on("host1", "cat /sys/class/net/enp0s8/address");
    assert.deepEqual([await macOf("host2", "pod-c", A), await macOf("host2", "pod-c", B)], [parent, parent]);
  });

  it("ipvlan l2 with the flags private and vepa: siblings don't hear each other, the LAN hears both", async () => {
    for (const flag of ["private", "vepa"]) {
      await pair({ kind: "ipvlan", mode: "l2", flag });
      assert.deepEqual([await hears("host1", "pod-a", B), await hears("host2", "pod-c", A)], [false, true], flag);
      for (const each of made.splice(1)) await away(each);
    }
  });

  for (const mode of ["l3", "l3s"]) {
    it(`ipvlan ${mode}: it routes, asks nobody on the LAN, and ${mode === "l3s" ? "obeys" : "passes by"} the host's firewall`, async () => {
      await pair({ kind: "ipvlan", mode });
      assert.equal(await hears("host1", "pod-a", B), true, "siblings hear each other");
      assert.equal(await hears("host2", "pod-c", A), false, "nobody answers for it on the LAN");
      const parent = await on("host1", "cat /sys/class/net/enp0s8/address");
      await on("host2", `ip -n pod-c neigh replace ${A} lladdr ${parent} dev pod-c nud permanent`);
      await on("host1", "ip addr add 172.28.0.254/24 dev enp0s8");
      try {
        assert.equal(await hears("host2", "pod-c", A), true, "whoever knows the way reaches it");
        await on(
          "host1",
          `nft add table ip modes; nft add chain ip modes in '{ type filter hook input priority 0; }'; nft add rule ip modes in ip daddr ${A} drop`,
        );
        assert.equal(await hears("host2", "pod-c", A), mode === "l3", "the host's firewall");
      } finally {
        await on("host1", "nft delete table ip modes; ip addr del 172.28.0.254/24 dev enp0s8");
      }
    });
  }
});
