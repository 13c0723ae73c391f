// Package pipeline composes the components into the whole: rows committed in MySQL, searchable and in the lake.
//
// It reads like the picture in the README, from left to right; what a part is made of is the part's own business.
package pipeline

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// Args is what a pipeline is made from.
type Args struct {
	// Config of every part; zero fields take the environment's defaults.
	Config config.Config
	// BootstrapCode is the bootstrap function's zip, for the architecture in Config.
	BootstrapCode pulumi.Archive
	// RotationCode is the rotation function's zip, for the same architecture. Not needed when source.rotationDays is 0.
	RotationCode pulumi.Archive
	// CurrentStateCode is the current-state function's zip, for the same architecture. Not needed when
	// search.current.enabled is false.
	CurrentStateCode pulumi.Archive
	// CaBundle is the PEM bundle that signs the database's certificate. Default: the bundle of RDS; of its regions only
	// this one's for DMS when the database is made here.
	CaBundle string
	// Remove lets the deployment that follows a destroy without an end replace what is left in the domain or the
	// collections; see search.AccessArgs.
	Remove search.Remove
	// Gateway says where the collections are reached; see search.CollectionsArgs. Not needed when a domain is searched.
	Gateway func(password pulumi.StringOutput) pulumi.StringOutput
	// StopTask stops a running serverless task before its endpoints are changed; see replication.ReplicationArgs.
	StopTask func(ctx context.Context, taskArn string) error
	// Check runs before the first resource of the pipeline is declared, when the engine knows the pipeline itself. Its
	// error ends the deployment.
	Check func() error
}

// Pipeline is the composition, with the parts that a caller may build upon.
type Pipeline struct {
	pulumi.ResourceState

	Key       *encryption.Key
	Network   *network.Network
	Source    source.Database
	Bootstrap *source.Bootstrap
	// Rotation of the replication user's password; nil when there is none.
	Rotation *source.Rotation
	Stream   *stream.ChangeStream
	// Bastion leads to what is searched and to the database; nil with search.reach direct.
	Bastion *bastion.Bastion
	// Place is what is searched, and NextPlace what search.next is making of it; nil without one.
	*Place
	NextPlace *Place
	Bucket    *lake.Bucket
	Lake      *lake.Delivery
	// Catalog of the lake; nil with lake.catalog.enabled: false.
	Catalog *lake.Catalog
	// Tables of the lake; nil with lake.tables.format: none, and when source.tables has patterns alone.
	Tables      *lake.Tables
	Replication *replication.Replication
}

// New makes the whole pipeline.
//
// With search.reach tunnel, the caller leads search.tunnelPort of this machine to Domain.Host and Domain.Port by way of
// Bastion, for as long as the deployment takes: what is made inside the domain is made through it. To Collections it leads what listens at
// Args.Gateway, whatever the reach.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Pipeline, error) {
	if args == nil {
		return nil, fmt.Errorf("pipeline %s: args are required", name)
	}
	cfg := args.Config.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", name, err)
	}
	p := &Pipeline{Place: &Place{}}
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
		{"change stream", b.stream},
		{"source database", b.source},
		{"bootstrap", b.bootstrap},
		{"rotation", b.rotation},
		{"lake", b.lake},
		{"catalog", b.catalog},
		{"lake's tables", b.tables},
		{"bastion", b.bastion},
		{"search", b.search},
		{"replication", b.replication},
	} {
		if err := step.make(); err != nil {
			return nil, fmt.Errorf("making the %s: %w", step.what, err)
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"streamArn": p.Stream.Arn, "taskArn": p.Replication.TaskArn})
}

// builder makes the parts, each from those before it.
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
}

func (b *builder) child() pulumi.ResourceOption { return pulumi.Parent(b.Pipeline) }

func (b *builder) key() (err error) {
	b.Key, err = encryption.NewKey(b.ctx, b.name+"-key", &encryption.KeyArgs{
		Encryption: b.cfg.Encryption, RetainOnDelete: b.cfg.Environment == config.Prod,
	}, b.child())
	return err
}

// roles, and the policy of the domain's logs, are made first: see [builder.stream]. The role that is linked to OpenSearch Serverless is AWS's
// to make, with the account's first collection,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-service-linked-roles.html.
func (b *builder) roles() (err error) {
	if b.cfg.Search.On(config.OnDomain) {
		if err := b.domainNeeds(); err != nil {
			return err
		}
	}
	if b.cfg.Source.Existing == nil {
		rds, err := source.NewServiceLinkedRole(b.ctx, b.name+"-source-linked-role", &source.ServiceLinkedRoleArgs{}, b.child())
		if err != nil {
			return err
		}
		b.settling = append(b.settling, rds.Resource)
	}
	// One for both kinds of places: Firehose deletes a delivery's network interfaces minutes after the delivery, as this role. Were it deleted with
	// the delivery that a move leaves behind, they would stay, and no security group or subnet could be deleted any more.
	b.deliveryRole, err = search.NewDeliveryRole(b.ctx, b.name+"-search-delivery", &search.DeliveryRoleArgs{}, b.child())
	return err
}

func (b *builder) network() (err error) {
	port, group := b.cfg.Source.Port, ""
	if existing := b.cfg.Source.Existing; existing != nil {
		port, group = existing.Port, existing.SecurityGroupID
	}
	b.Network, err = network.NewNetwork(b.ctx, b.name+"-network", &network.NetworkArgs{
		Network: b.cfg.Network, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
		DatabasePort: pulumi.Int(port), ExistingDatabaseSecurityGroupID: group,
		FromVpc: b.cfg.Search.Reach == config.ReachDirect, Bastion: b.cfg.Search.Reach == config.ReachTunnel,
		DeliveryNeeds: b.deliveryRole.Dependencies,
	}, b.child())
	return err
}

func (b *builder) source() error {
	if b.cfg.Source.Existing != nil {
		existing, err := source.NewExisting(b.ctx, b.name+"-source", &source.ExistingArgs{Source: b.cfg.Source, Environment: b.cfg.Environment}, b.child())
		if err != nil {
			return err
		}
		b.Source = existing.Database
		return nil
	}
	aurora, err := source.NewAuroraMySQL(b.ctx, b.name+"-source", &source.AuroraMySQLArgs{
		Source: b.cfg.Source, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
		SubnetIDs: b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Database,
		StartAfter: b.settled(),
	}, b.child())
	if err != nil {
		return err
	}
	b.Source = aurora.Database
	return nil
}

func (b *builder) bootstrap() (err error) {
	b.Bootstrap, err = source.NewBootstrap(b.ctx, b.name+"-bootstrap", &source.BootstrapArgs{
		Source: b.cfg.Source, Environment: b.cfg.Environment, Functions: b.cfg.Functions,
		Database: b.Source, Code: b.args.BootstrapCode, KmsKeyArn: b.Key.Arn, CaBundle: b.args.CaBundle,
		LobMaxSizeKb: b.cfg.Replication.LobMaxSizeKb,
		SubnetIDs:    b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Functions,
		StartAfter: b.Network.Dependencies,
	}, b.child())
	return err
}

// rotation is set up when there is a user to log in as: Secrets Manager tries that at once.
func (b *builder) rotation() (err error) {
	if !b.cfg.Source.Rotates() {
		return nil
	}
	b.Rotation, err = source.NewRotation(b.ctx, b.name+"-rotation", &source.RotationArgs{
		Source: b.cfg.Source, Environment: b.cfg.Environment, Functions: b.cfg.Functions,
		Database: b.Source, SecretArn: b.Bootstrap.ReplicationSecretArn, User: b.Bootstrap.ReplicationUser,
		Code: b.args.RotationCode, KmsKeyArn: b.Key.Arn, CaBundle: b.args.CaBundle,
		SubnetIDs: b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Functions,
		StartAfter: append([]pulumi.Resource{b.Bootstrap.Invocation}, b.Network.Dependencies...),
	}, b.child())
	return err
}

// stream is made after the account's service-linked roles and the policy of the domain's logs, and before what needs them.
// OpenSearch and RDS see these only seconds after they are made, and refuse a domain or a cluster until then. In an account that is
// empty all would be made within those seconds. A stream takes longer: the provider looks at it for the first time after ten.
func (b *builder) stream() (err error) {
	b.Stream, err = stream.NewChangeStream(b.ctx, b.name+"-stream", &stream.ChangeStreamArgs{
		Stream: b.cfg.Stream, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, StartAfter: b.settling,
	}, b.child())
	return err
}

// settled exists when the service-linked roles and the policy were made some seconds ago.
func (b *builder) settled() []pulumi.Resource { return []pulumi.Resource{b.Stream.Resource} }

func (b *builder) lake() (err error) {
	b.Bucket, err = lake.NewBucket(b.ctx, b.name+"-lake", &lake.BucketArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn,
	}, b.child())
	if err != nil {
		return err
	}
	b.Lake, err = lake.NewDelivery(b.ctx, b.name+"-lake-delivery", &lake.DeliveryArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
		StreamArn: b.Stream.Arn, BucketArn: b.Bucket.Arn,
	}, b.child(), pulumi.DependsOn(b.Bucket.Dependencies))
	return err
}

func (b *builder) catalog() (err error) {
	if !b.cfg.Lake.Catalog.On() {
		return nil
	}
	b.Catalog, err = lake.NewCatalog(b.ctx, b.name+"-catalog", &lake.CatalogArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, Tables: b.cfg.Source.Tables, RowsSince: b.cfg.Source.RowsSince, Found: b.Bootstrap.Result,
		Bucket: b.Bucket.Name, BucketArn: b.Bucket.Arn, KmsKeyArn: b.Key.Arn,
	}, b.child())
	return err
}

func (b *builder) tables() (err error) {
	if !b.cfg.KeepsTables() {
		return nil
	}
	b.Tables, err = lake.NewTables(b.ctx, b.name+"-tables", &lake.TablesArgs{
		Lake: b.cfg.Lake, Environment: b.cfg.Environment, Tables: b.cfg.Source.Tables, RowsSince: b.cfg.Source.RowsSince, Found: b.Bootstrap.Result,
		Database: b.Catalog.Database, Bucket: b.Bucket.Name, BucketArn: b.Bucket.Arn, KmsKeyArn: b.Key.Arn,
		StreamRetentionHours: b.cfg.Stream.RetentionHours, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
	}, b.child(), pulumi.DependsOn(b.Bucket.Dependencies))
	return err
}

// replication comes last and starts last: a delivery reads its stream from LATEST, so what a task writes before a
// delivery is active would never reach it (https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html).
func (b *builder) replication() error {
	roles, err := replication.NewAccountRoles(b.ctx, b.name+"-account-roles", &replication.AccountRolesArgs{
		Serverless: b.cfg.Replication.Serverless(),
	}, b.child())
	if err != nil {
		return err
	}
	bundle, err := b.caBundle()
	if err != nil {
		return err
	}
	b.Replication, err = replication.NewReplication(b.ctx, b.name+"-replication", &replication.ReplicationArgs{
		Replication: b.cfg.Replication, Environment: b.cfg.Environment, Tables: slices.Concat(b.cfg.Source.Tables, b.cfg.Source.Probes()), Exclude: b.cfg.Source.Exclude,
		Source:    replication.SourceEndpoint{EngineName: b.Source.EngineName, SecretArn: b.Bootstrap.ReplicationSecretArn},
		StreamArn: b.Stream.Arn, KmsKeyArn: b.Key.Arn, CaBundle: bundle, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
		SubnetIDs: b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Replication,
		AccountRoles: roles.Dependencies, Stop: b.args.StopTask,
		StartAfter: slices.Concat(b.consumers(), []pulumi.Resource{b.Bootstrap.Invocation}, b.Network.Dependencies),
	}, b.child())
	return err
}

// caBundle is what DMS verifies the database's certificate with. A certificate in DMS is a .pem file of undocumented
// size, https://docs.aws.amazon.com/dms/latest/APIReference/API_ImportCertificate.html, and 80 regional authorities are
// more than a database in this region needs; one that exists may be in another.
func (b *builder) caBundle() (string, error) {
	all := source.RDSCertificates()
	bundle := cmp.Or(b.args.CaBundle, all)
	if bundle != all || b.cfg.Source.Existing != nil {
		return bundle, nil
	}
	region, err := aws.GetRegion(b.ctx, &aws.GetRegionArgs{}, pulumi.Parent(b.Pipeline))
	if err != nil {
		return "", fmt.Errorf("looking up the region: %w", err)
	}
	return source.RDSRegionalCertificates(region.Name), nil
}
