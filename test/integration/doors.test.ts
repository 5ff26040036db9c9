// Pulumi comes to our resources through two doors, dynamic resources and the plugin: the same life through each leaves the same on a host,
// step by step.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { lab } from "./hooks";
import { type Driven, driven, on, type Props, shapeOf } from "./hosts";
import { PluginProcess } from "./plugin";

const SUBNET = { subnet: "172.16.30.0/24", gateway: "172.16.30.1", ipRange: "172.16.30.64/26" };
const LEGS = [
  { interface: "enp0s8.100", addresses: ["172.16.10.1/24"] },
  { interface: "enp0s8.200", addresses: ["172.16.20.1/24"] },
];

/** A change in place, or what somebody else does before a refresh. */
type Step = Props | string;

interface Life {
  type: string;
  inputs: Props;
  steps: Step[];
  /** Changes that replace. */
  replaces: Props[];
  refused: Props;
  /** What stands while it lives. */
  on?: Props[];
}

const LIVES: Life[] = [
  {
    type: "VlanSubinterface",
    inputs: { parent: "enp0s8", vlanId: 300 },
    steps: [
      { mtu: 1400 },
      { egressQosMap: { 1: 2, 6: 5 }, ingressQosMap: { 3: 1 } },
      { reorderHeader: false, promiscuous: true },
      "ip link set enp0s8.300 mtu 1300; ip addr add 10.9.9.9/24 dev enp0s8.300; ip link set enp0s8.300 down",
      { addresses: ["172.16.30.5/24", "fd00:30::5/64"], mtu: undefined },
      { persist: false },
    ],
    replaces: [{ vlanId: 301 }, { parent: "enp0s3" }, { name: "trunk300" }, { protocol: "802.1ad" }],
    refused: { vlanId: 5000 },
  },
  {
    type: "MacvlanLink",
    inputs: { parent: "enp0s8", name: "link30", macAddress: "02:00:00:00:30:01", addresses: ["172.16.30.250/32"] },
    steps: [
      { mode: "private" },
      { routes: [{ to: "172.16.30.64/26" }] },
      "ip route del 172.16.30.64/26 dev link30; ip link set link30 type macvlan mode vepa",
      { mode: "bridge", mtu: 1400 },
      { macAddress: "02:00:00:00:30:02" },
    ],
    replaces: [{ kind: "ipvlan", mode: undefined, macAddress: undefined }, { name: "link31" }, { mode: "passthru" }],
    refused: { addresses: ["172.16.30.250"] },
  },
  {
    type: "MacvlanNetwork",
    inputs: { parent: "enp0s8.300", name: "mac30", subnets: [SUBNET] },
    steps: [
      { labels: { team: "a" } },
      "docker run -d --name lodger --network mac30 --ip 172.16.30.70 busybox sleep 1000 >/dev/null",
      { subnets: [SUBNET, { subnet: "fd00:30::/64", gateway: "fd00:30::1" }] },
      { mode: "private", labels: {} },
      "docker rm -f lodger >/dev/null",
      { parent: "enp0s8.301", internal: true },
    ],
    replaces: [{ name: "mac31" }],
    refused: { subnets: [{ ...SUBNET, ipRange: "172.16.31.0/26" }] },
    on: [
      { parent: "enp0s8", vlanId: 300 },
      { parent: "enp0s8", vlanId: 301 },
    ],
  },
  {
    type: "InterVlanRouter",
    inputs: { interfaces: LEGS },
    steps: [
      { nat: [{ outInterface: "enp0s3" }] },
      {
        policy: {
          default: "drop",
          rules: [{ from: "enp0s8.100", to: "enp0s8.200", protocol: "tcp", ports: [443], action: "accept" }],
        },
      },
      "ip addr del 172.16.20.1/24 dev enp0s8.200",
      { interfaces: LEGS.slice(0, 1), policy: undefined },
    ],
    replaces: [{ name: "other" }],
    refused: { interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1"] }] },
    on: [
      { parent: "enp0s8", vlanId: 100 },
      { parent: "enp0s8", vlanId: 200 },
    ],
  },
  {
    type: "HostInterface",
    inputs: { route: "10.77.0.1" },
    steps: [],
    replaces: [],
    refused: { route: "nowhere" },
  },
];

/** As blog posts have it, each with a change by a program later. */
interface ByHand {
  type: string;
  name: string;
  typed: string;
  change: Props;
  gone: string;
  /** Something else of that name. */
  other: string;
}
const BY_HAND: ByHand[] = [
  {
    type: "VlanSubinterface",
    name: "vlan30",
    typed: `ip link add link enp0s8 name vlan30 type vlan id 30 egress-qos-map 1:2; ip addr add 10.30.0.2/24 dev vlan30
      ip link set vlan30 mtu 1400 up`,
    change: { mtu: 1300 },
    gone: "ip link del vlan30",
    other: "ip link add vlan30 type dummy; udevadm settle",
  },
  {
    type: "MacvlanLink",
    name: "shim30",
    typed: `ip link add shim30 link enp0s8 type macvlan mode bridge; udevadm settle; ip addr add 172.16.30.250/32 dev shim30
      ip link set shim30 up; ip route add 172.16.30.64/26 dev shim30`,
    change: { mode: "private" },
    gone: "ip link del shim30",
    other: "ip link add shim30 link enp0s8 type ipvlan mode l2",
  },
  {
    type: "MacvlanLink",
    name: "ip30",
    typed:
      "ip link add ip30 link enp0s8 type ipvlan mode l2; ip addr add 172.16.30.251/32 dev ip30; ip link set ip30 up",
    change: { mode: "l3" },
    gone: "ip link del ip30",
    other: "ip link add ip30 link enp0s8 type vlan id 30",
  },
  {
    type: "MacvlanNetwork",
    name: "by-hand",
    typed: `docker network create -d macvlan --subnet 172.16.30.0/24 --ip-range 172.16.30.64/26 --label team=a -o parent=enp0s8 by-hand >/dev/null
      docker run -d --name lodger --network by-hand busybox sleep 1000 >/dev/null`,
    change: { labels: { team: "b" } },
    gone: "docker rm -f lodger >/dev/null; docker network rm by-hand >/dev/null",
    other: "docker network create -d ipvlan -o parent=enp0s8 --subnet 172.16.31.0/24 by-hand >/dev/null",
  },
  {
    type: "MacvlanNetwork",
    name: "by-hand",
    typed: `docker network create -d ipvlan --subnet 172.16.30.0/24 --gateway 172.16.30.1 -o parent=enp0s8 -o ipvlan_mode=l2 by-hand >/dev/null
      docker run -d --name lodger --network by-hand busybox sleep 1000 >/dev/null`,
    change: { labels: { team: "b" } },
    gone: "docker rm -f lodger >/dev/null; docker network rm by-hand >/dev/null",
    other: "docker network create -d macvlan -o parent=enp0s8 --subnet 172.16.31.0/24 by-hand >/dev/null",
  },
];

/** Docker shows a network's own settings to nobody but itself. */
const seen = async (host: string): Promise<string> =>
  `${await shapeOf(host)}\n${await on(
    host,
    `docker network ls -q --filter driver=macvlan --filter driver=ipvlan | xargs -r docker network inspect -f '{{.Name}} {{.Internal}} {{json .IPAM.Config}} {{json .Options}} {{json .Labels}}'
     docker ps -aq | xargs -r docker inspect -f '{{.Name}} {{json .State.Running}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'`,
  )}`;

/** What a door is like does not depend on what a host runs. */
const host = "host3";

describe("A resource through the plugin", function () {
  this.timeout(240_000);
  const plugin = new PluginProcess(() => Object.fromEntries(HOSTS.map(({ name }) => [name, lab.connection(name)])));
  before(() => plugin.start());
  after(() => plugin.end());

  for (const life of LIVES) {
    const { type, inputs, steps, replaces, refused } = life;
    const owner = `tests/lab/${type}-of-doors`;

    /** What the host has after each step, and what each change is said to be. */
    async function live(resource: Driven): Promise<string[]> {
      const told: string[] = [];
      const tell = async (what: string) => told.push(`${what}\n${await seen(host)}`);
      await resource.create();
      await tell(`made as ${resource.id}`);
      for (const step of steps) {
        if (typeof step === "string") {
          await on(host, step);
          assert.equal(await resource.refresh(), true);
          const { changes, replaces: fields } = await resource.diff();
          told.push(`${step}: ${changes} ${fields}`);
          await resource.again();
        } else await resource.update(step);
        await tell(JSON.stringify(step));
        assert.equal((await resource.diff()).changes, false, `${JSON.stringify(step)} is done`);
      }
      for (const change of replaces) {
        const { changes, replaces: fields, deleteBeforeReplace } = await resource.diff(change);
        told.push(`${JSON.stringify(change)}: ${changes} ${[...fields].sort()} ${deleteBeforeReplace}`);
      }
      await resource.diff(refused).then(
        () => assert.fail(`${JSON.stringify(refused)} is not refused`),
        ({ message }: Error) => told.push(message),
      );
      await resource.delete();
      await tell("gone");
      return told;
    }

    it(`leaves what a dynamic one does: ${type}`, async () => {
      const links = (life.on ?? []).map((vlan) => driven("VlanSubinterface", host, vlan));
      for (const one of links) await one.create();
      const through = (door?: ReturnType<PluginProcess["door"]>) =>
        live(driven(type, host, { ...inputs, __owner: owner }, door));
      const dynamic = await through();
      assert.ok(dynamic.length > steps.length + replaces.length);
      assert.deepEqual(await through(plugin.door(owner, host)), dynamic);
      for (const one of links.reverse()) await one.delete();
    });

    if (!["VlanSubinterface", "MacvlanLink", "MacvlanNetwork"].includes(type)) continue;
    it(`takes over what a dynamic one has made, and touches nothing: ${type}`, async () => {
      const links = (life.on ?? []).map((vlan) => driven("VlanSubinterface", host, vlan));
      for (const one of links) await one.create();
      // A host does not tell a MAC address that was chosen from one that was drawn.
      const said = { ...inputs, macAddress: undefined, __owner: owner };
      const dynamic = await driven(type, host, said).create();
      const before = await seen(host);
      const door = plugin.door(owner, host);
      const { props = {} } = await door.read(type, dynamic.id, {});
      const { inputs: wanted } = await door.check(type, {}, said);
      assert.deepEqual(await door.diff(type, props, wanted), {
        changes: false,
        replaces: [],
        deleteBeforeReplace: false,
      });
      assert.equal(await seen(host), before);
      await assert.rejects(
        plugin.door("tests/lab/other", host).read(type, dynamic.id, {}),
        /cannot import host3\/\S+ as a \w+: its host has none of that name, or one that another resource than tests\/lab\/other has made/,
      );
      await door.delete(type, props);
      assert.equal(await dynamic.refresh(), false);
      for (const one of links.reverse()) await one.delete();
    });
  }

  for (const { name: where } of HOSTS)
    for (const { type, name, typed, change, gone, other } of BY_HAND) {
      // Of links there is one kernel's; each host has a Docker of its own.
      if (type !== "MacvlanNetwork" && where !== host) continue;
      const what = `${type} ${typed.includes("ipvlan") ? "of ipvlan" : ""} ${name}`.replace("  ", " ");
      describe(`of ${what} typed on ${where}`, () => {
        const id = `${where}/${name}`;
        const lodger = type === "MacvlanNetwork" ? "docker rm -f lodger >/dev/null" : "true";
        let nothing: string;
        const door = () => plugin.door(`tests/lab/${name}`, where);
        const find = async (through = door()) => {
          const { props, inputs } = (await through.read(type, id, {})) as { props: Props; inputs: Props };
          const wanted = await through.check(type, {}, inputs);
          assert.deepEqual(wanted.failures, []);
          return { through, props, inputs, wanted: wanted.inputs };
        };
        beforeEach(async () => {
          nothing = await seen(where);
          await on(where, typed);
        });
        afterEach(() => on(where, `${gone} 2>/dev/null; true`));

        it("takes it over as it is, by what import shows", async () => {
          const before = await seen(where);
          const { through, props, inputs, wanted } = await find();
          assert.equal(wanted["adopt"], true);
          assert.equal((await through.diff(type, props, wanted)).changes, false);
          assert.deepEqual(
            await through.read(type, id, props),
            { id, props, inputs },
            "and a refresh finds nothing else",
          );
          assert.equal(await seen(where), before);
        });

        it("changes it by a program, marks it so that nobody else takes it over, and deletes it", async () => {
          const { through, props, wanted } = await find();
          const { inputs } = await through.check(type, {}, { ...wanted, ...change });
          const { outs } = await through.update(type, props, inputs);
          assert.equal((await through.diff(type, outs, inputs)).changes, false);
          assert.match(await seen(where), new RegExp(`pulumi-macvlan tests/lab/${name}`));
          await assert.rejects(plugin.door("tests/lab/other", where).read(type, id, {}), /cannot import/);
          await on(where, lodger);
          await through.delete(type, outs);
          assert.equal(await seen(where), nothing);
        });

        it("deletes it as it was typed, and nothing else that has its name by then", async () => {
          const { through, props } = await find();
          await on(where, `${gone}; ${other}`);
          const before = await seen(where);
          await through.delete(type, props);
          assert.equal(await seen(where), before);
          await on(where, `${gone} 2>/dev/null; ${typed}; ${lodger}`);
          const again = await find();
          await again.through.delete(type, again.props);
          assert.equal(await seen(where), nothing);
        });
      });
    }

  it("does not take over a network of a bridge, nor what is not there", async () => {
    const door = plugin.door("tests/lab/bridge", host);
    for (const [type, name] of [
      ["MacvlanNetwork", "bridge"],
      ["VlanSubinterface", "enp0s8"],
      ["MacvlanLink", "nothing0"],
    ] as const)
      await assert.rejects(door.read(type, `${host}/${name}`, {}), /its host has none of that name/);
  });
});
