package feed

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (b *builder) source() error {
	cfg, net := b.Args.Source, b.Shared.Network
	if cfg.Existing != nil {
		existing, err := source.NewExisting(b.ctx, b.name+"-source", &source.ExistingArgs{Source: cfg, Environment: b.Environment}, b.child()...)
		if err != nil {
			return err
		}
		b.Feed.Source = existing.Database
		return nil
	}
	args := &source.AuroraArgs{
		Source: cfg, Environment: b.Environment, KmsKeyArn: b.key(), LogRetentionDays: b.LogRetentionDays,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Databases[b.Name],
		StartAfter: []pulumi.Resource{b.Feed.Stream.Resource},
	}
	if cfg.PostgreSQL() {
		args.AlarmTopic = cmp.Or(cfg.AlarmTopic, b.Args.Lake.Tables.AlarmTopic)
		cluster, err := source.NewAuroraPostgreSQL(b.ctx, b.name+"-source", args, b.child()...)
		if err != nil {
			return err
		}
		b.Feed.Source = cluster.Database
		return nil
	}
	cluster, err := source.NewAuroraMySQL(b.ctx, b.name+"-source", args, b.child()...)
	if err != nil {
		return err
	}
	b.Feed.Source = cluster.Database
	return nil
}

func (b *builder) bootstrap() (err error) {
	net := b.Shared.Network
	b.Bootstrap, err = source.NewBootstrap(b.ctx, b.name+"-bootstrap", &source.BootstrapArgs{
		Source: b.Args.Source, Environment: b.Environment, Functions: b.Functions,
		Database: b.Feed.Source, Code: b.Code.Bootstrap, KmsKeyArn: b.key(), CaBundle: b.CaBundle,
		LobMaxSizeKb: b.Args.Replication.LobMaxSizeKb, Canary: b.Args.Feed.Canary,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		StartAfter: net.Dependencies,
	}, b.child()...)
	return err
}

// rotation is set up after the login user exists, because Secrets Manager tests it at once.
func (b *builder) rotation() (err error) {
	if !b.Args.Source.Rotates() {
		return nil
	}
	net := b.Shared.Network
	b.Rotation, err = source.NewRotation(b.ctx, b.name+"-rotation", &source.RotationArgs{
		Source: b.Args.Source, Environment: b.Environment, Functions: b.Functions,
		Database: b.Feed.Source, SecretArn: b.Bootstrap.ReplicationSecretArn, User: b.Bootstrap.ReplicationUser,
		Code: b.Code.Rotation, KmsKeyArn: b.key(), CaBundle: b.CaBundle,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		StartAfter: append([]pulumi.Resource{b.Bootstrap.Invocation}, net.Dependencies...),
	}, b.child()...)
	return err
}

func (b *builder) lake() (err error) {
	b.Feed.Lake, err = lake.NewDelivery(b.ctx, b.name+"-lake-delivery", &lake.DeliveryArgs{
		Lake: b.Args.Lake, Environment: b.Environment, KmsKeyArn: b.key(), LogRetentionDays: b.LogRetentionDays,
		StreamArn: b.Feed.Stream.Arn, BucketArn: b.Shared.Bucket.Arn,
	}, b.child(pulumi.DependsOn(b.Shared.Bucket.Dependencies))...)
	return err
}

// called holds the names of a source's parts, per kind of search destination. Different names let two destinations
// exist side by side, and a part keeps its name when the next destination becomes the present one.
var called = map[config.SearchKind]struct{ delivery, current, failed, parked, registry string }{
	config.OnDomain:      {"-search-delivery", "-current", "search", "current", "current"},
	config.OnCollections: {footprint.CollectionsDelivery, footprint.CollectionsCurrent, "collections", "collections-current", "collections"},
}

// CurrentName is the name of the unnamed source's current state in this pipeline. The index template that all sources
// share has the same name.
func CurrentName(pipeline string, kind config.SearchKind) string {
	return pipeline + called[kind].current
}

// registry is the source's registry for a kind of search destination.
func (b *builder) registry(kind config.SearchKind) string {
	if b.Name == "" {
		return called[kind].registry
	}
	return called[kind].registry + "-" + b.Name
}

// search makes the writers to each search destination.
func (b *builder) search() error {
	for i, place := range b.Shared.Places {
		var into Delivery
		var err error
		if into.Search, err = b.delivery(place); err != nil {
			return err
		}
		from := ""
		if i > 0 {
			from = b.registry(b.Shared.Places[0].Kind)
		}
		if into.Current, err = b.current(place, from); err != nil {
			return err
		}
		b.Deliveries = append(b.Deliveries, into)
	}
	return nil
}

func (b *builder) delivery(place Place) (*search.Delivery, error) {
	names, net := called[place.Kind], b.Shared.Network
	return search.NewDelivery(b.ctx, b.name+names.delivery, &search.DeliveryArgs{ //nolint:wrapcheck // wrapped by the caller
		Search: b.Search.Only(place.Kind), Environment: b.Environment, KmsKeyArn: b.key(), LogRetentionDays: b.LogRetentionDays,
		Source: b.Name, Role: b.Shared.DeliveryRole, StreamArn: b.Feed.Stream.Arn, Target: place.History,
		BackupBucketArn: b.Shared.Bucket.Arn, BackupPrefix: b.Args.Lake.ErrorPrefix + "/" + names.failed,
		VpcSubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Delivery,
		DependsOn: slices.Concat(b.Shared.Bucket.Dependencies, net.Dependencies),
	}, b.child()...)
}

// current is another consumer of the stream. It starts from the stream's oldest record, so it loses nothing when it
// starts late. The task waits for it anyway, because the deployer expects to see rows.
func (b *builder) current(place Place, registryFrom string) (*search.CurrentState, error) {
	if !b.Search.Current.On() {
		return nil, nil
	}
	names, net := called[place.Kind], b.Shared.Network
	return search.NewCurrentState(b.ctx, b.name+names.current, &search.CurrentStateArgs{ //nolint:wrapcheck // wrapped by the caller
		Search: b.Search.Only(place.Kind), Functions: b.Functions, Environment: b.Environment,
		Source: b.Name, Engine: b.Args.Source.Engine, Target: place.Current, Template: place.Template,
		Registry: b.registry(place.Kind), RegistryFrom: registryFrom, Code: b.Code.CurrentState,
		StreamArn: b.Feed.Stream.Arn, StreamRetentionHours: b.Args.Feed.Stream.RetentionHours, Findings: b.Bootstrap.Result,
		ParkingBucketArn: b.Shared.Bucket.Arn, ParkingPrefix: b.Args.Lake.ErrorPrefix + "/" + names.parked, KmsKeyArn: b.key(),
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		DependsOn: slices.Concat(b.Shared.Bucket.Dependencies, net.Dependencies), Measured: b.Measured,
	}, b.child()...)
}

// consumers are the resources that read the stream.
func (b *builder) consumers() []pulumi.Resource {
	all := []pulumi.Resource{b.Feed.Lake.Stream}
	for _, d := range b.Deliveries {
		all = append(all, d.Search.Stream)
		if d.Current != nil {
			all = append(all, d.Current.Mapping)
		}
	}
	return all
}

// replication comes last and starts last. A delivery reads its stream from LATEST, so a record that the task writes
// before the delivery is active would never reach the delivery
// (https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html).
func (b *builder) replication() error {
	bundle, err := b.bundleForDMS()
	if err != nil {
		return err
	}
	cfg, net := b.Args.Source, b.Shared.Network
	b.Feed.Replication, err = replication.NewReplication(b.ctx, b.name+"-replication", &replication.ReplicationArgs{
		Replication: b.Args.Feed.Replication, Environment: b.Environment, Tables: b.Args.Feed.Followed(), Exclude: cfg.Exclude,
		Source: replication.SourceEndpoint{
			EngineName: b.Feed.Source.EngineName, DatabaseName: b.Feed.Source.Name, SecretArn: b.Bootstrap.ReplicationSecretArn,
		},
		StreamArn: b.Feed.Stream.Arn, KmsKeyArn: b.key(), CaBundle: bundle, LogRetentionDays: b.LogRetentionDays,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Replication,
		AccountRoles: b.Shared.AccountRoles.Dependencies, Stop: b.StopTask,
		StartAfter: slices.Concat(b.consumers(), []pulumi.Resource{b.Bootstrap.Invocation}, net.Dependencies),
	}, b.child()...)
	return err
}

// canary looks in the present search destination. It starts after the task, which carries its first change.
func (b *builder) canary() (err error) {
	if !b.Args.Feed.Canary {
		return nil
	}
	net := b.Shared.Network
	b.Feed.Canary, err = canary.New(b.ctx, b.name+footprint.Canary, &canary.Args{
		Feed: b.Args.Feed, Functions: b.Functions, Environment: b.Environment, Target: b.Shared.Places[0].Current,
		SecretArn: b.Bootstrap.ReplicationSecretArn, CaBundle: b.CaBundle, Code: b.Code.Canary, KmsKeyArn: b.key(),
		BucketName: b.Shared.Bucket.Name, BucketArn: b.Shared.Bucket.Arn, FailedPrefix: b.Deliveries[0].Current.FailedPrefix,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		StartAfter: slices.Concat([]pulumi.Resource{b.Bootstrap.Invocation, b.Feed.Replication}, b.Shared.Bucket.Dependencies, net.Dependencies),
	}, pulumi.Parent(b.Feed))
	return err
}

// bundleForDMS is the bundle with which DMS verifies the database's certificate. A certificate in DMS is a .pem file
// of undocumented maximum size, https://docs.aws.amazon.com/dms/latest/APIReference/API_ImportCertificate.html. RDS's
// bundle has 80 regional authorities, but a database made here needs only its region's. An existing database may be
// in another region, so it keeps the whole bundle.
func (b *builder) bundleForDMS() (string, error) {
	bundle := b.bundle()
	if bundle != source.RDSCertificates() || b.Args.Source.Existing != nil {
		return bundle, nil
	}
	region, err := aws.GetRegion(b.ctx, &aws.GetRegionArgs{}, pulumi.Parent(b.Feed))
	if err != nil {
		return "", fmt.Errorf("looking up the region: %w", err)
	}
	return source.RDSRegionalCertificates(region.Name), nil
}
