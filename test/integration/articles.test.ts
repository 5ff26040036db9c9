// What articles say to type, as it stands there: scanned, taken over by the program that comes out of it, and changed by it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, json, made, on, snapshot } from "./hosts";
import { noMorePings, pinging } from "./pinging";
import { Project } from "./pulumi";
import { programIn, scanned, withoutAdopt } from "./scanning";

/** Docker makes the sub-interface itself: on each Docker of the lab, with a number of its own. */
const bySubinterface = (n: number): string[] => [
  `docker network create -d macvlan --subnet=192.168.${n}.0/24 --gateway=192.168.${n}.1 -o parent=eth0.${n} macvlan${n}`,
  `docker run --rm -dit --network macvlan${n} --name on${n} alpine:latest ash`,
];

/**
 * Line by line. Where an article forgets that a link has to be up before it can have a default route, that is typed, too; a container has the
 * network that the article has made.
 */
const TYPED: Record<string, string[]> = {
  host1: [
    "docker network create -d macvlan --subnet=172.16.86.0/24 --gateway=172.16.86.1 -o parent=eth0 my-macvlan-net",
    "docker run --rm -dit --network my-macvlan-net --name my-macvlan-alpine alpine:latest ash",
    ...bySubinterface(50),
    "docker network create -d macvlan --subnet=192.168.216.0/24 --subnet=192.168.218.0/24 --gateway=192.168.216.1 --gateway=192.168.218.1 --subnet=2001:db8:abc8::/64 --gateway=2001:db8:abc8::10 -o parent=eth0.218 -o macvlan_mode=bridge macvlan216",
  ],
  host2: [
    // On the interface that SSH comes in by.
    "docker network create --driver macvlan --subnet=192.168.1.0/24 --gateway=192.168.1.1 -o parent=enp0s3 my-macvlan-network",
    "docker run --network my-macvlan-network --ip 192.168.1.100 -d --name container1 gindemo:v2",
    'docker network create -d macvlan --subnet=192.168.32.0/24 --ip-range=192.168.32.128/25 --gateway=192.168.32.254 --aux-address="my-router=192.168.32.129" -o parent=eth0 macnet32',
    "docker run -itd --network=macnet32 --name=my_container ubuntu:latest",
    ...bySubinterface(60),
    "ip link add macvlan0 link eth0 type macvlan mode private",
    "ip link set macvlan0 up",
    "ip addr add 192.168.2.2/24 dev macvlan0",
    "ip route add default via 192.168.2.1 dev macvlan0",
  ],
  host3: [
    "docker network create -d ipvlan --subnet=192.168.210.0/24 --subnet=192.168.212.0/24 --gateway=192.168.210.254 --gateway=192.168.212.254 -o ipvlan_mode=l2 -o parent=eth0 ipvlan210",
    "docker run --net=ipvlan210 --ip=192.168.210.152 --name on210 -itd centos /bin/sh",
    ...bySubinterface(70),
  ],
};
const NAMES = HOSTS.map(({ name }) => name);

/** The articles' interface has another name here. */
const here = (line: string): string => line.replaceAll("eth0", "enp0s8");

/** What they fetch from a registry, made of what the lab has; theirs have a program of their own. */
const IMAGES = `docker run -d --network none --name theirs busybox sleep 100000
  for image in alpine ubuntu centos gindemo:v2; do docker commit theirs $image; done; docker rm -f theirs`;

/** Everybody has a neighbour who asks ten times a second. */
const NEIGHBOURS = [
  { host: "host1", network: "my-macvlan-net", of: "my-macvlan-alpine" },
  { host: "host1", network: "macvlan50", of: "on50" },
  { host: "host2", network: "macvlan60", of: "on60" },
  { host: "host3", network: "macvlan70", of: "on70" },
  { host: "host2", network: "my-macvlan-network", of: "container1" },
  { host: "host2", network: "macnet32", of: "my_container" },
  { host: "host3", network: "ipvlan210", of: "on210" },
];

interface Attached {
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

describe("what articles say to type", function () {
  this.timeout(300_000);
  const were: Record<string, string> = {};
  let folder = "";
  let project: Project | undefined;
  let program = "";

  const write = (text: string) => writeFileSync(join(project?.folder ?? "", "index.ts"), text);
  const attached = async ({ host, network, of }: (typeof NEIGHBOURS)[number]) => {
    const [container] = await json<Attached[]>(host, `docker inspect ${of}`);
    // The interface's own: Docker 28 does not know of one that was set there.
    const mac = await on(host, `docker exec ${of} sh -c 'cat /sys/class/net/eth*/address'`);
    return { address: container?.NetworkSettings.Networks[network]?.IPAddress, mac };
  };
  const gone = (host: string) =>
    on(
      host,
      `docker ps -aq | xargs -r docker rm -f; docker network ls -q --filter driver=macvlan --filter driver=ipvlan | xargs -r docker network rm
       for link in macvlan0 enp0s8.50 enp0s8.60 enp0s8.70 enp0s8.218; do ip link del $link 2>/dev/null; done; true`,
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-articles-"));
    await Promise.all(
      NAMES.map(async (name) => {
        await on(name, `ip link set enp0s8 up; ${IMAGES}`);
        were[name] = await snapshot(name);
        for (const line of TYPED[name] ?? []) await on(name, here(line));
        for (const { host, network, of } of NEIGHBOURS)
          if (host === name)
            await on(name, `docker run -d --network ${network} --name beside-${of} busybox sleep 100000`);
      }),
    );
  });
  after(async () => {
    await Promise.all(NAMES.map(noMorePings));
    await project?.run("destroy", "--yes", "--skip-preview");
    project?.end();
    await Promise.all(NAMES.map(gone));
    rmSync(folder, { recursive: true, force: true });
  });

  it("is written as a program", async () => {
    const { stdout, stderr } = await scanned(folder, NAMES, "lan");
    assert.equal(stderr, "");
    assert.match(stdout, /^host1: 5 described\nhost2: 5 described\nhost3: 3 described\n/);
    program = programIn(folder, "lan");
    // Docker has no use for it without --ipv6.
    assert.doesNotMatch(program, /2001:db8/);
    for (const said of [
      'routes: [{ to: "0.0.0.0/0", via: "192.168.2.1" }],',
      'mode: "private",',
      "parent: host1Vlan50.name,",
      'auxAddresses: { "my-router": "192.168.32.129" },',
      'ipRange: "192.168.32.128/25",',
      'flag: "bridge",',
    ])
      assert.ok(program.includes(said), `${said}\n${program}`);
  });

  it("is told field by field where the program differs, before anything is changed", async () => {
    project = new Project("articles", program);
    await project.good("stack", "init");
    const before = await Promise.all(NAMES.map(made));
    const said: [was: string, is: string][] = [
      ['mode: "private"', 'mode: "bridge"'],
      ['addresses: ["192.168.2.2/24"]', 'addresses: ["192.168.2.3/24"]'],
      ["vlanId: 218,", "vlanId: 218,\n  mtu: 1400,"],
      ['gateway: "192.168.32.254"', 'gateway: "192.168.32.253"'],
      ['flag: "bridge",', 'flag: "private",\n  internal: true,'],
    ];
    for (const [was] of said) assert.ok(program.includes(was), was);
    write(said.reduce((text, [was, is]) => text.replace(was, is), program));
    const told = await project.good("preview");
    for (const what of [
      /macvlan link "macvlan0" on host2 is there already, and is changed when it is taken over: mode: wanted "bridge", the host shows "private"; addresses: wanted \["192\.168\.2\.3\/24"\], the host shows \["192\.168\.2\.2\/24"\]\n/,
      /VLAN sub-interface "enp0s8\.218" on host1 is there already, .*: mtu: wanted 1400, the host shows 1500\n/,
      /Docker network "macnet32" on host2 is there already, .*: subnets: wanted .*"gateway":"192\.168\.32\.253".*, the host shows .*"gateway":"192\.168\.32\.254".*\. Docker network "macnet32" on host2 is made anew: beside-my_container, my_container \(as last read\) will be off it/,
      /Docker network "ipvlan210" on host3 is there already, .*: flag: wanted "private", the host shows "bridge"; internal: wanted true, the host shows false\. .* is made anew: beside-on210, on210 /,
    ])
      assert.match(told, what);
    write(program);
    assert.deepEqual(await Promise.all(NAMES.map(made)), before);
  });

  it("is taken over by it, and nothing is made anew and no packet is lost", async () => {
    const before = await Promise.all(NAMES.map(made));
    const answered = await pinging(
      await Promise.all(
        NEIGHBOURS.map(async (one) => ({
          host: one.host,
          from: `beside-${one.of}`,
          to: String((await attached(one)).address),
        })),
      ),
    );
    await project?.good("up", "--yes");
    await project?.good("preview", "--expect-no-changes");
    await answered();
    assert.deepEqual(await Promise.all(NAMES.map(made)), before);
  });

  it("is a program's from then on: a change leaves each container its address", async () => {
    const before = await Promise.all(NEIGHBOURS.map(attached));
    const changed = program.replaceAll(
      /( +)name: "(?:macvlan50|macvlan60|macvlan70|macvlan216|my-macvlan-net|my-macvlan-network|macnet32|ipvlan210)",\n/g,
      '$&$1labels: { by: "program" },\n',
    );
    write(withoutAdopt(changed));
    assert.match((await project?.good("up", "--yes", "--skip-preview")) ?? "", / {4}~ 8 updated\n/);
    for (const { host, network } of NEIGHBOURS)
      assert.equal(await on(host, `docker network inspect -f '{{.Labels.by}}' ${network}`), "program");
    assert.deepEqual(await Promise.all(NEIGHBOURS.map(attached)), before);
    for (const one of NEIGHBOURS) {
      const { address } = await attached(one);
      await on(one.host, `docker exec beside-${one.of} ping -c 3 -W 2 ${address}`);
    }
    assert.equal(await on("host1", "docker network inspect -f '{{.EnableIPv6}}' macvlan216"), "false");
  });

  it("goes with it", async () => {
    await Promise.all(NAMES.map((name) => on(name, "docker ps -aq | xargs -r docker rm -f")));
    await project?.good("destroy", "--yes", "--skip-preview");
    for (const name of NAMES) assertSame(await snapshot(name), were[name] ?? "");
  });
});
