import assert from "node:assert/strict";
import { macvlanLink } from "../../../../provider/kinds/macvlan-link/kind";
import { askAll, askBefore, begin, forgetRuns, intend, isMade } from "../../../../provider/kinds/readiness/ask";
import type { ReadinessInputs } from "../../../../provider/kinds/readiness/kind";
import { vlanSubinterface } from "../../../../provider/kinds/vlan-subinterface/kind";
import { UNKNOWN } from "../../../../provider/vocabulary/values";

const vlan = { parent: "enp0s8", vlanId: 100 };
const news: ReadinessInputs = {
  hosts: { host1: { address: "192.0.2.1" }, host2: { address: "192.0.2.2" } },
  wanted: { host1: { VlanSubinterface: [vlan] }, host2: { VlanSubinterface: [vlan] } },
  __owner: "project/stack/lan-ready",
};
const changed = { ...news, wanted: { ...news.wanted, host2: { VlanSubinterface: [{ ...vlan, mtu: 1400 }] } } };

/** Hosts that say yes, but for those that are away; who was asked is kept. */
function hosts(...away: string[]) {
  const asked: string[] = [];
  return {
    asked,
    runner: {
      async run({ address }: { address: string }) {
        asked.push(address);
        if (away.includes(address)) throw new Error("it is away");
        return { code: 0, stdout: "@end\n", stderr: "" };
      },
      change: () => Promise.reject(new Error("it changes nothing")),
    },
  };
}

const child = (last: number, change: object = {}) =>
  ({ ...vlan, name: "enp0s8.100", host: { address: `192.0.2.${last}` }, ...change }) as never;

describe("readiness: what a change makes", () => {
  beforeEach(forgetRuns);
  after(forgetRuns);

  it("is made though its own state has it: an update that broke off may have deleted it", () => {
    begin(news);
    intend({ ...news, wanted: { host1: news.wanted["host1"] ?? {} } }, news);
    assert.equal(isMade(vlanSubinterface, child(2)), true);
    assert.equal(isMade(vlanSubinterface, child(1)), false);
    assert.equal(isMade(vlanSubinterface, child(2, { name: "enp0s8.200" })), false);
    assert.equal(isMade(vlanSubinterface, child(2, { mtu: UNKNOWN })), false);
  });

  it("is nothing where nothing is another, or in a process that has not begun", () => {
    intend(changed, news);
    assert.equal(isMade(vlanSubinterface, child(2)), false);
    begin(news);
    intend(news, news);
    assert.equal(isMade(vlanSubinterface, child(2)), false);
  });
});

describe("readiness: a resource that is changed where Readiness has nothing to ask", () => {
  beforeEach(forgetRuns);
  after(forgetRuns);

  it("has all hosts asked once, before any of them is changed", async () => {
    const { asked, runner } = hosts();
    begin(news);
    await Promise.all([1, 2].map((last) => askBefore(runner, vlanSubinterface, child(last))));
    await askBefore(runner, vlanSubinterface, child(1));
    assert.deepEqual(asked.sort(), ["192.0.2.1", "192.0.2.2"]);
  });

  it("is not changed where one says no, which is told in full once", async () => {
    const { asked, runner } = hosts("192.0.2.2");
    begin(news);
    const tries = [1, 2].map((last) => askBefore(runner, vlanSubinterface, child(last)));
    const ends = [
      ...(await Promise.allSettled(tries)),
      ...(await Promise.allSettled([askBefore(runner, vlanSubinterface, child(1))])),
    ];
    assert.deepEqual(
      ends.map((end) => (end as PromiseRejectedResult).reason.message),
      [
        "nothing was changed anywhere: 1 host is not ready:\n  host2: it is away",
        ...["", ""].map(
          () =>
            'VLAN sub-interface "enp0s8.100" was not changed: not all hosts are ready, as is told at another resource',
        ),
      ],
    );
    assert.equal(asked.length, 2);
  });

  it("asks about what a host was not asked about yet, though it has said yes to something else", async () => {
    const { asked, runner } = hosts();
    const link = { parent: "enp0s8", name: "shim", kind: "macvlan" as const };
    const both = { host2: { VlanSubinterface: [vlan], MacvlanLink: [link] } };
    const more = { ...news, wanted: both };
    begin(more);
    await askAll(runner, { ...news, wanted: { host2: news.wanted["host2"] ?? {} } }, more);
    await askBefore(runner, macvlanLink, { ...link, host: { address: "192.0.2.2" } } as never);
    assert.deepEqual(asked, ["192.0.2.2"]);
    await askBefore(runner, vlanSubinterface, child(2));
    assert.deepEqual(asked, ["192.0.2.2", "192.0.2.2"]);
  });

  it("asks only those that were not asked yet, and says that others may have been changed", async () => {
    const { asked, runner } = hosts("192.0.2.1");
    begin(changed);
    await askAll(runner, news, changed);
    assert.deepEqual(asked, ["192.0.2.2"]);
    await askBefore(runner, vlanSubinterface, child(2));
    assert.deepEqual(asked, ["192.0.2.2"]);
    await assert.rejects(
      askBefore(runner, vlanSubinterface, child(1)),
      /^HostError: nothing more was changed: 1 host is not ready:\n {2}host1: it is away$/,
    );
  });

  it("asks nobody for what no Readiness speaks for", async () => {
    const { asked, runner } = hosts();
    await askBefore(runner, vlanSubinterface, child(1));
    begin({ ...news, __owner: "project/stack/other-ready", wanted: UNKNOWN as never });
    begin(news);
    await askBefore(runner, vlanSubinterface, child(3));
    await askBefore(runner, vlanSubinterface, child(1, { name: "mine", vlanId: 7 }));
    assert.deepEqual(asked, []);
  });
});
