package network_test

import (
	"cdcpipeline/components/network"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A VPC over three zones with NAT, and a database's subnet group in it.
func ExampleNewNetwork() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		net, err := network.NewNetwork(ctx, "cdc", &network.NetworkArgs{
			Network: config.Network{Cidr: "10.20.0.0/16", AvailabilityZones: 3, Egress: config.EgressNAT},
		})
		if err != nil {
			return err
		}
		_, err = rds.NewSubnetGroup(ctx, "source", &rds.SubnetGroupArgs{SubnetIds: net.SubnetIDs()})
		return err
	})
	// Output:
	// aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: cdc-default
	// aws:ec2/eip:Eip: 3
	// aws:ec2/internetGateway:InternetGateway: cdc-internet
	// aws:ec2/natGateway:NatGateway: 3
	// aws:ec2/route:Route: 4
	// aws:ec2/routeTable:RouteTable: 4
	// aws:ec2/routeTableAssociation:RouteTableAssociation: 6
	// aws:ec2/securityGroup:SecurityGroup: 6
	// aws:ec2/subnet:Subnet: 6
	// aws:ec2/vpc:Vpc: cdc-vpc
	// aws:ec2/vpcEndpoint:VpcEndpoint: cdc-s3
	// aws:rds/subnetGroup:SubnetGroup: source
	// aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule: 10
	// aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule: 6
	// cdcpipeline:network:Network: cdc
}

// Only the security groups, in an existing VPC.
func ExampleNewNetwork_adopted() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		_, err := network.NewNetwork(ctx, "cdc", &network.NetworkArgs{
			Network: config.Network{
				VpcID:            "vpc-01234567",
				PrivateSubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			},
			Databases: []network.Database{{ExistingSecurityGroupID: "sg-0123456789abcdef0"}},
		})
		return err
	})
	// Output:
	// aws:ec2/securityGroup:SecurityGroup: 5
	// aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule: 10
	// aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule: 6
	// cdcpipeline:network:Network: cdc
}
