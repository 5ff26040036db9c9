// Every way to be refused: the message, and that nothing was changed on the host.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetClaims } from "../../provider/lifecycle/claims";
import { handlers } from "../../provider/pulumi/dynamic/handlers";
import { AT_PREVIEW, AT_PREVIEW_TOGETHER, network, ON_HOST, vlan } from "../refusals";
import { COMMON, RIGHT } from "../unit/inputs";
import { lab } from "./hooks";
import { assertSame, bendIp, connection, driven, haveOps, mendIp, on, type Props, snapshot } from "./hosts";

const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-keys-"));

/** The last of some resources is refused by check, and nothing is sent to any host. */
async function refusedAtPreview(resources: [string, Props][], property: string | undefined, reason: RegExp) {
  const trace = join(folder, "trace");
  writeFileSync(trace, "");
  process.env["PULUMI_MACVLAN_TRACE"] = trace;
  try {
    forgetClaims();
    const answers = [];
    for (const [type, inputs] of resources) answers.push(await handlers.check(type, {}, inputs));
    const failure = answers.pop()?.failures[0];
    if (property) assert.equal(failure?.property, property);
    assert.match(failure?.reason ?? "", reason);
    assert.deepEqual(
      answers.flatMap(({ failures }) => failures),
      [],
    );
    assert.equal(readFileSync(trace, "utf8"), "");
  } finally {
    delete process.env["PULUMI_MACVLAN_TRACE"];
  }
}

describe("what is refused, with nothing changed", function () {
  this.timeout(60_000);
  before(() => haveOps("host1"));

  for (const { what, type, inputs, given = "true", after = "true", message } of ON_HOST) {
    it(what, async () => {
      await on("host1", given);
      try {
        const before = await snapshot("host1");
        const host = connection("host1", inputs["host"] as object);
        await assert.rejects(driven(type, "host1", { ...inputs, host }).create(), (error: Error & { id?: string }) => {
          assert.match(error.message, message);
          assert.equal(error.id, undefined, "nothing is recorded as half-made");
          return true;
        });
        assertSame(await snapshot("host1"), before);
      } finally {
        await on("host1", after);
      }
    });
  }

  for (const [type, change, property, reason] of AT_PREVIEW) {
    it(`${type}: ${JSON.stringify(change)}, at preview`, () =>
      refusedAtPreview([[type, { ...RIGHT[type], host: connection("host1"), ...change }]], property, reason));
  }

  for (const [what, firstType, first, secondType, second, reason] of AT_PREVIEW_TOGETHER) {
    it(`${what}, at preview`, () => {
      const common = { ...COMMON, host: connection("host1") };
      return refusedAtPreview(
        [
          [firstType, { ...RIGHT[firstType], ...common, ...first, __owner: "p/s/first" }],
          [secondType, { ...RIGHT[secondType], ...common, ...second, __owner: "p/s/second" }],
        ],
        undefined,
        reason,
      );
    });
  }

  it("reads with a known_hosts file that holds the key, hashed or not", async () => {
    const { hostKey, port } = lab.connection("host1");
    const file = join(folder, "known");
    writeFileSync(file, `[127.0.0.1]:${port} ${hostKey}\n`);
    const resource = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { hostKey: undefined, knownHostsPath: file }),
    }).create();
    await resource.delete();
    assert.ok(readFileSync(file, "utf8").includes(hostKey));
  });

  it("works as another user with sudo, with and without a password", async () => {
    await on("host1", "echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops");
    const free = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { user: "ops", sudo: true }),
    }).create();
    await free.delete();
    await on("host1", "echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops");
    await lab.exec("host1", "chpasswd", { input: "ops:canary-of-sudo\n" });
    const asked = await driven("VlanSubinterface", "host1", {
      ...vlan,
      host: connection("host1", { user: "ops", sudo: true }),
      credentials: { sudoPassword: "canary-of-sudo" },
    }).create();
    await asked.delete();
    await on("host1", "rm /etc/sudoers.d/ops");
  });

  it("takes over with adopt, and then deletes what it took over", async () => {
    await on(
      "host1",
      "ip link add link enp0s8 name enp0s8.100 type vlan id 100; docker network create -d macvlan -o parent=enp0s8 --subnet 10.99.0.0/24 mac1",
    );
    const taken = await driven("VlanSubinterface", "host1", { ...vlan, adopt: true }).create();
    assert.match(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), /^pulumi-macvlan tests\/lab/);
    const takenNetwork = await driven("MacvlanNetwork", "host1", { ...network, adopt: true }).create();
    assert.match(await on("host1", "docker network inspect mac1"), /"pulumi-macvlan.mark": "pulumi-macvlan tests\/lab/);
    await takenNetwork.delete();
    await taken.delete();
    assert.equal(
      await on("host1", "ls -d /sys/class/net/enp0s8.100 2>/dev/null; docker network ls -q -f name=mac1"),
      "",
    );
  });

  it("refuses to delete what others stand on, naming them", async () => {
    const parent = await driven("VlanSubinterface", "host1", vlan).create();
    await on("host1", "ip link add link enp0s8.100 name theirs type macvlan");
    await assert.rejects(parent.delete(), /others stand on it and would vanish with it: theirs; remove them first/);
    await on(
      "host1",
      "ip link del theirs; docker network create -d macvlan -o parent=enp0s8.100 --subnet 10.99.0.0/24 on-it",
    );
    await assert.rejects(
      parent.delete(),
      /others stand on it and would vanish with it: Docker network on-it; remove them first/,
    );
    await on("host1", "docker network rm on-it");
    await parent.delete();
  });

  it("leaves alone what is not ours any more", async () => {
    const resource = await driven("VlanSubinterface", "host1", vlan).create();
    await on("host1", "ip link set enp0s8.100 alias somebody");
    await resource.delete();
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias; ip link del enp0s8.100"), "somebody");
  });

  it("follows a rename of its stack", async () => {
    const resource = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/old/vlan" }).create();
    await resource.update({ __owner: "tests/new/vlan" });
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), "pulumi-macvlan tests/new/vlan");
    await resource.delete();
    assert.equal(await on("host1", "[ -e /sys/class/net/enp0s8.100 ] || echo gone"), "gone");
  });

  it("hands over to a resource of the same stack with another name, and the old one's delete takes nothing away", async () => {
    const old = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/lab/old" }).create();
    const renamed = await driven("VlanSubinterface", "host1", { ...vlan, __owner: "tests/lab/new" }).create();
    await old.delete();
    assert.equal(await on("host1", "cat /sys/class/net/enp0s8.100/ifalias"), "pulumi-macvlan tests/lab/new");
    await renamed.delete();
    assert.equal(await on("host1", "[ -e /sys/class/net/enp0s8.100 ] || echo gone"), "gone");
  });

  it("leaves a router's addresses on a link that is made anew", async () => {
    const link = await driven("VlanSubinterface", "host1", vlan).create();
    const routing = await driven("InterVlanRouter", "host1", {
      interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }],
    }).create();
    await link.delete();
    await link.create();
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.1\/24/);
    await link.update({ addresses: ["172.16.10.9/24"] });
    await link.update({ addresses: [] });
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.1\/24/);
    await routing.delete();
    await link.delete();
  });

  it("records what was half-made, and the next run goes on from there", async () => {
    const first = driven("VlanSubinterface", "host1", { ...vlan, addresses: ["172.16.10.5/24"] });
    // The kernel refuses the address of a later step: the interface is there by then.
    await bendIp("host1", '"addr add"*) echo broken >&2; exit 1;;');
    try {
      await assert.rejects(first.create(), (error: Error & { id?: string; properties?: Props }) => {
        assert.match(error.message, /"ip addr add 172.16.10.5\/24 dev enp0s8.100" failed there: broken/);
        assert.equal(error.id, "host1/enp0s8.100");
        assert.equal(error.properties?.["vlanId"], 100);
        first.state = error.properties ?? {};
        return true;
      });
    } finally {
      await mendIp("host1");
    }
    await first.again();
    assert.match(await on("host1", "ip -o addr show dev enp0s8.100"), /172.16.10.5\/24/);
    await first.delete();
  });
});
