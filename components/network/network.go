// Package network makes the pipeline's VPC, or adopts an existing one.
//
// Everything lives in private subnets and reaches AWS through VPC endpoints (or NAT). Each role has one security
// group, with one resource per rule.
package network

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "network.Network"

const (
	// deleteTimeout applies to subnets and security groups. The network interfaces of Firehose and Lambda outlive
	// their owners by minutes, and the provider repeats the deletion until they are gone,
	// https://github.com/hashicorp/terraform-provider-aws/issues/27696,
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
	deleteTimeout = "45m"

	defaultDatabasePort = 3306
	https               = 443
)

// NetworkArgs configures a Network.
//
//nolint:revive // the name is what every component's args are called
type NetworkArgs struct {
	config.Network `pulumi:"network,optional"`
	// Environment chooses defaults: zones and flow logs. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Databases that replication and the functions may reach. Default: one database that is made here, on port 3306.
	Databases []Database `pulumi:"databases,optional"`
	// FromVpc admits the whole VPC to the HTTPS port of the search service and to the ports of databases that are
	// made here. It serves a deployment and operators inside the VPC, or in an AWS Client VPN, whose clients have
	// addresses of the VPC. Default false.
	FromVpc bool `pulumi:"fromVpc,optional"`
	// Bastion makes a security group for the bastion, through which users outside the VPC reach the search service
	// and the databases. Default false.
	Bastion bool `pulumi:"bastion,optional"`
	// DeliveryNeeds must exist before the group of Firehose's network interfaces and outlive it: the role with which
	// Firehose deletes them.
	DeliveryNeeds []pulumi.Resource
	// KmsKeyArn encrypts flow logs. Required when flow logs are on.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn,optional"`
	// LogRetentionDays keeps flow logs. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
}

// Database is one source's database.
type Database struct {
	// Source is the name of the source; empty for the unnamed one.
	Source string `pulumi:"source,optional"`
	// Port that the database listens on. Default 3306.
	Port int `pulumi:"port,optional"`
	// ExistingSecurityGroupID is the security group of an existing database. The network adds rules to it that admit
	// replication and functions, and makes no group.
	ExistingSecurityGroupID string `pulumi:"existingSecurityGroupId,optional"`
}

// SecurityGroups are the ids of the security groups, one per role.
type SecurityGroups struct {
	// Databases holds a group for each source's name. Each accepts its port from Replication, Functions and Bastion.
	Databases map[string]pulumi.StringOutput
	// Replication is the group of the DMS instances. It reaches the databases and AWS.
	Replication pulumi.StringOutput
	// Search is the group of the OpenSearch domain, or of the collections' endpoint. It accepts HTTPS from Delivery,
	// Functions and Bastion.
	Search pulumi.StringOutput
	// Delivery is the group of Firehose's network interfaces. It reaches Search.
	Delivery pulumi.StringOutput
	// Functions is the group of the Lambda functions. It reaches the databases, Search and AWS.
	Functions pulumi.StringOutput
	// Endpoints is the group of the VPC endpoints. It accepts HTTPS from Replication, Functions and Bastion.
	Endpoints pulumi.StringOutput
	// Bastion is the group of the bastion, empty without NetworkArgs.Bastion. It reaches Search, the databases and
	// Systems Manager, and accepts nothing.
	Bastion pulumi.StringOutput
}

// Network is a VPC over two or three zones with private subnets, or an adopted one, with a security group for each
// role.
type Network struct {
	pulumi.ResourceState

	// VpcID of the VPC.
	VpcID pulumi.StringOutput `pulumi:"vpcId"`
	// Subnets are the ids of the private subnets, one for each zone in a VPC made here.
	Subnets []pulumi.StringOutput
	// ZoneSubnets are one private subnet per zone, as an interface endpoint takes them,
	// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html.
	ZoneSubnets pulumi.StringArray
	// SecurityGroups holds the group of each role.
	SecurityGroups SecurityGroups
	// Dependencies must exist before anything in the VPC calls AWS or a database: endpoints, routes, rules.
	Dependencies []pulumi.Resource
}

// NewNetwork makes the network, or adopts the VPC of args.VpcID after checking that it meets the pipeline's needs.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	d, err := args.check(name)
	if err != nil {
		return nil, err
	}
	n := &Network{}
	return component.Make(ctx, kind, name, n, component.Steps{
		Inputs: pulumi.Map{
			"environment": pulumi.String(d.Environment), "adopted": pulumi.Bool(d.adopts()), "egress": pulumi.String(d.Egress),
		},
		Provision: func() error { return n.provision(ctx, d) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"vpcId": n.VpcID, "subnetIds": n.SubnetIDs()} },
	}, opts...)
}

// design is the checked request with every default filled in.
type design struct {
	*NetworkArgs
	name     string
	flowLogs bool
}

func (args *NetworkArgs) check(name string) (design, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return design{}, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Network = a.Network.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	a.Databases = slices.Clone(a.Databases)
	if len(a.Databases) == 0 {
		a.Databases = []Database{{}}
	}
	for i := range a.Databases {
		a.Databases[i].Port = cmp.Or(a.Databases[i].Port, defaultDatabasePort)
	}
	d := design{NetworkArgs: a, name: name}
	d.flowLogs = !d.adopts() && a.FlowLogs != nil && *a.FlowLogs
	problems := []error{a.Network.Validate()}
	if strings.HasPrefix(name, "sg-") {
		problems = append(problems, fmt.Errorf("name %q: security groups are named after it, and AWS refuses names that begin with sg-", name))
	}
	if d.flowLogs && a.KmsKeyArn == nil {
		problems = append(problems, errors.New("network.flowLogs: a KmsKeyArn is needed to encrypt the logs"))
	}
	return d, kind.Check(problems...)
}

func (d design) adopts() bool { return d.VpcID != "" }

func (d design) nat() bool { return !d.adopts() && d.Egress == config.EgressNAT }

// SubnetIDs returns the private subnets as one input.
func (n *Network) SubnetIDs() pulumi.StringArray {
	ids := make(pulumi.StringArray, len(n.Subnets))
	for i, id := range n.Subnets {
		ids[i] = id
	}
	return ids
}

func (n *Network) provision(ctx *pulumi.Context, d design) error {
	place, err := n.place(ctx, d)
	if err != nil {
		return err
	}
	n.VpcID, n.Subnets, n.ZoneSubnets = place.vpcID, place.subnets, place.zoned
	if n.ZoneSubnets == nil {
		n.ZoneSubnets = n.SubnetIDs()
	}
	if err := n.makeSecurityGroups(ctx, d, place); err != nil {
		return err
	}
	if d.adopts() {
		return nil
	}
	if !d.nat() {
		if err := n.makeInterfaceEndpoints(ctx, d, place); err != nil {
			return err
		}
	}
	if d.flowLogs {
		return n.makeFlowLogs(ctx, d)
	}
	return nil
}

// place holds the VPC and its routes to AWS, for the security groups and endpoints.
type place struct {
	vpcID   pulumi.StringOutput
	subnets []pulumi.StringOutput
	// zoned are one subnet per zone; nil when subnets already are.
	zoned  pulumi.StringArray
	region string
	// blocks are the VPC's CIDR blocks.
	blocks []pulumi.StringInput
	// s3 is the region's prefix list of S3.
	s3 pulumi.StringInput
	// adopted is true for an existing VPC. Its endpoints then have security groups of their own.
	adopted bool
	// routed is true when private subnets reach AWS's public addresses, by NAT or otherwise.
	routed bool
}

func (n *Network) place(ctx *pulumi.Context, d design) (*place, error) {
	if d.adopts() {
		return n.adopt(ctx, d)
	}
	return n.makeVpc(ctx, d)
}
