// The changes that reviews are shown with: a stack before, what becomes of it, and who was on its networks at the last refresh.
import type { Subnet } from "../../provider/formats/docker";
import type { VlanTopologyArgs } from "../../provider/index";

export interface Program {
  topologies?: Record<string, VlanTopologyArgs>;
  /** Resources without a topology. */
  singles?: { host: string; label: string; parent: string; vlanId: number; name: string; subnets: Subnet[] }[];
  /** How many resources there are of another package. */
  elsewhere?: number;
}

export interface ReviewedChange {
  before: Program;
  after: Program;
  /** By resource. */
  users?: Record<string, string[]>;
}

const host = (name: string, more: object = {}) => ({
  connection: { address: `${name}.example`, name },
  parent: "enp0s8",
  ...more,
});

const iot = { vlanId: 100, subnets: ["172.16.10.0/24"] };
const nas = { vlanId: 200, subnets: ["172.16.20.0/24"] };
const allowed = (...ports: number[]) => [{ from: "iot", to: "nas", protocol: "tcp" as const, ports }];
const router = (more: object = {}) => ({ ...host("host3"), allow: allowed(443), ...more });

const BASE: VlanTopologyArgs = {
  hosts: { host1: host("host1"), host2: host("host2") },
  vlans: { iot, nas },
  router: router(),
};

const lan = (more: Partial<VlanTopologyArgs> = {}): Program => ({ topologies: { lan: { ...BASE, ...more } } });

const USERS = {
  "lan-host1-iot": ["bulb", "hub"],
  "lan-host2-iot": ["camera"],
  "lan-host1-nas": ["store"],
};

const from = (after: Program, before = lan()): ReviewedChange => ({ before, after, users: USERS });

const single = (name: string, label = name) => ({
  host: name,
  label,
  parent: "eth1",
  vlanId: 50,
  name: "printers",
  subnets: [{ subnet: "10.50.0.0/24", gateway: "10.50.0.1" }],
});

const NASTY = "@everyone <script>alert(1)</script> [x](http://evil.example) `|` ![](x) www.evil.example #1\u202e";

export const CHANGES: Record<string, ReviewedChange> = {
  "a-stack-that-is-new": { before: {}, after: lan() },
  "a-port-more": from(lan({ router: router({ allow: allowed(443, 445) }) })),
  "a-policy-that-shuts-out": from(lan({ router: router({ allow: [] }) })),
  "a-policy-that-opens": from(lan({ router: { ...host("host3") } })),
  "a-way-out": from(
    lan({
      router: router({
        nat: [{ outInterface: "enp0s9" }],
        allow: [...allowed(443), { from: "iot", to: "enp0s9" }],
      }),
    }),
  ),
  "another-vlan-id": from(lan({ vlans: { iot: { ...iot, vlanId: 101 }, nas } })),
  "another-protocol": from(lan({ vlans: { iot: { ...iot, protocol: "802.1ad" }, nas } })),
  "another-parent": from(lan({ hosts: { host1: host("host1"), host2: host("host2", { parent: "enp0s9" }) } })),
  "a-wider-subnet": from(lan({ vlans: { iot: { ...iot, subnets: ["172.16.10.0/23"] }, nas } })),
  "an-ipv6-subnet-more": from(lan({ vlans: { iot: { ...iot, subnets: [...iot.subnets, "fd00:10::/64"] }, nas } })),
  "another-gateway": from(
    lan({ vlans: { iot: { ...iot, subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.254" }] }, nas } }),
  ),
  "a-private-network": from(lan({ vlans: { iot, nas: { ...nas, mode: "private" } } })),
  "a-vlan-more": from(lan({ vlans: { iot, nas, cam: { vlanId: 300, subnets: ["172.16.30.0/24"] } } })),
  "a-vlan-less-in-use": from(lan({ vlans: { iot }, router: router({ allow: [] }) })),
  "a-host-more": from(lan({ hosts: { ...BASE.hosts, host4: host("host4") } })),
  "a-host-less": from(lan({ hosts: { host1: host("host1") } })),
  "ways-to-own-containers": from(lan({ shims: ["iot"] })),
  "two-topologies": from({
    topologies: {
      lan: BASE,
      lab: { hosts: { host5: host("host5") }, vlans: { bench: { vlanId: 900, subnets: ["10.9.0.0/24"] } } },
    },
  }),
  "addresses-in-two-hands": {
    before: { singles: [single("host1")], elsewhere: 1 },
    after: { singles: [single("host1"), single("host2")], elsewhere: 3 },
    users: {},
  },
  "what-a-preview-refuses": from(
    lan({ vlans: { iot: { ...iot, subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.99.1" }] }, nas } }),
  ),
  "names-of-a-stranger": {
    before: { singles: [single("host1", NASTY)] },
    after: {},
    users: { "host1-printers": [NASTY] },
  },
};
