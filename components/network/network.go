// Package network makes the VPC that the pipeline runs in, or adopts one.
//
// Everything lives in private subnets and reaches AWS through VPC endpoints (or NAT); who may talk to whom is one
// security group per role, with one resource per rule.
package network

import (
	"cdcpipeline/config"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// deleteTimeout of subnets and security groups: the network interfaces of Firehose and Lambda outlive them by minutes,
	// and the provider repeats the deletion until they are gone,
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
	config.Network
	// Environment chooses defaults: zones and flow logs. Default dev.
	Environment config.Environment
	// DatabasePort that replication and functions may reach. Default 3306.
	DatabasePort pulumi.IntInput
	// ExistingDatabaseSecurityGroupID is the security group of a database that exists; rules that admit replication and
	// functions are added to it, and no Database group is made.
	ExistingDatabaseSecurityGroupID string
	// FromVpc admits all of the VPC to the search domain's HTTPS port and to the port of a database that is made here: for
	// a deployment and its operators inside the VPC, or in an AWS Client VPN, whose clients have addresses of the VPC.
	// Default false.
	FromVpc bool
	// Bastion makes a group for an instance through which the search domain and the database are reached from outside
	// of the VPC. Default false.
	Bastion bool
	// KmsKeyArn encrypts flow logs. Required where there are any.
	KmsKeyArn pulumi.StringInput
}

// SecurityGroups are the ids of one security group per role.
type SecurityGroups struct {
	// Database accepts the database port from Replication, Functions and Bastion.
	Database pulumi.StringOutput
	// Replication is the DMS instance: to the database, and to AWS.
	Replication pulumi.StringOutput
	// Search is the OpenSearch domain: accepts HTTPS from Delivery, Functions and Bastion.
	Search pulumi.StringOutput
	// Delivery is Firehose's network interfaces: to the domain.
	Delivery pulumi.StringOutput
	// Functions is Lambda: to the database, to the domain, and to AWS.
	Functions pulumi.StringOutput
	// Endpoints is the VPC endpoints: accepts HTTPS from Replication, Functions and Bastion.
	Endpoints pulumi.StringOutput
	// Bastion is the instance of NetworkArgs.Bastion, nothing without it: to the domain, the database and Systems
	// Manager. It accepts nothing.
	Bastion pulumi.StringOutput
}

// Network is a VPC over two or three zones with private subnets, or an adopted one, and the security groups of every role.
type Network struct {
	pulumi.ResourceState

	// VpcID of the VPC.
	VpcID pulumi.StringOutput
	// Subnets are the ids of the private subnets, one for each zone in a VPC made here.
	Subnets []pulumi.StringOutput
	// SecurityGroups of the roles.
	SecurityGroups SecurityGroups
	// Dependencies must exist before something in the VPC calls AWS or a database: endpoints, routes, rules.
	Dependencies []pulumi.Resource
}

// NewNetwork makes the network, or adopts the VPC of args.VpcID, checking what the pipeline needs of it.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if args == nil {
		return nil, errors.New("network.Network needs args: &network.NetworkArgs{} takes every default")
	}
	d, err := newDesign(name, *args)
	if err != nil {
		return nil, err
	}
	n := &Network{}
	props := pulumi.Map{"environment": pulumi.String(d.env), "adopted": pulumi.Bool(d.adopts()), "egress": pulumi.String(d.cfg.Egress)}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:network:Network", name, props, n, opts...); err != nil {
		return nil, fmt.Errorf("registering the network: %w", err)
	}
	if err := n.provision(ctx, d); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(n, pulumi.Map{"vpcId": n.VpcID, "subnetIds": n.SubnetIDs()}); err != nil {
		return nil, fmt.Errorf("registering the outputs of the network: %w", err)
	}
	return n, nil
}

// SubnetIDs are the private subnets as one input.
func (n *Network) SubnetIDs() pulumi.StringArray {
	ids := make(pulumi.StringArray, len(n.Subnets))
	for i, id := range n.Subnets {
		ids[i] = id
	}
	return ids
}

// design is what was asked for, checked, with every default filled in.
type design struct {
	name     string
	cfg      config.Network
	env      config.Environment
	args     NetworkArgs
	flowLogs bool
}

func newDesign(name string, args NetworkArgs) (design, error) {
	if strings.HasPrefix(name, "sg-") {
		return design{}, fmt.Errorf("network name %q: security groups are named after it, and AWS refuses names that begin with sg-", name)
	}
	d := design{name: name, env: args.Environment, args: args}
	if d.env == "" {
		d.env = config.Dev
	}
	d.cfg = args.Network.WithDefaults(d.env)
	if err := d.cfg.Validate(); err != nil {
		return design{}, fmt.Errorf("checking the network's configuration: %w", err)
	}
	d.flowLogs = !d.adopts() && d.cfg.FlowLogs != nil && *d.cfg.FlowLogs
	if d.flowLogs && args.KmsKeyArn == nil {
		return design{}, errors.New("network.flowLogs: a KmsKeyArn is needed to encrypt the logs")
	}
	if d.args.DatabasePort == nil {
		d.args.DatabasePort = pulumi.Int(defaultDatabasePort)
	}
	return d, nil
}

func (d design) adopts() bool { return d.cfg.VpcID != "" }

func (d design) nat() bool { return !d.adopts() && d.cfg.Egress == config.EgressNAT }

func (n *Network) provision(ctx *pulumi.Context, d design) error {
	place, err := n.place(ctx, d)
	if err != nil {
		return err
	}
	n.VpcID, n.Subnets = place.vpcID, place.subnets
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

// place is where the security groups and endpoints go, and how AWS is reached from there.
type place struct {
	vpcID   pulumi.StringOutput
	subnets []pulumi.StringOutput
	region  string
	// blocks are the VPC's own addresses.
	blocks []pulumi.StringInput
	// s3 is the prefix list of S3 in the region.
	s3 pulumi.StringInput
	// adopted is true when the VPC is not made here, so that its endpoints have groups of their own.
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
