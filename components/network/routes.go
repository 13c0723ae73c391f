package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// makeGateways makes an internet gateway and, in a public subnet of each zone, a NAT gateway. When one zone fails,
// the others keep their route to the internet,
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html.
func (n *Network) makeGateways(ctx *pulumi.Context, d design, vpcID pulumi.StringInput, zones []string, blocks []netip.Prefix) ([]pulumi.StringInput, error) {
	internet, err := ec2.NewInternetGateway(ctx, d.name+"-internet", &ec2.InternetGatewayArgs{
		VpcId: vpcID, Tags: named(d, "internet"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("making the internet gateway: %w", err)
	}
	subnets, err := n.makeSubnets(ctx, d, vpcID, "public", zones, blocks)
	if err != nil {
		return nil, err
	}
	table, err := n.makeRouteTable(ctx, d, "public", vpcID)
	if err != nil {
		return nil, err
	}
	out, err := n.makeRoute(ctx, d, "public", table, &ec2.RouteArgs{GatewayId: internet.ID()})
	if err != nil {
		return nil, err
	}
	gateways := make([]pulumi.StringInput, len(zones))
	for i, subnet := range subnets {
		role := fmt.Sprintf("nat-%d", i+1)
		if _, err := n.associate(ctx, d, fmt.Sprintf("public-%d", i+1), subnet, table); err != nil {
			return nil, err
		}
		address, err := ec2.NewEip(ctx, d.name+"-"+role, &ec2.EipArgs{
			Domain: pulumi.String("vpc"), Tags: named(d, role),
		}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{internet}))
		if err != nil {
			return nil, fmt.Errorf("making the address of %s: %w", role, err)
		}
		gateway, err := ec2.NewNatGateway(ctx, d.name+"-"+role, &ec2.NatGatewayArgs{
			SubnetId: subnet, AllocationId: address.ID(), Tags: named(d, role),
		}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{out}))
		if err != nil {
			return nil, fmt.Errorf("making the gateway %s: %w", role, err)
		}
		gateways[i] = gateway.ID()
	}
	return gateways, nil
}

// makePrivateRoutes gives the private subnets one shared route table, or one per zone that leads to the zone's NAT
// gateway.
func (n *Network) makePrivateRoutes(ctx *pulumi.Context, d design, p *place, gateways []pulumi.StringInput) (pulumi.StringArray, error) {
	var tables pulumi.StringArray
	for i, subnet := range p.subnets {
		role := fmt.Sprintf("private-%d", i+1)
		switch {
		case len(gateways) > 0:
			table, err := n.makeRouteTable(ctx, d, role, p.vpcID)
			if err != nil {
				return nil, err
			}
			out, err := n.makeRoute(ctx, d, role, table, &ec2.RouteArgs{NatGatewayId: gateways[i].ToStringOutput().ToStringPtrOutput()})
			if err != nil {
				return nil, err
			}
			tables, n.Dependencies = append(tables, table), append(n.Dependencies, out)
		case len(tables) == 0:
			table, err := n.makeRouteTable(ctx, d, "private", p.vpcID)
			if err != nil {
				return nil, err
			}
			tables = append(tables, table)
		}
		association, err := n.associate(ctx, d, role, subnet, tables[len(tables)-1])
		if err != nil {
			return nil, err
		}
		n.Dependencies = append(n.Dependencies, association)
	}
	return tables, nil
}

func (n *Network) makeRouteTable(ctx *pulumi.Context, d design, role string, vpcID pulumi.StringInput) (pulumi.StringInput, error) {
	table, err := ec2.NewRouteTable(ctx, d.name+"-"+role, &ec2.RouteTableArgs{VpcId: vpcID, Tags: named(d, role)}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("making the route table %s: %w", role, err)
	}
	return table.ID(), nil
}

// makeRoute makes a table's default route to the target in args.
func (n *Network) makeRoute(ctx *pulumi.Context, d design, role string, table pulumi.StringInput, args *ec2.RouteArgs) (*ec2.Route, error) {
	args.RouteTableId, args.DestinationCidrBlock = table, pulumi.String(anywhere)
	route, err := ec2.NewRoute(ctx, d.name+"-"+role+"-out", args, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("making the default route of %s: %w", role, err)
	}
	return route, nil
}

func (n *Network) associate(ctx *pulumi.Context, d design, role string, subnet, table pulumi.StringInput) (*ec2.RouteTableAssociation, error) {
	association, err := ec2.NewRouteTableAssociation(ctx, d.name+"-"+role, &ec2.RouteTableAssociationArgs{
		SubnetId: subnet.ToStringOutput().ToStringPtrOutput(), RouteTableId: table,
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("giving the subnet %s its routes: %w", role, err)
	}
	return association, nil
}
