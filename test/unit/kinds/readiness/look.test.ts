import assert from "node:assert/strict";
import type { ReadinessState } from "../../../../provider/kinds/readiness/kind";
import { foretell, readHosts, seenSince, usersLeft } from "../../../../provider/kinds/readiness/look";
import { UNKNOWN } from "../../../../provider/vocabulary/values";

const network = (name: string, id: number) => ({
  parent: `enp0s8.${id}`,
  name,
  subnets: [{ subnet: `172.16.${id}.0/24` }],
});
const both = { MacvlanNetwork: [network("mac10", 10), network("mac20", 20)] };
const state = (change: Partial<ReadinessState> = {}): ReadinessState => ({
  hosts: { host1: { address: "192.0.2.1" }, host2: { address: "192.0.2.2" }, router: { address: "192.0.2.3" } },
  wanted: { host1: both, host2: both, router: { VlanSubinterface: [{ parent: "enp0s8", vlanId: 10 }] } },
  __owner: "project/stack/lan-ready",
  ...change,
});
const lived = state({ users: { host1: { mac20: ["web 172.16.20.9", "db"], mac10: ["d1"] } } });

describe("readiness: who is on the networks", () => {
  it("is asked of each host that has any, with nothing but that", async () => {
    const asked: string[] = [];
    const runner = {
      async run({ address }: { address: string }, _credentials: object, _script: readonly string[], input: string) {
        asked.push(`${address} ${input.split("\n").slice(1, -2).join(" ").replaceAll("\\0040", " ")}`);
        if (address === "192.0.2.2") throw new Error("it is away");
        const answer =
          "@users mac20\n/web 172.16.20.9\n/db invalid\n@users other\n/x\n@users mac10\n@seen\ndocker 28.5.2\nnic enp0s3\nnic $(id)\nway enp0s3\nforeign link enp0s8.30\nforeign network mac30\nforeign\n@end\n";
        return { code: 0, stdout: answer, stderr: "" };
      },
      change: () => Promise.reject(new Error("it changes nothing")),
    };
    const before = state({
      users: { host1: { mac10: ["gone"] }, host2: { mac10: ["d3"] } },
      seen: { host1: { nics: ["old"] }, host2: { nics: ["eth0"] } },
    });
    assert.deepEqual(await readHosts(runner, before), {
      users: { host1: { mac20: ["web 172.16.20.9", "db"] }, host2: { mac10: ["d3"] } },
      seen: {
        host1: { docker: "28.5.2", nics: ["enp0s3"], way: "enp0s3", foreign: ["link enp0s8.30", "network mac30"] },
        host2: { nics: ["eth0"] },
      },
    });
    const family = "pulumi-macvlan project/stack/";
    const line = `look ${family} ${family} 1 docker 0 0 0 0 0 0 0 2 mac10 mac20 0`;
    assert.deepEqual(asked.sort(), [`192.0.2.1 ${line}`, `192.0.2.2 ${line}`]);
  });

  const without = (...names: string[]) => ({
    host1: { MacvlanNetwork: both.MacvlanNetwork.filter(({ name }) => !names.includes(name)) },
  });

  it("foretells what an update would be refused for, in the words that it would have", () => {
    assert.equal(
      foretell(lived, state({ wanted: without("mac20") })),
      [
        "an update will be refused, by what was last read:",
        '  host1: Docker network "mac20": containers are still on it: web, db; remove them, or disconnect them (docker network disconnect mac20 CONTAINER)',
      ].join("\n"),
    );
    const { host1: _, ...hosts } = state().hosts;
    assert.match(foretell(lived, state({ hosts, wanted: {} })) ?? "", /host1: .*"mac10".*: d1;.*\n.*host1: .*"mac20"/);
  });

  it("foretells it of what is made anew, and of a host that gets another name in the same change", () => {
    const ipvlan = both.MacvlanNetwork.map((it) => ({ ...it, driver: "ipvlan" as const }));
    assert.match(
      foretell(lived, state({ wanted: { ...state().wanted, host1: { MacvlanNetwork: ipvlan } } })) ?? "",
      /host1: .*"mac10".*: d1;.*\n.*host1: .*"mac20".*: web, db;/,
    );
    const { host1, ...others } = state().hosts;
    const renamed = state({ hosts: { ...others, first: host1 as never }, wanted: { first: without("mac20").host1 } });
    assert.match(foretell(lived, renamed) ?? "", /^ {2}first: .*"mac20".*: web, db;/m);
    assert.deepEqual(usersLeft(lived, renamed), { first: { mac10: ["d1"] } });
    const known = state({ seen: { host1: { docker: "28.5.2", nics: ["eth0"] }, host2: { nics: ["eth0"] } } });
    assert.deepEqual(seenSince(known, renamed, { first: { nics: ["eth0", "eth1"] } }), {
      first: { docker: "28.5.2", nics: ["eth0", "eth1"] },
    });
  });

  it("foretells whose chosen address a changed network will not have for it", () => {
    const moved = both.MacvlanNetwork.map((it) => ({
      ...it,
      subnets: [{ subnet: `${it.subnets[0]?.subnet.slice(0, -3)}/29` }],
    }));
    assert.equal(
      foretell(lived, state({ wanted: { ...state().wanted, host1: { MacvlanNetwork: moved } } })),
      [
        "an update will be refused, by what was last read:",
        '  host1: Docker network "mac20": container "web" was given 172.16.20.9 on it, which the network will not have for it (172.16.20.0/29): remove the container, or connect it with another address',
      ].join("\n"),
    );
  });

  it("foretells where somebody else has a name already", () => {
    const foreign = ["link enp0s8.30", "network mac30", "link mac20"];
    const known = state({ seen: { host1: { nics: ["enp0s8"], foreign } } });
    const wanted = {
      ...state().wanted,
      host1: {
        VlanSubinterface: [{ parent: "enp0s8", vlanId: 30 }],
        MacvlanNetwork: [...both.MacvlanNetwork, network("mac30", 30)],
      },
      host2: { MacvlanNetwork: [...both.MacvlanNetwork, network("mac30", 30)] },
    };
    const other = "it exists and was not made by pulumi-macvlan";
    assert.match(
      foretell(known, state({ wanted })) ?? "",
      new RegExp(
        `^an update .*\\n  host1: VLAN sub-interface "enp0s8.30": ${other}.*\\n  host1: Docker network "mac30": ${other}: [^\\n]*$`,
      ),
    );
  });

  it("foretells nothing of what stays or is not known yet", () => {
    for (const wanted of [state().wanted, UNKNOWN as never])
      assert.equal(foretell(lived, state({ wanted })), undefined);
    assert.equal(foretell(state(), state({ wanted: {} })), undefined);
  });

  it("is kept over an update, of networks that stay", () =>
    assert.deepEqual(usersLeft(lived, state({ wanted: without("mac20") })), { host1: { mac10: ["d1"] } }));
});
