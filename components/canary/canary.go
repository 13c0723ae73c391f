// Package canary makes a function that measures whether changes are found. Once a minute it changes its own row in
// the source and looks for that change in the current index.
package canary

import (
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "canary.Canary"

// Args configures a Canary.
type Args struct {
	config.Feed
	config.Functions `pulumi:"functions,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Target holds the current indices: [search.Access.Target] or [search.Collections.Current]. Required.
	Target search.Target
	// SecretArn names the secret {"username","password","host","port"} of the replication user. [source.Bootstrap]
	// allows this user to write to the canary's table. Required.
	SecretArn pulumi.StringInput `pulumi:"secretArn"`
	// CaBundle is the PEM bundle that verifies the database's certificate. Default: [source.RDSCertificates].
	CaBundle string `pulumi:"caBundle,optional"`
	// Code is the zip of functions/canary, compiled for Functions.Architecture. Required.
	Code pulumi.Archive
	// BucketName is the name of the lake's bucket, which holds the parked records and the canary's notes about the
	// tables. Required.
	BucketName pulumi.StringInput `pulumi:"bucket"`
	// BucketArn is the ARN of the same bucket. Required.
	BucketArn pulumi.StringInput `pulumi:"bucketArn"`
	// FailedPrefix is the prefix, with a trailing slash, below which Lambda puts the records that it gives up: that of
	// [search.CurrentState]. Required.
	FailedPrefix pulumi.StringInput `pulumi:"failedPrefix"`
	// KmsKeyArn encrypts the secret, the bucket's objects and the logs. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// SubnetIDs are the subnets in which the function runs. It must reach the database, the target, Secrets Manager and
	// S3 from there. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID is the security group of the function. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// StartAfter lists what must exist before the function is called: the table, the task, endpoints.
	StartAfter []pulumi.Resource
}

// Canary is a function that runs once a minute. It writes its measurements to its log, and CloudWatch extracts the
// metrics from there. So it needs no route from the VPC to CloudWatch.
//
// The function changes a row of its own table, cdc_canary.heartbeat. [source.Bootstrap] makes the table, and the task
// must follow it. So the history and the lake receive one record of the canary a minute. Destroying the canary keeps the
// table.
type Canary struct {
	pulumi.ResourceState

	// FunctionName is the name of the function. It is the dimension of the canary's metrics.
	FunctionName pulumi.StringOutput `pulumi:"functionName"`

	postgreSQL bool
}

// plan is the checked input that New makes everything from.
type plan struct {
	*Args
	name, alias string
	// Parts of ARNs that are not known otherwise.
	partition, dnsSuffix, region, account string
}

// New makes the function and its schedule.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Canary, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	c := &Canary{postgreSQL: p.Source.PostgreSQL()}
	return component.Make(ctx, kind, name, c, component.Steps{
		Inputs:    pulumi.Map{"environment": pulumi.String(p.Environment), "index": pulumi.String(p.alias)},
		Provision: func() error { return c.provision(ctx, p) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"functionName": c.FunctionName} },
	}, opts...)
}

func (args *Args) check(name string) (*plan, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Functions = a.Functions.WithDefaults(a.Environment)
	problems := []error{a.Functions.Validate(), currentstate.Source(a.Name).Validate(), component.Required(component.Given{
		"Target.Endpoint": a.Target.Endpoint.Arn.OutputState != nil && a.Target.Endpoint.URL.OutputState != nil, "Target.Grant": a.Target.Grant.Admit != nil,
		"SecretArn": a.SecretArn != nil, "Code": a.Code != nil, "BucketName": a.BucketName != nil, "BucketArn": a.BucketArn != nil,
		"FailedPrefix": a.FailedPrefix != nil, "KmsKeyArn": a.KmsKeyArn != nil, "SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil,
		"Lake.ErrorPrefix": a.Lake.ErrorPrefix != "",
	})}
	if !a.Feed.Canary {
		problems = append(problems, errors.New("alarms.canary: the source has no canary: leave canary.Canary out"))
	}
	a.CaBundle, err = source.CompactCertificates(a.CaBundle, "canary", "set alarms.canary to false")
	alias := currentstate.Source(a.Name).Alias(table.Name{Database: config.CanaryTable.Database, Table: config.CanaryTable.Table})
	return &plan{Args: a, name: name, alias: alias}, kind.Check(append(problems, err)...)
}

func (c *Canary) provision(ctx *pulumi.Context, p *plan) error {
	if err := p.lookUp(ctx, c); err != nil {
		return err
	}
	logs, err := c.logs(ctx, p)
	if err != nil {
		return err
	}
	role, policy, err := c.role(ctx, p, logs.Arn)
	if err != nil {
		return err
	}
	grant, err := p.Target.AdmitReader(p.name, role.Arn, p.alias)
	if err != nil {
		return fmt.Errorf("letting the canary search its index: %w", err)
	}
	function, err := c.function(ctx, p, role, policy, logs)
	if err != nil {
		return err
	}
	c.FunctionName = function.Name
	return c.schedule(ctx, p, function, append([]pulumi.Resource{grant, policy}, p.StartAfter...))
}

func (p *plan) lookUp(ctx *pulumi.Context, parent pulumi.Resource) error {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(parent))
	if err != nil {
		return fmt.Errorf("looking up the account: %w", err)
	}
	p.partition, p.dnsSuffix, p.region, p.account = partition.Partition, partition.DnsSuffix, region.Name, caller.AccountId
	return nil
}
