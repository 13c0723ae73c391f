package storestest_test

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/account/ec2"
	"cdcpipeline/rehearsal/stores/storestest"
	"cdcpipeline/rehearsal/world/inventory"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/stretchr/testify/require"
)

func TestTheInventoryHasWhatIsMadeInsideOtherThings(t *testing.T) {
	ctx, cfg := t.Context(), account.New(storestest.Moto(t)).Config()
	before, err := inventory.List(ctx, cfg)
	require.NoError(t, err)
	name := aws.String("inventoried")
	must := func(_ any, err error) { t.Helper(); require.NoError(t, err) }

	stream := kinesis.NewFromConfig(cfg)
	must(stream.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)}))
	described, err := stream.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	require.NoError(t, err)
	must(stream.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: described.StreamDescriptionSummary.StreamARN, ConsumerName: name}))
	catalog := glue.NewFromConfig(cfg)
	must(catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: name}}))
	must(catalog.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: name, TableInput: &gluetypes.TableInput{Name: name}}))
	queries := athena.NewFromConfig(cfg)
	must(queries.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: name}))
	must(queries.CreateNamedQuery(ctx, &athena.CreateNamedQueryInput{Name: name, Database: name, QueryString: aws.String("SELECT 1"), WorkGroup: name}))
	must(iam.NewFromConfig(cfg).CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name}))
	keys := kms.NewFromConfig(cfg)
	key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
	require.NoError(t, err)
	must(keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/inventoried"), TargetKeyId: key.KeyMetadata.KeyId}))
	require.NoError(t, ec2.NewFromConfig(cfg).Call(ctx, "AllocateAddress", nil, nil))
	must(scheduler.NewFromConfig(cfg).CreateSchedule(ctx, &scheduler.CreateScheduleInput{
		Name: name, ScheduleExpression: aws.String("rate(1 day)"), FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		Target: &schedulertypes.Target{Arn: aws.String("arn:aws:lambda:us-east-1:123456789012:function:x"), RoleArn: aws.String("arn:aws:iam::123456789012:role/x")},
	}))

	serverless := func(action string, request map[string]string) {
		t.Helper()
		var answer map[string]any
		require.NoError(t, awsapi.New(cfg, awsapi.Serverless).JSON(ctx, action, request, &answer))
	}
	serverless("CreateSecurityPolicy", map[string]string{"name": "inventoried", "type": "encryption", "policy": `{"Rules":[{"ResourceType":"collection","Resource":["collection/inventoried"]}],"AWSOwnedKey":true}`})
	serverless("CreateSecurityPolicy", map[string]string{"name": "inventoried", "type": "network", "policy": `[{"Rules":[{"ResourceType":"collection","Resource":["collection/inventoried"]}],"AllowFromPublic":true}]`})
	serverless("CreateAccessPolicy", map[string]string{"name": "inventoried", "type": "data", "policy": `[{"Rules":[{"ResourceType":"index","Resource":["index/inventoried/*"],"Permission":["aoss:*"]}],"Principal":["arn:aws:iam::123456789012:role/x"]}]`})
	serverless("CreateLifecyclePolicy", map[string]string{"name": "inventoried", "type": "retention", "policy": `{"Rules":[{"ResourceType":"index","Resource":["index/inventoried/*"],"MinIndexRetention":"30d"}]}`})
	serverless("CreateCollection", map[string]string{"name": "inventoried"})

	after, err := inventory.List(ctx, cfg)
	require.NoError(t, err)
	kinds := map[string]int{}
	for _, item := range inventory.Added(before, after) {
		kind, _, _ := strings.Cut(item, "/")
		kinds[kind]++
	}
	require.Equal(t, map[string]int{
		"collection": 1, "collection-encryption-policy": 1, "collection-network-policy": 1, "collection-access-policy": 1, "collection-lifecycle-policy": 1,
		"kinesis-stream": 1, "stream-consumer": 1, "glue-database": 1, "glue-table": 1, "athena-workgroup": 1, "athena-query": 1,
		"instance-profile": 1, "key": 1, "key-alias": 1, "address": 1, "schedule": 1,
	}, kinds)
}
