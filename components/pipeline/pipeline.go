// Package pipeline composes all components: rows committed in databases become searchable and are kept in the lake.
//
// It follows the README's picture: the parts that all sources share, a feed for each source, and the catalog over
// all. Each component hides its own resources.
package pipeline

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/feed"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/observability"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// Args configures a Pipeline.
type Args struct {
	// Config of every part; zero fields take the environment's defaults.
	Config config.Config
	// Code holds the functions' zips, for the architecture in Config.
	Code feed.Code
	// CaBundles holds, for each source's name, the PEM bundle that verifies its database's certificate; the unnamed
	// source's name is empty. Default: the bundle of RDS. When the database is made here, DMS gets only this region's
	// part of the bundle.
	CaBundles map[string]string
	// Remove lets a deployment replace leftovers in the domain or the collections after an incomplete destroy; see
	// search.AccessArgs.
	Remove search.Remove
	// Gateway is the address of the collections; see search.CollectionsArgs. A domain does not need it.
	Gateway func(password pulumi.StringOutput) pulumi.StringOutput
	// Lead is called as soon as each search destination is declared, with the destination and the bastion (nil
	// without one). It starts to open the connection and returns without waiting. The engine creates the contents of
	// a destination as early as it can. Each creation that waits for the connection blocks one of the engine's
	// workers. There are four workers per core. On two cores eight roles would block all of them, while New needs a
	// worker to declare the other components.
	Lead func(through *bastion.Bastion, to *Place)
	// StopTask stops a running serverless task before its endpoints are changed; see replication.ReplicationArgs.
	StopTask func(ctx context.Context, taskArn string) error
	// Check runs before the first resource, when the engine already knows the pipeline component. Its error ends the
	// deployment.
	Check func() error
}

// Pipeline is the whole pipeline, from databases to the search service and the lake. Its fields are the parts that a
// caller may build upon.
type Pipeline struct {
	pulumi.ResourceState

	Key     *encryption.Key
	Network *network.Network
	// Feeds are the sources with their own parts: the unnamed one first, if any, then the others by name.
	Feeds []*feed.Feed
	// Bastion leads to the search service and the databases; nil with search.reach direct.
	Bastion *bastion.Bastion
	// Place is the present search destination. NextPlace is the one that search.next prepares; nil without it.
	*Place
	NextPlace *Place
	Bucket    *lake.Bucket
	// Catalog of the lake; nil with lake.catalog.enabled: false.
	Catalog *lake.Catalog
	// Tables are the lake's tables, by the name of their source. A source has none with lake.tables.format: none, or
	// when all its tables are given by patterns.
	Tables map[string]*lake.Tables
	// Observability holds alarms and the dashboard; nil with alarms.enabled: false and alarms.dashboard: false.
	Observability *observability.Observability
}

// New makes the whole pipeline.
//
// With search.reach tunnel, the caller forwards search.tunnelPort of this machine to Domain.Host and Domain.Port
// through Bastion for the whole deployment, because the domain's contents are made through it. For Collections it
// connects the listener at Args.Gateway, whatever the reach. Args.Lead must start this, because New returns only when
// the engine has accepted all components.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Pipeline, error) {
	if args == nil {
		return nil, fmt.Errorf("pipeline %s: args are required", name)
	}
	cfg := args.Config.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", name, err)
	}
	p := &Pipeline{Place: &Place{}, Tables: map[string]*lake.Tables{}}
	if err := ctx.RegisterComponentResource("cdcpipeline:pipeline:Pipeline", name, p, opts...); err != nil {
		return nil, fmt.Errorf("registering the pipeline %s: %w", name, err)
	}
	if args.Check != nil {
		if _, err := internals.UnsafeAwaitOutput(ctx.Context(), p.URN()); err != nil {
			return nil, fmt.Errorf("registering the pipeline %s: %w", name, err)
		}
		if err := args.Check(); err != nil {
			return nil, err
		}
	}
	b := builder{Pipeline: p, ctx: ctx, name: name, cfg: cfg, args: args}
	for _, step := range []struct {
		what string
		make func() error
	}{
		{"encryption key", b.key},
		{"roles", b.roles},
		{"network", b.network},
		{"change streams", b.streams},
		{"lake's bucket", b.bucket},
		{"bastion", b.bastion},
		{"search", b.search},
		{"sources", b.sources},
		{"catalog", b.catalog},
		{"lake's tables", b.tables},
		{"alarms", b.observability},
	} {
		if err := step.make(); err != nil {
			return nil, fmt.Errorf("making the %s: %w", step.what, err)
		}
	}
	return p, ctx.RegisterResourceOutputs(p, p.outputs())
}

// outputs are the unnamed source's. They existed before there were several sources.
func (p *Pipeline) outputs() pulumi.Map {
	for _, f := range p.Feeds {
		if f.Config.Name == "" {
			return pulumi.Map{"streamArn": f.Stream.Arn, "taskArn": f.Replication.TaskArn}
		}
	}
	return pulumi.Map{}
}

// builder makes the parts in order, each from earlier ones.
type builder struct {
	*Pipeline

	ctx  *pulumi.Context
	name string
	cfg  config.Config
	args *Args

	searchRole   *search.ServiceLinkedRole
	domainLogs   *search.DomainLogs
	deliveryRole *search.DeliveryRole
	settling     []pulumi.Resource // AWS sees them some seconds after they are made
	// ofSources are the streams, in the order of the configuration's feeds.
	ofSources []*stream.ChangeStream
}

// part is the name of a source's part: cdc-orders-stream, or cdc-stream for the unnamed source.
func (b *builder) part(source, suffix string) string {
	if source == "" {
		return b.name + suffix
	}
	return b.name + "-" + source + suffix
}

func (b *builder) child() pulumi.ResourceOption { return pulumi.Parent(b.Pipeline) }

func (b *builder) key() (err error) {
	b.Key, err = encryption.NewKey(b.ctx, b.name+"-key", &encryption.KeyArgs{
		Encryption: b.cfg.Encryption, RetainOnDelete: b.cfg.Environment == config.Prod,
	}, b.child())
	return err
}

// roles makes the roles and the policy of the domain's logs first: see [builder.stream]. AWS itself makes the role
// linked to OpenSearch Serverless, with the account's first collection,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-service-linked-roles.html.
func (b *builder) roles() (err error) {
	if b.cfg.Search.On(config.OnDomain) {
		if err := b.domainNeeds(); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(b.cfg.Feeds(), func(f config.Feed) bool { return f.Source.Existing == nil }) {
		rds, err := source.NewServiceLinkedRole(b.ctx, b.name+"-source-linked-role", &source.ServiceLinkedRoleArgs{}, b.child())
		if err != nil {
			return err
		}
		b.settling = append(b.settling, rds.Resource)
	}
	// Both kinds of search destination share this role. Firehose uses it to delete a delivery's network interfaces
	// minutes after the delivery. If a move deleted the role with the old delivery, the interfaces would stay and
	// block the deletion of their security group and subnet.
	b.deliveryRole, err = search.NewDeliveryRole(b.ctx, b.name+"-search-delivery", &search.DeliveryRoleArgs{}, b.child())
	return err
}

func (b *builder) network() (err error) {
	var databases []network.Database
	for _, f := range b.cfg.Feeds() {
		d := network.Database{Source: f.Name, Port: f.Source.Port}
		if existing := f.Source.Existing; existing != nil {
			d.Port, d.ExistingSecurityGroupID = existing.Port, existing.SecurityGroupID
		}
		databases = append(databases, d)
	}
	b.Network, err = network.NewNetwork(b.ctx, b.name+"-network", &network.NetworkArgs{
		Network: b.cfg.Network, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
		Databases: databases,
		FromVpc:   b.cfg.Search.Reach == config.ReachDirect, Bastion: b.cfg.Search.Reach == config.ReachTunnel,
		DeliveryNeeds: b.deliveryRole.Dependencies,
	}, b.child())
	return err
}

// streams is called after the account's service-linked roles and the policy of the domain's logs, and before the
// components that need them. OpenSearch and RDS see these only after some seconds, and refuse a domain or a cluster
// until then. In an empty account everything would be made within those seconds. A stream takes longer: the provider
// first checks it after ten seconds.
func (b *builder) streams() error {
	for _, f := range b.cfg.Feeds() {
		made, err := stream.NewChangeStream(b.ctx, b.part(f.Name, "-stream"), &stream.ChangeStreamArgs{
			Stream: f.Stream, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, StartAfter: b.settling,
		}, b.child())
		if err != nil {
			return err
		}
		b.ofSources = append(b.ofSources, made)
	}
	return nil
}

// settled returns a resource that exists some seconds after the service-linked roles and the policy.
func (b *builder) settled() []pulumi.Resource { return []pulumi.Resource{b.ofSources[0].Resource} }

func (b *builder) bucket() (err error) {
	b.Bucket, err = lake.NewBucket(b.ctx, b.name+"-lake", &lake.BucketArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn,
	}, b.child())
	return err
}

// sources makes a feed for each source.
func (b *builder) sources() error {
	roles, err := replication.NewAccountRoles(b.ctx, b.name+"-account-roles", &replication.AccountRolesArgs{
		Serverless: slices.ContainsFunc(b.cfg.Feeds(), func(f config.Feed) bool { return f.Replication.Serverless() }),
	}, b.child())
	if err != nil {
		return err
	}
	shared := feed.Shared{Network: b.Network, Key: b.Key, Bucket: b.Bucket, DeliveryRole: b.deliveryRole, AccountRoles: roles}
	for _, place := range []*Place{b.Place, b.NextPlace} {
		if place != nil {
			shared.Places = append(shared.Places, place.written())
		}
	}
	for i, f := range b.cfg.Feeds() {
		args := &feed.Args{
			Feed: f, Functions: b.cfg.Functions, Environment: b.cfg.Environment, Shared: shared, Stream: b.ofSources[i], Code: b.args.Code,
			CaBundle: b.args.CaBundles[f.Name], StopTask: b.args.StopTask, Measured: b.cfg.Alarms.On(),
		}
		if f.Name == "" {
			args.Former = b.Pipeline
		}
		made, err := feed.New(b.ctx, b.part(f.Name, ""), args, b.child())
		if err != nil {
			return fmt.Errorf("%s: %w", f.Key("source"), err)
		}
		b.Feeds = append(b.Feeds, made)
	}
	return nil
}

func (b *builder) catalog() (err error) {
	if !b.cfg.Lake.Catalog.On() {
		return nil
	}
	var sources []lake.CatalogSource
	for _, f := range b.Feeds {
		cfg := f.Config
		sources = append(sources, lake.CatalogSource{
			Name: cfg.Name, Engine: cfg.Source.Engine, Prefix: cfg.Lake.Prefix, Tables: cfg.Source.Tables, RowsSince: cfg.Source.RowsSince, Found: f.Bootstrap.Result,
		})
	}
	b.Catalog, err = lake.NewCatalog(b.ctx, b.name+"-catalog", &lake.CatalogArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, Sources: sources,
		Bucket: b.Bucket.Name, BucketArn: b.Bucket.Arn, KmsKeyArn: b.Key.Arn,
	}, b.child())
	return err
}

// tables makes a job for each source.
func (b *builder) tables() error {
	for _, f := range b.Feeds {
		cfg := f.Config
		if !cfg.KeepsTables() {
			continue
		}
		made, err := lake.NewTables(b.ctx, b.part(cfg.Name, "-tables"), &lake.TablesArgs{
			Lake: cfg.Lake, Environment: b.cfg.Environment, Source: cfg.Name, Engine: cfg.Source.Engine, Tables: cfg.Source.Tables, RowsSince: cfg.Source.RowsSince, Found: f.Bootstrap.Result,
			Database: b.Catalog.Database, Bucket: b.Bucket.Name, BucketArn: b.Bucket.Arn, KmsKeyArn: b.Key.Arn,
			StreamRetentionHours: cfg.Stream.RetentionHours, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
			Measured: b.cfg.Alarms.On(),
		}, b.child(), pulumi.DependsOn(b.Bucket.Dependencies))
		if err != nil {
			return err
		}
		b.Tables[cfg.Name] = made
	}
	return nil
}
