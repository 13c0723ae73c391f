package provider

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const observabilityToken = "cdcpipeline:observability:Observability"

// told are what tells somebody, or draws, with its inputs, by type and name.
func told(r *componenttest.Recorder) map[string]any {
	all := map[string]any{}
	for _, typ := range []string{
		"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm", "aws:cloudwatch/eventRule:EventRule",
		"aws:cloudwatch/eventTarget:EventTarget", "aws:cloudwatch/dashboard:Dashboard", "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy",
	} {
		for _, r := range r.All(typ) {
			all[typ+" "+r.Name] = revealed(r.Inputs)
		}
	}
	return all
}

// What a program watches of its own components is watched as in a pipeline.
func TestComponentsAreWatchedAsThoseOfAPipeline(t *testing.T) {
	zip := pulumi.NewStringAsset("")
	cfg := config.Config{
		Search: config.Search{Reach: config.ReachDirect}, Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}}, Source: config.Source{RotationDays: new(30)},
	}.Named(componenttest.Stack)
	inGo := componenttest.Run(t, func(ctx *pulumi.Context) error {
		code := pulumi.NewAssetArchive(map[string]any{"bootstrap": zip})
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code}})
		return err
	})
	of := func(typ, name, output string) any { return inGo.One(t, typ, name).Input(output) }
	l := inLanguages(t)
	l.make("cdcpipeline:search:Domain", "cdc-search", inputs{
		"search": inputs{"domainName": cfg.Search.DomainName}, "subnetIds": []any{"subnet-1"}, "securityGroupId": "sg-1", "kmsKeyArn": keyArn,
	})
	task := "cdc-replication-instance"
	l.make(observabilityToken, "cdc-observability", inputs{
		"kmsKeyArn": inGo.One(t, "aws:sns/topic:Topic").Input("kmsMasterKeyId"), "domain": itself("cdcpipeline:search:Domain", "cdc-search"),
		"sources": []any{inputs{
			"source": inputs{"rotationDays": 30}, "lake": inputs{"tables": inputs{"format": "iceberg"}},
			"clusterId": of("aws:rds/cluster:Cluster", "cdc-source-cluster", "clusterIdentifier"), "instanceIds": []any{""}, "rotationFunctionName": "cdc-rotation-function",
			"taskArn": "arn:aws:dms:us-east-1:123456789012:task:cdc-replication-task", "replicationInstanceArn": "arn:aws:dms:us-east-1:123456789012:rep:" + task,
			"replicationInstanceId": of("aws:dms/replicationInstance:ReplicationInstance", task, "replicationInstanceId"),
			"streamName":            of("aws:kinesis/stream:Stream", "cdc-stream-stream", "name"), "lakeDeliveryName": "cdc-lake-delivery-delivery", "searchDeliveryName": "cdc-search-delivery",
			"tablesDatabase":      of("aws:glue/catalogDatabase:CatalogDatabase", "cdc-catalog-database", "name"),
			"currentFunctionName": "cdc-current-function", "currentMappingId": "", "currentParkedPrefix": "errors/current/", "canaryFunctionName": "cdc-canary-function",
		}},
	})
	require.Equal(t, told(inGo), told(l.recorder))
}

func TestALakeAloneIsWatched(t *testing.T) {
	l := inLanguages(t)
	made := l.make(observabilityToken, "watch", inputs{"kmsKeyArn": keyArn, "sources": []any{inputs{"streamName": "changes", "lakeDeliveryName": "lake"}}})
	require.Equal(t, []any{
		"cdc-write-throttled", "cdc-iterator-age", "cdc-stream-retention", "cdc-lake-behind", "cdc-lake-success", "cdc-lake-freshness", "cdc-lake-failed",
		"cdc-behind", "cdc-data-at-risk",
	}, made["alarms"])
	require.Empty(t, l.recorder.All("aws:cloudwatch/eventRule:EventRule"))
}

func TestWhatIsWatchedIsHeldWithItsPath(t *testing.T) {
	require.Equal(t, map[string]string{
		"sources":   "is empty: name at least one source, with its streamName",
		"kmsKeyArn": "is missing: it encrypts the topic that alarms tell; or give a topic of yours, alarms.topicArn",
	}, inLanguages(t).refused(observabilityToken, inputs{"sources": []any{}}))
	problems := inLanguages(t).refused(observabilityToken, inputs{
		"alarms": inputs{"cpuPercent": 200},
		"sources": []any{
			inputs{"streamName": "changes", "taskArn": "arn:aws:dms:us-east-1:123456789012:task:x", "stream": inputs{"retentionHours": 1}},
			inputs{"name": "Orders!", "currentFunctionName": "rows", "streamNam": "orders"},
		},
	})
	require.Contains(t, problems["sources[0].replicationInstanceId"], "is missing")
	require.Contains(t, problems["sources[0].stream.retentionHours"], "is out of range")
	require.Contains(t, problems["sources[1].searchDeliveryName"], "is missing")
	require.Contains(t, problems["sources[1].streamNam"], "did you mean sources[].streamName?")
	require.Contains(t, problems["sources[1].streamName"], "is missing")
	require.Contains(t, problems, "sources[1].name")
	require.Contains(t, problems, "alarms.cpuPercent")
}
