// What programs hand over: tsc reads this file as it reads theirs.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type {
  AddressPlanArgs,
  HostConnection,
  InterVlanRouterArgs,
  MacvlanNetworkArgs,
  ReachabilityArgs,
  VlanSubinterfaceArgs,
} from "pulumi-macvlan";

const later = <T>(value: T): pulumi.Output<T> => pulumi.output(value) as pulumi.Output<T>;

describe("arguments", () => {
  it("may be plain, promised or another resource's, at every depth", () => {
    const host: HostConnection = {
      address: later("192.0.2.1"),
      port: Promise.resolve(22),
      hostKey: later<string | string[]>(["ssh-ed25519 AAAA"]),
      sudo: { password: pulumi.secret("x") },
      bastion: { address: "192.0.2.2", user: undefined, bastion: later({ address: "192.0.2.3" }) },
    };
    const vlan: VlanSubinterfaceArgs = {
      host: later({ address: "192.0.2.1" }),
      parent: later("enp0s8"),
      vlanId: later(100),
      protocol: later<"802.1Q" | "802.1ad">("802.1Q"),
      egressQosMap: { "6": later(5) },
      addresses: [later("172.16.10.2/24"), "fd00::2/64"],
      mtu: undefined,
    };
    const network: MacvlanNetworkArgs = {
      host,
      name: "mac10",
      mode: later<"bridge" | "l2">("bridge"),
      subnets: [{ subnet: later("172.16.10.0/24"), gateway: undefined }, later({ subnet: "172.16.11.0/24" })],
      labels: later({ a: "b" }),
    };
    const router: InterVlanRouterArgs = {
      host,
      interfaces: later([{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }]),
      policy: {
        rules: [{ from: later("any"), to: "any", protocol: "tcp", ports: [443, later("1-2")], action: "drop" }],
      },
    };
    const proof: ReachabilityArgs = {
      hosts: { host1: later(host) },
      triggers: [later(1), "x"],
      probes: [
        { from: { host: "host1" }, to: later("192.0.2.9"), expect: later<"reachable" | "unreachable">("reachable") },
      ],
    };
    const plan: AddressPlanArgs = {
      subnets: [later("172.16.10.0/24"), { subnet: "172.16.11.0/24", reserved: ["172.16.11.9"] }],
      hosts: { host1: {}, host2: { size: 8 } },
    };
    for (const [given, fields] of [
      [host, 5],
      [vlan, 7],
      [network, 5],
      [router, 3],
      [proof, 3],
      [plan, 2],
    ] as const)
      assert.equal(Object.keys(given).length, fields);
  });

  it("are refused by tsc where they are none", () => {
    const wrong: VlanSubinterfaceArgs[] = [
      // @ts-expect-error: a VLAN id is a number
      { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: "100" },
      // @ts-expect-error: it takes a parent
      { host: { address: "192.0.2.1" }, vlanId: 100 },
      // @ts-expect-error: there is no such field
      { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: 100, vlan: 100 },
      // @ts-expect-error: nor such a protocol
      { host: { address: "192.0.2.1" }, parent: "enp0s8", vlanId: 100, protocol: "802.1X" },
    ];
    assert.equal(wrong.length, 4);
  });
});
