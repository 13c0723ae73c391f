package network

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	tokenSubnet   = "aws:ec2/subnet:Subnet"
	tokenEndpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
	tokenGroup    = "aws:ec2/securityGroup:SecurityGroup"
	tokenIn       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	tokenOut      = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

func program(args *NetworkArgs, look ...func(*Network)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		n, err := NewNetwork(ctx, "cdc", args)
		for _, f := range look {
			f(n)
		}
		return err
	}
}

func prod() *NetworkArgs {
	return &NetworkArgs{Environment: config.Prod, KmsKeyArn: pulumi.String("arn:aws:kms:us-east-1:123456789012:key/k")}
}

func nat() *NetworkArgs {
	return &NetworkArgs{Network: config.Network{Egress: config.EgressNAT}}
}

func names(resources []componenttest.Registered) []string {
	var all []string
	for _, r := range resources {
		all = append(all, r.Name)
	}
	return all
}

func TestVpcSpansTwoZonesInDevAndThreeInProd(t *testing.T) {
	dev := componenttest.Run(t, program(&NetworkArgs{}))
	require.Equal(t, []string{"cdc-private-1", "cdc-private-2"}, names(dev.All(tokenSubnet)))

	var zones []any
	for _, s := range componenttest.Run(t, program(prod())).All(tokenSubnet) {
		zones = append(zones, s.Input("availabilityZone"))
	}
	require.Equal(t, []any{"us-east-1a", "us-east-1b", "us-east-1c"}, zones)
}

func TestVpcResolvesTheEndpointsPrivateNames(t *testing.T) {
	vpc := componenttest.Run(t, program(&NetworkArgs{})).One(t, "aws:ec2/vpc:Vpc", "cdc-vpc")

	require.Equal(t, true, vpc.Input("enableDnsSupport"))
	require.Equal(t, true, vpc.Input("enableDnsHostnames"))
	require.Contains(t, vpc.Parent, "cdcpipeline:network:Network::cdc")
}

func TestEverythingIsAChildOfTheNetwork(t *testing.T) {
	for _, r := range componenttest.Run(t, program(prod())).Resources() {
		if strings.HasPrefix(r.Type, "aws:") {
			require.Contains(t, r.Parent, "cdcpipeline:network:Network::cdc", r.Name)
		}
	}
}

func TestSubnetsAndSecurityGroupsOutliveNetworkInterfaces(t *testing.T) {
	r := componenttest.Run(t, program(nat()))

	for _, x := range append(r.All(tokenSubnet), r.All(tokenGroup)...) {
		require.Equal(t, deleteTimeout, x.CustomTimeouts[2], x.Name)
	}
}

func TestSubnetsStayInTheirZones(t *testing.T) {
	for _, s := range componenttest.Run(t, program(&NetworkArgs{})).All(tokenSubnet) {
		require.Equal(t, []string{"availabilityZone"}, s.IgnoreChanges)
	}
}

func TestDefaultSecurityGroupHasNoRules(t *testing.T) {
	group := componenttest.Run(t, program(&NetworkArgs{})).One(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")

	require.Nil(t, group.Input("ingress"))
	require.Nil(t, group.Input("egress"))
}

func TestEndpointsReachWhatRunsInTheVpcCalls(t *testing.T) {
	services := map[string]any{}
	for _, e := range componenttest.Run(t, program(&NetworkArgs{})).All(tokenEndpoint) {
		name, _ := e.Input("serviceName").(string)
		services[name] = e.Input("vpcEndpointType")
		if e.Input("vpcEndpointType") == "Interface" {
			require.Equal(t, true, e.Input("privateDnsEnabled"), name)
			require.Equal(t, []any{"cdc-endpoints-id"}, e.Input("securityGroupIds"), name)
			require.Equal(t, []any{"cdc-private-1-id", "cdc-private-2-id"}, e.Input("subnetIds"), name)
		}
	}
	require.Equal(t, map[string]any{
		"com.amazonaws.us-east-1.s3":              "Gateway",
		"com.amazonaws.us-east-1.kinesis-streams": "Interface",
		"com.amazonaws.us-east-1.secretsmanager":  "Interface",
		"com.amazonaws.us-east-1.ssm":             "Interface",
		"com.amazonaws.us-east-1.ssmmessages":     "Interface",
	}, services)
}

func TestWithEndpointsNothingLeadsToTheInternet(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{}))

	require.Empty(t, r.All("aws:ec2/internetGateway:InternetGateway"))
	require.Empty(t, r.All("aws:ec2/natGateway:NatGateway"))
	require.Empty(t, r.All("aws:ec2/route:Route"))
	require.Equal(t, []string{"cdc-private"}, names(r.All("aws:ec2/routeTable:RouteTable")))
	for _, rule := range r.All(tokenOut) {
		require.NotEqual(t, anywhere, rule.Input("cidrIpv4"), rule.Name)
	}
}

func TestNATHasAGatewayAndARouteTablePerZone(t *testing.T) {
	r := componenttest.Run(t, program(nat()))

	require.ElementsMatch(t, []string{"cdc-nat-1", "cdc-nat-2"}, names(r.All("aws:ec2/natGateway:NatGateway")))
	require.Len(t, r.All("aws:ec2/eip:Eip"), 2)
	require.ElementsMatch(t, []string{"cdc-public", "cdc-private-1", "cdc-private-2"}, names(r.All("aws:ec2/routeTable:RouteTable")))
	require.Equal(t, "cdc-nat-2-id", r.One(t, "aws:ec2/route:Route", "cdc-private-2-out").Input("natGatewayId"))
	require.Equal(t, []string{"cdc-s3"}, names(r.All(tokenEndpoint)), "S3 stays free of the gateway's charge")
	require.Equal(t, anywhere, r.One(t, tokenOut, "cdc-replication-out").Input("cidrIpv4"))
}

func TestNobodyIsAdmittedFromTheInternet(t *testing.T) {
	args := nat()
	args.FromVpc = true
	for _, rule := range componenttest.Run(t, program(args)).All(tokenIn) {
		require.NotEqual(t, anywhere, rule.Input("cidrIpv4"), rule.Name)
		require.Nil(t, rule.Input("cidrIpv6"), rule.Name)
	}
}

func TestEveryRuleIsOnePortOfOneProtocolAndSaysWhatFor(t *testing.T) {
	r := componenttest.Run(t, program(nat()))
	for _, rule := range append(r.All(tokenIn), r.All(tokenOut)...) {
		require.Equal(t, "tcp", rule.Input("ipProtocol"), rule.Name)
		require.NotNil(t, rule.Input("fromPort"), rule.Name)
		require.Equal(t, rule.Input("fromPort"), rule.Input("toPort"), rule.Name)
		require.NotEmpty(t, rule.Input("description"), rule.Name)
		var sides int
		for _, key := range []string{"referencedSecurityGroupId", "cidrIpv4", "prefixListId"} {
			if rule.Input(key) != nil {
				sides++
			}
		}
		require.Equal(t, 1, sides, rule.Name)
	}
}

func TestRolesReachEachOtherAsThePipelineNeeds(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{Port: 3307}}}))

	type way struct {
		of, peer string
		port     float64
	}
	ways := func(token string) []way {
		var all []way
		for _, rule := range r.All(token) {
			if peer, ok := rule.Input("referencedSecurityGroupId").(string); ok {
				all = append(all, way{rule.Input("securityGroupId").(string), peer, rule.Input("fromPort").(float64)})
			}
		}
		return all
	}
	want := []way{
		{"cdc-database-id", "cdc-replication-id", 3307},
		{"cdc-database-id", "cdc-functions-id", 3307},
		{"cdc-search-id", "cdc-delivery-id", 443},
		{"cdc-search-id", "cdc-functions-id", 443},
		{"cdc-endpoints-id", "cdc-replication-id", 443},
		{"cdc-endpoints-id", "cdc-functions-id", 443},
	}
	require.ElementsMatch(t, want, ways(tokenIn))
	for i, w := range want {
		want[i] = way{w.peer, w.of, w.port}
	}
	require.ElementsMatch(t, want, ways(tokenOut), "whoever is admitted may go there, and nowhere else")
}

// ways lists the rules between groups: owner, other side and port.
func ways(r *componenttest.Recorder, token, one string) []string {
	var all []string
	for _, rule := range r.All(token) {
		if peer, ok := rule.Input("referencedSecurityGroupId").(string); ok && strings.Contains(rule.Name, one) {
			all = append(all, fmt.Sprintf("%v %v %v", rule.Input("securityGroupId"), peer, rule.Input("fromPort")))
		}
	}
	return all
}

func TestBastionReachesDomainDatabaseAndSystemsManagerAndNobodyReachesIt(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{Port: 3307}}, Bastion: true}))

	require.ElementsMatch(t, []string{
		"cdc-bastion-id cdc-search-id 443", "cdc-bastion-id cdc-database-id 3307", "cdc-bastion-id cdc-endpoints-id 443",
	}, ways(r, tokenOut, "bastion"))
	require.ElementsMatch(t, []string{
		"cdc-search-id cdc-bastion-id 443", "cdc-database-id cdc-bastion-id 3307", "cdc-endpoints-id cdc-bastion-id 443",
	}, ways(r, tokenIn, "bastion"))
	for _, rule := range r.All(tokenIn) {
		require.NotEqual(t, "cdc-bastion-id", rule.Input("securityGroupId"), rule.Name)
	}
	for _, rule := range r.All(tokenOut) {
		if rule.Input("securityGroupId") == "cdc-bastion-id" {
			require.NotNil(t, rule.Input("referencedSecurityGroupId"), "%s leads out of the groups", rule.Name)
		}
	}
}

func TestBastionReachesSystemsManagerByNATWhereThereAreNoEndpoints(t *testing.T) {
	args := nat()
	args.Bastion = true
	out := componenttest.Run(t, program(args)).One(t, tokenOut, "cdc-bastion-out")
	require.Equal(t, anywhere, out.Input("cidrIpv4"))
	require.EqualValues(t, 443, out.Input("fromPort"))
}

func TestThereIsNoGroupForABastionWithoutOne(t *testing.T) {
	require.NotContains(t, names(componenttest.Run(t, program(&NetworkArgs{})).All(tokenGroup)), "cdc-bastion")
}

func TestTheVpcReachesDomainAndOwnDatabaseOnlyWhenTold(t *testing.T) {
	closed := names(componenttest.Run(t, program(&NetworkArgs{})).All(tokenIn))
	require.NotContains(t, closed, "cdc-search-from-vpc-1")
	require.NotContains(t, closed, "cdc-database-from-vpc-1")

	r := componenttest.Run(t, program(&NetworkArgs{FromVpc: true}))
	require.Equal(t, "10.0.0.0/16", r.One(t, tokenIn, "cdc-search-from-vpc-1").Input("cidrIpv4"))
	require.Equal(t, "10.0.0.0/16", r.One(t, tokenIn, "cdc-database-from-vpc-1").Input("cidrIpv4"))

	r = componenttest.Run(t, program(&NetworkArgs{FromVpc: true, Databases: []Database{{ExistingSecurityGroupID: "sg-0123456789abcdef0"}}}))
	require.NotContains(t, names(r.All(tokenIn)), "cdc-database-from-vpc-1", "who may reach somebody else's database is not ours to say")
}

func TestExistingDatabaseGroupGetsTheRulesInsteadOfANewGroup(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{ExistingSecurityGroupID: "sg-0123456789abcdef0"}}}))

	require.NotContains(t, names(r.All(tokenGroup)), "cdc-database")
	for _, role := range []string{"replication", "functions"} {
		require.Equal(t, "sg-0123456789abcdef0", r.One(t, tokenIn, "cdc-database-from-"+role).Input("securityGroupId"))
		require.Equal(t, "sg-0123456789abcdef0", r.One(t, tokenOut, "cdc-"+role+"-to-database").Input("referencedSecurityGroupId"))
	}
}

func TestFlowLogsAreEncryptedInProdAndAbsentInDev(t *testing.T) {
	require.Empty(t, componenttest.Run(t, program(&NetworkArgs{})).All("aws:ec2/flowLog:FlowLog"))

	r := componenttest.Run(t, program(prod()))
	require.Equal(t, "ALL", r.One(t, "aws:ec2/flowLog:FlowLog").Input("trafficType"))
	require.Equal(t, "arn:aws:kms:us-east-1:123456789012:key/k", r.One(t, "aws:cloudwatch/logGroup:LogGroup").Input("kmsKeyId"))
}

func TestFlowLogRoleTrustsThisAccountsFlowLogsAlone(t *testing.T) {
	trust, _ := componenttest.Run(t, program(prod())).One(t, "aws:iam/role:Role", "cdc-flow").Input("assumeRolePolicy").(string)

	var document struct {
		Statement []struct {
			Principal map[string][]string
			Condition map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(trust), &document))
	require.Equal(t, map[string][]string{"Service": {"vpc-flow-logs.amazonaws.com"}}, document.Statement[0].Principal)
	require.Equal(t, map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {"123456789012"}},
		"ArnLike":      {"aws:SourceArn": {"arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"}},
	}, document.Statement[0].Condition)
}

func TestDependenciesHoldEveryRouteEndpointAndRule(t *testing.T) {
	var n *Network
	r := componenttest.Run(t, program(&NetworkArgs{}, func(made *Network) { n = made }))

	waits := len(r.All(tokenEndpoint)) + len(r.All(tokenIn)) + len(r.All(tokenOut)) + len(r.All("aws:ec2/routeTableAssociation:RouteTableAssociation"))
	require.Len(t, n.Dependencies, waits)
	require.Len(t, n.SubnetIDs(), 2)
}

func TestNetworkIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		answers []componenttest.Answer
		want    string
	}{
		"without args": {program: program(nil), want: "network.Network needs args"},
		"with a name that AWS refuses in groups": {program: func(ctx *pulumi.Context) error {
			_, err := NewNetwork(ctx, "sg-cdc", &NetworkArgs{})
			return err
		}, want: "begin with sg-"},
		"with flow logs and no key": {program: program(&NetworkArgs{Environment: config.Prod}), want: "network.flowLogs"},
		"with a small block":        {program: program(&NetworkArgs{Network: config.Network{Cidr: "10.0.0.0/28"}}), want: "network.cidr"},
		"in a region of one zone": {
			program: program(&NetworkArgs{}),
			answers: []componenttest.Answer{{Token: "aws:index/getAvailabilityZones:getAvailabilityZones", Value: map[string]any{"names": []any{"us-west-1a"}}}},
			want:    "network.availabilityZones: is 2, but the region offers only 1 zones",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := componenttest.Try(c.program, c.answers...)
			require.ErrorContains(t, err, c.want)
		})
	}
}
