import assert from "node:assert/strict";
import {
  type Allowed,
  type Passing,
  type PlannedProbe,
  probesOf,
  probesOfBatch,
  refuseUnproved,
  rulesOf,
} from "../../../provider/plan/policy";
import type { DescribedTopology } from "../../../provider/plan/topology";

const topology = (change: Partial<DescribedTopology> = {}): DescribedTopology => ({
  hosts: { host1: {}, host2: {}, host3: {} },
  vlans: {
    iot: { vlanId: 10, subnets: ["172.16.10.0/24"] },
    nas: { vlanId: 20, subnets: ["172.16.20.0/24", "fd00:20::/64"], hosts: ["host2"] },
  },
  router: {},
  ...change,
});

const show = ({ from, to, protocol, port, ipVersion, expect }: PlannedProbe): string =>
  [
    `${from.host}${from.network ? `/${from.network}` : ""} to ${to.host}/${to.network}`,
    port ? ` ${protocol ?? "tcp"} ${port}` : "",
    ipVersion === 6 ? " IPv6" : "",
    expect === "reachable" ? ": yes" : ": no",
  ].join("");
const shown = (given: DescribedTopology, passing: Passing = "everything") => probesOf(given, passing).map(show);

const HOSTS_OF_IOT = ["host1/iot to host2/iot: yes", "host2/iot to host3/iot: yes"];

describe("the probes of a topology", () => {
  it("show that hosts reach each other in a VLAN, and that all VLANs do through a router", () => {
    assert.deepEqual(shown(topology()), [
      ...HOSTS_OF_IOT,
      "host1/iot to host2/nas: yes",
      "host2/nas to host3/iot: yes",
    ]);
  });

  it("show that VLANs don't reach each other without a router, or where it does not route both", () => {
    const cut = [...HOSTS_OF_IOT, "host1/iot to host2/nas: no", "host2/nas to host3/iot: no"];
    assert.deepEqual(shown(topology({ router: undefined })), cut);
    assert.deepEqual(shown(topology({ router: { vlans: ["iot"] } })), cut);
  });

  it("show that hosts reach their own containers where they have shims, by each version", () => {
    assert.deepEqual(
      shown(topology({ shims: ["nas"] })).filter((line) => line.startsWith("host2 to")),
      ["host2 to host2/nas: yes", "host2 to host2/nas IPv6: yes"],
    );
  });

  it("show what is allowed, and that nothing else is", () => {
    const allow: Allowed[] = [{ from: "iot", to: "nas", protocol: "tcp", ports: [443, "8000-8100"] }];
    assert.deepEqual(shown(topology(), allow), [
      ...HOSTS_OF_IOT,
      "host1/iot to host2/nas: no",
      "host1/iot to host2/nas tcp 443: yes",
      "host1/iot to host2/nas tcp 8000: yes",
      "host1/iot to host2/nas tcp 9: no",
      "host2/nas to host3/iot: no",
    ]);
    const both: Allowed[] = [
      { from: "iot", to: "nas", protocol: "udp", ports: [53] },
      { from: "iot", to: "nas", protocol: "tcp", ports: [53] },
    ];
    assert.deepEqual(shown(topology(), both).slice(2, 7), [
      "host1/iot to host2/nas: no",
      "host1/iot to host2/nas tcp 53: yes",
      "host1/iot to host2/nas tcp 9: no",
      "host1/iot to host2/nas udp 53: yes",
      "host1/iot to host2/nas udp 9: no",
    ]);
    assert.deepEqual(shown(topology(), [{ from: "nas", to: "any", protocol: "icmp" }]).slice(2), [
      "host1/iot to host2/nas: no",
      "host2/nas to host3/iot: yes",
    ]);
    assert.deepEqual(rulesOf(allow), {
      default: "drop",
      rules: [{ from: "iot", to: "nas", protocol: "tcp", ports: [443, "8000-8100"], action: "accept" }],
    });
  });

  it("say nothing of what nobody here knows, and nothing of a VLAN without a way out", () => {
    assert.deepEqual(shown(topology(), "unknown"), HOSTS_OF_IOT);
    const { vlans } = topology();
    const internal = { ...vlans, nas: { ...vlans["nas"], subnets: ["172.16.20.0/24"], internal: true } };
    assert.deepEqual(shown(topology({ vlans: internal })), HOSTS_OF_IOT);
  });

  it("name networks as they are called on the hosts", () => {
    const { vlans } = topology();
    const renamed = { things: { ...vlans["iot"], formerly: "iot" }, nas: { ...vlans["nas"], network: "store" } };
    assert.deepEqual(
      shown(topology({ vlans: renamed as DescribedTopology["vlans"], shims: ["things"] }), [
        { from: "things", to: "nas" },
      ]),
      [
        ...HOSTS_OF_IOT,
        ...["host1", "host2", "host3"].map((host) => `${host} to ${host}/iot: yes`),
        "host1/iot to host2/store: yes",
        "host2/store to host3/iot: no",
      ],
    );
  });

  describe("of a batch of a rollout", () => {
    const ofBatches = (given: DescribedTopology, batches: string[][]) =>
      batches.map((_, index) => probesOfBatch(given, batches, index).map(show));

    it("go between its hosts, and to those before them, in every VLAN, and not through the router", () => {
      const batches = [["host1", "host3"], ["host2"]];
      assert.deepEqual(ofBatches(topology(), batches), [
        ["host1/iot to host3/iot: yes"],
        [
          "host1/iot to host2/iot: yes",
          "host2/iot to host3/iot: yes",
          "host2/nas to host2/nas: yes",
          "host2/nas to host2/nas IPv6: yes",
        ],
      ]);
    });

    it("leave out hosts that were proved before", () => {
      const batches = [["host1", "host2"], ["host3"]];
      assert.deepEqual(ofBatches(topology({ shims: ["iot"] }), batches).at(-1), [
        "host2/iot to host3/iot: yes",
        "host3 to host3/iot: yes",
      ]);
    });

    it("go to a host's own containers where it is alone, and between those where it has no shim", () => {
      const batches = [["host3"], ["host1", "host2"]];
      assert.deepEqual(ofBatches(topology(), batches)[0], ["host3/iot to host3/iot: yes"]);
      assert.deepEqual(ofBatches(topology({ shims: ["iot"] }), batches)[0], ["host3 to host3/iot: yes"]);
    });

    it("must be there: where no packet could show that a batch works, it is refused, but not for the last", () => {
      const alone = (change: object, batches = [["host2"], ["host1", "host3"]]) => {
        const { vlans } = topology();
        const changed = Object.entries(vlans).map(([name, vlan]) => [name, { ...vlan, ...change }]);
        return refuseUnproved(topology({ vlans: Object.fromEntries(changed) }), batches);
      };
      assert.deepEqual(alone({}), []);
      assert.deepEqual(alone({ driver: "ipvlan", mode: "l3" }), []);
      for (const change of [
        { mode: "private" },
        { mode: "passthru" },
        { mode: "vepa" },
        { driver: "ipvlan", flag: "vepa" },
        { internal: true },
      ]) {
        assert.match(
          String(alone(change)),
          /^rollout: no packet could show that host2 works \(iot, nas\) before others are changed: give the batch a second host/,
        );
        assert.deepEqual(alone(change, [["host1", "host2", "host3"]]), []);
      }
      assert.deepEqual(alone({ mode: "private" }, [["host1", "host2"], ["host3"]]), []);
      assert.deepEqual(alone({ mode: "private", hosts: ["host1", "host2"] }, [["host3"], ["host1", "host2"]]), []);
    });
  });
});
