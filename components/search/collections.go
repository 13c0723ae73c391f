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
	config.Search `pulumi:"search,optional"`
	// Environment chooses defaults; prod protects the collections. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// VpcID is the VPC of the endpoint through which clients reach the collections. Required.
	VpcID pulumi.StringInput `pulumi:"vpcId"`
	// SubnetIDs are the subnets of the endpoint, one per zone. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID is the security group of the endpoint. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts both collections: with one key they can share capacity,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-scaling.html. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// ReachedAfter must exist before the collections can be reached, such as the instance that a tunnel leads through.
	ReachedAfter []pulumi.Resource
	// Gateway receives the password of the user cdc and returns the URL of a listener on this machine. The listener
	// asks for the password and forwards /history and /current to the collections, with signed requests. Default:
	// http://localhost and search.gatewayPort, where such a listener must run during the deployment.
	Gateway func(password pulumi.StringOutput) pulumi.StringOutput
	// Remove lets a deployment replace leftovers in the collections after an incomplete destroy. Default: that
	// deployment fails and names the leftover.
	Remove Remove
	// Columns lists the columns that the history index indexes by type. It indexes all others as keywords.
	// Default: the columns of the retail_trans table that are not strings.
	Columns []Column `pulumi:"columns,optional"`
}

// Collections are two collections of OpenSearch Serverless: a time-series collection for the history of changes, and
// a search collection for the present rows, whose documents have ids. They can be reached only from the VPC.
//
// There is no security plugin. A data access policy for each writer ([Target]), and one for deployers and operators,
// grants the use of indices. The contents of a collection are deleted and replaced with it, so a destroy needs no
// connection to it.
type Collections struct {
	pulumi.ResourceState

	// HistoryName is the name of the collection that holds the changes.
	HistoryName pulumi.StringOutput `pulumi:"historyName"`
	// CurrentName is the name of the collection that holds the present rows.
	CurrentName pulumi.StringOutput `pulumi:"currentName"`
	// HistoryArn is the ARN of the collection that holds the changes.
	HistoryArn pulumi.StringOutput `pulumi:"historyArn"`
	// CurrentArn is the ARN of the collection that holds the present rows.
	CurrentArn pulumi.StringOutput `pulumi:"currentArn"`
	// HistoryEndpoint is the URL for requests about changes, without a trailing slash.
	HistoryEndpoint pulumi.StringOutput `pulumi:"historyEndpoint"`
	// CurrentEndpoint is the URL for requests about present rows, without a trailing slash.
	CurrentEndpoint pulumi.StringOutput `pulumi:"currentEndpoint"`
	// HistoryDashboards is the URL of OpenSearch Dashboards for the changes.
	HistoryDashboards pulumi.StringOutput `pulumi:"historyDashboards"`
	// CurrentDashboards is the URL of OpenSearch Dashboards for the present rows.
	CurrentDashboards pulumi.StringOutput `pulumi:"currentDashboards"`
	// Operators are the ARNs of the IAM roles and users that deploy and operate the collections.
	Operators pulumi.StringArrayOutput `pulumi:"operators"`
	// Columns maps the columns that every history index indexes by type to these types.
	Columns pulumi.StringMapOutput `pulumi:"columns"`
	// Template is the template of the history index. It must exist before the first document.
	Template pulumi.Resource

	ctx              *pulumi.Context // the program's context: grants are made while it runs
	name, prefix     string          // the component's name, and the prefix of AWS names
	remove           Remove
	history, current *collection
	columns          []Column // for every history index
	operators        []string // ARNs of the collections' operators
	account          string   // a dimension of the metrics
}

type collectionsPlan struct {
	*CollectionsArgs
	name string
}

// NewCollections makes the collections, with their encryption, their endpoint and the history's retention.
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
				"operators": c.Operators, "columns": c.Columns,
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

// historyCollection and currentCollection are names. AWS accepts 32 characters at most.
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
	// The policies come first. AWS refuses a collection without an encryption policy. Without a network policy nobody
	// could reach it, and without a retention policy it would keep documents for ever.
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
	c.Columns = typesOf(p.Columns)
	return c.inside(ctx, p)
}

// collection is one of the two collections.
type collection struct {
	what, name string // history or current, and its name in AWS
	made       *opensearch.ServerlessCollection
	// provider connects to it at the same address as other clients.
	provider pulumi.ProviderResource
	at       Inside
	// admits is the policy that admits the provider.
	admits pulumi.Resource
}

// make makes a collection. Its kind cannot be changed later. Only the kind SEARCH supports custom document ids,
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
