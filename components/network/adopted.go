package network

import (
	"cdcpipeline/internal/footprint"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// adopt looks up an existing VPC and reports every problem that would keep the pipeline from running in it, together.
func (n *Network) adopt(ctx *pulumi.Context, d design) (*place, error) {
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("looking up the region: %w", err)
	}
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &d.VpcID}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("network.vpcId: looking up %s: %w", d.VpcID, err)
	}
	subnets, err := n.lookUpSubnets(ctx, d.PrivateSubnetIDs)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkNames(vpc), checkSubnets(vpc.Id, subnets)); err != nil {
		return nil, fmt.Errorf("adopting the vpc %s: %w", vpc.Id, err)
	}
	s3, err := ec2.GetPrefixList(ctx, &ec2.GetPrefixListArgs{Name: pulumi.StringRef(footprint.EndpointService(region.Name, "s3"))}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("looking up the prefix list of s3: %w", err)
	}
	p := &place{
		vpcID:   pulumi.String(vpc.Id).ToStringOutput(),
		region:  region.Name,
		s3:      pulumi.String(s3.Id),
		adopted: true,
	}
	zones := map[string]bool{}
	for _, subnet := range subnets {
		p.subnets = append(p.subnets, pulumi.String(subnet.Id).ToStringOutput())
		if !zones[subnet.AvailabilityZone] {
			p.zoned = append(p.zoned, pulumi.String(subnet.Id))
		}
		zones[subnet.AvailabilityZone] = true
	}
	for _, association := range vpc.CidrBlockAssociations {
		p.blocks = append(p.blocks, pulumi.String(association.CidrBlock))
	}
	if len(p.blocks) == 0 {
		p.blocks = append(p.blocks, pulumi.String(vpc.CidrBlock))
	}
	p.routed, err = n.routed(ctx, vpc, subnets)
	return p, err
}

func (n *Network) lookUpSubnets(ctx *pulumi.Context, ids []string) ([]*ec2.LookupSubnetResult, error) {
	var found []*ec2.LookupSubnetResult
	for _, id := range ids {
		subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, pulumi.Parent(n))
		if err != nil {
			return nil, fmt.Errorf("network.privateSubnetIds: looking up %s: %w", id, err)
		}
		found = append(found, subnet)
	}
	return found, nil
}

// checkNames requires both DNS attributes. The private names of the endpoints, the domain and the database resolve
// only with both, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html.
func checkNames(vpc *ec2.LookupVpcResult) error {
	var problems []error
	if !vpc.EnableDnsSupport {
		problems = append(problems, errors.New("network.vpcId: enableDnsSupport is off: turn it on for the VPC"))
	}
	if !vpc.EnableDnsHostnames {
		problems = append(problems, errors.New("network.vpcId: enableDnsHostnames is off: turn it on for the VPC"))
	}
	return errors.Join(problems...)
}

// checkSubnets requires two zones, because DMS and Aurora take subnet groups over at least two,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.VPC.html.
func checkSubnets(vpcID string, subnets []*ec2.LookupSubnetResult) error {
	var problems []error
	var zones []string
	for _, subnet := range subnets {
		if subnet.VpcId != vpcID {
			problems = append(problems, fmt.Errorf("network.privateSubnetIds: %s belongs to %s, not to %s", subnet.Id, subnet.VpcId, vpcID))
		}
		if !slices.Contains(zones, subnet.AvailabilityZone) {
			zones = append(zones, subnet.AvailabilityZone)
		}
	}
	if len(zones) < 2 {
		problems = append(problems, fmt.Errorf("network.privateSubnetIds: all subnets are in %v: name subnets in at least two zones", zones))
	}
	return errors.Join(problems...)
}

// routed reports whether every subnet has a default route that private addresses can use: any target except an
// internet gateway.
func (n *Network) routed(ctx *pulumi.Context, vpc *ec2.LookupVpcResult, subnets []*ec2.LookupSubnetResult) (bool, error) {
	for _, subnet := range subnets {
		out, err := n.hasWayOut(ctx, vpc, subnet.Id)
		if err != nil || !out {
			return false, err
		}
	}
	return true, nil
}

func (n *Network) hasWayOut(ctx *pulumi.Context, vpc *ec2.LookupVpcResult, subnetID string) (bool, error) {
	// A subnet without its own route table uses the VPC's main one.
	found, err := ec2.GetRouteTables(ctx, &ec2.GetRouteTablesArgs{
		VpcId:   &vpc.Id,
		Filters: []ec2.GetRouteTablesFilter{{Name: "association.subnet-id", Values: []string{subnetID}}},
	}, pulumi.Parent(n))
	if err != nil {
		return false, fmt.Errorf("looking up the route table of %s: %w", subnetID, err)
	}
	id := vpc.MainRouteTableId
	if len(found.Ids) > 0 {
		id = found.Ids[0]
	}
	table, err := ec2.LookupRouteTable(ctx, &ec2.LookupRouteTableArgs{RouteTableId: &id}, pulumi.Parent(n))
	if err != nil {
		return false, fmt.Errorf("looking up the routes of %s: %w", subnetID, err)
	}
	return slices.ContainsFunc(table.Routes, func(r ec2.GetRouteTableRoute) bool {
		return r.CidrBlock == anywhere && !isInternetGateway(r.GatewayId)
	}), nil
}

func isInternetGateway(id string) bool { return strings.HasPrefix(id, "igw-") }
