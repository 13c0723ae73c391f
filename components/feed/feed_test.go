package feed_test

import (
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/feed"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const deliveryType = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

// configured is an existing source with one table.
func configured(name string) config.Feed {
	cfg := config.Config{
		Source: config.Source{
			Enabled:  new(true),
			Existing: &config.ExistingDatabase{Host: "db.example.internal", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf", SecurityGroupID: "sg-0123456789abcdef0"},
			Tables:   []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"feed_test.go"},
		},
	}
	if name != "" {
		cfg.Sources = map[string]config.NamedSource{name: {Source: cfg.Source}}
	}
	feeds := cfg.WithDefaults().Feeds()
	return feeds[len(feeds)-1]
}

// shared makes a search domain, a lake and the network to both.
func shared(ctx *pulumi.Context) (s feed.Shared, err error) {
	if s.Key, err = encryption.NewKey(ctx, "key", &encryption.KeyArgs{}); err != nil {
		return s, err
	}
	if s.DeliveryRole, err = search.NewDeliveryRole(ctx, "search-delivery", &search.DeliveryRoleArgs{}); err != nil {
		return s, err
	}
	if s.Network, err = network.NewNetwork(ctx, "network", &network.NetworkArgs{Databases: []network.Database{{Source: "orders"}}}); err != nil {
		return s, err
	}
	if s.Bucket, err = lake.NewBucket(ctx, "lake", &lake.BucketArgs{KmsKeyArn: s.Key.Arn}); err != nil {
		return s, err
	}
	if s.AccountRoles, err = replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{}); err != nil {
		return s, err
	}
	domain, err := search.NewDomain(ctx, "search", &search.DomainArgs{
		SubnetIDs: []pulumi.StringInput{s.Network.Subnets[0]}, SecurityGroupID: s.Network.SecurityGroups.Search, KmsKeyArn: s.Key.Arn,
	})
	if err != nil {
		return s, err
	}
	access, err := search.NewAccess(ctx, "search-access", &search.AccessArgs{Domain: domain})
	if err != nil {
		return s, err
	}
	template, err := search.CurrentTemplate("current", access.Target(), config.Search{}.WithDefaults(config.Dev))
	s.Places = []feed.Place{{Kind: config.OnDomain, History: access.Target(), Current: access.Target(), Template: template}}
	return s, err
}

// program makes a feed of a source; change may edit its arguments.
func program(name string, change func(*feed.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		all, err := shared(ctx)
		if err != nil {
			return err
		}
		changes, err := stream.NewChangeStream(ctx, name+"-stream", &stream.ChangeStreamArgs{KmsKeyArn: all.Key.Arn})
		if err != nil {
			return err
		}
		zip := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		args := &feed.Args{
			Feed: configured(name), Shared: all, Stream: changes, Code: feed.Code{Bootstrap: zip, Rotation: zip, CurrentState: zip, Canary: zip},
		}
		if change != nil {
			change(args)
		}
		_, err = feed.New(ctx, "cdc-"+name, args)
		return err
	}
}

func TestTheTaskStartsAfterEveryConsumerAndTheBootstrap(t *testing.T) {
	r := componenttest.Run(t, program("orders", nil))
	after := strings.Join(r.One(t, "aws:dms/replicationTask:ReplicationTask").DependsOn, " ")
	for _, want := range []string{
		"FirehoseDeliveryStream::cdc-orders-lake-delivery-delivery", "FirehoseDeliveryStream::cdc-orders-search-delivery",
		"EventSourceMapping::cdc-orders-current", "Invocation::cdc-orders-bootstrap-invocation",
	} {
		require.Contains(t, after, want)
	}
}

func TestAllReadTheStreamThatTheTaskWrites(t *testing.T) {
	r := componenttest.Run(t, program("orders", nil))
	const arn = "arn:aws:kinesis:us-east-1:123456789012:orders-stream-stream"
	for _, delivery := range r.All(deliveryType) {
		require.Equal(t, arn, delivery.Input("kinesisSourceConfiguration").(map[string]any)["kinesisStreamArn"], delivery.Name)
	}
	require.Len(t, r.All(deliveryType), 2)
	require.Equal(t, arn, r.One(t, "aws:lambda/eventSourceMapping:EventSourceMapping").Input("eventSourceArn"))
	require.Equal(t, arn, r.One(t, "aws:dms/endpoint:Endpoint", "cdc-orders-replication-target").Input("kinesisSettings").(map[string]any)["streamArn"])
}

func TestANamedSourceHasPlacesOfItsOwn(t *testing.T) {
	r := componenttest.Run(t, program("orders", nil))
	s3 := r.One(t, deliveryType, "cdc-orders-lake-delivery-delivery").Input("extendedS3Configuration").(map[string]any)
	require.True(t, strings.HasPrefix(s3["prefix"].(string), "raw/source=orders/schema="), s3["prefix"])
	require.True(t, strings.HasPrefix(s3["errorOutputPrefix"].(string), "errors/source=orders/lake/"), s3["errorOutputPrefix"])
	to := r.One(t, deliveryType, "cdc-orders-search-delivery").Input("opensearchConfiguration").(map[string]any)
	require.Equal(t, "orders-retail-trans", to["indexName"])
	require.Equal(t, "errors/source=orders/search/", to["s3Configuration"].(map[string]any)["prefix"])
	variables := r.One(t, "aws:lambda/function:Function", "cdc-orders-current-function").Input("environment").(map[string]any)["variables"].(map[string]any)
	require.Equal(t, []any{"orders", "current-orders", "errors/source=orders/current/"}, []any{variables["SOURCE"], variables["REGISTRY"], variables["PARKING_PREFIX"]})
}

func TestAFeedOfPostgreSQLFollowsItsDatabase(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:123456789012:ops"
	r := componenttest.Run(t, program("orders", func(a *feed.Args) {
		a.Source = config.Source{Engine: config.EnginePostgreSQL}.WithDefaults(config.Dev)
		a.Lake.Tables.AlarmTopic = topic
	}))
	require.Equal(t, "aurora-postgresql", r.One(t, "aws:rds/cluster:Cluster").Input("engine"))
	endpoint := r.One(t, "aws:dms/endpoint:Endpoint", "cdc-orders-replication-source")
	require.Equal(t, []any{"aurora-postgresql", "testdb"}, []any{endpoint.Input("engineName"), endpoint.Input("databaseName")})
	require.Contains(t, r.One(t, "aws:dms/replicationTask:ReplicationTask").Input("replicationTaskSettings"), `"ColumnFilter": "all"`)
	require.Equal(t, []any{topic}, r.One(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "cdc-orders-source-slot").Input("alarmActions"), "who is told of tables")
	variables := r.One(t, "aws:lambda/function:Function", "cdc-orders-current-function").Input("environment").(map[string]any)["variables"].(map[string]any)
	require.Equal(t, "postgresql", variables["SOURCE_KIND"])
}

func TestAFeedIsTheParentOfItsParts(t *testing.T) {
	r := componenttest.Run(t, program("orders", nil))
	for _, x := range r.Resources() {
		if strings.HasPrefix(x.Type, "cdcpipeline:") && strings.HasPrefix(x.Name, "cdc-orders-") && x.Type != "cdcpipeline:feed:Feed" {
			require.Contains(t, x.Parent, "cdcpipeline:feed:Feed::cdc-orders-feed", x.Name)
			require.Empty(t, x.Former(""), "nothing had it before")
		}
	}
}

func TestPartsThatASourceDoesNotWantAreLeftOut(t *testing.T) {
	r := componenttest.Run(t, program("orders", func(a *feed.Args) {
		a.Source.RotationDays, a.Search.Current.Enabled = new(0), new(false)
		a.Code = feed.Code{Bootstrap: a.Code.Bootstrap}
	}))
	require.Empty(t, r.All("aws:secretsmanager/secretRotation:SecretRotation"))
	require.Empty(t, r.All("aws:lambda/eventSourceMapping:EventSourceMapping"))
}

// The bootstrap makes the canary's table, the task follows it, and the canary looks for its row in the current index.
func TestACanaryGoesAllTheWay(t *testing.T) {
	r := componenttest.Run(t, program("orders", nil))
	require.Contains(t, r.One(t, "aws:lambda/invocation:Invocation").Input("input"), `"canary":true`)
	mappings := r.One(t, "aws:dms/replicationTask:ReplicationTask").Input("tableMappings")
	require.Contains(t, mappings, `"schema-name": "cdc[_]canary"`)
	after := strings.Join(r.One(t, "aws:scheduler/schedule:Schedule", "cdc-orders-canary-schedule").DependsOn, " ")
	for _, want := range []string{"ReplicationTask::cdc-orders-replication-task", "Invocation::cdc-orders-bootstrap-invocation", "RolesMapping::search-access-cdc-orders-canary"} {
		require.Contains(t, after, want)
	}
	variables := r.One(t, "aws:lambda/function:Function", "cdc-orders-canary-function").Input("environment").(map[string]any)["variables"].(map[string]any)
	require.Contains(t, variables["CANARY"], "aws/lambda/", "what Lambda gives up is counted among what is parked")

	r = componenttest.Run(t, program("orders", func(a *feed.Args) { a.Feed.Canary, a.Code.Canary = false, nil }))
	require.NotContains(t, r.One(t, "aws:lambda/invocation:Invocation").Input("input"), `"canary":`)
	require.NotContains(t, r.One(t, "aws:dms/replicationTask:ReplicationTask").Input("tableMappings"), "canary")
	require.Empty(t, r.All("cdcpipeline:canary:Canary"))
}

func TestAFeedSaysAllThatIsMissing(t *testing.T) {
	_, err := componenttest.Try(program("orders", func(a *feed.Args) { *a = feed.Args{Feed: a.Feed} }))
	for _, want := range []string{"Shared.Network", "Shared.Key", "Shared.Bucket", "Shared.DeliveryRole", "Shared.AccountRoles", "Shared.Places", "Stream"} {
		require.ErrorContains(t, err, want+": is missing")
	}
}
