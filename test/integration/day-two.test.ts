// A topology that is lived in is changed by its program: what containers feel, and that going back works wherever a change breaks off.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { assertSame, ONE_BY_ONE, on, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const change = JSON.parse(process.env["LAB_CHANGE"] ?? "{}");
const hosts: Record<string, string> = change.hosts ?? { host1: "host1", host2: "host2" };
const parent: string = change.parent ?? "enp0s8";
const base = {
  iot: { vlanId: 300, subnets: ["172.16.30.0/24"] },
  nas: { vlanId: 310, subnets: ["172.16.40.0/24"] },
  idle: { vlanId: 320, subnets: ["172.16.50.0/24"] },
};
const all = Object.entries({ ...base, ...change.vlans }).filter(([, vlan]) => vlan !== null);
new VlanTopology("lan", {
  hosts: Object.fromEntries(
    Object.entries(hosts).map(([name, host]) => [
      name,
      { connection: lab[host], parent, ...(name === host ? {} : { formerly: host }) },
    ]),
  ),
  vlans: Object.fromEntries(all) as never,
  router: { connection: lab.host3, parent },
});
`;

const HOSTS = ["host1", "host2", "host3"];
const CONTAINERS: Record<string, [host: string, network: string, more: string]> = {
  d1: ["host1", "iot", "--network-alias web"],
  d2: ["host1", "nas", ""],
  d3: ["host2", "iot", "--mac-address 02:42:aa:bb:cc:03"],
  d4: ["host2", "nas", "--ip 172.16.40.70"],
};

/** A trunk inside the trunk: to what stands on it a NIC like any other. */
const OTHER_PARENT = "ip link add link enp0s8 name trunk2 type vlan id 400; ip link set trunk2 up";

/** Where it goes wrong once all hosts have said yes: before one of these programs is asked to change something. */
const PLACES = {
  "a host's interface": { host: "host2", steps: ["ip link add ", "ip link set ", "ip link del "] },
  "a host's network": { host: "host2", steps: ["docker system dial-stdio", "docker network rm "] },
  "the router's leg": { host: "host3", steps: ["ip link add ", "ip link set ", "ip link del "] },
  "the router": { host: "host3", steps: ["nft -f ", "ip addr add ", "ip addr del "] },
};

interface Program {
  vlans?: Record<string, unknown>;
  hosts?: Record<string, string>;
  parent?: string;
}

interface Change extends Program {
  /** Whose resources it changes. */
  places: (keyof typeof PLACES)[];
}

const ALL = Object.keys(PLACES) as (keyof typeof PLACES)[];
const NETWORKS: Change["places"] = ["a host's network", "the router"];
const INTERFACES: Change["places"] = ["a host's interface", "the router's leg"];

const iot = (change: object): Program => ({ vlans: { iot: { vlanId: 300, subnets: ["172.16.30.0/24"], ...change } } });

const CHANGES: Record<string, Change> = {
  "another VLAN id": { ...iot({ vlanId: 301 }), places: ALL },
  "a wider subnet": { ...iot({ subnets: ["172.16.30.0/23"] }), places: NETWORKS },
  "another gateway": { ...iot({ gateway: "172.16.30.250" }), places: NETWORKS },
  "another protocol": { ...iot({ protocol: "802.1ad" }), places: ALL },
  "another parent": { parent: "trunk2", places: ALL },
  "an IPv6 subnet more": { ...iot({ subnets: ["172.16.30.0/24", "fd00:30::/64"] }), places: NETWORKS },
  "another mode": { ...iot({ mode: "private" }), places: ["a host's network"] },
  "another MTU": { ...iot({ mtu: 1400 }), places: INTERFACES },
  "a VLAN less": { vlans: { idle: null }, places: ALL },
  "a host of another name": { hosts: { first: "host1", host2: "host2" }, places: [] },
};

const FAILURES: Record<string, { break: string; mend: string }> = {
  "a refusal": { break: "echo refused >&2; exit 1", mend: "true" },
  "a host that stops answering": {
    break: "systemctl stop ssh.socket ssh; pkill -KILL sshd; sleep 100",
    mend: "true",
  },
  "a full disk": {
    break:
      'fallocate -l $(df --output=avail -B1 / | tail -1) /fill; dd if=/dev/zero of=/fill2 bs=4k 2>/dev/null; exec $real "$@"',
    mend: "rm -f /fill /fill2",
  },
};

/** What is deleted there takes no room: a full disk does not break it off, and it is gone back from all the same. */
const NEEDS_NO_ROOM: Record<string, Change["places"]> = {
  "a VLAN less": ["a host's interface", "a host's network", "the router's leg"],
};

const SHORT = [
  { what: "another VLAN id", failure: "a refusal", place: "the router's leg" },
  { what: "another VLAN id", failure: "a refusal", place: "the router" },
  { what: "another gateway", failure: "a full disk", place: "a host's network" },
  // What went is deleted, and nobody has heard of it.
  { what: "a VLAN less", failure: "a host that stops answering", place: "a host's interface" },
];

describe("A topology that is lived in", function () {
  this.timeout(600_000);
  const stack = new Project("day-two", PROGRAM);
  const before_: Record<string, string> = {};
  const change = (to: Program = {}) => {
    stack.env["LAB_CHANGE"] = JSON.stringify(to);
  };
  const up = () => stack.good("up", "--yes", "--skip-preview");

  const namesOn = (host: string) => Object.keys(CONTAINERS).filter((name) => CONTAINERS[name]?.[0] === host);
  /** What a container is, for those who talk to it, and that it has not been started again: name, address, MAC address, start. */
  const containers = async () => {
    const template =
      "{{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{.State.Pid}} {{.State.StartedAt}}";
    const found = HOSTS.slice(0, 2).map((host) =>
      on(
        host,
        `docker inspect -f '${template}' ${namesOn(host).join(" ")} | while read -r name address pid started; do
           echo "$name $address $(cat /proc/$pid/root/sys/class/net/eth*/address) $started"; done`,
      ),
    );
    return (await Promise.all(found)).join("\n").split("\n");
  };
  const hosts = async () =>
    Object.fromEntries(
      await Promise.all(HOSTS.map(async (host): Promise<[string, string]> => [host, await snapshot(host)])),
    );
  /** Number, order and time of making apart, and what only says whose it is. */
  const plain = (text: string) =>
    text
      .split("\n")
      .map((line) =>
        line
          .replace(/^\d+: /, "")
          .replace(/ alias pulumi-macvlan .*$/, "")
          .replace(/ state \S+/, ""),
      )
      .filter((line) => !/addresses-on\.|pulumi-macvlan\/networks\/|comment "pulumi-macvlan|handle/.test(line))
      .sort()
      .join("\n");
  const assertAsBefore = async () => {
    for (const [host, text] of Object.entries(await hosts())) assertSame(plain(text), plain(before_[host] ?? ""));
  };
  const assertReached = async () => {
    const address = Object.fromEntries((await containers()).map((line) => line.split(" ").slice(0, 2)));
    const wanted = [
      [address["/d3"], 64],
      [address["/d2"], 63],
      [address["/d4"], 63],
    ];
    const asks = wanted.map(([to]) => `ping -c 3 -W 2 ${to} 2>&1 | sed "s/^/${to} /" &`);
    const said = await on("host1", `docker exec d1 sh -c '${[...asks, "wait"].join("\n")}'`);
    for (const [to, ttl] of wanted)
      assert.match(said, new RegExp(`^${to} .* ttl=${ttl} `, "m"), `d1 to ${to}: ${said}`);
  };

  before(async () => {
    stack.env["LAB_HOSTS"] = JSON.stringify(Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)])));
    change();
    for (const host of HOSTS) await on(host, OTHER_PARENT);
    await stack.init();
    await up();
    for (const [name, [host, network, more]] of Object.entries(CONTAINERS)) {
      await on(host, `docker run -d --name ${name} --network ${network} ${more} busybox sleep 100000 >/dev/null`);
    }
    await stack.good("refresh", "--yes", "--skip-preview");
    await assertReached();
    Object.assign(before_, await hosts());
  });
  after(async () => {
    await Promise.all(
      Object.entries(CONTAINERS).map(([name, [host]]) => on(host, `docker rm -f ${name} >/dev/null; true`)),
    );
    change();
    await stack.run("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) await on(host, "ip link del trunk2");
    stack.end();
  });

  for (const [what, to] of Object.entries(CHANGES)) {
    // The others are measured on each release in lived-in.ts; all of them are here in npm run test:faults.
    const short = [
      "another VLAN id",
      "another protocol",
      "a wider subnet",
      "a VLAN less",
      "a host of another name",
    ].includes(what);
    if (!process.env["FAULTS"] && !short) continue;
    it(`takes ${what}, and takes it back, with its containers as they were`, async () => {
      const were = await containers();
      change(to);
      if (what === "another VLAN id") {
        const shown = await stack.good("preview");
        assert.match(shown, /Docker network "iot" on host1 is made anew: d1 \(as last read\)/);
        assert.match(shown, /Docker network "iot" on host2 is made anew: d3 \(as last read\)/);
        assert.doesNotMatch(shown, /Docker network "nas"/);
      }
      await up();
      assert.deepEqual(await containers(), were);
      if (what !== "another mode") await assertReached();
      change();
      await up();
      assert.deepEqual(await containers(), were);
      await assertReached();
      await assertAsBefore();
    });
  }

  it("never has an address in two hands, whatever changes while containers stay and others come", async () => {
    const CHANGED: Program[] = [
      iot({ subnets: ["172.16.30.0/23"] }),
      { ...iot({ subnets: ["172.16.30.0/23"], gateway: "172.16.30.250" }), hosts: { host1: "host1", second: "host2" } },
      {},
    ];
    const came: [host: string, name: string][] = [];
    for (const [at, to] of CHANGED.entries()) {
      change(to);
      await up();
      for (const host of ["host1", "host2"]) {
        came.push([host, `came${at}`]);
        await on(host, `docker run -d --name came${at} --network iot busybox sleep 100000 >/dev/null`);
      }
      const addresses = await Promise.all(
        [["host1", "d1"], ["host2", "d3"], ...came].map(([host = "", name]) =>
          on(host, `docker inspect -f '{{.NetworkSettings.Networks.iot.IPAddress}}' ${name}`),
        ),
      );
      assert.deepEqual(
        addresses.filter((address, index) => addresses.indexOf(address) !== index),
        [],
      );
      // Two of one address have one MAC address too: what tells them is that both answer.
      for (const address of addresses) {
        const said = await on("host3", `arping -b -c 3 -w 4 -I enp0s8.300 ${address}; true`);
        assert.equal(said.match(/reply from/g)?.length, 3, said);
      }
    }
    for (const [host, name] of came) await on(host, `docker rm -f ${name} >/dev/null`);
    await stack.good("refresh", "--yes", "--skip-preview");
  });

  describe("goes back", () => {
    const wrapper = (steps: string[], script: string) => {
      const any = steps.map((step) => `"${step}"*`).join(" | ");
      return `#!/bin/sh\nname=\${0##*/}\nfor real in /usr/sbin/$name /usr/bin/$name /sbin/$name; do [ ! -x $real ] || break; done\n[ $name != ip ] || ${ONE_BY_ONE}\ncase "$name $*" in ${any}) ${script} ;; esac\nexec $real "$@"\n`;
    };

    const cells = Object.entries(CHANGES).flatMap(([what, { places }]) =>
      Object.keys(FAILURES).flatMap((failure) => places.map((place) => ({ what, failure, place }))),
    );
    for (const { what, failure, place } of cells) {
      // In npm test one change for each failure, and one at each place; each with each in npm run test:faults.
      const short = SHORT.some((cell) => cell.what === what && cell.failure === failure && cell.place === place);
      if (!process.env["FAULTS"] && !short) continue;
      const { host, steps } = PLACES[place];
      const { break: script = "", mend } = FAILURES[failure] ?? {};
      it(`from ${what} that ${failure} broke off at ${place}, and forth again`, async () => {
        const were = await containers();
        const ends =
          failure === "a host that stops answering"
            ? "(setsid sh -c 'sleep 25; systemctl start ssh' >/dev/null 2>&1 </dev/null &); "
            : "";
        const programs = [...new Set(steps.map((step) => step.split(" ")[0]))];
        const paths = programs.map((program) => `/usr/local/sbin/${program}`);
        await lab.exec(host, `tee ${paths.join(" ")} >/dev/null; chmod 755 ${paths.join(" ")}`, {
          input: wrapper(steps, ends + script),
        });
        change(CHANGES[what]);
        const { exitCode, all } = await stack.run("up", "--yes", "--skip-preview");
        if (ends) await new Promise((resolve) => setTimeout(resolve, 27_000));
        await on(host, `${mend}; rm -f ${paths.join(" ")}`);
        change();
        const goesThrough = failure === "a full disk" && NEEDS_NO_ROOM[what]?.includes(place);
        assert.equal(exitCode === 0, goesThrough === true, String(all));
        // Whoever puts right what was wrong goes on with the new program, others go back to the old one first.
        const next = failure === "a full disk" ? [CHANGES[what], {}] : [{}, CHANGES[what], {}];
        for (const program of next) {
          change(program);
          await up();
          assert.deepEqual(await containers(), were);
          if (program === CHANGES[what]) continue;
          await assertReached();
          await assertAsBefore();
        }
      });
    }
  });
});
