// Ready or not at all: one host that can't take its part of a change, and nothing is changed on any of them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lab } from "./hooks";
import { assertSame, driven, on, type Props, snapshot } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { VlanTopology } from "pulumi-macvlan";

const lab = JSON.parse(process.env["LAB_HOSTS"] ?? "");
const names = (process.env["LAB_NAMES"] ?? "").split(" ");
new VlanTopology("lan", {
  hosts: Object.fromEntries(names.map((name) => [name, { connection: lab[name], parent: "enp0s8" }])),
  vlans: JSON.parse(process.env["LAB_VLANS"] ?? ""),
  router: { connection: lab.host3, parent: "enp0s8" },
  shims: ["mac10"],
});
`;

const HOSTS = ["host1", "host2", "host3"];
const mac10 = { vlanId: 100, subnets: ["172.16.10.0/24"] };
const mac20 = { vlanId: 200, subnets: ["172.16.20.0/24"] };
const mac30 = { vlanId: 300, subnets: ["172.16.30.0/24"] };
const FULL =
  "fallocate -l $(df --output=avail -B1 $d | tail -1) $d/fill 2>/dev/null; dd if=/dev/zero of=$d/fill2 bs=4k";
const AWAY = { connectTimeout: 3, port: 1 };

interface Case {
  what: string;
  /** What is in the way, by host, and how it goes again. */
  given?: Record<string, string>;
  after?: Record<string, string>;
  vlans: Props;
  connection?: object;
  said: RegExp[];
}

const CASES: Case[] = [
  {
    what: "a parent that is down, and one that is not there",
    given: { host2: "ip link add nic30 type dummy" },
    after: { host2: "ip link del nic30" },
    vlans: { mac10, mac20, mac30: { ...mac30, parent: { host1: "nic31", host2: "nic30" } } },
    said: [
      /2 hosts are not ready:/,
      /host1: parent "nic31" does not exist; its interfaces are /,
      /host2: parent "nic30" is down: bring it up \(ip link set nic30 up\)/,
    ],
  },
  {
    what: "an interface of the name that is somebody else's",
    given: { host1: "ip link add link enp0s8 name enp0s8.300 type vlan id 301" },
    after: { host1: "ip link del enp0s8.300" },
    vlans: { mac10, mac20, mac30 },
    said: [
      /1 host is not ready:\s+host1: VLAN sub-interface "enp0s8\.300": it exists and was not made by pulumi-macvlan/,
    ],
  },
  {
    what: "the VLAN's id under another name, on the router",
    given: { host3: "ip link add link enp0s8 name other30 type vlan id 300" },
    after: { host3: "ip link del other30" },
    vlans: { mac10, mac20, mac30 },
    said: [
      /1 host is not ready:\s+router: VLAN sub-interface "enp0s8\.300": VLAN 300 of "enp0s8" is there already as "other30"/,
    ],
  },
  {
    what: "a Docker network of the name, and one with addresses of the subnet: two on two hosts, told together",
    given: {
      host1:
        "ip link add d30 type dummy; ip link set d30 up; docker network create -d macvlan -o parent=d30 --subnet 172.16.30.128/25 other",
      host2:
        "ip link add d30 type dummy; ip link set d30 up; docker network create -d macvlan -o parent=d30 --subnet 10.99.0.0/24 mac30",
    },
    after: { host1: "docker network rm other; ip link del d30", host2: "docker network rm mac30; ip link del d30" },
    vlans: { mac10, mac20, mac30 },
    said: [
      /2 hosts are not ready:/,
      /host1: Docker network "mac30": its subnet 172\.16\.30\.0\/24 overlaps 172\.16\.30\.128\/25 of Docker network "other" there/,
      /host2: Docker network "mac30": it exists and was not made by pulumi-macvlan/,
    ],
  },
  {
    what: "containers on a VLAN that is to go, a stopped one too",
    vlans: { mac10 },
    said: [
      /host1: Docker network "mac20": containers are still on it: d2; remove them/,
      /host2: Docker network "mac20": containers are still on it: d4; remove them/,
    ],
  },
  {
    what: "containers on a network that can't be changed in place",
    vlans: { mac10: { ...mac10, driver: "ipvlan" }, mac20 },
    said: [/1 host is not ready:\s+host1: Docker network "mac10": containers are still on it: d1; remove them/],
  },
  {
    what: "an address that a user chose and that does not fit any more, not Docker's own choices",
    vlans: { mac10: { ...mac10, subnets: ["172.16.11.0/24"] }, mac20: { ...mac20, subnets: ["172.16.21.0/24"] } },
    said: [
      /1 host is not ready:\s+host2: Docker network "mac20": container "d4" was given 172\.16\.20\.70 on it, .*\(172\.16\.21\.0\/24\)/,
    ],
  },
  {
    what: "a VLAN of another name, whose network would be made before the old one goes",
    given: { host1: "docker rm -f d2", host2: "docker rm -f d4" },
    after: { host1: "docker create --name d2 --network mac20 busybox sleep 100000", host2: "D4" },
    vlans: { mac10, mac21: mac20 },
    said: [
      /host1: Docker network "mac21": its subnet .* of Docker network "mac20" there, which goes in this change, but only/,
    ],
  },
  {
    what: "a Docker that does not run",
    given: { host1: "systemctl stop docker.socket docker" },
    after: { host1: "systemctl reset-failed docker; systemctl start docker; docker start d1" },
    vlans: { mac10, mac20, mac30 },
    said: [/1 host is not ready:\s+host1: its Docker daemon does not answer/],
  },
  {
    what: "a disk that is full",
    given: { host2: `for d in / /run; do ${FULL} 2>/dev/null; done; true` },
    after: { host2: "rm -f /fill /fill2 /run/fill /run/fill2" },
    vlans: { mac10, mac20, mac30 },
    said: [
      /1 host is not ready:/,
      /host2: \/run has no room for 4 MB \(.*No space left on device/,
      /host2: \/var\/lib has no room/,
    ],
  },
  {
    what: "a host that is not reached",
    vlans: { mac10, mac20, mac30 },
    connection: AWAY,
    said: [/1 host is not ready:\s+host2: cannot reach host2: .*refuses connections/],
  },
];

describe("ready or not at all", function () {
  this.timeout(240_000);
  const stack = new Project("readiness", PROGRAM);
  const before_: Record<string, string> = {};
  const D4 = "docker run -d --name d4 --network mac20 --ip 172.16.20.70 busybox sleep 100000";
  const run = (host: string, line: string) => on(host, line === "D4" ? D4 : line);
  const each = async (lines: Record<string, string> = {}) => {
    for (const [host, line] of Object.entries(lines)) await run(host, line);
  };
  const want = (vlans: Props, connection: object = {}, names = "host1 host2") => {
    const hosts = Object.fromEntries(HOSTS.map((name) => [name, lab.connection(name)]));
    Object.assign(hosts["host2"] ?? {}, connection);
    stack.env["LAB_HOSTS"] = JSON.stringify(hosts);
    stack.env["LAB_VLANS"] = JSON.stringify(vlans);
    stack.env["LAB_NAMES"] = names;
  };
  /** A network that was made anew has another id. */
  const looked = () =>
    Promise.all(
      HOSTS.map(
        async (host) =>
          `${await snapshot(host)}\n${await on(host, "docker network ls -q --no-trunc; docker ps -a --format '{{.Names}} {{.State}}'; true")}`,
      ),
    );
  const passes = () => on("host1", "docker exec d1 ping -c 3 -W 2 172.16.20.70 | grep -o ' ttl=[0-9]*' | head -1");
  const up = () => stack.run("up", "--yes", "--skip-preview");
  const logins = () =>
    Promise.all(HOSTS.map((host) => on(host, "journalctl -u ssh -o cat | grep -c 'Accepted publickey'")));

  before(async () => {
    for (const host of HOSTS) before_[host] = await snapshot(host);
    want({ mac10, mac20 });
    await stack.init();
    await stack.good("up", "--yes", "--skip-preview");
    await on("host1", "docker run -d --name d1 --network mac10 busybox sleep 100000");
    await on("host1", "docker create --name d2 --network mac20 busybox sleep 100000");
    await on("host2", D4);
  });
  after(() => stack.end());

  it("is asked before everything else", async () => {
    const { deployment } = JSON.parse(await stack.good("stack", "export")) as {
      deployment: { resources: { urn: string; dependencies?: string[] }[] };
    };
    const on_ = new Map(deployment.resources.map(({ urn, dependencies = [] }) => [urn, dependencies]));
    const asks = ([urn = "", ...others]: string[]): boolean =>
      urn.endsWith("::lan-ready") ||
      ([...(on_.get(urn) ?? []), ...others].length > 0 && asks([...others, ...(on_.get(urn) ?? [])]));
    const made = [...on_.keys()].filter((urn) => /dynamic\/macvlan:(?!AddressPlan|Readiness)/.test(urn));
    assert.equal(made.length, 4 + 4 + 2 + 3);
    assert.deepEqual(
      made.filter((urn) => !asks([urn])),
      [],
    );
    assert.equal(await passes(), "ttl=63");
  });

  const assertRefused = async (vlans: Props, said: RegExp[], connection: object = {}) => {
    const now = await looked();
    want(vlans, connection);
    const { exitCode, all } = await up();
    assert.notEqual(exitCode, 0, String(all));
    assert.match(String(all), /error: nothing was changed anywhere: \d hosts? /);
    for (const line of said) assert.match(String(all), line);
    for (const [index, found] of (await looked()).entries()) assertSame(found, now[index] ?? "");
  };

  for (const { what, given, after, vlans, connection, said } of CASES) {
    it(`changes nothing anywhere: ${what}`, async () => {
      await each(given);
      try {
        await assertRefused(vlans, said, connection);
      } finally {
        await each(after);
      }
      assert.equal(await passes(), "ttl=63");
    });
  }

  it("changes nothing anywhere: a subnet that another stack's router has", async () => {
    await on("host3", "ip link add d30 type dummy; ip link set d30 up");
    const interfaces = [{ interface: "d30", addresses: ["172.16.30.1/24"] }];
    const theirs = await driven("InterVlanRouter", "host3", { name: "theirs", interfaces }).create();
    try {
      await assertRefused({ mac10, mac20, mac30 }, [
        /1 host is not ready:\s+router: router[^:]*: 172\.16\.30\.\S+ is in a subnet that another router there \(its mark says "[^"]*tests\/lab\/InterVlanRouter-theirs"\) has on "d30"/,
      ]);
    } finally {
      await theirs.delete();
      await on("host3", "ip link del d30");
    }
    assert.equal(await passes(), "ttl=63");
  });

  it("is changed once nothing stands against it, and asks nobody when nothing changes", async () => {
    want({ mac10, mac20, mac30 });
    assert.match(
      await stack.good("up", "--yes", "--skip-preview"),
      /~ +pulumi-nodejs:dynamic\/macvlan:Readiness lan-ready updated/,
    );
    assert.match(await on("host2", "docker network inspect -f '{{.Driver}}' mac30"), /macvlan/);
    const count = await logins();
    await stack.good("preview", "--expect-no-changes");
    await stack.good("up", "--yes", "--skip-preview", "--expect-no-changes");
    want({ mac10, mac20, mac30: { ...mac30, driver: "macvlan", mode: "bridge" } });
    await stack.good("up", "--yes", "--skip-preview", "--expect-no-changes");
    assert.deepEqual(await logins(), count);
    want({ mac10, mac20 });
    await stack.good("preview");
    assert.deepEqual(await logins(), count, "nor in a preview of a change");
  });

  it("says at preview who is on what goes, with the state as last refreshed, and asks nobody for it", async () => {
    want({ mac10, mac20 });
    await stack.good("up", "--yes", "--skip-preview");
    assert.doesNotMatch(await stack.good("preview"), /still on it/);
    await stack.good("refresh", "--yes", "--skip-preview");
    const count = await logins();
    want({ mac10 });
    const [, diagnostics = ""] = (await stack.good("preview")).split("Diagnostics:\n");
    assert.match(
      diagnostics,
      /macvlan:Readiness \(lan-ready\):\n +warning: an update will be refused, by what was last read:\n +host1: Docker network "mac20": containers are still on it: d2; remove them.*\n +host2: Docker network "mac20": containers are still on it: d4; remove them/,
    );
    want({ mac10, mac20: { ...mac20, subnets: ["172.16.21.0/24"] } });
    assert.match(
      await stack.good("preview"),
      /warning: an update will be refused, by what was last read:\n +host2: Docker network "mac20": container "d4" was given 172\.16\.20\.70 on it/,
    );
    want({ mac10, mac20 });
    assert.doesNotMatch(await stack.good("preview", "--expect-no-changes"), /still on it/);
    assert.deepEqual(await logins(), count);
    want({ mac10, mac20, mac30 });
    await stack.good("up", "--yes", "--skip-preview");
  });

  it("says at preview what of somebody else has a name already, with the state as last refreshed", async () => {
    await on(
      "host2",
      "ip link add link enp0s8 name enp0s8.400 type vlan id 400; docker network create -d bridge mac40 >/dev/null",
    );
    try {
      await stack.good("refresh", "--yes", "--skip-preview");
      const mac40 = { vlanId: 400, subnets: ["172.16.40.0/24"] };
      want({ mac10, mac20, mac30, mac40 });
      const other = "it exists and was not made by pulumi-macvlan: remove it, choose another name,";
      assert.match(
        await stack.good("preview"),
        new RegExp(
          `warning: an update will be refused, by what was last read:\\n +host2: VLAN sub-interface "enp0s8\\.400": ${other}.*\\n +host2: Docker network "mac40": ${other}`,
        ),
      );
      assert.notEqual((await up()).exitCode, 0);
    } finally {
      await on("host2", "ip link del enp0s8.400; docker network rm mac40 >/dev/null");
    }
    await stack.good("refresh", "--yes", "--skip-preview");
    assert.doesNotMatch(await stack.good("preview"), /an update will be refused/);
    want({ mac10, mac20, mac30 });
  });

  it("asks only the hosts that a change touches", async () => {
    const [first, second, third] = (await logins()).map(Number);
    want({ mac10, mac20, mac30: { ...mac30, hosts: ["host1"] } });
    await stack.good("up", "--yes", "--skip-preview");
    const now = (await logins()).map(Number);
    assert.deepEqual(
      [now[0] === first, now[1] === second, now[2] === third],
      [true, false, true],
      "host2 alone loses something",
    );
    want({ mac10, mac20 });
    await stack.good("up", "--yes", "--skip-preview");
    assert.equal(await passes(), "ttl=63");
  });

  it("is asked again where an update broke off", async () => {
    want({ mac10, mac20, mac30 });
    // As a failure leaves it: all hosts have said yes to the description, and nothing of it is made.
    const first = (await urnOf("(AddressPlan|Readiness)")).flatMap((urn) => ["--target", urn]);
    await stack.good("up", "--yes", "--skip-preview", ...first);
    await on("host2", "ip link add link enp0s8 name enp0s8.300 type vlan id 301");
    const now = await looked();
    try {
      const { exitCode, all } = await up();
      assert.notEqual(exitCode, 0, String(all));
      assert.match(
        String(all),
        /error: nothing was changed anywhere: 1 host is not ready:\s+host2: VLAN sub-interface "enp0s8\.300": it exists and was not made by pulumi-macvlan/,
      );
      for (const [index, found] of (await looked()).entries()) assertSame(found, now[index] ?? "");
    } finally {
      await on("host2", "ip link del enp0s8.300");
    }
    await stack.good("up", "--yes", "--skip-preview");
    assert.equal(await passes(), "ttl=63");
    want({ mac10, mac20 });
    await stack.good("up", "--yes", "--skip-preview");
    await stack.good("up", "--yes", "--skip-preview", "--expect-no-changes");
  });

  it("takes what a stack of before has made for its own", async () => {
    const now = await looked();
    const file = join(stack.folder, "state.json");
    await stack.good("stack", "export", "--file", file);
    const state = JSON.parse(readFileSync(file, "utf8")) as {
      deployment: {
        resources: { urn: string; dependencies?: string[]; propertyDependencies?: Record<string, string[]> }[];
      };
    };
    const ready = (urn: string) => urn.endsWith("::lan-ready");
    state.deployment.resources = state.deployment.resources.filter(({ urn }) => !ready(urn));
    for (const resource of state.deployment.resources)
      resource.dependencies = (resource.dependencies ?? []).filter((urn) => !ready(urn));
    writeFileSync(file, JSON.stringify(state));
    await stack.good("stack", "import", "--file", file);
    const shown = await stack.good("up", "--yes", "--skip-preview");
    assert.match(shown, /\+ 1 created\n\s+\d+ unchanged/, shown);
    for (const [index, found] of (await looked()).entries()) assertSame(found, now[index] ?? "");
  });

  it("can be told that a host that goes is away for good", async () => {
    want({ mac10, mac20 }, AWAY);
    await stack.good("up", "--yes", "--skip-preview", "--target", (await urnOf("Readiness")).join(","));
    want({ mac10, mac20 }, {}, "host1");
    const { exitCode, all } = await up();
    assert.notEqual(exitCode, 0);
    assert.match(
      String(all),
      /1 host is not ready:\s+host2: cannot reach host2.*pulumi up --replace with this one's URN/,
    );
    await on("host2", "docker rm -f d4");
    for (const urn of (await urnOf(".*")).filter((text) => text.includes("lan-host2-")).reverse())
      await stack.good("state", "delete", urn, "--yes");
    await stack.good("up", "--yes", "--skip-preview", "--replace", (await urnOf("Readiness"))[0] ?? "");
    await stack.good("preview", "--expect-no-changes");
    want({ mac10, mac20 });
    await stack.good("up", "--yes", "--skip-preview");
    await on("host1", "docker rm -f d1 d2");
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const host of HOSTS) assertSame(await snapshot(host), before_[host] ?? "");
  });

  const urnOf = async (type: string): Promise<string[]> => {
    const { deployment } = JSON.parse(await stack.good("stack", "export")) as {
      deployment: { resources: { urn: string }[] };
    };
    return deployment.resources.map(({ urn }) => urn).filter((urn) => new RegExp(`macvlan:${type}::`).test(urn));
  };
});
