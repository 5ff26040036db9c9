// npm run capture: real answers of the lab's hosts for the decoders' unit tests, one folder per Debian release.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "pulumi-macvlan-lab";
import { onlyDeclaredPrograms } from "./setup/programs";

const folder = join(__dirname, "..", "..", "test", "unit", "captured");

const BEFORE = `ip link add link enp0s8 name enp0s8.100 mtu 1400 type vlan protocol 802.1ad id 100 reorder_hdr off egress 1:2 6:5 ingress 3:1
ip link set enp0s8.100 alias 'pulumi-macvlan project/stack/vlan'; ip link set enp0s8.100 promisc on up
ip addr add 172.16.10.2/24 dev enp0s8.100; ip addr add fd00:10::2/64 dev enp0s8.100 nodad
ip link add link enp0s8.100 name shim10 address 02:42:00:00:00:fa type macvlan mode private; ip link set shim10 up
ip addr add 172.16.10.250/32 dev shim10; ip route add 172.16.10.64/26 dev shim10
ip route add 10.50.0.0/16 via 172.16.10.65 dev shim10; ip route add 10.9.9.9 dev shim10; ip -6 route add fd00:20::/64 dev shim10
docker network create -d macvlan --ipv6 --internal -o parent=enp0s8 -o macvlan_mode=bridge -o com.docker.network.driver.mtu=1400 \\
  --subnet 172.16.10.0/24 --gateway 172.16.10.1 --ip-range 172.16.10.64/26 --aux-address nas=172.16.10.65 --subnet fd00:10::/64 \\
  --label note=x --label pulumi-macvlan.mark='pulumi-macvlan project/stack/net' --label pulumi-macvlan.spec=0 captured
docker run -d --name captured --network captured busybox sleep 100000`;
const AFTER =
  "docker rm -f captured; docker network rm captured; ip link del enp0s8.100; nft delete table inet pulumi_macvlan_router";
const RULES = `table inet pulumi_macvlan_router { comment "pulumi-macvlan project/stack/router"; chain forward { type filter hook forward priority filter; policy accept;
ct state established,related accept; iifname "enp0s8.100" ip daddr 172.16.20.10/32 tcp dport { 443, 8000-8100 } accept; meta l4proto { icmp, ipv6-icmp } accept
iifname { "enp0s8.100", "enp0s8.200" } oifname "enp0s9" accept; iifname { "enp0s8.100", "enp0s8.200" } oifname { "enp0s8.100", "enp0s8.200" } drop; }
chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "enp0s9" ip saddr { 172.16.10.0/24, 172.16.20.0/24 } masquerade; }
}`;

const ANSWERS: Record<string, string> = {
  versions: "ip -V; docker version -f '{{.Server.Version}}'; nft --version",
  link: "ip -j -d addr show dev enp0s8.100",
  macvlan: "ip -j -d link show dev shim10",
  routes: "ip -j route show dev shim10",
  routes6: "ip -j -6 route show dev shim10",
  network: "docker network inspect captured",
  table: "nft list table inet pulumi_macvlan_router",
};

async function main(): Promise<void> {
  await onlyDeclaredPrograms();
  const lab = new Lab(process.argv[2]);
  await lab.up();
  for (const [host, release] of [
    ["host1", "bookworm"],
    ["host2", "trixie"],
  ] as const) {
    await lab.exec(host, BEFORE);
    await lab.exec(host, "nft -f -", { input: RULES });
    mkdirSync(join(folder, release), { recursive: true });
    for (const [name, line] of Object.entries(ANSWERS))
      writeFileSync(join(folder, release, `${name}.txt`), `${(await lab.exec(host, line)).stdout}\n`);
    await lab.exec(host, AFTER);
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
