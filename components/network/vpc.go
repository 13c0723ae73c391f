package network

import (
	"cdcpipeline/internal/footprint"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// makeVpc makes the VPC, its subnets and the routes out of them.
func (n *Network) makeVpc(ctx *pulumi.Context, d design) (*place, error) {
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("looking up the region: %w", err)
	}
	zones, err := n.zones(ctx, d)
	if err != nil {
		return nil, err
	}
	block, err := netip.ParsePrefix(d.Cidr)
	if err != nil {
		return nil, fmt.Errorf("network.cidr: %w", err)
	}
	private, public, err := subnetCidrs(block, len(zones))
	if err != nil {
		return nil, fmt.Errorf("network.cidr: %w", err)
	}
	vpc, err := ec2.NewVpc(ctx, d.name+"-vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(block.String()),
		// The endpoints' private names need both,
		// https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html.
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               named(d, "vpc"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("making the vpc: %w", err)
	}
	// The default group admits its members to each other and to everywhere. Without rules it allows nothing.
	_, err = ec2.NewDefaultSecurityGroup(ctx, d.name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: vpc.ID(),
		Tags:  named(d, "default-unused"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("emptying the vpc's default security group: %w", err)
	}

	p := &place{
		vpcID:  vpc.ID().ToStringOutput(),
		region: region.Name,
		blocks: []pulumi.StringInput{vpc.CidrBlock},
		routed: d.nat(),
	}
	if p.subnets, err = n.makeSubnets(ctx, d, p.vpcID, "private", zones, private); err != nil {
		return nil, err
	}
	var gateways []pulumi.StringInput
	if d.nat() {
		if gateways, err = n.makeGateways(ctx, d, p.vpcID, zones, public); err != nil {
			return nil, err
		}
	}
	tables, err := n.makePrivateRoutes(ctx, d, p, gateways)
	if err != nil {
		return nil, err
	}
	return p, n.makeS3Endpoint(ctx, d, p, tables)
}

// zones are the requested zones, or else the first of the region that need no opt-in.
func (n *Network) zones(ctx *pulumi.Context, d design) ([]string, error) {
	if len(d.Zones) > 0 {
		return d.Zones, nil
	}
	count := d.AvailabilityZones
	found, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{
		State:          pulumi.StringRef("available"),
		ExcludeZoneIds: footprint.UnsuitableZones,
		Filters:        []aws.GetAvailabilityZonesFilter{{Name: "opt-in-status", Values: []string{"opt-in-not-required"}}},
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("looking up availability zones: %w", err)
	}
	if len(found.Names) < count {
		return nil, fmt.Errorf("network.availabilityZones: is %d, but the region offers only %d zones: %v", count, len(found.Names), found.Names)
	}
	return found.Names[:count], nil
}

// makeSubnets makes one subnet of a kind (private, public) in each zone.
func (n *Network) makeSubnets(ctx *pulumi.Context, d design, vpcID pulumi.StringInput, kind string, zones []string, blocks []netip.Prefix) ([]pulumi.StringOutput, error) {
	var ids []pulumi.StringOutput
	opts := []pulumi.ResourceOption{pulumi.Parent(n), pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout})}
	if len(d.Zones) == 0 { // a new zone in the region must not move the existing subnets
		opts = append(opts, pulumi.IgnoreChanges([]string{"availabilityZone"}))
	}
	for i, zone := range zones {
		role := fmt.Sprintf("%s-%d", kind, i+1)
		subnet, err := ec2.NewSubnet(ctx, d.name+"-"+role, &ec2.SubnetArgs{
			VpcId:            vpcID,
			CidrBlock:        pulumi.String(blocks[i].String()),
			AvailabilityZone: pulumi.String(zone),
			Tags:             named(d, role),
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("making the subnet %s: %w", role, err)
		}
		ids = append(ids, subnet.ID().ToStringOutput())
	}
	return ids, nil
}

// named is the tag that AWS's console shows as the name.
func named(d design, role string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(d.name + "-" + role)}
}
