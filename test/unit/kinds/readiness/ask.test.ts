import assert from "node:assert/strict";
import type { Script } from "../../../../provider/host/scripts";
import { askAll } from "../../../../provider/kinds/readiness/ask";
import type { ReadinessInputs } from "../../../../provider/kinds/readiness/kind";
import { ConnectionError } from "../../../../provider/vocabulary/errors";

const vlan = { parent: "enp0s8", vlanId: 100 };
const subnets = [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1" }];
const network = { parent: "enp0s8.100", name: "mac10", subnets };
const router = { interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }] };
const news: ReadinessInputs = {
  hosts: { host1: { address: "192.0.2.1" }, host2: { address: "192.0.2.2" } },
  wanted: {
    host1: { VlanSubinterface: [vlan], MacvlanNetwork: [network] },
    host2: { VlanSubinterface: [vlan], InterVlanRouter: [{ ...router, nat: [{ outInterface: "enp0s9" }] }] },
  },
  __owner: "project/stack/lan-ready",
};
const alone = { ...news, wanted: { host1: news.wanted["host1"] ?? {} } };

/** Hosts that are made of canned answers; what they were asked is kept, each line as it was before it was encoded. */
function fake(answers: Record<string, string | Error>) {
  const asked: Record<string, string[]> = {};
  return {
    asked,
    runner: {
      async run({ address }: { address: string }, _credentials: object, _script: Script, input: string) {
        asked[address] = input
          .split("\n")
          .map((line) => line.replaceAll(/\\0(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))));
        const answer = answers[address] ?? "";
        if (answer instanceof Error) throw answer;
        return { code: 0, stdout: `${answer}\n@end\n`, stderr: "" };
      },
      change: () => Promise.reject(new Error("it changes nothing")),
    },
  };
}

async function refused(
  answers: Record<string, string | Error>,
  olds?: ReadinessInputs,
  wanted = news,
): Promise<string[]> {
  try {
    await askAll(fake(answers).runner, olds, wanted);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

const there = (...lines: string[]) => ["@networks", ...lines].join("\n");

describe("readiness: asking", () => {
  it("asks each host once, for just what changes there", async () => {
    const { runner, asked } = fake({});
    await askAll(runner, undefined, news);
    assert.deepEqual(Object.keys(asked), ["192.0.2.1", "192.0.2.2"]);
    const family = "pulumi-macvlan project/stack/";
    assert.deepEqual(
      asked["192.0.2.2"]?.join(" "),
      [
        "pulumi-macvlan:1",
        "ask",
        family,
        family,
        "3 ip nft systemd",
        "1 enp0s8",
        "1 enp0s9",
        "1 VlanSubinterface:enp0s8.100",
        "1 enp0s8.100 enp0s8 802.1Q 100",
        "0",
        "1 pulumi_macvlan_router|router|enp0s8.100|enp0s9|enp0s8.100 172.16.10.1/24",
        "0",
        "0",
        "0",
        "pulumi-macvlan:end ",
      ].join(" "),
    );
  });

  it("tells what may be taken over", async () => {
    const { runner, asked } = fake({});
    const adopted = structuredClone(news);
    for (const entry of adopted.wanted["host2"]?.VlanSubinterface ?? []) entry.adopt = true;
    await askAll(runner, undefined, adopted);
    assert.match(asked["192.0.2.2"]?.join(" ") ?? "", / 1 VlanSubinterface:enp0s8\.100 pulumi-macvlan:end $/);
  });

  it("asks nobody where nothing changes", async () => {
    const { runner, asked } = fake({});
    await askAll(runner, news, news);
    assert.deepEqual(asked, {});
  });

  it("tells all that stands against it on all hosts, in the resources' own words", async () => {
    const host1 = ["@no 1", "parent enp0s8", "parent-down", "@no 2", "MacvlanNetwork mac10", "foreign", ""].join("\n");
    const host2 = new ConnectionError("cannot reach host2: it is away");
    assert.deepEqual(await refused({ "192.0.2.1": host1, "192.0.2.2": host2 }), [
      "nothing was changed anywhere: 2 hosts are not ready:",
      '  host1: Docker network "mac10": it exists and was not made by pulumi-macvlan: remove it, choose another name, or take it over with adopt: true',
      '  host1: parent "enp0s8" is down: bring it up (ip link set enp0s8 up), and keep it up over a reboot',
      "  host2: cannot reach host2: it is away",
    ]);
  });

  it("names a router's interface that is not there", async () => {
    const answer = "@no 1\ndevice\nno-interface\nenp0s9\nenp0s8 lo ";
    assert.deepEqual((await refused({ "192.0.2.2": answer })).slice(1), [
      '  host2: router: interface "enp0s9" does not exist; its interfaces are enp0s8, lo',
    ]);
  });

  it("says what to do with a host that goes and is away for good", async () => {
    const [head, line] = await refused({ "192.0.2.2": new ConnectionError("cannot reach it") }, news, alone);
    assert.equal(head, "nothing was changed anywhere: 1 host is not ready:");
    assert.match(line ?? "", /host2: cannot reach it\. Where it is gone for good: .*pulumi up --replace/);
  });

  it("names containers on a network that goes, and what the host says of a full disk", async () => {
    const answer =
      "@no 1\nMacvlanNetwork mac10\nin-use\nd1 d2\n@no 2\nhost\nno-room\n/run\ndd: No space left on device";
    const gone = { ...news, wanted: { host2: news.wanted["host2"] ?? {} } };
    assert.deepEqual((await refused({ "192.0.2.1": answer }, news, gone)).slice(1), [
      "  host1: /run has no room for 4 MB (dd: No space left on device): free some",
      '  host1: Docker network "mac10": containers are still on it: d1, d2; remove them, or disconnect them (docker network disconnect mac10 CONTAINER)',
    ]);
  });

  it("is no yes where the script did not come to its end", async () => {
    const runner = {
      run: async () => ({ code: 137, stdout: "@networks\n", stderr: "Killed" }),
      change: () => Promise.reject(new Error("it changes nothing")),
    };
    await assert.rejects(askAll(runner, undefined, alone), /host1: its shell ended with code 137: Killed/);
  });

  describe("finds a subnet taken", () => {
    const cases: [what: string, answer: string, reason: RegExp | undefined][] = [
      [
        "by another network",
        there("other||local|false|eth0|172.16.8.0/21 "),
        /overlaps 172\.16\.8\.0\/21 of .*"other" there: remove/,
      ],
      ["by itself: no", there("mac10|ours|local|false|enp0s8.100|172.16.10.0/24 "), undefined],
      ["by a node's part: no", there("part||local|true|eth0|172.16.10.0/24 "), undefined],
      ["by a Swarm's: no", there("whole||swarm|false||172.16.10.0/24 "), undefined],
      [
        "by one beside it: no",
        there("none||local|false||", "near||local|false|eth0|172.16.11.0/24 fd00::/64 "),
        undefined,
      ],
    ];
    for (const [what, answer, reason] of cases)
      it(what, async () => {
        const [, line = ""] = await refused({ "192.0.2.1": answer }, undefined, alone);
        if (reason) assert.match(line, reason);
        else assert.equal(line, "");
      });

    it("by one that goes only after all others are made", async () => {
      const renamed = { ...alone, wanted: { host1: { MacvlanNetwork: [{ ...network, name: "mac11" }] } } };
      const [, line] = await refused(
        { "192.0.2.1": there("mac10|ours|local|false|enp0s8.100|172.16.10.0/24 ") },
        alone,
        renamed,
      );
      assert.match(
        line ?? "",
        /"mac11": its subnet .* overlaps .*"mac10" there, which goes in this change, but only after/,
      );
    });
  });

  describe("finds an address that a user chose", () => {
    const cases: [what: string, chosen: string, reason: RegExp | undefined][] = [
      ["outside the subnets", "/web 172.16.99.9", /container "web" was given 172\.16\.99\.9 on it/],
      ["that the gateway is to have", "/web 172.16.10.1", /given 172\.16\.10\.1/],
      ["of the other version", "/web 172.16.10.9 fd00::9", /given fd00::9 on it, .*\(172\.16\.10\.0\/24\)/],
      ["that fits: no", "/web 172.16.10.9", undefined],
      ["where none was chosen: no", "/web", undefined],
    ];
    for (const [what, chosen, reason] of cases)
      it(what, async () => {
        const [, line = ""] = await refused({ "192.0.2.1": `@users mac10\n${chosen}` }, undefined, alone);
        if (reason) assert.match(line, reason);
        else assert.equal(line, "");
      });
  });
});
