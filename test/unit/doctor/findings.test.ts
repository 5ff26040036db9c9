import assert from "node:assert/strict";
import { type Examined, type Facts, factsIn, type Nic } from "../../../provider/doctor/facts";
import { diagnosisOf } from "../../../provider/doctor/findings";
import { toTable } from "../../../provider/doctor/table";

const nic = (change: Partial<Nic> = {}): Nic => ({
  name: "eth0",
  kind: "nic",
  up: true,
  carrier: true,
  mtu: 1500,
  macAddress: "52:54:00:00:00:01",
  above: [],
  ...change,
});

const healthy: Facts = {
  ...factsIn(new Map()),
  user: "root",
  root: true,
  ip: "ip utility, iproute2-6.1.0",
  nft: "nftables v1.0.6",
  systemd: "running",
  virtual: "none",
  docker: {
    version: "26.1.5",
    root: "/var/lib/docker",
    storage: "overlay2",
    swarm: false,
    firewall: "",
    iptables: true,
  },
  nics: [nic()],
};

/** What is told of one host, as "level about: what". */
const told = (change: Partial<Facts>, named: string[] = []): string[] =>
  diagnosisOf([{ host: "host1", facts: { ...healthy, ...change } }], [], [named]).findings.map(
    ({ level, about, what }) => `${level} ${about}: ${what}`,
  );

describe("a diagnosis", () => {
  it("is empty for a healthy host", () => assert.deepEqual(told({}, ["eth0"]), []));

  for (const [what, change, named, ...expected] of [
    ["no iproute2", { ip: "BusyBox v1.36" }, [], /^wrong iproute2: it has no iproute2/],
    ["no nft", { nft: "" }, [], /^beware nftables: /],
    ["no perl", { tools: { perl: false } }, [], /^beware perl: it has no perl, which `probe: true`/],
    ["no systemd", { systemd: undefined }, [], /^wrong systemd: /],
    [
      "no ipvlan",
      { abilities: [{ name: "ipvlan", how: undefined }] },
      [],
      /^beware ipvlan: its kernel has no ipvlan, which/,
    ],
    [
      "no macvlan",
      { abilities: [{ name: "macvlan", how: undefined }] },
      [],
      /^wrong macvlan: its kernel has no macvlan, which/,
    ],
    ["no Docker", { docker: undefined }, [], /^beware Docker: it has no Docker/],
    ["a full disk", { room: { "/run": 12 } }, [], /^wrong \/run: \/run has 0 MB left/],
    ["a spare NIC that is down", { nics: [nic({ up: false })] }, []],
    ["the parent down", { nics: [nic({ up: false })] }, ["eth0"], /^wrong eth0: is down/],
    ["a spare Wi-Fi", { nics: [nic({ kind: "wifi" })] }, [], /^beware eth0: is Wi-Fi/],
    [
      "a bond's port",
      { nics: [nic({ master: { name: "bond0", kind: "bond" } })] },
      ["eth0"],
      /^wrong eth0: is a port of a bond/,
    ],
    ["VMware", { virtual: "vmware" }, [], /^beware hypervisor: VMware's switch drops/],
    ["Amazon", { virtual: "amazon" }, [], /^wrong hypervisor: Amazon's network/],
    ["frames that could not be sent", { unheard: "socket: no" }, [], /^beware frames: none could be sent: socket: no/],
  ] as [string, Partial<Facts>, string[], ...RegExp[]][])
    it(`tells of ${what}`, () => {
      const found = told(change, named);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? "", pattern);
    });

  it("asks a user without rights for nothing more", () =>
    assert.deepEqual(told({ root: false, user: "ops", ip: "" }), ['wrong rights: "ops" is not root there']));

  describe("of a switch", () => {
    const heard = (host: number, vlanId: number, size: number, tagged = vlanId !== 0) => ({
      nic: "eth0",
      from: { host, nic: "eth0" },
      vlanId,
      size,
      tagged,
    });
    const hosts = (...all: ReturnType<typeof heard>[][]): Examined[] =>
      all.map((frames, index) => ({ host: `host${index + 1}`, facts: { ...healthy, sent: ["eth0"], heard: frames } }));
    const judge = (given: Examined[], named = given.map(() => [] as string[])) => diagnosisOf(given, [100], named);

    it("where all comes through, is one line", () => {
      const found = judge(hosts([heard(1, 0, 1500), heard(1, 100, 1500)], [heard(0, 100, 128), heard(0, 100, 1500)]));
      assert.deepEqual(found.findings, []);
      assert.deepEqual(
        found.passages.map(({ how }) => how),
        ["passes", "passes"],
      );
      assert.match(toTable(found), /│ 100 +│ host1 eth0 +│ pass +│/);
    });

    it("names both ends of one way, and the one port that all bad ways have in common", () => {
      const plain = (host: number) => [heard(host, 0, 1500), heard(host, 100, 1500)];
      const one = judge(hosts([heard(1, 0, 1500)], [heard(0, 0, 1500)]));
      assert.deepEqual(
        one.findings.map(({ host, what }) => `${host} ${what.split(":")[0]}`),
        ["host2 between eth0 and host1 eth0"],
      );
      const all = judge(
        hosts(
          [heard(1, 0, 1500), ...plain(2)],
          [heard(0, 0, 1500), heard(2, 0, 1500)],
          [...plain(0), heard(1, 0, 1500)],
        ),
      );
      assert.deepEqual(
        all.findings.map(({ host, what }) => `${host} ${what.split(":")[0]}`),
        ["host2 between eth0 and host1 eth0, host3 eth0"],
      );
    });

    it("does not speak of ports of different networks, unless they were named", () => {
      const apart = hosts([], []);
      assert.deepEqual(judge(apart).passages, []);
      assert.deepEqual(
        judge(apart, [["eth0"], ["eth0"]]).passages.map(({ how }) => how),
        ["apart", "apart"],
      );
    });

    it("asks of the longest frame that both ends take", () => {
      const jumbo = hosts([heard(1, 100, 1500)], [heard(0, 100, 1500)]);
      if (jumbo[0]?.facts) jumbo[0].facts = { ...jumbo[0].facts, nics: [nic({ mtu: 9000 })] };
      assert.deepEqual(
        judge(jumbo).passages.map(({ how, mtu }) => [how, mtu]),
        [
          ["passes", 1500],
          ["passes", 1500],
        ],
      );
    });
  });

  it("writes nothing of a host's to a terminal but text", () => {
    const text = toTable(diagnosisOf([{ host: "host1", facts: { ...healthy, system: "\u001b[2Jevil" } }], [], [[]]));
    assert.ok(!text.includes("\u001b"));
  });
});
