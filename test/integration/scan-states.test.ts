// Random states of hosts as somebody may have typed them: scanned, taken over by what comes out of that, and nothing but marks is new.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { HOSTS } from "pulumi-macvlan-lab";
import { quoteWord } from "../../provider/host/quote";
import { assertSame, made, on, snapshot } from "./hosts";
import { Project } from "./pulumi";
import { programIn, scanned, withoutAdopt } from "./scanning";

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
  this.timeout(STATES * 40_000);
  const everywhere = <T>(work: (host: string, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(HOSTS.map(({ name }, index) => work(name, index)));
  after(function () {
    this.timeout(60_000);
    return everywhere((host) => on(host, GONE));
  });

  /** All hosts of the lab at once, a state each. */
  const takenOver = async (part: typeof states, folder: string) => {
    const scan = async (output: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await scanned(
        folder,
        HOSTS.map(({ name }) => name),
        output,
      );
      assert.equal(exitCode, 0, stderr);
      return stdout;
    };
    const nothing = await everywhere((host) => snapshot(host));
    const counts = await everywhere(async (host, index) => {
      const { lines, count } = linesOf(part[index] ?? []);
      for (const line of lines) await on(host, line);
      return count;
    });
    const before = await everywhere((host) => made(host));
    const described = HOSTS.map(({ name }, index) => `${name}: ${counts[index]} described\n`).join("");
    assert.ok((await scan("lan")).startsWith(described), described);
    const program = programIn(folder, "lan");
    const project = new Project("states", program);
    try {
      await project.good("stack", "init");
      await project.good("up", "--yes", "--skip-preview");
      assert.deepEqual(await everywhere((host) => made(host)), before);
      writeFileSync(join(project.folder, "index.ts"), withoutAdopt(program));
      await project.good("preview", "--expect-no-changes");
      const none = HOSTS.map(({ name }) => `${name}: 0 described, left out: `);
      const again = await scan("again");
      for (const said of none) assert.ok(again.includes(said), again);
      await everywhere((host) => on(host, "docker ps -aq --filter name=box | xargs -r docker rm -f >/dev/null"));
      await project.good("destroy", "--yes", "--skip-preview");
    } finally {
      project.end();
    }
    for (const [index, { name }] of HOSTS.entries()) assertSame(await snapshot(name), nothing[index] ?? "");
  };

  it(`are taken over as they are by the program that a scan writes, and go with it (seed ${SEED})`, async () => {
    await everywhere((host) => on(host, "ip link set enp0s8 up"));
    let done = 0;
    for (let at = 0; at < STATES; at += HOSTS.length) {
      const part = states.slice(at, at + HOSTS.length);
      const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-states-"));
      try {
        await takenOver(part, folder);
      } catch (error) {
        throw new Error(`after ${part.map((state) => linesOf(state).lines.join("; ")).join("\n")}`, { cause: error });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      done += part.length;
    }
    assert.equal(done, STATES);
  });
});
