import assert from "node:assert/strict";
import { factsIn } from "../../../provider/doctor/facts";

const section = (text: string) => text.trim();

describe("what a host tells of itself", () => {
  it("is taken apart, with what is not known left out", () => {
    const facts = factsIn(
      new Map([
        [
          "system",
          section(`
user|root|0
release|6.1.0-28-amd64|x86_64
name|Debian GNU/Linux 12 (bookworm)
shell|dash
ip|ip utility, iproute2-6.1.0, libbpf 1.1.0
nft|nftables v1.0.6 (Lester Gooch #5)
tool|perl|yes
tool|tc|
systemd|running
manager|NetworkManager
virtual|vmware
kernel|8021q|loaded
kernel|macvlan||RTNETLINK answers: Operation not supported
room|/run|80000
room|/var/lib|`),
        ],
        [
          "docker",
          section(
            "docker|26.1.5|/srv/docker|overlay2|active\nroom|/srv/docker|123456\nfirewall|nftables\niptables|false",
          ),
        ],
        [
          "nics",
          section(`
nic|eth0|nic|up|1|1000|1500|e1000e|52:54:00:00:00:01|br0|bridge|br0 eth0.100|0x1003
nic|eth1|nic|down|||1500|igb|52:54:00:00:00:02|ovs-system|virtual||0x1002
nic|eth2|nic|up|0|-1|9000|igb|52:54:00:00:00:03|bond0|bond||0x1803
way|eth0`),
        ],
        [
          "frames",
          section(`
sends|eth0 eth1
heard|eth0|1|enp3s0|100|1500|tagged
heard|eth0|2|enp3s0|0|128|untagged
heard|eth0|x|enp3s0|0|128|untagged
lldp|eth0|cellar|Gi1/0/7|100 200 `),
        ],
      ]),
    );
    assert.deepEqual(facts, {
      user: "root",
      root: true,
      kernel: "6.1.0-28-amd64",
      machine: "x86_64",
      system: "Debian GNU/Linux 12 (bookworm)",
      shell: "dash",
      ip: "ip utility, iproute2-6.1.0, libbpf 1.1.0",
      nft: "nftables v1.0.6 (Lester Gooch #5)",
      tools: { perl: true, tc: false },
      systemd: "running",
      managers: ["NetworkManager"],
      virtual: "vmware",
      abilities: [
        { name: "8021q", how: "loaded" },
        { name: "macvlan", how: undefined, said: "RTNETLINK answers: Operation not supported" },
      ],
      room: { "/run": 80000, "/srv/docker": 123456 },
      docker: {
        version: "26.1.5",
        root: "/srv/docker",
        storage: "overlay2",
        swarm: true,
        firewall: "nftables",
        iptables: false,
      },
      nics: [
        {
          name: "eth0",
          kind: "nic",
          up: true,
          carrier: true,
          speed: 1000,
          mtu: 1500,
          driver: "e1000e",
          macAddress: "52:54:00:00:00:01",
          master: { name: "br0", kind: "bridge" },
          above: ["br0", "eth0.100"],
        },
        { name: "eth1", kind: "nic", up: false, mtu: 1500, driver: "igb", macAddress: "52:54:00:00:00:02", above: [] },
        {
          name: "eth2",
          kind: "nic",
          up: true,
          carrier: false,
          mtu: 9000,
          driver: "igb",
          macAddress: "52:54:00:00:00:03",
          master: { name: "bond0", kind: "bond" },
          above: [],
        },
      ],
      way: "eth0",
      sent: ["eth0", "eth1"],
      heard: [
        { nic: "eth0", from: { host: 1, nic: "enp3s0" }, vlanId: 100, size: 1500, tagged: true },
        { nic: "eth0", from: { host: 2, nic: "enp3s0" }, vlanId: 0, size: 128, tagged: false },
      ],
      neighbours: [{ nic: "eth0", system: "cellar", port: "Gi1/0/7", vlans: [100, 200] }],
    });
  });

  it("says why no frame could be sent, and why Docker does not answer", () => {
    const facts = factsIn(
      new Map([
        ["docker", "silent|Cannot connect to the Docker daemon"],
        ["frames", "sends|eth0\nsocket: Operation not permitted\nunheard"],
      ]),
    );
    assert.equal(facts.unheard, "socket: Operation not permitted");
    assert.deepEqual(facts.docker, { silent: "Cannot connect to the Docker daemon" });
  });
});
