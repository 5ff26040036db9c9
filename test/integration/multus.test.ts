// What Multus would attach pods to, given to the CNI plugins themselves: they take it, and pods of two nodes reach each other.
import assert from "node:assert/strict";
import { type NetworkAttachmentArgs, planAddresses, toNetworkAttachmentDefinitions } from "pulumi-macvlan";
import { lab } from "./hooks";
import { assertSame, type Driven, driven, json, on, snapshot } from "./hosts";

const NODES = ["host1", "host2"];
const SUBNETS = ["172.16.10.0/24", "fd00:10::/64"];

interface CniResult {
  ips: { address: string; gateway?: string }[];
}

/** Calls the plugin as a container runtime would. */
async function cni(host: string, command: "ADD" | "DEL", config: string): Promise<CniResult | undefined> {
  const { type } = JSON.parse(config) as { type: string };
  const env = `CNI_COMMAND=${command} CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=net1 CNI_PATH=/usr/lib/cni`;
  const { stdout } = await lab.exec(host, `${env} /usr/lib/cni/${type}`, { input: config });
  return stdout ? (JSON.parse(String(stdout)) as CniResult) : undefined;
}

describe("pods on the VLANs of a plan", function () {
  this.timeout(120_000);
  const plan = planAddresses({ subnets: SUBNETS, hosts: NODES, shims: true });
  const hosts = Object.fromEntries(NODES.map((name) => [name, { parent: "enp0s8" }]));
  const vlans: Driven[] = [];
  const before_: Record<string, string> = {};
  const attach = (change: Partial<NetworkAttachmentArgs["vlans"][string]>, link?: "vlan") =>
    toNetworkAttachmentDefinitions({
      hosts,
      plan,
      vlans: { mac10: { vlanId: 100, subnets: SUBNETS, ...change } },
      ...(link ? { link } : {}),
    });

  before(async () => {
    for (const host of NODES) {
      before_[host] = await snapshot(host);
      vlans.push(await driven("VlanSubinterface", host, { parent: "enp0s8", vlanId: 100 }).create());
    }
  });
  after(async () => {
    for (const vlan of vlans) await vlan.delete();
    for (const host of NODES) assertSame(await snapshot(host), before_[host] ?? "");
  });

  const kinds: [what: string, definitions: () => ReturnType<typeof attach>, kind: string, own?: boolean][] = [
    ["macvlan", () => attach({ mode: "bridge" }), "macvlan"],
    ["ipvlan", () => attach({ driver: "ipvlan", mode: "l2" }), "ipvlan"],
    ["the vlan plugin on its own", () => attach({}, "vlan"), "vlan", true],
  ];
  for (const [what, definitions, kind, own] of kinds) {
    it(`stand there by ${what}, each with an address of its node's range, and reach each other`, async () => {
      // A tagged interface of the pod's own can't stand beside the node's.
      if (own) for (const vlan of vlans.splice(0)) await vlan.delete();
      const made = definitions();
      const found: Record<string, string[]> = {};
      try {
        for (const [index, host] of NODES.entries()) {
          await on(host, "ip netns add pod");
          const result = await cni(host, "ADD", made[index]?.spec.config ?? "");
          found[host] = (result?.ips ?? []).map(({ address }) => address);
          const [shown] = await json<{ linkinfo: { info_kind: string } }[]>(
            host,
            "ip netns exec pod ip -j -d link show dev net1",
          );
          assert.equal(shown?.linkinfo.info_kind, kind);
        }
        assert.deepEqual(found, {
          host1: ["172.16.10.32/24", "fd00:10:0:0:1::/64"],
          host2: ["172.16.10.64/24", "fd00:10:0:0:2::/64"],
        });
        const ping = (address: string) => on("host1", `ip netns exec pod ping -c 3 -W 2 ${address}`);
        assert.match(await ping("172.16.10.64"), / ttl=64 /);
        assert.match(await ping("fd00:10:0:0:2::"), / ttl=64 /);
      } finally {
        for (const [index, host] of NODES.entries()) {
          await cni(host, "DEL", made[index]?.spec.config ?? "");
          await on(host, "ip netns del pod; rm -rf /var/lib/cni");
        }
      }
    });
  }
});
