package componenttest

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingVpcID is the VPC of [ExistingVpc].
const ExistingVpcID = "vpc-01234567"

// ExistingVpc is a Recorder whose account has a VPC, under any id, with a subnet in each zone and a route to the
// internet.
type ExistingVpc struct{ *Recorder }

// Call answers lookups of the VPC.
func (v ExistingVpc) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, err := v.Recorder.Call(args)
	answers := map[string]map[string]any{
		"aws:ec2/getVpc:getVpc": {
			"id": ExistingVpcID, "cidrBlock": "10.1.0.0/16", "mainRouteTableId": "rtb-main", "enableDnsSupport": true, "enableDnsHostnames": true,
			"cidrBlockAssociations": []any{map[string]any{"cidrBlock": "10.1.0.0/16"}},
		},
		"aws:ec2/getSubnet:getSubnet":           {"id": args.Args["id"].V, "vpcId": ExistingVpcID, "availabilityZone": fmt.Sprint("zone of ", args.Args["id"].V)},
		"aws:ec2/getPrefixList:getPrefixList":   {"id": "pl-s3"},
		"aws:ec2/getRouteTables:getRouteTables": {"ids": []any{}},
		"aws:ec2/getRouteTable:getRouteTable":   {"routes": []any{map[string]any{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}}},
	}
	if known, ok := answers[args.Token]; ok {
		return resource.NewPropertyMapFromMap(known), nil
	}
	return answer, err
}
