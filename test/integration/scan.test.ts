// What people have typed by hand, from articles: scanned, taken over by the program that comes out of it, and no packet is lost.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { assertSame, json, made, on, snapshot } from "./hosts";
import { noMorePings, pinging } from "./pinging";
import { COMMAND, Project } from "./pulumi";
import { programIn, scanned, withoutAdopt } from "./scanning";

const VLAN = (id: number) =>
  `ip link add link enp0s8 name enp0s8.${id} type vlan id ${id}; ip link set enp0s8 up; ip link set enp0s8.${id} up`;
const NETWORK = (n: number, parent = `enp0s8.${n}0`) =>
  `docker network create -d macvlan --subnet=172.16.${n}.0/24 --gateway=172.16.${n}.1 -o parent=${parent} mac${n}`;
const CONTAINER = (name: string, n: number, last: number) =>
  `docker run -itd --name ${name} --ip=172.16.${n}.${last} --network mac${n} busybox sleep 100000`;

const SHIM = (parent: string) =>
  `ip link add shim0 link ${parent} type macvlan mode bridge; ip addr add 172.16.10.250/32 dev shim0; ip link set shim0 up; ip route add 172.16.10.10/32 dev shim0`;

/** As the articles have it: VLANs on two hosts, a router between them, and a shim. One of the networks is on one host alone. */
const TYPED: Record<string, string[]> = {
  host1: [
    VLAN(100),
    VLAN(200),
    NETWORK(10),
    NETWORK(20),
    CONTAINER("d1", 10, 10),
    CONTAINER("d2", 20, 10),
    SHIM("enp0s8.100"),
  ],
  host2: [
    VLAN(100),
    VLAN(200),
    VLAN(400),
    NETWORK(10),
    NETWORK(20),
    NETWORK(40),
    CONTAINER("d3", 10, 11),
    CONTAINER("d4", 20, 11),
    // It does not run, and has its address all the same.
    `${CONTAINER("d5", 10, 12)}; docker stop -t 0 d5`,
    "ip link add virbr0 type bridge",
  ],
  host3: [
    VLAN(100),
    VLAN(200),
    "ip addr add 172.16.10.1/24 dev enp0s8.100; ip addr add 172.16.20.1/24 dev enp0s8.200; sysctl -qw net.ipv4.ip_forward=1",
    ...[
      "-t nat -A POSTROUTING -o enp0s8.100 -j MASQUERADE",
      "-t nat -A POSTROUTING -o enp0s8.200 -j MASQUERADE",
      "-A FORWARD -i enp0s8.100 -o enp0s8.200 -m state --state RELATED,ESTABLISHED -j ACCEPT",
      "-A FORWARD -i enp0s8.200 -o enp0s8.100 -m state --state RELATED,ESTABLISHED -j ACCEPT",
      "-A FORWARD -i enp0s8.100 -o enp0s8.200 -j ACCEPT",
      "-A FORWARD -i enp0s8.200 -o enp0s8.100 -j ACCEPT",
      "-A INPUT -p tcp --dport 22 -j ACCEPT",
    ].map((rule) => `iptables ${rule}`),
    "ip route add 172.16.30.0/24 via 172.16.20.11 dev enp0s8.200",
  ],
};
const GONE: Record<string, string> = {
  host1:
    "docker rm -f d1 d2; docker network rm mac10 mac20; ip link del shim0; ip link del enp0s8.100; ip link del enp0s8.200",
  host2:
    "docker rm -f d3 d4 d5; docker network rm mac10 mac20 mac40; ip link del virbr0; ip link del enp0s8.100; ip link del enp0s8.200; ip link del enp0s8.400",
  host3: `${TYPED["host3"]
    ?.filter((line) => line.startsWith("iptables "))
    .map((line) => line.replace("-A ", "-D "))
    .join("; ")}; nft delete chain ip filter INPUT; ip link del enp0s8.100; ip link del enp0s8.200`,
};
const NAMES = Object.keys(TYPED);
/** Where another field goes in what is written of it. */
const MAC10 = /( {2}vlans: \{\n {4}mac10: \{\n)/;
const LABELLED = '$1      labels: { by: "program" },\n';

const typeAll = (lines: Record<string, string[]>) =>
  Promise.all(
    Object.entries(lines).map(async ([name, all]) => {
      for (const line of all) await on(name, line);
    }),
  );

describe("what was typed by hand", function () {
  this.timeout(300_000);
  const were: Record<string, string> = {};
  let folder = "";
  let project: Project | undefined;
  let program = "";
  let answered = async () => {};

  const scan = (output: string) => scanned(folder, NAMES, output);
  const write = (text: string) => writeFileSync(join(project?.folder ?? "", "index.ts"), text);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-scan-"));
    for (const name of NAMES) were[name] = await snapshot(name);
    await typeAll(TYPED);
  });
  after(async () => {
    await noMorePings("host1");
    await project?.run("destroy", "--yes", "--skip-preview");
    project?.end();
    await Promise.all(NAMES.map((name) => on(name, `{ ${GONE[name]}; } >/dev/null 2>&1; true`)));
    rmSync(folder, { recursive: true, force: true });
  });

  it("is written as a program, the same on every run, with what it does not describe beside it", async () => {
    answered = await pinging(["172.16.10.11", "172.16.20.11"].map((to) => ({ host: "host1", from: "d1", to })));
    const first = await scan("lan");
    assert.equal(first.stderr, "");
    assert.match(
      first.stdout,
      /^host1: 5 described\nhost2: 6 described, left out: virbr0 \(libvirt makes it\)\nhost3: 2 described\nWritten to .*\/lan\. Next: cd lan && npm install && /,
    );
    assert.equal((await scan("again")).exitCode, 0);
    program = programIn(folder, "lan");
    assert.equal(programIn(folder, "again"), program);
    assert.match(program, /^const lan = new VlanTopology\("lan", \{\n {2}hosts: \{ host1: /m);
    assert.match(program, /^\/\/ On mac10: d1 \(host1\), d3 \(host2\), d5 \(host2\)\.$/m);
    assert.equal(program.split("unplanned: true").length, 3);
    assert.match(program, /^ {2}parent: lan\.networks\.host1\.mac10\.parent,\n {2}name: "shim0",$/m);
    assert.match(
      program,
      /^ {10}gateway: "172\.16\.10\.1",\n {10}reserved: \["172\.16\.10\.10", "172\.16\.10\.11", "172\.16\.10\.12"\],$/m,
    );
    assert.match(program, /^ {2}parent: host2Vlan400\.name,\n {2}name: "mac40",$/m);
    assert.match(program, /^ {2}addresses: \["172\.16\.10\.1\/24"\],$/m);
    for (const told of [
      "-A FORWARD -i enp0s8.100 -o enp0s8.200 -j ACCEPT    (iptables-save)",
      "-A POSTROUTING -o enp0s8.200 -j MASQUERADE    (iptables-save)",
      "1    (cat /proc/sys/net/ipv4/ip_forward)",
      "172.16.30.0/24 via 172.16.20.11    (ip route show dev enp0s8.200)",
    ])
      assert.ok(program.includes(`//   ${told}\n`), `${told}\n${program}`);
    assert.doesNotMatch(program, /dport 22/);
    assert.doesNotMatch(program, /PRIVATE KEY/);
    const refused = await scan("lan");
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /lan is there already, and not empty: name another folder with --output/);
  });

  it("is taken over by it, and nothing is made anew and no packet is lost", async () => {
    project = new Project("scanned", program);
    await project.good("stack", "init");
    const before = await Promise.all(NAMES.map(made));
    write(program.replace(MAC10, LABELLED));
    assert.match(
      await project.good("preview"),
      /: Docker network "mac10" on host1 is there already, and is changed when it is taken over: labels: wanted \{"by":"program"\}, the host shows \{\}\. Docker network "mac10" on host1 is made anew: d1 \(as last read\) will be off it for about/,
    );
    write(program);
    assert.doesNotMatch(await project.good("preview"), /is there already/);
    assert.deepEqual(await Promise.all(NAMES.map(made)), before);
    // The topology's probes are sent, from container to container.
    assert.match(await project.good("up", "--yes"), / lan-proof created /);
    await project.good("preview", "--expect-no-changes");
    await answered();
    assert.deepEqual(await Promise.all(NAMES.map(made)), before);
    assert.match(
      await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"),
      /^pulumi-macvlan scanned\/scanned\/lan-host1-mac10/,
    );
    assert.match(
      await on("host1", "cat /var/lib/pulumi-macvlan/networks/mac10"),
      /pulumi-macvlan scanned\/scanned\/lan-host1-mac10/,
    );
  });

  it("is what the doctor sees the switch for, by the stack's name", async () => {
    const { stdout } = await execa(process.execPath, [COMMAND, "doctor", "--stack", String(project?.name)], {
      cwd: String(project?.folder),
      env: project?.env ?? {},
      stdin: "ignore",
      reject: false,
    });
    for (const vlanId of [100, 200, 400])
      assert.match(
        stdout,
        new RegExp(`│ ${vlanId} +│ host1 enp0s8 +│ pass +│\n│ +│ host2 enp0s8 +│ +│\n│ +│ host3 enp0s8 +│ +│\n[├└]`),
      );
    assert.match(stdout, /\nNothing stands in the way\.$/);
  });

  it("is a program's from then on: adopt may go, and a change is one as on networks of our own", async () => {
    const own = withoutAdopt(program);
    write(own);
    await project?.good("preview", "--expect-no-changes");
    const [before] = await json<{ NetworkSettings: { Networks: Record<string, { MacAddress: string }> } }[]>(
      "host1",
      "docker inspect d1",
    );
    write(own.replace(MAC10, LABELLED));
    await project?.good("up", "--yes", "--skip-preview");
    assert.equal(await on("host1", "docker network inspect -f '{{.Labels.by}}' mac10"), "program");
    const [now] = await json<(typeof before)[]>("host1", "docker inspect d1");
    assert.equal(
      now?.NetworkSettings.Networks["mac10"]?.MacAddress,
      before?.NetworkSettings.Networks["mac10"]?.MacAddress,
    );
    await on("host1", "docker exec d1 ping -c 3 -W 2 172.16.20.11");
  });

  it("gets ranges of its hosts' own once nothing is unplanned, and its containers keep their addresses", async () => {
    write(program.replace("      unplanned: true,\n", ""));
    await project?.good("up", "--yes", "--skip-preview");
    const rangeOn = (host: string) =>
      on(host, "docker network inspect -f '{{range .IPAM.Config}}{{.IPRange}}{{end}}' mac10");
    assert.deepEqual([await rangeOn("host1"), await rangeOn("host2")], ["172.16.10.32/27", "172.16.10.64/27"]);
    for (const [host, container, address] of [
      ["host1", "d1", "172.16.10.10"],
      ["host2", "d3", "172.16.10.11"],
    ] as const)
      assert.equal(
        await on(host, `docker inspect -f '{{.NetworkSettings.Networks.mac10.IPAddress}}' ${container}`),
        address,
      );
    write(program);
    await project?.good("up", "--yes", "--skip-preview");
    assert.deepEqual([await rangeOn("host1"), await rangeOn("host2")], ["", ""]);
  });

  it("stays as it is with retainOnDelete, and is nobody's again once its mark is taken away", async () => {
    const id = () => on("host2", "docker network inspect -f '{{.Id}}' mac40");
    const before = await id();
    const both = /^((?:const host2Vlan400 = )?new \w+\("host2-(?:mac40|vlan400)", \{\n(?: .*\n)*\})\);\n/gm;
    write(program.replace(both, "$1, { retainOnDelete: true });\n"));
    await project?.good("up", "--yes", "--skip-preview");
    write(program.replace(both, ""));
    assert.match((await project?.good("up", "--yes", "--skip-preview")) ?? "", / {4}- 2 deleted\n/);
    assert.equal(await id(), before);
    const kept = (await scan("kept")).stdout;
    assert.match(kept, /^host2: 0 described, .*enp0s8\.400 \(a stack has it: .*host2-vlan400\)/m);
    assert.match(kept, /mac40 \(a stack has it: .*host2-mac40\)/);
    await on("host2", "rm /var/lib/pulumi-macvlan/networks/mac40");
    await on("host2", 'ip link set enp0s8.400 alias ""; rm /var/lib/pulumi-macvlan/links/enp0s8.400');
    assert.match((await scan("free")).stdout, /^host2: 2 described, left out: enp0s8\.100 /m);
  });

  it("is named, and left out, where a stack has it; and goes with that stack", async () => {
    const { stdout } = await scan("later");
    assert.match(
      stdout,
      /^host1: 0 described, left out: .*enp0s8\.100 \(a stack has it: scanned\/scanned\/lan-host1-mac10\)/m,
    );
    await on("host1", "docker rm -f d1 d2");
    await on("host2", "docker rm -f d3 d4 d5; docker network rm mac40; ip link del enp0s8.400; ip link del virbr0");
    // Until the next boot the host's managers leave a link of that name alone.
    await on("host2", "rm /run/systemd/network/*enp0s8.400* /run/NetworkManager/conf.d/*enp0s8.400*");
    await project?.good("destroy", "--yes", "--skip-preview");
    await on("host3", GONE["host3"]?.replace(/; ip link del.*/, "") ?? "");
    for (const name of NAMES) assertSame(await snapshot(name), were[name] ?? "");
  });
});

describe("one LAN that was typed by hand", function () {
  this.timeout(300_000);
  const typed = {
    host1: [NETWORK(10, "enp0s8"), CONTAINER("d1", 10, 10), CONTAINER("d2", 10, 12), SHIM("enp0s8")],
    host2: [NETWORK(10, "enp0s8"), CONTAINER("d3", 10, 11)],
  };
  const names = Object.keys(typed);

  it("is taken over by what a scan of its hosts writes, and no packet is lost", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-scan-"));
    const were = await Promise.all(names.map((name) => snapshot(name)));
    let project: Project | undefined;
    try {
      for (const name of names) await on(name, "ip link set enp0s8 up");
      await typeAll(typed);
      assert.equal((await scanned(folder, names, "lan")).stderr, "");
      const program = programIn(folder, "lan");
      assert.match(
        program,
        /^ {2}vlans: \{\n {4}mac10: \{\n {6}driver: "macvlan",\n[\s\S]*? {6}unplanned: true,\n {4}\},\n {2}\},$/m,
      );
      assert.match(program, /^ {2}parent: "enp0s8",\n {2}name: "shim0",$/m);
      project = new Project("one-lan", program);
      await project.good("stack", "init");
      const before = await Promise.all(names.map(made));
      const answered = await pinging([{ host: "host1", from: "d1", to: "172.16.10.11" }]);
      assert.match(await project.good("up", "--yes"), / lan-proof created /);
      await project.good("preview", "--expect-no-changes");
      await answered();
      assert.deepEqual(await Promise.all(names.map(made)), before);
      await on("host1", "docker rm -f d1 d2");
      await on("host2", "docker rm -f d3");
      await project.good("destroy", "--yes", "--skip-preview");
    } finally {
      project?.end();
      await noMorePings("host1");
      await on("host1", "{ docker rm -f d1 d2; docker network rm mac10; ip link del shim0; } >/dev/null 2>&1; true");
      await on("host2", "{ docker rm -f d3; docker network rm mac10; } >/dev/null 2>&1; true");
      rmSync(folder, { recursive: true, force: true });
    }
    for (const [index, name] of names.entries()) assertSame(await snapshot(name), were[index] ?? "");
  });
});
