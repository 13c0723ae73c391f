package network_test

import (
	"cdcpipeline/components/network"
	"cdcpipeline/config"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A VPC over three zones with NAT, and a database's subnet group in it.
func ExampleNewNetwork() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		net, err := network.NewNetwork(ctx, "cdc", &network.NetworkArgs{
			Network: config.Network{Cidr: "10.20.0.0/16", AvailabilityZones: 3, Egress: config.EgressNAT},
		})
		if err != nil {
			return err
		}
		_, err = rds.NewSubnetGroup(ctx, "source", &rds.SubnetGroupArgs{SubnetIds: net.SubnetIDs()})
		return err
	})
}

// The security groups alone, in a VPC that exists.
func ExampleNewNetwork_adopted() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := network.NewNetwork(ctx, "cdc", &network.NetworkArgs{
			Network: config.Network{
				VpcID:            "vpc-0123456789abcdef0",
				PrivateSubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			},
			ExistingDatabaseSecurityGroupID: "sg-0123456789abcdef0",
		})
		return err
	})
}
