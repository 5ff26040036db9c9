import assert from "node:assert/strict";
import { changesOf, type ReadinessInputs } from "../../../../provider/kinds/readiness/kind";
import { handlers } from "../../../../provider/pulumi/dynamic/handlers";
import type { HostFields } from "../../../../provider/vocabulary/host";
import { UNKNOWN } from "../../../../provider/vocabulary/values";
import { HOST } from "../../inputs";

const OTHER = { name: "host2", address: "192.0.2.2" };
const vlan = { parent: "enp0s8", vlanId: 100 };
const network = { parent: "enp0s8.100", name: "mac10", subnets: [{ subnet: "172.16.10.0/24" }] };

const inputs = (change: Partial<ReadinessInputs> = {}): ReadinessInputs => ({
  hosts: { host1: HOST, host2: OTHER },
  credentials: { host1: { password: "one" }, host2: { password: "two" } },
  wanted: { host1: { VlanSubinterface: [vlan], MacvlanNetwork: [network] }, host2: { VlanSubinterface: [vlan] } },
  __owner: "project/stack/lan-ready",
  ...change,
});

/** What changes, in few words. */
const told = (olds: ReadinessInputs | undefined, news: ReadinessInputs) =>
  changesOf(olds, news).map(({ name, host, made, goes }) =>
    [name, host.address, ...made.map(({ key }) => `+ ${key}`), ...goes.map(({ key }) => `- ${key}`)].join(" "),
  );
const differs = async (news: object) =>
  (await handlers.diff("Readiness", inputs() as never, { ...inputs(), ...news } as never)).changes;

describe("readiness: what changes on which host", () => {
  it("is all of it where nothing was before", () =>
    assert.deepEqual(told(undefined, inputs()), [
      "host1 192.0.2.1 + VlanSubinterface enp0s8.100 + MacvlanNetwork mac10",
      "host2 192.0.2.2 + VlanSubinterface enp0s8.100",
    ]));

  it("is nothing where nothing has changed in meaning, though it is spelt in another way", async () => {
    const spelt = { ...network, driver: "macvlan" as const, mode: "bridge" as const, internal: false };
    const wanted = {
      host1: { VlanSubinterface: [{ ...vlan, name: "enp0s8.100" }], MacvlanNetwork: [spelt] },
      host2: { VlanSubinterface: [vlan] },
    };
    assert.deepEqual(told(inputs(), inputs({ wanted })), []);
    assert.equal(await differs({ wanted }), false);
  });

  it("is nothing where credentials or the way to a host change; the way is kept all the same, not a credential", async () => {
    const moved = { host1: { ...HOST, address: "192.0.2.9", user: "ops" }, host2: OTHER };
    assert.deepEqual(told(inputs(), inputs({ hosts: moved })), []);
    assert.equal(await differs({ hosts: moved }), true);
    assert.equal(await differs({ credentials: {} }), false);
    const connectTimeout = { host1: { ...HOST, connectTimeout: 3 }, host2: OTHER };
    assert.equal(await differs({ hosts: connectTimeout }), false);
  });

  it("is nothing where a host only has another name", () => {
    const { hosts, wanted } = inputs();
    const { host1, ...others } = wanted;
    const renamed = {
      hosts: { ...hosts, first: hosts["host1"] as HostFields },
      wanted: { ...others, first: host1 ?? {} },
    };
    assert.deepEqual(told(inputs(), inputs(renamed)), []);
  });

  it("is one field, on the one host that has it", () => {
    const wider = { ...network, subnets: [{ subnet: "172.16.10.0/23" }] };
    const wanted = { ...inputs().wanted, host1: { VlanSubinterface: [vlan], MacvlanNetwork: [wider] } };
    assert.deepEqual(told(inputs(), inputs({ wanted })), ["host1 192.0.2.1 + MacvlanNetwork mac10"]);
  });

  it("goes and comes where it can't be changed in place", () => {
    const moved = { ...network, parent: "enp0s8.101" };
    const wanted = { host1: { VlanSubinterface: [{ ...vlan, vlanId: 101 }], MacvlanNetwork: [moved] } };
    const olds = inputs({ wanted: { host1: { VlanSubinterface: [vlan], MacvlanNetwork: [network] } } });
    assert.deepEqual(told(olds, inputs({ wanted })), [
      "host1 192.0.2.1 + VlanSubinterface enp0s8.101 + MacvlanNetwork mac10 - VlanSubinterface enp0s8.100",
    ]);
  });

  it("is all that was there on a host that goes, which is reached as it was before", () => {
    const { host1 = {} } = inputs().wanted;
    const news = inputs({ hosts: { host1: HOST }, credentials: {}, wanted: { host1 } });
    assert.deepEqual(told(inputs(), news), ["host2 192.0.2.2 - VlanSubinterface enp0s8.100"]);
    assert.deepEqual(changesOf(inputs(), news)[0]?.credentials, { password: "two" });
  });

  it("is all of both where a name means another host from now on", () => {
    const hosts = { host1: HOST, host2: { ...OTHER, address: "192.0.2.3" } };
    assert.deepEqual(told(inputs(), inputs({ hosts })), [
      "host2 192.0.2.2 - VlanSubinterface enp0s8.100",
      "host2 192.0.2.3 + VlanSubinterface enp0s8.100",
    ]);
  });

  it("is everything, whose marks change, where the stack has another name", () =>
    assert.deepEqual(told(inputs(), inputs({ __owner: "project/other/lan-ready" })), told(undefined, inputs())));

  it("is not known before all of it is", async () => {
    assert.equal(await differs({ wanted: UNKNOWN }), true);
    assert.equal(await differs({ hosts: { host1: { address: UNKNOWN } } }), true);
  });
});

describe("readiness: check", () => {
  const check = async (change: object) => handlers.check("Readiness", {}, { ...inputs(), ...change });

  it("refuses what any of the resources would refuse, all of it at once", async () => {
    const wanted = {
      host1: { VlanSubinterface: [{ ...vlan, vlanId: 5000 }] },
      host2: { MacvlanNetwork: [{ ...network, subnets: [{ subnet: "172.16.10.0/24", gateway: "10.0.0.1" }] }] },
    };
    assert.deepEqual(
      (await check({ wanted })).failures.map(({ reason }) => reason.split(" (")[0]),
      [
        'VlanSubinterface on host1: vlanId "5000" is not a VLAN id: a whole number from 1 to 4094',
        "MacvlanNetwork on host2: subnets[0].gateway 10.0.0.1 is outside the subnet 172.16.10.0/24",
      ],
    );
  });

  it("reads hosts as every resource does", async () => {
    const hosts = { host1: { address: "192.0.2.1", hostKey: "ssh-ed25519 AAAA me@here" }, host2: OTHER };
    const { inputs: read, failures } = await check({ hosts });
    assert.deepEqual(failures, []);
    assert.deepEqual((read["hosts"] as ReadinessInputs["hosts"])["host1"]?.hostKey, ["ssh-ed25519 AAAA"]);
    const [failure] = (await check({ hosts: { host1: { address: "-x" } } })).failures;
    assert.match(failure?.reason ?? "", /^Readiness: hosts\.host1\.address must be a DNS name/);
  });

  it("takes what is not known yet", async () => {
    for (const change of [
      { wanted: UNKNOWN },
      { hosts: UNKNOWN },
      { wanted: { host1: { VlanSubinterface: [{ ...vlan, parent: UNKNOWN }] } } },
    ])
      assert.deepEqual((await check(change)).failures, []);
  });
});
