package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/source/mysql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	mappingType  = "aws:lambda/eventSourceMapping:EventSourceMapping"
	functionType = "aws:lambda/function:Function"
	bucketArn    = "arn:aws:s3:::lake"
	changesArn   = "arn:aws:kinesis:us-east-1:123456789012:stream/changes"
)

// currentProgram makes a domain, its contents, and the current state.
func currentProgram(change func(*search.CurrentStateArgs)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "search", domainArgs(config.Dev))
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain})
		if err != nil {
			return err
		}
		way, err := ec2.NewVpcEndpoint(ctx, "way", &ec2.VpcEndpointArgs{VpcId: pulumi.String("vpc"), ServiceName: pulumi.String("s3")})
		if err != nil {
			return err
		}
		template, err := search.CurrentTemplate("current", access.Target(), config.Search{}.WithDefaults(config.Dev))
		if err != nil {
			return err
		}
		a := &search.CurrentStateArgs{
			Target: access.Target(), Template: template, Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			StreamArn: pulumi.String(changesArn), ParkingBucketArn: pulumi.String(bucketArn), ParkingPrefix: "errors/current/",
			KmsKeyArn: pulumi.String(key), SubnetIDs: pulumi.ToStringArray([]string{"a", "b"}), SecurityGroupID: pulumi.String("group-3"),
			DependsOn: []pulumi.Resource{way},
		}
		if change != nil {
			change(a)
		}
		_, err = search.NewCurrentState(ctx, "current", a)
		return err
	}
}

func runCurrent(t *testing.T, change func(*search.CurrentStateArgs)) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, currentProgram(change))
}

func TestCurrentStateSaysAllThatIsMissing(t *testing.T) {
	_, err := componenttest.Try(currentProgram(func(a *search.CurrentStateArgs) {
		*a = search.CurrentStateArgs{Target: a.Target, StreamRetentionHours: 24}
		a.Current.Enabled = new(false)
	}))
	for _, want := range []string{
		"Code", "Template", "StreamArn", "ParkingBucketArn", "KmsKeyArn", "SubnetIDs", "SecurityGroupID",
		"search.current.enabled: is false", "search.current.maxAgeHours: 144 is not less than StreamRetentionHours (24)",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = componenttest.Try(currentProgram(func(a *search.CurrentStateArgs) { a.Target = search.Target{} }))
	require.ErrorContains(t, err, "Target.Endpoint: is missing")
	require.ErrorContains(t, err, "Target.Grant: is missing")
}

// A record that cannot be applied is retried until the stream nearly expires it, then stored whole. Nothing else
// waits for it for ever.
func TestTheStreamIsReadFromItsBeginningAndNothingIsDropped(t *testing.T) {
	mapping := runCurrent(t, nil).One(t, mappingType)
	for input, want := range map[string]any{
		"eventSourceArn": changesArn, "functionName": "arn:aws:lambda:us-east-1:123456789012:current-function", "startingPosition": "TRIM_HORIZON",
		"batchSize": 500., "maximumBatchingWindowInSeconds": 1., "parallelizationFactor": 1., "bisectBatchOnFunctionError": true,
		"maximumRetryAttempts": -1., "maximumRecordAgeInSeconds": 144. * 3600, "functionResponseTypes": []any{"ReportBatchItemFailures"},
		"destinationConfig": map[string]any{"onFailure": map[string]any{"destinationArn": bucketArn}},
	} {
		require.Equal(t, want, mapping.Input(input), input)
	}
}

func TestSettingsOfTheMappingAreConfigured(t *testing.T) {
	r := runCurrent(t, func(a *search.CurrentStateArgs) {
		a.Current = config.CurrentState{
			BatchSize: 100, BatchSeconds: new(0), Parallelization: 4, BisectOnError: new(false), RetryAttempts: new(3), MaxAgeHours: 1,
			ReservedConcurrency: 40, MemoryMb: 1024, TimeoutSeconds: 60, SweepHours: 1, Compress: new(false),
		}
	})
	mapping, function := r.One(t, mappingType), r.One(t, functionType)
	for input, want := range map[string]any{
		"batchSize": 100., "maximumBatchingWindowInSeconds": 0., "parallelizationFactor": 4., "bisectBatchOnFunctionError": false,
		"maximumRetryAttempts": 3., "maximumRecordAgeInSeconds": 3600.,
	} {
		require.Equal(t, want, mapping.Input(input), input)
	}
	require.Equal(t, []any{40., 1024., 60.}, []any{function.Input("reservedConcurrentExecutions"), function.Input("memorySize"), function.Input("timeout")})
	require.Equal(t, "true", section(t, function, "environment")["variables"].(map[string]any)["BULK_PLAIN"])
	require.Equal(t, "rate(1 hour)", r.One(t, "aws:scheduler/schedule:Schedule").Input("scheduleExpression"))
}

func TestTheMappingIsMadeAfterAllThatTheFunctionNeeds(t *testing.T) {
	r := runCurrent(t, nil)
	for _, typ := range []string{mappingType, "aws:scheduler/schedule:Schedule"} {
		dependsOn := strings.Join(r.One(t, typ).DependsOn, " ")
		for _, want := range []string{
			"rolesMapping:RolesMapping::access-current", "rolePolicy:RolePolicy::current-role", "composableIndexTemplate:ComposableIndexTemplate::current",
			"vpcEndpoint:VpcEndpoint::way", functionType,
		} {
			require.Contains(t, dependsOn, want, typ)
		}
	}
	require.Contains(t, strings.Join(r.One(t, functionType).DependsOn, " "), "rolePolicy:RolePolicy::current-role")
}

func TestFanOutReadsThroughAConsumerOfItsOwn(t *testing.T) {
	require.Empty(t, runCurrent(t, nil).All("aws:kinesis/streamConsumer:StreamConsumer"))
	r := runCurrent(t, func(a *search.CurrentStateArgs) { a.Environment = config.Prod })
	consumer := r.One(t, "aws:kinesis/streamConsumer:StreamConsumer")
	require.Equal(t, changesArn, consumer.Input("streamArn"))
	require.Nil(t, consumer.Input("name"), "a replacement has a name of its own")
	require.Equal(t, "arn:aws:kinesis:us-east-1:123456789012:current-consumer", r.One(t, mappingType).Input("eventSourceArn"))
	require.Contains(t, currentPolicy(t, r), "kinesis:SubscribeToShard")
}

func TestTheFunctionKnowsWhereItWorks(t *testing.T) {
	r := runCurrent(t, func(a *search.CurrentStateArgs) {
		a.Search = config.Search{InstanceCount: 2, AvailabilityZones: 2}
		a.StreamRetentionHours = 200
		a.Findings = pulumi.String(findings(t, 1, "amount"))
	})
	function := r.One(t, functionType)
	environment, ok := section(t, function, "environment")["variables"].(map[string]any)
	require.True(t, ok)
	require.JSONEq(t, `[{"database":"shop","table":"table_0","key":["id"],"columns":{"id":"bigint(20)","amount":"decimal(10,2)","at":"datetime"}}]`, environment["TABLES"].(string))
	delete(environment, "TABLES")
	require.Equal(t, map[string]any{
		"SEARCH_ENDPOINT": "https://search-domain.example.internal", "SEARCH_SERVICE": "es", "PARKING_BUCKET": "lake", "PARKING_PREFIX": "errors/current/",
		"STREAM_RETENTION_HOURS": "200", "INDEX_SHARDS": "1", "INDEX_REPLICAS": "1",
	}, environment)
	settings, err := currentstate.ReadSettings(func(name string) string { text, _ := environment[name].(string); return text })
	require.NoError(t, err)
	require.Equal(t, []any{"https://search-domain.example.internal", "lake", "errors/current/", 200 * time.Hour, 1, 1},
		[]any{settings.Endpoint, settings.Bucket, settings.Prefix, settings.Retention, settings.Shards, settings.Replicas})
	require.Equal(t, "provided.al2023", function.Input("runtime"))
	require.Equal(t, map[string]any{"subnetIds": []any{"a", "b"}, "securityGroupIds": []any{"group-3"}}, function.Input("vpcConfig"))
	group := r.One(t, "aws:cloudwatch/logGroup:LogGroup", "current-logs")
	require.Equal(t, key, group.Input("kmsKeyId"))
	require.Equal(t, "current-logs", section(t, function, "loggingConfig")["logGroup"])
}

// findings is the result of a bootstrap that found this many tables.
func findings(t *testing.T, tables int, column string) string {
	t.Helper()
	var found mysql.Findings
	for i := range tables {
		found.Tables = append(found.Tables, mysql.TableFound{
			Table: mysql.Table{Database: "shop", Table: fmt.Sprintf("table_%d", i)}, PrimaryKey: []string{"id"},
			Columns: []mysql.Column{{Name: "id", Type: "bigint(20)"}, {Name: column, Type: "decimal(10,2)"}, {Name: "at", Type: "datetime"}, {Name: "name", Type: "varchar(20)"}},
		})
	}
	found.Tables = append(found.Tables, mysql.TableFound{Table: mysql.Table{Database: "shop", Table: "keyless"}})
	text, err := json.Marshal(found)
	require.NoError(t, err)
	return string(text)
}

// A function's environment holds 4 KB, so keys come before the types of columns.
func TestKeysOfManyTablesFitTheFunctionsEnvironment(t *testing.T) {
	tables := func(count int) ([]currentstate.Table, error) {
		r, err := componenttest.Try(currentProgram(func(a *search.CurrentStateArgs) { a.Findings = pulumi.String(findings(t, count, "amount")) }))
		if err != nil {
			return nil, err
		}
		environment, ok := section(t, r.One(t, functionType), "environment")["variables"].(map[string]any)
		require.True(t, ok)
		size := 0
		for name, value := range environment {
			size += len(name) + len(value.(string))
		}
		require.LessOrEqual(t, size, 4096)
		var known []currentstate.Table
		return known, json.Unmarshal([]byte(environment["TABLES"].(string)), &known)
	}
	known, err := tables(45)
	require.NoError(t, err)
	require.Len(t, known, 45)
	require.NotEmpty(t, known[0].Columns)
	require.Empty(t, known[44].Columns)
	for _, table := range known {
		require.Equal(t, []string{"id"}, table.Key)
	}
	_, err = tables(200)
	require.ErrorContains(t, err, "follow fewer tables in one stack, or set search.current.enabled to false")
}

// An update of PostgreSQL may lack values that are stored outside of the row. The function knows those columns, so it
// recognises an incomplete update.
func TestAFunctionOfPostgreSQLKnowsWhatAnUpdateMayLack(t *testing.T) {
	variables := func(engine config.Engine) map[string]any {
		r, err := componenttest.Try(currentProgram(func(a *search.CurrentStateArgs) {
			a.Engine = engine
			a.Findings = pulumi.String(`{"tables":[{"database":"public","table":"orders","primaryKey":["id"],"columns":[{"name":"id","type":"uuid"},
				{"name":"note","type":"text"},{"name":"total","type":"numeric(10,2)"},{"name":"paid","type":"boolean"},{"name":"lines","type":"smallint"}]}]}`)
		}))
		require.NoError(t, err)
		environment, ok := section(t, r.One(t, functionType), "environment")["variables"].(map[string]any)
		require.True(t, ok)
		return environment
	}
	told := variables(config.EnginePostgreSQL)
	require.Equal(t, "postgresql", told["SOURCE_KIND"])
	require.Contains(t, told["TABLES"], `"note":"text"`)
	require.NotContains(t, told["TABLES"], "paid", "which is inside of its row, and a keyword")
	require.NotContains(t, variables(config.EngineMySQL), "SOURCE_KIND")
	require.NotContains(t, variables(config.EngineMySQL)["TABLES"], "note")
}
