// What is sent on a twin, and what a review foretells of it.
import assert from "node:assert/strict";
import { flowsOf, passes, streamsOf } from "../../../provider/twin/flows";
import { reviewOf } from "../../review/golden";

const sent = (name: string, outside?: string): string[] => {
  const { after, cells } = reviewOf(name);
  return flowsOf(after, cells, "after", outside).map((probe) => `${probe.name}: ${probe.expect}`);
};

describe("a twin's packets", () => {
  it("go from network to network, to the ports that the review names and to one that it does not", () => {
    assert.deepEqual(sent("a-port-more"), [
      "host1/iot to host2/iot: reachable",
      "host1/nas to host2/nas: reachable",
      "iot to nas (icmp): unreachable",
      "iot to nas (tcp 443): reachable",
      "iot to nas (tcp 445): reachable",
      "iot to nas (tcp 9): unreachable",
      "nas to iot (icmp): unreachable",
      "nas to iot (tcp 9): unreachable",
    ]);
  });

  it("go to a port that was open before, too", () =>
    assert.ok(sent("a-policy-that-shuts-out").includes("iot to nas (tcp 443): unreachable")));

  it("go outside where the twin has an outside", () => {
    assert.ok(sent("a-way-out", "203.0.113.10").includes("iot to outside (icmp): reachable"));
    assert.ok(!sent("a-way-out").some((name) => name.includes("outside")));
  });

  it("do not go from networks that keep their own apart", () =>
    assert.deepEqual(
      sent("a-private-network").filter((name) => name.includes("/")),
      ["host1/iot to host2/iot: reachable"],
    ));

  it("and connections go all the time where they pass before and after, between containers of one network each", () => {
    const on = (host: string, name: string, ...networks: [string, string][]) => ({
      host,
      name,
      on: networks.map(([network, address]) => ({ network, addresses: [address] })),
    });
    const standIns = [
      on("host1", "both", ["iot", "172.16.10.66"], ["nas", "172.16.20.66"]),
      on("host1", "bulb", ["iot", "172.16.10.65"]),
      on("host2", "db", ["nas", "172.16.20.200"]),
    ];
    const streams = (name: string) => {
      const { before, cells } = reviewOf(name);
      return streamsOf(before, cells, standIns);
    };
    const to = { host: "host2", container: "db", network: "nas", address: "172.16.20.200" };
    assert.deepEqual(streams("a-port-more"), [
      { name: "iot to nas (tcp 443)", from: { host: "host1", container: "bulb" }, to, port: 443 },
    ]);
    assert.deepEqual(streams("a-policy-that-shuts-out"), []);
  });

  const web = { protocol: "tcp", port: 443 } as const;
  for (const [words, wanted] of [
    [[], false],
    [["everything"], true],
    [["tcp 443", "icmp"], true],
    [["tcp 80-90"], false],
    [["tcp 400-500"], true],
    [["tcp"], true],
    [["udp 443"], false],
    [["tcp but 22 and 443"], false],
    [["tcp but 22"], true],
    [["everything but icmp and tcp 443"], false],
    [["everything but icmp and tcp 22"], true],
    [["tcp 443 from 172.16.10.0/28"], undefined],
    [["what is known after the update"], undefined],
  ] as const)
    it(`${words.join(", ") || "nothing"} lets tcp 443 pass: ${wanted}`, () => assert.equal(passes(words, web), wanted));
});
