package rules

import (
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	vpcType                   = "aws:ec2/vpc:Vpc"
	subnetType                = "aws:ec2/subnet:Subnet"
	routeType                 = "aws:ec2/route:Route"
	routeTableType            = "aws:ec2/routeTable:RouteTable"
	routeTableAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	internetGatewayType       = "aws:ec2/internetGateway:InternetGateway"
	flowLogType               = "aws:ec2/flowLog:FlowLog"
	vpcEndpointType           = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

// Subnet is a subnet of a VPC.
type Subnet struct {
	MapPublicIPOnLaunch view.Of[bool] `prop:"mapPublicIpOnLaunch"`
}

// VpcEndpoint is an endpoint of an AWS service inside the VPC.
type VpcEndpoint struct {
	ServiceName view.Of[string] `prop:"serviceName"`
}

func vpcs() []Rule {
	return []Rule{
		{
			Name: "ec2-2", Title: "Default security groups of VPCs are empty", Severity: High, Controls: []string{"EC2.2"},
			Types:  []string{vpcType, defaultSecurityGroupType},
			Change: "a DefaultSecurityGroup without ingress and egress for each VPC", Unseen: "unknown rules count as none",
			Default: "emptied", CheckStack: emptyDefaultGroups,
		},
		{
			Name: "ec2-6", Title: "VPCs keep flow logs", Severity: Medium, Controls: []string{"EC2.6"}, Types: []string{vpcType, flowLogType},
			Change: "a FlowLog of the VPC (network.flowLogs)", Unseen: "a flow log that refers to the VPC counts as on",
			Default: "prod: on; dev: off, an exception", CheckStack: func(s view.Stack) []Violation { return everyVpc(s, flowLogType, "it has none") },
		},
		{
			Name: "ec2-15", Title: "Subnets give no public addresses", Severity: Medium, Controls: []string{"EC2.15"}, Types: []string{subnetType},
			Change: "mapPublicIpOnLaunch: false", Unseen: "counts as false", Default: "false, the service's own default",
			Check: each(subnetType, func(s Subnet) []Violation {
				return broken(s.MapPublicIPOnLaunch.Is(true), "mapPublicIpOnLaunch is true")
			}),
		},
		{
			Name: "ec2-57", Title: "VPCs have an endpoint for Systems Manager", Severity: Medium, Controls: []string{"EC2.57"}, Types: []string{vpcType, vpcEndpointType},
			Change: "an interface endpoint for ssm, or NAT and this rule disabled", Unseen: "an unknown service counts as ssm",
			Default: "made with the VPC, unless its egress is NAT", CheckStack: managedPrivately,
		},
	}
}

func emptyDefaultGroups(s view.Stack) []Violation {
	found := everyVpc(s, defaultSecurityGroupType, "its default security group admits its members")
	for _, r := range s.OfType(defaultSecurityGroupType) {
		g := view.Decode[groupWithRules](r.Properties)
		ingress, _ := g.Ingress.Get()
		egress, _ := g.Egress.Get()
		found = append(found, at(r, broken(len(ingress)+len(egress) > 0, "it has rules"))...)
	}
	return found
}

// everyVpc requires that a resource of a type refers to each VPC.
func everyVpc(s view.Stack, typ, message string) []Violation {
	var found []Violation
	for _, vpc := range s.OfType(vpcType) {
		found = append(found, at(vpc, broken(len(s.Pointing(typ, "vpcId", vpc)) == 0, "%s", message))...)
	}
	return found
}

func managedPrivately(s view.Stack) []Violation {
	var found []Violation
	for _, vpc := range s.OfType(vpcType) {
		ok := slices.ContainsFunc(s.Pointing(vpcEndpointType, "vpcId", vpc), func(r view.Resource) bool {
			service := view.Decode[VpcEndpoint](r.Properties).ServiceName
			return service.Unknown() || strings.HasSuffix(get(service), ".ssm")
		})
		found = append(found, at(vpc, broken(!ok, "it has none"))...)
	}
	return found
}
