// Random states of hosts as somebody may have typed them: scanned, taken over by what comes out of that, and nothing but marks is new.
import assert from "node:assert/strict";
import fc from "fast-check";
import { HOSTS } from "pulumi-macvlan-lab";
import { quoteWord } from "../../provider/host/quote";
import { runner } from "../../provider/host/ssh/connection";
import { scanBy } from "../../provider/scan/read";
import { assertSame, connection, type Driven, driven, made, on, shared, snapshot } from "./hosts";

/** npm run test:faults takes more. */
const STATES = process.env["FAULTS"] ? 42 : 12;
const SEED = 20261126;

const small = (max: number) => fc.integer({ min: 0, max });
const sometimes = <T>(words: fc.Arbitrary<T>) => fc.option(words, { nil: undefined });

/** One VLAN, and what stands on it. */
interface Typed {
  vlan: {
    id: number;
    name: string | undefined;
    protocol: string;
    mtu: number | undefined;
    qos: boolean;
    addresses: string[];
  };
  links: { mode: string; address: string | undefined; routes: boolean }[];
  network:
    | {
        driver: string;
        gateway: boolean;
        ipRange: boolean;
        aux: boolean;
        internal: boolean;
        label: string | undefined;
        ipv6: boolean;
      }
    | undefined;
}

const typed: fc.Arbitrary<Typed> = fc.record({
  vlan: fc.record({
    id: fc.integer({ min: 2, max: 4000 }),
    name: sometimes(small(99).map((n) => `lan${n}`)),
    protocol: fc.constantFrom("802.1Q", "802.1Q", "802.1ad"),
    mtu: sometimes(fc.integer({ min: 1300, max: 1500 })),
    qos: fc.boolean(),
    addresses: fc.array(
      small(250).map((n) => `10.210.${n}.1/24`),
      { maxLength: 2 },
    ),
  }),
  links: fc.array(
    fc.record({
      mode: fc.constantFrom("bridge", "private", "vepa"),
      address: sometimes(small(250).map((n) => `10.211.${n}.1/32`)),
      routes: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  network: sometimes(
    fc.record({
      driver: fc.constantFrom("macvlan", "macvlan", "ipvlan"),
      gateway: fc.boolean(),
      ipRange: fc.boolean(),
      aux: fc.boolean(),
      internal: fc.boolean(),
      label: sometimes(fc.constantFrom("iot", 'it\'s "a" label', "$(id) `id` $x")),
      ipv6: fc.boolean(),
    }),
  ),
});

/** The lines for a shell, and how many things they make. */
function linesOf(state: readonly Typed[]): { lines: string[]; count: number } {
  let count = 0;
  const lines = state.flatMap(({ vlan, links, network }, at) => {
    const name = vlan.name === undefined ? `enp0s8.${vlan.id}` : `${vlan.name}x${at}`;
    const on = network?.driver === "ipvlan" ? [] : links;
    count += 1 + on.length + (network ? 1 : 0);
    const n = 10 * at;
    return [
      `ip link add link enp0s8 name ${name} ${vlan.mtu ? `mtu ${vlan.mtu}` : ""} type vlan protocol ${vlan.protocol} id ${vlan.id} ${vlan.qos ? "egress-qos-map 0:3 5:6" : ""}`,
      `ip link set ${name} up`,
      ...[...new Set(vlan.addresses)].map((address) => `ip addr add ${address} dev ${name}`),
      ...on.flatMap(({ mode, address, routes }, index) => [
        `ip link add link ${name} name mv${at}${index} type macvlan mode ${mode}; ip link set mv${at}${index} up`,
        ...(address ? [`ip addr replace ${address} dev mv${at}${index}`] : []),
        ...(routes ? [`ip route replace 10.212.${at}${index}.0/24 dev mv${at}${index}`] : []),
      ]),
      ...(network
        ? [
            `docker network create -d ${network.driver} -o parent=${name} --subnet 10.213.${n}.0/24 ${network.gateway ? `--gateway 10.213.${n}.9` : ""} ${
              network.ipRange ? `--ip-range 10.213.${n}.64/26` : ""
            } ${network.aux ? `--aux-address nas=10.213.${n}.70` : ""} ${network.internal ? "--internal" : ""} ${
              network.label === undefined ? "" : `--label note=${quoteWord(network.label)}`
            } ${network.ipv6 ? `--ipv6 --subnet fd77:${n}::/64` : ""} net${at} >/dev/null`,
            `docker run -d --name box${at} --network net${at} busybox sleep 100000 >/dev/null`,
          ]
        : []),
    ];
  });
  return { lines: [...lines, "udevadm settle"], count };
}

const states = fc.sample(fc.uniqueArray(typed, { minLength: 1, maxLength: 3, selector: ({ vlan }) => vlan.id }), {
  numRuns: STATES,
  seed: SEED,
});

const GONE = `docker ps -aq --filter name=box | xargs -r docker rm -f >/dev/null
  docker network ls -q --filter name=net --filter driver=macvlan --filter driver=ipvlan | xargs -r docker network rm >/dev/null
  for link in $(ip -o link show type vlan | cut -d ' ' -f 2 | cut -d @ -f 1); do ip link del $link; done`;

describe(`${STATES} random states that somebody typed`, function () {
  this.timeout(STATES * 20_000);
  after(function () {
    this.timeout(60_000);
    return Promise.all(HOSTS.map(({ name }) => on(name, GONE)));
  });

  it(`are taken over as they are by what a scan writes, and go with it (seed ${SEED})`, async () => {
    let done = 0;
    const work = async (host: string, part: typeof states) => {
      await on(host, "ip link set enp0s8 up");
      for (const state of part) {
        const nothing = await snapshot(host);
        const { lines, count } = linesOf(state);
        const what = `${host}, after ${lines.join("; ")}`;
        for (const line of lines) await on(host, line);
        const before = await made(host);
        const { described, leftOut } = await scanBy(runner, host, connection(host));
        assert.deepEqual([described.length, leftOut], [count, []], what);
        const all: Driven[] = [];
        for (const { type, inputs } of described) all.push(await driven(type, host, inputs).create());
        assert.deepEqual(await made(host), before, what);
        for (const one of all)
          assert.equal((await one.diff({ adopt: false })).changes, false, `${what}: ${one.type} changes without adopt`);
        const again = await scanBy(runner, host, connection(host));
        assert.deepEqual([again.described.length, again.leftOut.length], [0, count], what);
        await on(host, "docker ps -aq --filter name=box | xargs -r docker rm -f >/dev/null");
        const rank = ["MacvlanNetwork", "MacvlanLink", "VlanSubinterface"];
        for (const type of rank) for (const one of all.filter((entry) => entry.type === type)) await one.delete();
        assertSame(await snapshot(host), nothing);
        done += 1;
      }
    };
    await shared(states, work);
    assert.equal(done, STATES);
  });
});
