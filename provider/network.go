package provider

import (
	"cdcpipeline/components/network"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkOutputs are what a network gives besides its VPC.
type NetworkOutputs struct {
	// SubnetIDs of the private subnets, one for each zone in a VPC made here.
	SubnetIDs pulumi.StringArrayOutput `pulumi:"subnetIds"`
	// ZoneSubnetIDs are one of them for each zone, which is what an interface endpoint takes.
	ZoneSubnetIDs pulumi.StringArrayOutput `pulumi:"zoneSubnetIds"`
	// DatabaseSecurityGroupID of the unnamed source's database: it accepts the database's port from replication, functions and bastion.
	DatabaseSecurityGroupID pulumi.StringOutput `pulumi:"databaseSecurityGroupId,optional"`
	// DatabaseSecurityGroupIDs are the same of the other sources' databases, by the name of the source.
	DatabaseSecurityGroupIDs pulumi.StringMapOutput `pulumi:"databaseSecurityGroupIds"`
	// ReplicationSecurityGroupID of DMS: to the databases, and to AWS.
	ReplicationSecurityGroupID pulumi.StringOutput `pulumi:"replicationSecurityGroupId"`
	// SearchSecurityGroupID of what is searched: it accepts HTTPS from delivery, functions and bastion.
	SearchSecurityGroupID pulumi.StringOutput `pulumi:"searchSecurityGroupId"`
	// DeliverySecurityGroupID of Firehose's network interfaces: to what is searched.
	DeliverySecurityGroupID pulumi.StringOutput `pulumi:"deliverySecurityGroupId"`
	// FunctionsSecurityGroupID of Lambda: to the databases, to what is searched, and to AWS.
	FunctionsSecurityGroupID pulumi.StringOutput `pulumi:"functionsSecurityGroupId"`
	// EndpointsSecurityGroupID of the VPC endpoints: it accepts HTTPS from replication, functions and bastion.
	EndpointsSecurityGroupID pulumi.StringOutput `pulumi:"endpointsSecurityGroupId"`
	// BastionSecurityGroupID of an instance that people reach all this through; it accepts nothing. Only with the input bastion.
	BastionSecurityGroupID pulumi.StringOutput `pulumi:"bastionSecurityGroupId,optional"`
}

// networkForm has what dependsOn names come before the group of Firehose's interfaces, and outlive it: search.DeliveryRole.
var networkForm = giving(taking("network.Network", func(
	ctx *pulumi.Context, name string, args *network.NetworkArgs, _ *struct{}, opts ...pulumi.ResourceOption,
) (*network.Network, error) {
	var err error
	if args.DeliveryNeeds, err = dependsOn(opts); err != nil {
		return nil, err
	}
	return network.NewNetwork(ctx, name, args, opts...)
}), func(n *network.Network) NetworkOutputs {
	groups, named := n.SecurityGroups, pulumi.StringMap{}
	for source, id := range groups.Databases {
		if source != "" {
			named[source] = id
		}
	}
	return NetworkOutputs{
		SubnetIDs: n.SubnetIDs().ToStringArrayOutput(), ZoneSubnetIDs: n.ZoneSubnets.ToStringArrayOutput(),
		DatabaseSecurityGroupID: groups.Databases[""], DatabaseSecurityGroupIDs: named.ToStringMapOutput(),
		ReplicationSecurityGroupID: groups.Replication, SearchSecurityGroupID: groups.Search, DeliverySecurityGroupID: groups.Delivery,
		FunctionsSecurityGroupID: groups.Functions, EndpointsSecurityGroupID: groups.Endpoints, BastionSecurityGroupID: groups.Bastion,
	}
})
