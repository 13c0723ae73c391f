package program

import (
	"cdcpipeline/config"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// walkthrough is a stack with the walkthrough's names.
func walkthrough(environment string) former {
	return former{
		environment: environment, streams: map[string]string{"": "retail_trans_stream"}, domain: "retail-trans", clusters: map[string]string{"": "dms-src"},
		vpc: "vpc-1", key: "arn:aws:kms:us-east-1:123456789012:key/1", bucket: "cdc-lake-1",
	}
}

func checked(last former, set config.Config, stack string) error {
	return check(last, stack, set.Named(stack).WithDefaults())
}

func TestAStackThatIsRenamedByItsDefaultsIsRefused(t *testing.T) {
	for _, environment := range []string{"", "dev", "prod"} {
		err := checked(walkthrough(environment), config.Config{Environment: config.Environment(environment)}, "staging")
		require.ErrorContains(t, err, "stream.name: the stream of this stack is retail_trans_stream. The deployment would replace it by retail_trans_stream_staging")
		for _, pin := range []string{
			"pulumi config set --path cdc-pipeline:stream.name retail_trans_stream",
			"pulumi config set --path cdc-pipeline:search.domainName retail-trans",
			"pulumi config set --path cdc-pipeline:source.clusterName dms-src",
		} {
			require.ErrorContains(t, err, pin)
		}
	}
}

func TestAStackThatKeepsItsNamesIsNotRefused(t *testing.T) {
	pinned := config.Config{Source: config.Source{ClusterName: "dms-src"}, Stream: config.Stream{Name: "retail_trans_stream"}, Search: config.Search{DomainName: "retail-trans"}}
	require.NoError(t, checked(walkthrough("dev"), pinned, "staging"))
	require.NoError(t, checked(walkthrough("dev"), config.Config{}, "dev"))
	require.NoError(t, checked(former{}, config.Config{}, "staging"), "before its first deployment")
	named := former{streams: map[string]string{"": "retail_trans_stream_staging"}, domain: "retail-trans-staging", clusters: map[string]string{"": "dms-src-staging"}}
	require.NoError(t, checked(named, config.Config{}, "staging"))
	existing := former{streams: map[string]string{"": "retail_trans_stream_staging"}, domain: "retail-trans-staging"}
	require.NoError(t, checked(existing, config.Config{Source: config.Source{Existing: &config.ExistingDatabase{Host: "h"}}}, "staging"))
}

func TestANameThatIsSetIsTheUsersToChangeExceptWhileTheStackTurnsIntoProd(t *testing.T) {
	set := config.Config{Stream: config.Stream{Name: "changes"}}
	require.NoError(t, checked(walkthrough("dev"), set, "dev"))
	set.Environment = config.Prod
	require.NoError(t, checked(walkthrough("prod"), set, "dev"), "the engine protects it")
	err := checked(walkthrough("dev"), set, "dev")
	require.ErrorContains(t, err, "stream.name: the deployment that makes the stack prod would replace the stream retail_trans_stream by changes, because it protects resources only afterwards")
	require.ErrorContains(t, err, "pulumi config set --path cdc-pipeline:stream.name retail_trans_stream")
}

func TestANamedSourceKeepsItsNamesWhileTheStackTurnsIntoProd(t *testing.T) {
	last := walkthrough("dev")
	last.streams["orders"], last.clusters["orders"] = "retail_trans_stream_orders", "dms-src-orders"
	set := config.Config{Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {}, "billing": {}}}
	require.NoError(t, checked(last, set, "dev"))
	set.Environment = config.Prod
	require.NoError(t, checked(last, set, "dev"))
	set.Sources["orders"] = config.NamedSource{Stream: config.Stream{Name: "changes"}}
	require.ErrorContains(t, checked(last, set, "dev"), "pulumi config set --path cdc-pipeline:sources.orders.stream.name retail_trans_stream_orders")
}

func TestNothingThatIsStoredMovesWhileTheStackTurnsIntoProd(t *testing.T) {
	set := config.Config{
		Environment: config.Prod, Network: config.Network{VpcID: "vpc-2"}, Lake: config.Lake{BucketName: "another"},
		Encryption: config.Encryption{KmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/2"},
	}
	err := checked(walkthrough("dev"), set, "dev")
	for _, key := range []string{"network.vpcId: the deployment that makes the stack prod would also move it from vpc-1 to vpc-2", "encryption.kmsKeyArn: ", "lake.bucketName: the deployment that makes the stack prod would also replace the lake cdc-lake-1 by another"} {
		require.ErrorContains(t, err, key)
	}
	require.NoError(t, checked(walkthrough("prod"), set, "dev"))
	require.NoError(t, checked(walkthrough("dev"), config.Config{Environment: config.Prod}, "dev"))
}

func TestCollectionsKeepTheirNameAndTheirKind(t *testing.T) {
	collections := config.Config{Search: config.Search{Kind: config.OnCollections}}
	was := former{environment: "dev", collections: "retail-trans"}
	err := checked(was, collections, "staging")
	require.ErrorContains(t, err, "search.collectionName: the collections of this stack is retail-trans. The deployment would replace it by retail-trans-staging")
	require.NoError(t, checked(was, collections, "dev"))

	require.ErrorContains(t, checked(walkthrough("dev"), collections, "dev"), "search.kind: the deployment would delete the domain retail-trans, and its replacement would begin empty")
	require.ErrorContains(t, checked(was, config.Config{}, "dev"), "pulumi config set --path cdc-pipeline:search.next domain")
	both := walkthrough("dev")
	both.collections = "retail-trans"
	require.NoError(t, checked(both, collections, "dev"), "the end of a move")
	require.NoError(t, checked(both, config.Config{}, "dev"))

	collections.Environment = config.Prod
	require.NoError(t, checked(was, collections, "dev"))
	require.ErrorContains(t, checked(both, collections, "dev"), "search.kind: the deployment that makes the stack prod would also replace the domain retail-trans by collections")
	require.ErrorContains(t, checked(both, config.Config{Environment: config.Prod}, "dev"), "the deployment that makes the stack prod would also replace the collections retail-trans")
}

func TestATableThatThereIsKeepsItsFormat(t *testing.T) {
	last := walkthrough("dev")
	last.tableFormat, last.generation = "iceberg", 3
	of := func(format config.TableFormat, generation int) error {
		return checked(last, config.Config{Lake: config.Lake{Tables: config.LakeTables{Format: format, Generation: generation}}}, "dev")
	}
	for _, generation := range []int{1, 3} {
		err := of(config.FormatDelta, generation)
		require.ErrorContains(t, err, "lake.tables.format: the lake's tables are iceberg, and a table cannot change its format")
		require.ErrorContains(t, err, "pulumi config set --path cdc-pipeline:lake.tables.generation 4\n")
	}
	require.NoError(t, of(config.FormatDelta, 4), "another table")
	require.NoError(t, of(config.FormatIceberg, 3))
	require.NoError(t, of(config.FormatNone, 3), "the table stays as it is")
	last.tableFormat = ""
	require.NoError(t, of(config.FormatDelta, 3), "the stack has none")
}

// state plays the engine, which reads the stack's state.
type state struct{ outputs, resources resource.PropertyMap }

func (s state) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return args.Name, args.Inputs, nil
}

func (s state) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	found := s.outputs
	if args.Token == "pulumi:pulumi:readStackResourceOutputs" {
		found = s.resources
	}
	return resource.PropertyMap{"outputs": resource.NewObjectProperty(found)}, nil
}

func last(t *testing.T, preview bool, s state) (f former) {
	t.Helper()
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) (err error) {
		f, err = lastDeployment(ctx)
		return err
	}, pulumi.WithMocks("project", "stack", s), func(r *pulumi.RunInfo) { r.DryRun = preview }))
	return f
}

func TestTheLastDeploymentIsReadFromTheStacksState(t *testing.T) {
	resources := map[string]any{}
	for urn, r := range map[string][3]string{
		"a::changes":                   {"cdcpipeline:stream:ChangeStream", "environment", "dev"},
		"b::cdc-stream-stream":         {"aws:kinesis/stream:Stream", "name", "changes"},
		"b::cdc-orders-stream-stream":  {"aws:kinesis/stream:Stream", "name", "changes_orders"},
		"c::orders-domain":             {"aws:opensearch/domain:Domain", "domainName", "orders"},
		"f::rows-history":              {"aws:opensearch/serverlessCollection:ServerlessCollection", "name", "rows-history"},
		"d::cdc-source-cluster":        {"aws:rds/cluster:Cluster", "clusterIdentifier", "rows"},
		"d::cdc-orders-source-cluster": {"aws:rds/cluster:Cluster", "clusterIdentifier", "orders"},
		"e::net-vpc":                   {"aws:ec2/vpc:Vpc", "id", "vpc-1"},
		"f::key":                       {"aws:kms/key:Key", "arn", "arn:key"},
		"g::cdc-lake-bucket":           {"aws:s3/bucketV2:BucketV2", "bucket", "lake"},
		"h::cdc-lake-logs":             {"aws:s3/bucketV2:BucketV2", "bucket", "logs"},
		"k::cdc-replication-source":    {"aws:dms/endpoint:Endpoint", "engineName", "aurora"},
		"k::cdc-replication-target":    {"aws:dms/endpoint:Endpoint", "engineName", "kinesis"},
	} {
		resources[urn] = map[string]any{"type": r[0], "outputs": map[string]any{r[1]: r[2]}}
	}
	resources["j::tables"] = map[string]any{"type": "cdcpipeline:lake:Tables", "outputs": map[string]any{"format": "hudi", "generation": 2}}
	// A refresh has read the function, so only the hash of its archive is known.
	resources["i::function"] = map[string]any{"type": "aws:lambda/function:Function", "outputs": map[string]any{
		"code": &archive.Archive{Sig: resource.ArchiveSig, Hash: "c0ffee"}, "environment": map[string]any{"variables": map[string]any{"TABLES": "[]"}},
	}}
	whole := state{outputs: resource.NewPropertyMapFromMap(map[string]any{"streamName": "changes"}), resources: resource.NewPropertyMapFromMap(resources)}
	want := former{
		environment: "dev", domain: "orders", collections: "rows", vpc: "vpc-1", key: "arn:key", bucket: "lake", tableFormat: "hudi", generation: 2,
		streams: map[string]string{"": "changes", "orders": "changes_orders"}, clusters: map[string]string{"": "rows", "orders": "orders"},
		engines: map[string]string{"": "aurora"}, databases: map[string]string{"": ""},
	}
	require.ElementsMatch(t, []string{"b::cdc-orders-stream-stream", "d::cdc-orders-source-cluster"}, last(t, true, whole).urns["orders"])
	of := func(preview bool) former {
		found := last(t, preview, whole)
		found.urns = nil
		return found
	}
	require.Equal(t, want, of(true))
	whole.outputs = nil // as in an update
	require.Equal(t, want, of(false))
	require.True(t, last(t, false, state{}).never, "before the first")
}

func TestAPreviewOfAStackWithoutStateAsksForNoResources(t *testing.T) {
	require.Equal(t, former{never: true}, last(t, true, state{resources: resource.NewPropertyMapFromMap(map[string]any{
		"a": map[string]any{"type": "aws:kinesis/stream:Stream", "outputs": map[string]any{"name": "never asked"}},
	})}))
}

func TestASourceKeepsItsDatabase(t *testing.T) {
	last := formerOf(map[string]resourceState{
		"urn::cdc-replication-source": endpointOf("aurora", ""), "urn::cdc-replication-target": endpointOf("kinesis", ""),
		"urn::cdc-orders-replication-source": endpointOf("postgres", "shop"),
	})
	set := config.Config{
		Source:  config.Source{Enabled: new(true)},
		Sources: map[string]config.NamedSource{"orders": {Source: config.Source{Engine: config.EnginePostgreSQL, DatabaseName: "shop"}}},
	}
	require.NoError(t, checked(last, set, "dev"))
	set.Source.Engine = config.EnginePostgreSQL
	set.Sources["orders"] = config.NamedSource{Source: config.Source{Engine: config.EnginePostgreSQL, DatabaseName: "stock"}}
	err := checked(last, set, "dev")
	require.ErrorContains(t, err, "source.engine: the engine of this source is mysql and would become postgresql, but stored records do not say which database they come from")
	require.ErrorContains(t, err, "pulumi config set --path cdc-pipeline:source.engine mysql")
	require.ErrorContains(t, err, "sources.orders.databaseName: the database of this source is shop and would become stock, but stored records do not say which database they come from")
	set.Sources["orders"] = config.NamedSource{}
	require.ErrorContains(t, checked(last, set, "dev"), "sources.orders.engine: the engine of this source is postgresql and would become mysql, but stored records do not say which database they come from")
}

func endpointOf(engine, database string) (r resourceState) {
	r.Type, r.Outputs.EngineName, r.Outputs.DatabaseName = "aws:dms/endpoint:Endpoint", engine, database
	return r
}
