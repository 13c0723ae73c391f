package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CollectionsArgs configures Collections.
type CollectionsArgs struct {
	config.Search
	// Environment chooses defaults; prod protects the collections. Default dev.
	Environment config.Environment
	// VpcID and SubnetIDs of the endpoint by which the collections are reached, one subnet for each zone. Required.
	VpcID     pulumi.StringInput
	SubnetIDs pulumi.StringArrayInput
	// SecurityGroupID of the endpoint. Required.
	SecurityGroupID pulumi.StringInput
	// KmsKeyArn encrypts both collections: with one key they can share capacity,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-scaling.html. Required.
	KmsKeyArn pulumi.StringInput
	// ReachedAfter must exist before the collections can be reached, such as the instance that a tunnel leads through.
	ReachedAfter []pulumi.Resource
	// Gateway is given the password of the user cdc, and gives the URL of what listens on this machine, asks for it, and forwards what is
	// below /history and /current to the collections, signed. Default: http://localhost and search.gatewayPort, where something must do
	// so while this is deployed.
	Gateway func(password pulumi.StringOutput) pulumi.StringOutput
	// Remove lets the deployment that follows a destroy without an end replace what is left in the collections. Default: that
	// deployment fails, and says what is there already.
	Remove Remove
	// Columns that are indexed by their type in the history index; all others are indexed as keywords.
	// Default: those of the retail_trans table.
	Columns []Column
}

// Collections are two collections of OpenSearch Serverless: one of time series for the history of changes, one for the present rows,
// whose documents have ids. They are reached from the VPC alone.
//
// There is no security plugin: who may do what with which indices is a data access policy for each writer ([Target]), and one for whoever
// deploys and operates. What is made inside of a collection is deleted and replaced with it, so destroying needs no way to it.
type Collections struct {
	pulumi.ResourceState

	// HistoryName and CurrentName of the collections.
	HistoryName, CurrentName pulumi.StringOutput
	// HistoryArn and CurrentArn of the collections.
	HistoryArn, CurrentArn pulumi.StringOutput
	// HistoryEndpoint and CurrentEndpoint are the URLs that requests are sent to, without a slash at their end.
	HistoryEndpoint, CurrentEndpoint pulumi.StringOutput
	// HistoryDashboards and CurrentDashboards are the URLs of OpenSearch Dashboards.
	HistoryDashboards, CurrentDashboards pulumi.StringOutput
	// Template of the history index must exist before the first document does.
	Template pulumi.Resource

	ctx              *pulumi.Context // the program's: grants are made while it runs
	name, prefix     string          // of the component, and of what AWS knows by name
	remove           Remove
	history, current *collection
	columns          []Column // of every history
	operators        []string // ARNs of who operates the collections
	account          string   // by which metrics are known
}

type collectionsPlan struct {
	*CollectionsArgs
	name string
}

// NewCollections makes the collections, with their encryption, their way in and the retention of the history.
func NewCollections(ctx *pulumi.Context, name string, args *CollectionsArgs, opts ...pulumi.ResourceOption) (*Collections, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	c := &Collections{ctx: ctx, name: name, prefix: p.CollectionName, remove: p.Remove, columns: p.Columns}
	return component.Make(ctx, collectionsKind, name, c, component.Steps{
		Inputs: pulumi.Map{
			"environment":     pulumi.String(p.Environment),
			"collectionName":  pulumi.String(p.CollectionName),
			"standbyReplicas": pulumi.Bool(*p.StandbyReplicas),
		},
		Provision: func() error { return c.provision(ctx, p) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{
				"historyName": c.HistoryName, "historyArn": c.HistoryArn, "historyEndpoint": c.HistoryEndpoint,
				"currentName": c.CurrentName, "currentArn": c.CurrentArn, "currentEndpoint": c.CurrentEndpoint,
			}
		},
	}, opts...)
}

func (args *CollectionsArgs) check(name string) (*collectionsPlan, error) {
	a, err := component.Args(collectionsKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Kind = config.OnCollections
	a.Search = a.Search.WithDefaults(a.Environment)
	if a.Columns == nil {
		a.Columns = RetailTransColumns()
	}
	return &collectionsPlan{CollectionsArgs: a, name: name}, collectionsKind.Check(a.Search.Validate(), component.Required(component.Given{
		"VpcID": a.VpcID != nil, "SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	}))
}

// historyCollection and currentCollection are names; 32 characters are the most that AWS takes.
func (p *collectionsPlan) historyCollection() string { return p.CollectionName + "-history" }
func (p *collectionsPlan) currentCollection() string { return p.CollectionName + "-current" }

func (c *Collections) provision(ctx *pulumi.Context, p *collectionsPlan) error {
	encryption, err := c.encryption(ctx, p)
	if err != nil {
		return err
	}
	network, err := c.network(ctx, p)
	if err != nil {
		return err
	}
	retention, err := c.retention(ctx, p)
	if err != nil {
		return err
	}
	// The policies first: AWS refuses a collection that no encryption policy is for, and one without the others would be open to none, and
	// keep its documents for ever.
	before := pulumi.DependsOn([]pulumi.Resource{encryption, network, retention})
	if c.history, err = c.make(ctx, p, "history", p.historyCollection(), "TIMESERIES", before); err != nil {
		return err
	}
	if c.current, err = c.make(ctx, p, "current", p.currentCollection(), "SEARCH", before); err != nil {
		return err
	}
	history, current := c.history.made, c.current.made
	c.HistoryName, c.HistoryArn, c.HistoryEndpoint, c.HistoryDashboards = history.Name, history.Arn, history.CollectionEndpoint, history.DashboardEndpoint
	c.CurrentName, c.CurrentArn, c.CurrentEndpoint, c.CurrentDashboards = current.Name, current.Arn, current.CollectionEndpoint, current.DashboardEndpoint
	return c.inside(ctx, p)
}

// collection is one of the two.
type collection struct {
	what, name string // history or current, and what AWS knows it by
	made       *opensearch.ServerlessCollection
	// provider speaks to it, at the same place as others do.
	provider pulumi.ProviderResource
	at       Inside
	// admits is the policy that admits the provider.
	admits pulumi.Resource
}

// make makes one. Its kind cannot be changed later; documents have ids of their own in one of the kind SEARCH alone,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-usecase.
func (c *Collections) make(ctx *pulumi.Context, p *collectionsPlan, what, name, kind string, before pulumi.ResourceOption) (*collection, error) {
	standby := "DISABLED"
	if *p.StandbyReplicas {
		standby = "ENABLED"
	}
	made, err := opensearch.NewServerlessCollection(ctx, p.name+"-"+what, &opensearch.ServerlessCollectionArgs{
		Name: pulumi.String(name), Type: pulumi.String(kind), StandbyReplicas: pulumi.String(standby),
	}, pulumi.Parent(c), before, pulumi.Protect(p.Environment == config.Prod))
	if err != nil {
		return nil, fmt.Errorf("making the collection %s: %w", name, err)
	}
	return &collection{what: what, name: name, made: made}, nil
}
