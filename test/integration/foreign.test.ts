// What is not ours stays as it is: random states of hosts, before and after a resource comes, changes and goes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, driven, on, type Props, shared, snapshot } from "./hosts";

/** npm run test:faults takes more. */
const STATES = process.env["FAULTS"] ? 201 : 45;
const SEED = 20261121;

const small = (max: number) => fc.integer({ min: 0, max });

/** Things of other people's, each a line for a shell; they pile up, so that every state is another one. */
const foreign = fc.oneof(
  { weight: 3, arbitrary: small(40).map((n) => `ip link add foe${n} type dummy; ip link set foe${n} up`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(small(40), fc.integer({ min: 2000, max: 2100 }))
      .map(
        ([n, id]) =>
          `ip link add link enp0s8 name foev${n} type vlan id ${id}; ip link set foev${n} alias "not pulumi-macvlan $n"`,
      ),
  },
  { weight: 2, arbitrary: small(20).map((n) => `ip link add link enp0s8 name foem${n} type macvlan mode bridge`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(small(40), small(250))
      .map(
        ([n, b]) => `ip addr add 10.200.${b}.${n + 1}/28 dev foe${n}; ip addr add fd99:${b}::${n + 1}/64 dev foe${n}`,
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(small(40), small(250), small(3))
      .map(([n, b, t]) => `ip route add 10.201.${b}.0/24 dev foe${n} table ${100 + t} metric ${n}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(small(250), small(3))
      .map(([b, t]) => `ip rule add from 10.202.${b}.0/24 lookup ${100 + t} pref ${1000 + b}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(small(12), small(250))
      .map(
        ([n, b]) =>
          `nft add table ip foe${n}; nft add chain ip foe${n} c '{ type filter hook forward priority ${n} ; policy accept ; }'; nft add rule ip foe${n} c ip saddr 10.203.${b}.1 counter drop comment '"pulumi-macvlan is not this"'`,
      ),
  },
  {
    weight: 1,
    arbitrary: small(250).map(
      (b) =>
        `iptables -w -A FORWARD -s 10.204.${b}.0/24 -j DROP; iptables -w -t nat -A POSTROUTING -s 10.204.${b}.0/24 -j MASQUERADE`,
    ),
  },
  { weight: 1, arbitrary: small(60).map((n) => `iptables -w -I DOCKER-USER -i foe${n} -j DROP`) },
  { weight: 1, arbitrary: small(9).map((n) => `docker network create --subnet 10.205.${n}.0/24 foe-net${n}`) },
  { weight: 1, arbitrary: small(3).map((n) => `docker run -d --name foe-box${n} --network none busybox sleep 100000`) },
);

/** One of our own: how it comes, and how it changes. */
const ours = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 1900 }), small(200))
    .map(([vlanId, b]): [string, Props, Props] => [
      "VlanSubinterface",
      { parent: "enp0s8", vlanId, addresses: [`172.20.${b}.2/24`] },
      { mtu: 1400, addresses: [`172.20.${b}.3/24`], promiscuous: true },
    ]),
  fc
    .tuple(small(200), fc.constantFrom("bridge", "private"))
    .map(([b, mode]): [string, Props, Props] => [
      "MacvlanLink",
      { parent: "enp0s8", name: "ours0", mode, addresses: [`172.20.${b}.2/24`], routes: [{ to: `172.21.${b}.0/24` }] },
      { addresses: [`172.20.${b}.3/32`], routes: [{ to: `172.22.${b}.0/24` }] },
    ]),
  small(200).map((b): [string, Props, Props] => [
    "InterVlanRouter",
    { interfaces: [{ interface: "enp0s8", addresses: [`172.20.${b}.1/24`] }], nat: [{ outInterface: "enp0s3" }] },
    { policy: { default: "drop", rules: [] } },
  ]),
  small(200).map((b): [string, Props, Props] => [
    "MacvlanNetwork",
    { parent: "enp0s8", name: "ours", subnets: [{ subnet: `172.20.${b}.0/24` }] },
    { labels: { changed: "yes" } },
  ]),
);

const states = fc.sample(fc.tuple(fc.array(foreign, { minLength: 1, maxLength: 4 }), ours), {
  numRuns: STATES,
  seed: SEED,
});

/** Docker's objects of others, which the snapshot knows by name only. */
const docker = (host: string) =>
  on(host, "docker ps -a --format '{{.ID}} {{.Names}} {{.State}}' | sort; docker network ls -q --no-trunc | sort");

describe(`${STATES} random states of hosts`, function () {
  this.timeout(STATES * 10_000);

  it(`are the same after a resource came, changed and went (seed ${SEED})`, async () => {
    let done = 0;
    const work = async (host: string, part: typeof states) => {
      for (const [others, [type, inputs, change]] of part) {
        // Most succeed; one that is there already is no new state, and no error. udev gives a new interface another MAC address.
        await on(host, `${others.join("\n")}\nudevadm settle`);
        const before = `${await snapshot(host)}\n${await docker(host)}`;
        const what = `after ${others.join("; ")}, with ${type} ${JSON.stringify(inputs)}`;
        const resource = await driven(type, host, inputs).create();
        await resource.update(change);
        await resource.delete();
        try {
          assertSame(`${await snapshot(host)}\n${await docker(host)}`, before);
        } catch (error) {
          throw new Error(`${host}, ${what}: ${(error as Error).message}`);
        }
        done += 1;
      }
    };
    await shared(states, work);
    assert.equal(done, STATES);
    for (const { name } of HOSTS) {
      assert.ok(Number(await on(name, "ls -d /sys/class/net/foe* | wc -l")) > STATES / 20, "the states were there");
    }
  });

  after(function () {
    this.timeout(60_000);
    return Promise.all(
      HOSTS.map(({ name }) =>
        on(
          name,
          `docker ps -aq --filter name=foe-box | xargs -r docker rm -f; docker network ls -q --filter name=foe-net | xargs -r docker network rm
           for link in $(ls /sys/class/net | grep ^foe); do ip link del $link; done
           for t in $(nft list tables | grep ' foe' | cut -d ' ' -f 3); do nft delete table ip $t; done
           ip rule show | grep 10.202 | cut -d : -f 1 | while read pref; do ip rule del pref $pref; done
           for c in FORWARD DOCKER-USER; do iptables -w -S $c | grep '10.204\\|foe' | sed 's/^-A/-D/' | while read r; do iptables -w $r; done; done
           iptables -w -t nat -S POSTROUTING | grep 10.204 | sed 's/^-A/-D/' | while read r; do iptables -w -t nat $r; done; true`,
        ),
      ),
    );
  });
});
