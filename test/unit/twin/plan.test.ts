// Which hosts, wires and stand-ins a stack's state comes to.
import assert from "node:assert/strict";
import { plainly } from "../../../provider/review/said";
import { readStackChange } from "../../../provider/review/stack";
import { planTwin } from "../../../provider/twin/plan";
import { json, reviewOf } from "../../review/golden";

const planOf = (name: string, given: Parameters<typeof planTwin>[3] = {}) => {
  const { before, after } = reviewOf(name);
  const { resources } = readStackChange(json(name, "preview.json"), json(name, "state.json"));
  return planTwin(resources, before, after, given);
};

describe("a twin's plan", () => {
  it("has each host of the stack once, its interfaces by the state, and those of one VLAN on one switch", () => {
    const { hosts } = planOf("a-wider-subnet");
    assert.deepEqual(
      hosts.map(({ label, name, nics }) => [label, name, nics]),
      ["host1", "host2", "host3"].map((name, index) => [
        name,
        `h${index + 1}`,
        { enp0s8: "switch1", mgmt0: "management" },
      ]),
    );
    assert.deepEqual(hosts[0]?.of, [{ address: "host1.example", name: "host1" }]);
  });

  it("does not have an interface that only the changed program names", () => {
    for (const { nics } of planOf("another-parent").hosts) assert.deepEqual(Object.keys(nics), ["enp0s8", "mgmt0"]);
  });

  it("has those that it is told of, and where they lead", () => {
    const { hosts } = planOf("a-way-out", {
      nics: [
        { host: "host3", nic: "enp0s9", switch: "outside" },
        { host: "host1", nic: "enp0s9", switch: undefined },
        { host: "host2", nic: "enp0s3", switch: "management" },
      ],
    });
    assert.deepEqual(
      hosts.map(({ nics }) => nics),
      [
        { enp0s8: "switch1", enp0s9: "switch1", mgmt0: "management" },
        { enp0s8: "switch1", enp0s3: "management" },
        { enp0s8: "switch1", enp0s9: "outside", mgmt0: "management" },
      ],
    );
  });

  it("has what a topology has seen of a host: interfaces, the one that SSH comes over, and its Docker", () => {
    const seen = new Map([["host1", { docker: "20.10.24", nics: ["enp0s3", "enp0s8", "enp0s9"], way: "enp0s3" }]]);
    const { hosts, unlike } = planOf("a-wider-subnet", { seen, dockers: { host3: 28 } });
    assert.deepEqual(
      hosts.map(({ nics, docker }) => [nics, docker]),
      [
        [{ enp0s8: "switch1", enp0s3: "management", enp0s9: "switch1" }, 20],
        [{ enp0s8: "switch1", mgmt0: "management" }, undefined],
        [{ enp0s8: "switch1", mgmt0: "management" }, 28],
      ],
    );
    const text = unlike.map(plainly).join("\n");
    assert.match(text, /^what a change does to the interface that SSH reaches host2, host3 over:/m);
    assert.match(text, /^which Docker host2 has:/m);
  });

  it("takes a host that is new as the program says that it is, and tells so", () => {
    const { hosts, unlike } = planOf("a-host-more");
    assert.deepEqual(hosts.find(({ label }) => label === "host4")?.nics, { enp0s8: "switch1", mgmt0: "management" });
    assert.match(unlike.map(plainly).join("\n"), /^which interfaces host4 has:/m);
  });

  /** Of one resource, as a state may have it. */
  const bent = (type: string, change: (props: Record<string, unknown>) => object) => {
    const { before, after } = reviewOf("a-wider-subnet");
    const { resources } = readStackChange(json("a-wider-subnet", "preview.json"), json("a-wider-subnet", "state.json"));
    const [first, ...rest] = resources.filter((resource) => resource.type === type);
    const others = resources.filter((resource) => resource.type !== type);
    const told = first?.old && { ...first, old: { ...first.old, ...change(first.old) } };
    return { resources: [...(told ? [told] : []), ...rest, ...others], before, after };
  };

  it("knows a host that gets another name as the one it was", () => {
    const { resources, before, after } = bent("MacvlanNetwork", () => ({
      host: { address: "host1.example", name: "cellar" },
    }));
    const { hosts } = planTwin(resources, before, after, {
      nics: [{ host: "cellar", nic: "eth9", switch: undefined }],
    });
    assert.deepEqual(hosts.length, 3);
    const one = hosts.find(({ labels }) => labels.includes("cellar"));
    assert.deepEqual([one?.labels, one?.nics["eth9"]], [["cellar", "host1"], "switch1"]);
  });

  it("refuses hosts of one name, hosts that nobody knows, and what is no interface's name", () => {
    const { resources, before, after } = bent("MacvlanNetwork", () => ({
      host: { address: "elsewhere", name: "host2" },
    }));
    assert.throws(() => planTwin(resources, before, after), /two hosts of the stack are called "host2"/);
    assert.throws(
      () => planOf("a-wider-subnet", { dockers: { host9: 28 } }),
      /"host9" is no host of the stack: its hosts are host1, host2, host3/,
    );
    const nics = [{ host: "host1", nic: "x; id", switch: undefined }];
    assert.throws(() => planOf("a-wider-subnet", { nics }), /"x; id" on host1 is no name of an interface/);
  });

  it("has interfaces that a change puts in one VLAN on one switch", () => {
    const { hosts } = planOf("a-vlan-more");
    assert.deepEqual(new Set(hosts.map(({ nics }) => nics["enp0s8"])), new Set(["switch1"]));
  });

  it("has a stand-in for each container, and asks it where it stands before and after", () => {
    const { standIns, asked } = planOf("another-vlan-id");
    assert.deepEqual(standIns.map(({ host, name }) => `${host} ${name}`).sort(), [
      "host1 bulb",
      "host1 hub",
      "host1 store",
      "host2 camera",
    ]);
    // The state is one of a version that kept no addresses: nobody can be asked.
    assert.deepEqual(asked, []);
  });

  it("asks by an address that nobody has", () => {
    const { before, after } = reviewOf("another-vlan-id");
    const { resources } = readStackChange(
      json("another-vlan-id", "preview.json"),
      json("another-vlan-id", "state.json"),
    );
    const told = resources.map((resource) =>
      resource.type === "MacvlanNetwork" && resource.host === "host1" && resource.old?.["name"] === "iot"
        ? {
            ...resource,
            old: { ...resource.old, attachedAddresses: { bulb: ["172.16.10.33"], hub: ["172.16.10.254"] } },
          }
        : resource,
    );
    const { asked } = planTwin(told, before, after);
    const wires = [100, 101].map((vlanId) => ({ switch: "switch1", vlanId, protocol: "802.1Q" }));
    assert.deepEqual(asked[0], {
      host: "host1",
      container: "bulb",
      network: "iot",
      address: "172.16.10.33",
      by: "172.16.10.253/24",
      wires,
    });
  });
});
