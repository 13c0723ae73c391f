// Package observability sends alarms when something is wrong, and draws a dashboard.
//
// The components provide their metrics. One table ([alarm]) sets a threshold on each. All alarms go to one topic.
package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "observability.Observability"

// Args configures Observability.
type Args struct {
	config.Alarms `pulumi:"alarms,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Pipeline is the prefix of the names of all parts. Default cdc.
	Pipeline string `pulumi:"pipeline,optional"`
	// Feeds are the sources to watch, at least one. Each needs its Config and Stream. Its other components get alarms and
	// graphs if they are set.
	Feeds []*feed.Feed
	// Domains and Collections are the search destinations; the present one and the next one may differ in kind.
	Domains     []*search.Domain
	Collections []*search.Collections
	// Tables maps the name of each source to its tables in the lake.
	Tables map[string]*lake.Tables
	// KmsKeyArn encrypts the topic. The key's policy must admit CloudWatch and EventBridge. Required unless
	// Alarms.TopicArn is given.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn,optional"`
}

// Observability is a topic, the alarms that publish to it, rules that forward events of DMS and RDS, and a dashboard.
//
// With Alarms.Enabled false it has only the dashboard. With Alarms.Dashboard false as well it has nothing.
type Observability struct {
	pulumi.ResourceState

	// TopicArn is the ARN of the topic that the alarms publish to. Empty without alarms.
	TopicArn pulumi.StringOutput `pulumi:"topicArn"`
	// DashboardName is the name of the dashboard. Empty without one.
	DashboardName pulumi.StringOutput `pulumi:"dashboardName"`
	// Alarms are the names of all alarms, such as cdc-latency-source, including the composite ones, such as
	// cdc-orders-behind.
	Alarms []string `pulumi:"alarms"`
}

// plan is the checked input that New makes everything from.
type plan struct {
	*Args
	*Observability

	name, partition, region, account string
	// made are the alarms of the table, in its order, with the rows that they were made from.
	made []madeAlarm
	// composed are the composite alarms.
	composed []*cloudwatch.CompositeAlarm
	topic    pulumi.StringInput
	// before must exist before an alarm can publish to the topic.
	before []pulumi.Resource
}

// New makes the topic, alarms, rules and dashboard.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Observability, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	o := &Observability{}
	p := &plan{Args: a, Observability: o, name: name}
	return component.Make(ctx, kind, name, o, component.Steps{
		Inputs:    pulumi.Map{"alarms": pulumi.Bool(a.On()), "dashboard": pulumi.Bool(a.Draws())},
		Provision: func() error { return p.provision(ctx) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{"topicArn": o.TopicArn, "dashboardName": o.DashboardName, "alarms": pulumi.ToStringArray(o.Alarms)}
		},
	}, opts...)
}

func (args *Args) check() (*Args, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Alarms = a.Alarms.WithDefaults(a.Environment)
	if a.Pipeline == "" {
		a.Pipeline = footprint.Pipeline
	}
	return a, kind.Check(a.Alarms.Validate(), component.Required(component.Given{
		"Feeds": len(a.Feeds) > 0, "KmsKeyArn": a.KmsKeyArn != nil || a.TopicArn != "" || !a.On(),
	}))
}

func (p *plan) provision(ctx *pulumi.Context) error {
	none := pulumi.String("").ToStringOutput()
	p.Observability.TopicArn, p.DashboardName = none, none
	if err := p.lookUp(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		make func(*pulumi.Context) error
		when bool
	}{
		{"topic of the alarms", p.tell, p.On()},
		{"alarms", p.alarms, p.On()},
		{"rules of events", p.events, p.On()},
		{"dashboard", p.dashboard, p.Draws()},
	} {
		if !step.when {
			continue
		}
		if err := step.make(ctx); err != nil {
			return fmt.Errorf("making the %s: %w", step.what, err)
		}
	}
	return nil
}

func (p *plan) lookUp(ctx *pulumi.Context) error {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, p.child())
	if err != nil {
		return fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, p.child())
	if err != nil {
		return fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, p.child())
	if err != nil {
		return fmt.Errorf("looking up the account: %w", err)
	}
	p.partition, p.region, p.account = partition.Partition, region.Name, caller.AccountId
	return nil
}

func (p *plan) child() pulumi.ResourceOrInvokeOption { return pulumi.Parent(p.Observability) }

// part is the name of a part of a source: cdc-orders-latency-source, or cdc-latency-source for the unnamed source and
// for shared parts.
func (p *plan) part(source, what string) string {
	if source == "" {
		return p.Pipeline + "-" + what
	}
	return p.Pipeline + "-" + source + "-" + what
}

// runbook is the link to the paragraph that says what to do.
func runbook(of string) string { return "docs/operations.md#alarm-" + of }
