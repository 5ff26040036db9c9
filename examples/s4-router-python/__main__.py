import pulumi
import pulumi_macvlan as macvlan

config = pulumi.Config()
parent = config.get("parent") or "enp0s8"
uplink = config.get("uplink") or "enp0s9"

lan = macvlan.VlanTopology(
    "lan",
    hosts={"host1": {"parent": parent}, "host2": {"parent": parent}},
    vlans={
        "iot": {"vlan_id": 100, "subnets": ["172.16.10.0/24", "fd00:10::/64"]},
        "nas": {"vlan_id": 200, "subnets": ["172.16.20.0/24", "fd00:20::/64"]},
    },
    router={
        "connection": "host3",
        "parent": parent,
        "nat": [{"out_interface": uplink}],
        # Policy and proof from one declaration: nothing else passes.
        "allow": [{"from_": "iot", "to": "nas", "protocol": "tcp", "ports": [443]}],
    },
    prove=True,
)

pulumi.export("diagram", lan.diagram)
pulumi.export("results", lan.results)
