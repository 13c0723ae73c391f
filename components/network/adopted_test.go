package network

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	vpcID = "vpc-0123456789abcdef0"
	left  = "subnet-0123456789abcdef0"
	right = "subnet-0123456789abcdef1"
)

// account is a provider that knows one VPC. The VPC of the zero account is suitable.
type account struct {
	*componenttest.Recorder
	noDNS       bool              // neither DNS attribute is set
	zones       map[string]string // by subnet; each has its own by default
	strangers   map[string]string // by subnet: another VPC that it belongs to
	defaultVia  map[string]any    // the target of the main table's default route
	ownTableFor string            // a subnet with its own table, which has no default route
}

func (a account) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer := func(m map[string]any) (resource.PropertyMap, error) { return resource.NewPropertyMapFromMap(m), nil }
	id := args.Args["id"].V
	switch args.Token {
	case "aws:ec2/getVpc:getVpc":
		return answer(map[string]any{
			"id": vpcID, "cidrBlock": "10.1.0.0/16", "mainRouteTableId": "rtb-main",
			"enableDnsSupport": !a.noDNS, "enableDnsHostnames": !a.noDNS,
			"cidrBlockAssociations": []any{map[string]any{"cidrBlock": "10.1.0.0/16"}, map[string]any{"cidrBlock": "100.64.0.0/16"}},
		})
	case "aws:ec2/getSubnet:getSubnet":
		subnet := id.(string)
		found := map[string]any{"id": subnet, "vpcId": vpcID, "availabilityZone": "zone-of-" + subnet}
		if zone, ok := a.zones[subnet]; ok {
			found["availabilityZone"] = zone
		}
		if other, ok := a.strangers[subnet]; ok {
			found["vpcId"] = other
		}
		return answer(found)
	case "aws:ec2/getPrefixList:getPrefixList":
		return answer(map[string]any{"id": "pl-s3", "name": args.Args["name"].V})
	case "aws:ec2/getRouteTables:getRouteTables":
		filter := args.Args["filters"].ArrayValue()[0].ObjectValue()
		if filter["values"].ArrayValue()[0].StringValue() == a.ownTableFor {
			return answer(map[string]any{"ids": []any{"rtb-own"}})
		}
		return answer(map[string]any{"ids": []any{}})
	case "aws:ec2/getRouteTable:getRouteTable":
		routes := []any{map[string]any{"cidrBlock": "10.1.0.0/16", "gatewayId": "local"}}
		if args.Args["routeTableId"].StringValue() == "rtb-main" && a.defaultVia != nil {
			route := map[string]any{"cidrBlock": anywhere}
			for k, v := range a.defaultVia {
				route[k] = v
			}
			routes = append(routes, route)
		}
		return answer(map[string]any{"routeTableId": args.Args["routeTableId"].V, "routes": routes})
	}
	return a.Recorder.Call(args)
}

func adopt(a account, args NetworkArgs) (*componenttest.Recorder, error) {
	a.Recorder = &componenttest.Recorder{}
	args.Network = config.Network{VpcID: vpcID, PrivateSubnetIDs: []string{left, right}}
	err := pulumi.RunErr(program(&args), pulumi.WithMocks("project", "stack", a))
	return a.Recorder, err
}

func TestAdoptedVpcGetsSecurityGroupsAndNothingElse(t *testing.T) {
	r, err := adopt(account{}, NetworkArgs{Environment: config.Prod})

	require.NoError(t, err)
	types := map[string]bool{}
	for _, x := range r.Resources() {
		types[x.Type] = true
	}
	require.Equal(t, map[string]bool{"cdcpipeline:network:Network": true, tokenGroup: true, tokenIn: true, tokenOut: true, "pulumi:pulumi:Stack": true},
		including(types, "pulumi:pulumi:Stack"))
	for _, group := range r.All(tokenGroup) {
		require.Equal(t, vpcID, group.Input("vpcId"))
	}
}

func including(types map[string]bool, one string) map[string]bool {
	types[one] = true
	return types
}

func TestAdoptedVpcWithoutARouteOutIsLeftForItsOwnEndpointsOnly(t *testing.T) {
	r, err := adopt(account{}, NetworkArgs{})

	require.NoError(t, err)
	require.Equal(t, "10.1.0.0/16", r.One(t, tokenOut, "cdc-replication-to-vpc-1").Input("cidrIpv4"))
	require.Equal(t, "100.64.0.0/16", r.One(t, tokenOut, "cdc-replication-to-vpc-2").Input("cidrIpv4"))
	require.Equal(t, "pl-s3", r.One(t, tokenOut, "cdc-functions-to-s3").Input("prefixListId"))
	require.NotContains(t, names(r.All(tokenOut)), "cdc-replication-out")
}

func TestBastionOfAnAdoptedVpcReachesTheEndpointsThere(t *testing.T) {
	const database = "sg-0123456789abcdef0"
	r, err := adopt(account{}, NetworkArgs{Bastion: true, Databases: []Database{{ExistingSecurityGroupID: database}}})

	require.NoError(t, err)
	for _, block := range []string{"cdc-bastion-to-vpc-1", "cdc-bastion-to-vpc-2"} {
		require.EqualValues(t, 443, r.One(t, tokenOut, block).Input("fromPort"))
	}
	require.Equal(t, database, r.One(t, tokenIn, "cdc-database-from-bastion").Input("securityGroupId"))
	require.NotContains(t, names(r.All(tokenOut)), "cdc-bastion-out")
}

func TestAdoptedVpcIsLeftByItsDefaultRoute(t *testing.T) {
	for name, c := range map[string]struct {
		account account
		routed  bool
	}{
		"nat gateway":                    {account{defaultVia: map[string]any{"natGatewayId": "nat-1"}}, true},
		"transit gateway":                {account{defaultVia: map[string]any{"transitGatewayId": "tgw-1"}}, true},
		"virtual private gateway":        {account{defaultVia: map[string]any{"gatewayId": "vgw-1"}}, true},
		"internet gateway, no public ip": {account{defaultVia: map[string]any{"gatewayId": "igw-1"}}, false},
		"one subnet has no such route":   {account{defaultVia: map[string]any{"natGatewayId": "nat-1"}, ownTableFor: right}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := adopt(c.account, NetworkArgs{})
			require.NoError(t, err)
			if c.routed {
				require.Contains(t, names(r.All(tokenOut)), "cdc-replication-out")
				return
			}
			require.NotContains(t, names(r.All(tokenOut)), "cdc-replication-out")
		})
	}
}

func TestVpcThatDoesNotSuitIsNotAdopted(t *testing.T) {
	for name, c := range map[string]struct {
		account account
		want    []string
	}{
		"names do not resolve": {account{noDNS: true}, []string{"enableDnsSupport is off", "enableDnsHostnames is off"}},
		"a subnet of another vpc": {
			account{strangers: map[string]string{right: "vpc-other"}},
			[]string{right + " belongs to vpc-other, not to " + vpcID},
		},
		"one zone only": {
			account{zones: map[string]string{left: "a", right: "a"}},
			[]string{"all subnets are in [a]: name subnets in at least two zones"},
		},
		"everything at once": {
			account{noDNS: true, zones: map[string]string{left: "a", right: "a"}},
			[]string{"enableDnsSupport", "at least two zones"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := adopt(c.account, NetworkArgs{})
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, r.All(tokenGroup))
		})
	}
}

// An interface endpoint takes one subnet per zone.
func TestOfAnAdoptedVpcOneSubnetIsKnownForEachZone(t *testing.T) {
	const beside = "subnet-0123456789abcdef2"
	a := account{Recorder: &componenttest.Recorder{}, zones: map[string]string{left: "z1", beside: "z1", right: "z2"}}
	var zoned pulumi.StringArray
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		n, err := NewNetwork(ctx, "cdc", &NetworkArgs{Network: config.Network{VpcID: vpcID, PrivateSubnetIDs: []string{left, beside, right}}})
		if err == nil {
			zoned = n.ZoneSubnets
		}
		return err
	}, pulumi.WithMocks("project", "stack", a)))
	require.Equal(t, pulumi.ToStringArray([]string{left, right}), zoned)
}
