// The plugin's process, asked as Pulumi's engine asks it. Nothing here reaches a host.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { planAddresses } from "../../../../provider/kinds/address-plan/planner";
import { UNKNOWN } from "../../../../provider/vocabulary/values";
import { messages, PLUGIN, PluginProcess, struct } from "../../../integration/plugin";

const HOSTS = { host1: { address: "127.0.0.1", port: 1, password: "canary-4711" } };
const URN = "urn:pulumi:dev::shop::macvlan:index:VlanSubinterface::vlan100";
const SECRET = "4dabf18193072939515e22adb298388d";

describe("the plugin", function () {
  this.timeout(20_000);
  const plugin = new PluginProcess(() => HOSTS);
  before(() => plugin.start());
  after(() => plugin.end());

  const request = (Request: string, set: Record<string, unknown>) => {
    const made = new messages[Request]();
    for (const [field, value] of Object.entries({ Urn: URN, ...set }))
      made[`set${field}`](typeof value === "object" ? struct(value as object) : value);
    return made;
  };
  async function check(news: object) {
    const answer = await plugin.call("check", request("CheckRequest", { Olds: {}, News: news }));
    const failures = answer.getFailuresList() as { getProperty(): string; getReason(): string }[];
    return {
      inputs: answer.getInputs().toJavaScript() as Record<string, unknown>,
      failures: failures.map((one) => [one.getProperty(), one.getReason()]),
    };
  }
  const given = { host: "host1", parent: "enp0s8", vlanId: 100 };

  it("has the schema of its version", async () => {
    const answer = await plugin.call("getSchema", new messages.GetSchemaRequest());
    const { name, version, resources, functions } = JSON.parse(answer.getSchema());
    assert.deepEqual([name, version], ["macvlan", "0.1.0"]);
    assert.ok("macvlan:index:MacvlanNetwork" in resources && "macvlan:index:planAddresses" in functions);
  });

  it("fills in what follows from the rest, leaves defaults out, and keeps the host's name in the place of how it is reached", async () => {
    const { inputs, failures } = await check(given);
    assert.deepEqual(failures, []);
    assert.deepEqual([inputs["name"], inputs["host"], inputs["persist"]], ["enp0s8.100", "host1", undefined]);
    assert.doesNotMatch(JSON.stringify(inputs), /127\.0\.0\.1|canary|__owner|__urn/);
  });

  it("refuses at the field that is wrong, a host that nobody has configured too", async () => {
    assert.deepEqual((await check({ ...given, vlanId: 5000 })).failures[0]?.[0], "vlanId");
    const [[property, reason] = []] = (await check({ ...given, host: "host9" })).failures;
    assert.equal(property, "host");
    assert.match(
      reason ?? "",
      /^VlanSubinterface: host "host9" is not configured in the provider: its hosts are "host1"/,
    );
    const other = { Urn: "urn:pulumi:dev::shop::macvlan:index:Vlan::x", Olds: {}, News: given };
    await assert.rejects(plugin.call("check", request("CheckRequest", other)), /pulumi-macvlan has no resource "Vlan"/);
  });

  it("knows in a preview what a program says, and of the rest that it is not known", async () => {
    const { inputs } = await check(given);
    const answer = await plugin.call("create", request("CreateRequest", { Properties: inputs, Preview: true }));
    const { macAddress, ifIndex, name, vlanId, persist } = answer.getProperties().toJavaScript();
    assert.deepEqual([macAddress, ifIndex, name, vlanId, persist], [UNKNOWN, UNKNOWN, "enp0s8.100", 100, true]);
  });

  it("tells a change field by field, and what replaces", async () => {
    const { inputs } = await check(given);
    const shown = async (change: object) => {
      const { inputs: News } = await check({ ...given, ...change });
      const Olds = { ...inputs, __owner: "shop/dev/vlan100", macAddress: "02:00:00:00:01:04" };
      const answer = await plugin.call("diff", request("DiffRequest", { Olds, OldInputs: inputs, News }));
      const details: Record<string, [number, boolean]> = {};
      answer.getDetaileddiffMap().forEach((detail: { getKind(): number; getInputdiff(): boolean }, path: string) => {
        details[path] = [detail.getKind(), detail.getInputdiff()];
      });
      return details;
    };
    const { ADD, UPDATE_REPLACE } = messages.PropertyDiff.Kind;
    assert.deepEqual(await shown({}), {});
    assert.deepEqual(await shown({ mtu: 1400 }), { mtu: [ADD, true] });
    assert.deepEqual(await shown({ persist: false }), { persist: [ADD, true] });
    assert.deepEqual(await shown({ vlanId: 101 }), { name: [UPDATE_REPLACE, true], vlanId: [UPDATE_REPLACE, true] });
  });

  it("leaves secrets of its configuration as they came: they go into the state", async () => {
    const secret = { [SECRET]: "1b47061264138c4ac30d75fd1eb44270", value: "canary" };
    const News = { hosts: { host1: { address: "192.0.2.1", password: secret } } };
    const answer = await plugin.call("checkConfig", request("CheckRequest", { Olds: {}, News }));
    assert.deepEqual(answer.getInputs().toJavaScript(), News);
  });

  it("says why a create failed in one sentence, without a credential", async () => {
    const { inputs } = await check(given);
    await assert.rejects(
      plugin.call("create", request("CreateRequest", { Properties: inputs })),
      ({ message }: Error) => {
        assert.match(message, /^cannot set up VLAN sub-interface "enp0s8\.100" on host1: cannot reach host1: /);
        assert.doesNotMatch(message, /canary/);
        return true;
      },
    );
  });

  it("imports by id only what a host tells", async () => {
    const asked = (type: string, Id: string) =>
      plugin.call("read", request("ReadRequest", { Urn: `urn:pulumi:dev::shop::macvlan:index:${type}::x`, Id }));
    await assert.rejects(
      asked("InterVlanRouter", "host1/router"),
      /its host does not tell all that a program says of it/,
    );
    await assert.rejects(asked("MacvlanNetwork", "host9/mac10"), /host "host9" is not configured in the provider/);
  });

  it("plans addresses as a function, and says what can't be planned", async () => {
    const call = async (Tok: string, Args: object) => {
      const asked = new messages.InvokeRequest();
      asked.setTok(Tok);
      asked.setArgs(struct(Args));
      return (await plugin.call("invoke", asked)).getReturn().toJavaScript();
    };
    const asked = { subnets: ["172.16.10.0/24"], hosts: ["host1", "host2"], shims: true };
    const { plan } = await call("macvlan:index:planAddresses", asked);
    assert.deepEqual(plan, planAddresses(asked));
    const more = { ...asked, hosts: ["host0", "host1", "host2"] };
    const { plan: next } = await call("macvlan:index:planAddresses", { ...more, previous: plan });
    assert.deepEqual(next, planAddresses(more, plan));
    const { definitions } = await call("macvlan:index:toNetworkAttachmentDefinitions", {
      hosts: { host1: { parent: "eth0" } },
      vlans: { mac10: { vlanId: 100, subnets: ["172.16.10.0/24"] } },
      plan,
    });
    assert.equal(definitions[0].metadata.name, "mac10-host1");
    await assert.rejects(
      call("macvlan:index:planAddresses", { ...asked, subnets: ["172.16.10.1/24"] }),
      /has host bits/,
    );
    await assert.rejects(call("macvlan:index:plan", {}), /pulumi-macvlan has no function "macvlan:index:plan"/);
  });

  it("ends when the engine that started it has gone", async () => {
    const engine = spawn("sh", ["-c", `'${process.execPath}' '${PLUGIN}' 127.0.0.1:1 & echo $!; wait`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface({ input: engine.stdout as never })[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    assert.match(String((await lines.next()).value), /^\d+$/);
    const alive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    assert.ok(alive());
    engine.kill("SIGKILL");
    for (let tries = 0; tries < 100 && alive(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(alive(), false);
  });
});
