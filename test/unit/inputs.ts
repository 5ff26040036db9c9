// Inputs that are right, for tests to change one thing of.
export const HOST = { name: "host1", address: "192.0.2.1", hostKey: ["ssh-ed25519 AAAA"] };

export const COMMON = { host: HOST, __owner: "project/stack/resource" };

export const RIGHT = {
  VlanSubinterface: { ...COMMON, parent: "enp0s8", vlanId: 100 },
  MacvlanLink: { ...COMMON, parent: "enp0s8.100", name: "shim10" },
  MacvlanNetwork: { ...COMMON, parent: "enp0s8.100", name: "mac10", subnets: [{ subnet: "172.16.10.0/24" }] },
  HostInterface: { ...COMMON, subnet: "172.16.10.0/24" },
  InterVlanRouter: { ...COMMON, interfaces: [{ interface: "enp0s8.100", addresses: ["172.16.10.1/24"] }] },
};

export type Type = keyof typeof RIGHT;
