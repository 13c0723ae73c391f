package pipeline_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func program(cfg config.Config) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: cfg, Code: code(), CaBundles: map[string]string{"": "-----BEGIN CERTIFICATE-----", "orders": "-----BEGIN CERTIFICATE----- of orders"},
		})
		return err
	}
}

func code() feed.Code {
	zip := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
	return feed.Code{Bootstrap: zip, Rotation: zip, CurrentState: zip, Canary: zip}
}

func TestTheTaskStartsAfterTheBootstrapAndEveryConsumer(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	task := strings.Join(r.One(t, "aws:dms/replicationTask:ReplicationTask").DependsOn, " ")
	require.Contains(t, task, "aws:lambda/invocation:Invocation")
	for _, delivery := range r.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") {
		require.Contains(t, task, "::"+delivery.Name, "records written before a delivery is active never reach it")
	}
	require.Len(t, r.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"), 2)
}

func TestTheTaskFollowsTheProbesDatabaseOnlyWhenAskedFor(t *testing.T) {
	mappings := func(cfg config.Config) any {
		return componenttest.Run(t, program(cfg)).One(t, "aws:dms/replicationTask:ReplicationTask").Input("tableMappings")
	}
	require.NotContains(t, mappings(config.Config{}), "conformance")
	asked := mappings(config.Config{Source: config.Source{Conformance: true}})
	require.Contains(t, asked, `"schema-name": "cdc[_]conformance"`)
	require.Contains(t, asked, `"schema-name": "testdb"`)
}

func TestTheDatabaseIsReachedOnlyAfterTheNetworkIsWhole(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	for _, typ := range []string{"aws:lambda/invocation:Invocation", "aws:dms/replicationTask:ReplicationTask"} {
		dependencies := strings.Join(r.One(t, typ).DependsOn, " ")
		require.Contains(t, dependencies, "aws:ec2/vpcEndpoint:VpcEndpoint", typ)
	}
}

func TestWhatRefusesAYoungRoleIsMadeAfterTheStream(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	stream := strings.Join(r.One(t, "aws:kinesis/stream:Stream").DependsOn, " ")
	for _, role := range r.All("aws:iam/serviceLinkedRole:ServiceLinkedRole") {
		require.Contains(t, stream, "::"+role.Name)
	}
	require.Len(t, r.All("aws:iam/serviceLinkedRole:ServiceLinkedRole"), 2, "of OpenSearch and RDS")
	for _, typ := range []string{"aws:opensearch/domain:Domain", "aws:rds/cluster:Cluster"} {
		require.Contains(t, strings.Join(r.One(t, typ).DependsOn, " "), "aws:kinesis/stream:Stream", typ)
	}
	require.Contains(t, stream, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy::cdc-search-logs")
}

func TestTheRoleThatDeletesFirehosesInterfacesOutlivesTheirSecurityGroup(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	group := strings.Join(r.One(t, "aws:ec2/securityGroup:SecurityGroup", "cdc-network-delivery").DependsOn, " ")
	require.Contains(t, group, "aws:iam/role:Role::cdc-search-delivery-role")
	require.Contains(t, group, "aws:iam/rolePolicy:RolePolicy::cdc-search-delivery-interfaces")
	for _, x := range r.All("aws:ec2/securityGroup:SecurityGroup") {
		if x.Name != "cdc-network-delivery" {
			require.NotContains(t, strings.Join(x.DependsOn, " "), "cdc-search-delivery", x.Name)
		}
	}
}

func TestStatefulResourcesAreProtectedInProdOnly(t *testing.T) {
	stateful := []string{"aws:rds/cluster:Cluster", "aws:kinesis/stream:Stream", "aws:opensearch/domain:Domain", "aws:s3/bucketV2:BucketV2"}
	for env, want := range map[config.Environment]bool{config.Dev: false, config.Prod: true} {
		r := componenttest.Run(t, program(config.Config{Environment: env}))
		for _, typ := range stateful {
			found := r.All(typ)
			require.NotEmpty(t, found, typ)
			for _, x := range found {
				require.Equalf(t, want, x.Protect, "%s in %s", x.Name, env)
			}
		}
		require.Equal(t, want, r.One(t, "aws:kms/key:Key").RetainOnDelete, "what is kept stays readable")
	}
}

func TestDMSTrustsTheAuthoritiesOfTheRegionAlone(t *testing.T) {
	bundle := func(given string) string {
		pem, ok := componenttest.Run(t, func(ctx *pulumi.Context) error {
			_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
				CaBundles: map[string]string{"": given}, Code: code(),
			})
			return err
		}).One(t, "aws:dms/certificate:Certificate").Input("certificatePem").(string)
		require.True(t, ok)
		return pem
	}
	own := bundle("")
	require.Equal(t, source.RDSRegionalCertificates(componenttest.Region), own)
	require.Equal(t, own, bundle(source.RDSCertificates()))
	require.Equal(t, "mine\n", bundle("mine"))
}

func TestLogsAreKeptAsLongAsEachOther(t *testing.T) {
	flowLogs := config.Network{FlowLogs: new(true)}
	for want, cfg := range map[float64]config.Config{
		14: {Network: flowLogs},
		90: {Environment: config.Prod},
		30: {Network: flowLogs, Functions: config.Functions{LogRetentionDays: 30}},
	} {
		r := componenttest.Run(t, program(cfg))
		groups := r.All("aws:cloudwatch/logGroup:LogGroup")
		require.Len(t, groups, 15+2*len(r.All("aws:glue/job:Job")))
		for _, group := range groups {
			require.EqualValues(t, want, group.Input("retentionInDays"), group.Name)
		}
	}
}

func TestEverythingHasAParent(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{Environment: config.Prod}))
	for _, x := range r.Resources() {
		if x.Type != "cdcpipeline:pipeline:Pipeline" && x.Type != "pulumi:pulumi:Stack" {
			require.NotContains(t, x.Parent, "pulumi:pulumi:Stack::", "%s %s hangs on the stack itself", x.Type, x.Name)
			require.NotEmpty(t, x.Parent, "%s %s", x.Type, x.Name)
		}
	}
}

func TestThePasswordIsRotatedOfAUserThatIsMadeHere(t *testing.T) {
	const schedule = "aws:secretsmanager/secretRotation:SecretRotation"
	r := componenttest.Run(t, program(config.Config{}))
	require.Contains(t, strings.Join(r.One(t, schedule).DependsOn, " "), "aws:lambda/invocation:Invocation")
	require.Equal(t, r.One(t, "aws:dms/endpoint:Endpoint", "cdc-replication-source").Input("secretsManagerArn"), r.One(t, schedule).Input("secretId"))
	r = componenttest.Run(t, program(config.Config{Source: config.Source{RotationDays: new(0)}}))
	require.Empty(t, r.All(schedule))
}

func TestAnInvalidConfigurationMakesNothing(t *testing.T) {
	cfg := config.Config{Search: config.Search{DomainName: "Retail"}, Stream: config.Stream{RetentionHours: 1}}
	r, err := componenttest.Try(program(cfg))
	require.ErrorContains(t, err, "search.domainName")
	require.ErrorContains(t, err, "stream.retentionHours")
	require.Empty(t, r.All("aws:kms/key:Key"))
}

func TestCollectionsTakeThePlaceOfTheDomain(t *testing.T) {
	for _, env := range []config.Environment{config.Dev, config.Prod} {
		r := componenttest.Run(t, program(config.Config{Environment: env, Search: config.Search{Kind: config.OnCollections}}))
		require.Len(t, r.All("aws:opensearch/serverlessCollection:ServerlessCollection"), 2)
		for _, x := range r.Resources() {
			require.NotContains(t, x.Type, "aws:opensearch/domain")
			require.NotContains(t, x.Name, "cdc-linked-role")
			require.NotContains(t, x.Type, "logResourcePolicy")
		}
		require.Len(t, r.All("aws:iam/serviceLinkedRole:ServiceLinkedRole"), 1, "of RDS")
		group := r.One(t, "aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint").Input("securityGroupIds")
		require.Equal(t, []any{"cdc-network-search-id"}, group)
		for _, from := range []string{"delivery", "functions", "bastion"} {
			rule := r.One(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cdc-network-search-from-"+from)
			require.EqualValues(t, 443, rule.Input("fromPort"))
		}
		task := strings.Join(r.One(t, "aws:dms/replicationTask:ReplicationTask").DependsOn, " ")
		require.Contains(t, task, "::cdc-collections-delivery")
		require.Contains(t, task, "::cdc-collections-current")
	}
}

func TestTheNextPlaceIsMadeBesideThePresentOneAndStaysAsItIs(t *testing.T) {
	for kind, next := range map[config.SearchKind]config.SearchKind{config.OnDomain: config.OnCollections, config.OnCollections: config.OnDomain} {
		both := componenttest.Run(t, program(config.Config{Search: config.Search{Kind: kind, Next: next}}))
		require.Len(t, both.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"), 3)
		require.Len(t, both.All("aws:lambda/eventSourceMapping:EventSourceMapping"), 2)
		for _, alone := range []config.SearchKind{kind, next} {
			was := map[string]componenttest.Registered{}
			for _, x := range both.Resources() {
				was[x.Type+" "+x.Name] = x
			}
			for _, x := range componenttest.Run(t, program(config.Config{Search: config.Search{Kind: alone}})).Resources() {
				if alone == next && strings.Contains(x.Name, "cdc-canary") {
					continue // it looks in the present destination
				}
				before, ok := was[x.Type+" "+x.Name]
				require.Truef(t, ok, "%s %s is new when %s is searched alone", x.Type, x.Name, alone)
				if begins := strings.HasSuffix(x.Name, "-current-role") || strings.HasSuffix(x.Name, "-current-function"); alone == next && begins {
					continue // it knows the other registry, and may copy it, as long as there is one
				}
				if x.Type == compositeAlarm || x.Type == dashboardType {
					continue // they cover whatever exists
				}
				require.Equal(t, before.Inputs, x.Inputs, x.Name)
			}
		}
	}
}

func ExampleNew() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "orders", &pipeline.Args{
			Config: config.Config{
				Environment: config.Prod,
				Source:      config.Source{Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"orders.sql"}},
			},
			Code: feed.Code{
				Bootstrap:    pulumi.NewFileArchive("bootstrap.zip"),
				Rotation:     pulumi.NewFileArchive("rotation.zip"),
				CurrentState: pulumi.NewFileArchive("currentstate.zip"),
				Canary:       pulumi.NewFileArchive("canary.zip"),
			},
		})
		return err
	})
}
