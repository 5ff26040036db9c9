// What is sent on a twin, and what a review foretells of it.
import assert from "node:assert/strict";
import { flowsOf, passes } from "../../../provider/twin/flows";
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
