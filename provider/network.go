package provider

import (
	"cdcpipeline/components/network"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkOutputs are the outputs of a network besides its VPC.
type NetworkOutputs struct {
	// SubnetIDs are the ids of the private subnets. A VPC that the component makes has one per zone.
	SubnetIDs pulumi.StringArrayOutput `pulumi:"subnetIds"`
	// ZoneSubnetIDs are the ids of one private subnet per zone, which an interface endpoint needs.
	ZoneSubnetIDs pulumi.StringArrayOutput `pulumi:"zoneSubnetIds"`
	// DatabaseSecurityGroupID is the group of the unnamed source's database. It accepts the database's port from replication, functions and bastion.
	DatabaseSecurityGroupID pulumi.StringOutput `pulumi:"databaseSecurityGroupId,optional"`
	// DatabaseSecurityGroupIDs maps the name of each named source to the group of its database.
	DatabaseSecurityGroupIDs pulumi.StringMapOutput `pulumi:"databaseSecurityGroupIds"`
	// ReplicationSecurityGroupID is the group of DMS. It allows connections to the databases and to AWS.
	ReplicationSecurityGroupID pulumi.StringOutput `pulumi:"replicationSecurityGroupId"`
	// SearchSecurityGroupID is the group of the search destination. It accepts HTTPS from delivery, functions and bastion.
	SearchSecurityGroupID pulumi.StringOutput `pulumi:"searchSecurityGroupId"`
	// DeliverySecurityGroupID is the group of Firehose's network interfaces. It allows connections to the search destination.
	DeliverySecurityGroupID pulumi.StringOutput `pulumi:"deliverySecurityGroupId"`
	// FunctionsSecurityGroupID is the group of the functions. It allows connections to the databases, the search destination and AWS.
	FunctionsSecurityGroupID pulumi.StringOutput `pulumi:"functionsSecurityGroupId"`
	// EndpointsSecurityGroupID is the group of the VPC endpoints. It accepts HTTPS from replication, functions and bastion.
	EndpointsSecurityGroupID pulumi.StringOutput `pulumi:"endpointsSecurityGroupId"`
	// BastionSecurityGroupID is the group of the bastion. It accepts no connections. Only with the input bastion.
	BastionSecurityGroupID pulumi.StringOutput `pulumi:"bastionSecurityGroupId,optional"`
}

// networkForm makes the group of Firehose's interfaces after the resources that dependsOn names, such as search.DeliveryRole. These outlive the
// group.
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
