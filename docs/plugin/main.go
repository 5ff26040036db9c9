// S4 in Go, on the SDK that `npm run sdk -- go sdk` writes into the folder of this program, with a go.mod beside it:
//
//	module pulumi-macvlan-sdk
//	require github.com/pulumi/pulumi/sdk/v3 v3.250.0
//
// and `mv sdk/macvlan .`, since the SDK's packages name each other so. It compiles against that SDK; it has not been run, since Pulumi's
// language host for Go comes with Pulumi's own installer alone.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"pulumi-macvlan-sdk/macvlan"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		trunk := pulumi.String("eth1")
		lan, err := macvlan.NewVlanTopology(ctx, "lan", &macvlan.VlanTopologyArgs{
			// By the names that the provider's configuration gives them.
			Hosts: macvlan.TopologyHostMap{
				"host1": macvlan.TopologyHostArgs{Parent: trunk},
				"host2": macvlan.TopologyHostArgs{Parent: trunk},
			},
			Vlans: macvlan.TopologyVlanMap{
				"iot": macvlan.TopologyVlanArgs{
					VlanId:  pulumi.Int(100),
					Subnets: pulumi.ToArray([]interface{}{"172.16.10.0/24", "fd00:10::/64"}),
				},
				"nas": macvlan.TopologyVlanArgs{
					VlanId:  pulumi.Int(200),
					Subnets: pulumi.ToArray([]interface{}{"172.16.20.0/24", "fd00:20::/64"}),
				},
			},
			Router: macvlan.TopologyRouterArgs{
				Connection: pulumi.String("host3"),
				Parent:     trunk,
				Allow: macvlan.AllowedArray{macvlan.AllowedArgs{
					From:     pulumi.String("iot"),
					To:       pulumi.String("nas"),
					Protocol: macvlan.AllowedProtocolTcp,
					Ports:    pulumi.Array{pulumi.Int(443)},
				}},
			},
			Prove: pulumi.Bool(true),
		})
		if err != nil {
			return err
		}
		cameras, err := macvlan.NewVlanSubinterface(ctx, "cameras", &macvlan.VlanSubinterfaceArgs{
			Host:   pulumi.String("host1"),
			Parent: trunk,
			VlanId: pulumi.Int(300),
		})
		if err != nil {
			return err
		}
		_, err = macvlan.NewMacvlanNetwork(ctx, "cameras", &macvlan.MacvlanNetworkArgs{
			Host:   pulumi.String("host1"),
			Name:   pulumi.String("cameras"),
			Parent: cameras.Name,
			Subnets: macvlan.SubnetArray{macvlan.SubnetArgs{
				Subnet:  pulumi.String("172.16.30.0/24"),
				Gateway: pulumi.String("172.16.30.1"),
				IpRange: pulumi.String("172.16.30.64/26"),
			}},
		})
		ctx.Export("results", lan.Results)
		return err
	})
}
