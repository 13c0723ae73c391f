package componenttest

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingVpcID is the VPC that an [ExistingVpc] knows.
const ExistingVpcID = "vpc-01234567"

// ExistingVpc is a Recorder in whose account there is a VPC with a subnet in each zone, by any id, and a way out.
type ExistingVpc struct{ *Recorder }

// Call answers what is asked of the VPC.
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
