package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	metricAlarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	compositeAlarm = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	eventRule      = "aws:cloudwatch/eventRule:EventRule"
	eventTarget    = "aws:cloudwatch/eventTarget:EventTarget"
	dashboardType  = "aws:cloudwatch/dashboard:Dashboard"
	topicType      = "aws:sns/topic:Topic"
)

// watched are configurations that together have every alarm.
func watched() map[string]config.Config {
	return map[string]config.Config{
		"dev":         {},
		"prod":        {Environment: config.Prod},
		"PostgreSQL":  {Environment: config.Prod, Source: config.Source{Engine: config.EnginePostgreSQL}},
		"serverless":  {Replication: config.Replication{Kind: config.Serverless}},
		"both places": {Environment: config.Prod, Search: config.Search{Next: config.OnCollections}},
		"collections": {Search: config.Search{Kind: config.OnCollections}},
		"sources":     {Environment: config.Prod, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {Source: config.Source{Engine: config.EnginePostgreSQL}}}},
	}
}

func TestEveryAlarmTellsTheTopicWhatIsWrongAndWhatToDo(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	link := regexp.MustCompile(`^[A-Z][^.]*(\.[a-zA-Z][^.]*)*\. What to do: docs/operations\.md#(alarm-[a-z-]+)$`)
	for name, cfg := range watched() {
		r := componenttest.Run(t, program(cfg))
		names := map[any]bool{}
		for _, typ := range []string{metricAlarm, compositeAlarm} {
			for _, alarm := range r.All(typ) {
				says, _ := alarm.Input("alarmDescription").(string)
				require.Regexp(t, link, says, "%s: %s", name, alarm.Name)
				anchor := link.FindStringSubmatch(says)[2]
				require.Contains(t, string(text), "\n#### Alarm "+strings.TrimPrefix(anchor, "alarm-")+"\n", "%s: %s", name, alarm.Name)
				for _, actions := range []string{"alarmActions", "okActions"} {
					require.Len(t, alarm.Input(actions), 1, "%s: %s", name, alarm.Name)
				}
				called := alarm.Input("name")
				if typ == compositeAlarm {
					called = alarm.Input("alarmName")
				}
				require.Equal(t, "project-stack-"+alarm.Name, called)
				require.False(t, names[called], "CloudWatch would overwrite %s", called)
				names[called] = true
			}
		}
	}
}

// series is a metric's identity in CloudWatch.
func series(r componenttest.Registered) string {
	dimensions, _ := r.Input("dimensions").(map[string]any)
	var keys []string
	for key := range dimensions {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return fmt.Sprintf("%s %s by %s", r.Input("namespace"), r.Input("metricName"), strings.Join(keys, ", "))
}

func TestAlarmsAskForMetricsByTheirServicesNames(t *testing.T) {
	const instance, task, delivery, function, domain = "ReplicationInstanceIdentifier", "ReplicationInstanceIdentifier, ReplicationTaskIdentifier", "DeliveryStreamName", "FunctionName", "ClientId, DomainName"
	want := map[string]string{
		"cdc-task-running": "AWS/DMS CDCLatencySource by " + task, "cdc-latency-source": "AWS/DMS CDCLatencySource by " + task, "cdc-latency-target": "AWS/DMS CDCLatencyTarget by " + task,
		"cdc-instance-cpu": "AWS/DMS CPUUtilization by " + instance, "cdc-instance-memory": "AWS/DMS FreeableMemory by " + instance, "cdc-instance-storage": "AWS/DMS FreeStorageSpace by " + instance,
		"cdc-local-storage": "AWS/RDS FreeLocalStorage by DBClusterIdentifier, Role", "cdc-rotation": "AWS/Lambda Errors by " + function,
		"cdc-write-throttled": "AWS/Kinesis WriteProvisionedThroughputExceeded by StreamName", "cdc-iterator-age": "AWS/Kinesis GetRecords.IteratorAgeMilliseconds by StreamName",
		"cdc-stream-retention": "AWS/Kinesis GetRecords.IteratorAgeMilliseconds by StreamName",
		"cdc-lake-freshness":   "AWS/Firehose DeliveryToS3.DataFreshness by " + delivery, "cdc-lake-success": "AWS/Firehose DeliveryToS3.Success by " + delivery,
		"cdc-lake-behind": "AWS/Firehose KinesisMillisBehindLatest by " + delivery, "cdc-lake-failed": "AWS/Firehose PartitionCountExceeded by " + delivery,
		"cdc-search-freshness": "AWS/Firehose DeliveryToAmazonOpenSearchService.DataFreshness by " + delivery, "cdc-search-success": "AWS/Firehose DeliveryToAmazonOpenSearchService.Success by " + delivery,
		"cdc-search-behind": "AWS/Firehose KinesisMillisBehindLatest by " + delivery, "cdc-search-failed": "AWS/Firehose DeliveryToS3.Success by " + delivery,
		"cdc-collections-freshness": "AWS/Firehose DeliveryToAmazonOpenSearchServerless.DataFreshness by " + delivery,
		"cdc-current-errors":        "AWS/Lambda Errors by " + function, "cdc-current-throttles": "AWS/Lambda Throttles by " + function, "cdc-current-duration": "AWS/Lambda Duration by " + function,
		"cdc-current-age": "AWS/Lambda IteratorAge by " + function, "cdc-current-giving-up": "AWS/Lambda IteratorAge by " + function,
		"cdc-current-parked": "CDCPipeline/CurrentState Parked by Function", "cdc-current-dropped": "AWS/Lambda OnFailureDestinationDeliveredEventCount by EventSourceMappingUUID",
		"cdc-tables-stopped": "cdc-pipeline/tables StoppedTables by Database", "cdc-tables-refused": "cdc-pipeline/tables RefusedRecords by Database", "cdc-tables-late": "cdc-pipeline/tables StoppedTables by Database",
		"cdc-domain-red": "AWS/ES ClusterStatus.red by " + domain, "cdc-domain-yellow": "AWS/ES ClusterStatus.yellow by " + domain, "cdc-domain-storage": "AWS/ES FreeStorageSpace by " + domain,
		"cdc-domain-blocked": "AWS/ES ClusterIndexWritesBlocked by " + domain, "cdc-domain-snapshot": "AWS/ES AutomatedSnapshotFailure by " + domain, "cdc-domain-cpu": "AWS/ES CPUUtilization by " + domain,
		"cdc-domain-heap": "AWS/ES JVMMemoryPressure by " + domain, "cdc-domain-key": "AWS/ES KMSKeyError by " + domain, "cdc-domain-key-lost": "AWS/ES KMSKeyInaccessible by " + domain,
		"cdc-collections-refuse-history": "AWS/AOSS IngestionRequestErrors by ClientId, CollectionId, CollectionName",
		"cdc-orders-slot":                "AWS/RDS TransactionLogsDiskUsage by DBClusterIdentifier, Role", "cdc-orders-iterator-age": "AWS/Kinesis GetRecords.IteratorAgeMilliseconds by StreamName",
		"cdc-orders-tables-late": "cdc-pipeline/tables StoppedTables by Database, Source",
	}
	found := map[string]string{}
	for _, cfg := range watched() {
		for _, alarm := range componenttest.Run(t, program(cfg)).All(metricAlarm) {
			found[alarm.Name] = series(alarm)
		}
	}
	for name, of := range want {
		require.Equal(t, of, found[name], name)
	}
}

func TestASourcesTwoCompositeAlarmsAreMadeOfItsOwn(t *testing.T) {
	r := componenttest.Run(t, program(watched()["sources"]))
	rule := func(name string) string {
		text, _ := r.One(t, compositeAlarm, name).Input("alarmRule").(string)
		return text
	}
	require.Len(t, r.All(compositeAlarm), 4)
	require.Contains(t, rule("cdc-behind"), `ALARM("project-stack-cdc-latency-source") OR `)
	require.Contains(t, rule("cdc-orders-data-at-risk"), `ALARM("project-stack-cdc-orders-slot")`)
	for _, other := range []string{"cdc-behind", "cdc-data-at-risk"} {
		require.NotContains(t, rule(other), "orders")
	}
	for _, what := range []string{"task-running", "stream-retention", "lake-failed", "search-failed", "current-parked", "current-dropped", "tables-refused"} {
		require.Contains(t, rule("cdc-data-at-risk"), `"project-stack-cdc-`+what+`"`)
	}
	all := strings.Count(rule("cdc-behind"), "ALARM(")
	require.LessOrEqual(t, all, 100, "the most that a composite alarm may have")
}

// A dead task publishes nothing, and an alarm on a limit alone would look healthy.
func TestWhatSaysNothingIsNotWell(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	running := r.One(t, metricAlarm, "cdc-task-running")
	require.Equal(t, []any{"breaching", "SampleCount", "LessThanThreshold", 1.0}, []any{
		running.Input("treatMissingData"), running.Input("statistic"), running.Input("comparisonOperator"), running.Input("threshold"),
	})
}

func TestAServerlessTaskHasNoAlarmOnNamesThatNobodyDocuments(t *testing.T) {
	r := componenttest.Run(t, program(watched()["serverless"]))
	for _, alarm := range r.All(metricAlarm) {
		require.NotEqual(t, "AWS/DMS", alarm.Input("namespace"), alarm.Name)
	}
	require.Contains(t, r.One(t, eventRule, "cdc-task-events").Input("eventPattern"), `"eventType":[{"suffix":"_FAILED"},{"suffix":"_STOPPED"}]`)
}

func TestEventsOfEachPartAreSentToTheTopic(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	require.Len(t, r.All(eventRule), 3)
	for name, source := range map[string]string{"cdc-task-events": "aws.dms", "cdc-instance-events": "aws.dms", "cdc-database-events": "aws.rds"} {
		pattern, _ := r.One(t, eventRule, name).Input("eventPattern").(string)
		require.Contains(t, pattern, `"source":["`+source+`"]`)
		transformer, _ := r.One(t, eventTarget, name).Input("inputTransformer").(map[string]any)
		var sentence string
		template, _ := transformer["inputTemplate"].(string)
		require.NoError(t, json.Unmarshal([]byte(template), &sentence), template)
		require.Contains(t, sentence, "docs/operations.md#alarm-"+strings.TrimPrefix(name, "cdc-"))
	}
}

func TestTheStacksTopicIsEncryptedAndAdmitsAlarmsAndEventsOnly(t *testing.T) {
	cfg := config.Config{Alarms: config.Alarms{Emails: []string{"ops@example.com", "night@example.com"}}}
	r := componenttest.Run(t, program(cfg))
	require.NotEmpty(t, r.One(t, topicType).Input("kmsMasterKeyId"))
	policy, _ := r.One(t, "aws:sns/topicPolicy:TopicPolicy").Input("policy").(string)
	for _, service := range []string{"cloudwatch.amazonaws.com", "events.amazonaws.com"} {
		require.Contains(t, policy, service)
	}
	require.NotContains(t, policy, `"Principal":"*"`)
	require.Len(t, r.All("aws:sns/topicSubscription:TopicSubscription"), 2)
	for _, alarm := range r.All(metricAlarm) {
		require.Contains(t, strings.Join(alarm.DependsOn, " "), "aws:sns/topicPolicy:TopicPolicy", "an alarm that goes off before is heard by nobody")
	}
}

func TestATopicOfTheUsersIsTold(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:123456789012:ops"
	r := componenttest.Run(t, program(config.Config{Alarms: config.Alarms{TopicArn: topic}}))
	require.Empty(t, r.All(topicType))
	require.Equal(t, []any{topic}, r.One(t, metricAlarm, "cdc-latency-source").Input("alarmActions"))
	require.Equal(t, topic, r.One(t, eventTarget, "cdc-task-events").Input("arn"))
}

func TestATopicElsewhereIsRefused(t *testing.T) {
	_, err := componenttest.Try(program(config.Config{Alarms: config.Alarms{TopicArn: "arn:aws:sns:eu-west-1:123456789012:ops"}}))
	require.ErrorContains(t, err, "alarms.topicArn: the topic is in eu-west-1 and the stack in us-east-1")
}

// A component with its own topic has its own alarm, so nobody is told twice.
func TestAPartWithATopicOfItsOwnIsToldOfOnce(t *testing.T) {
	cfg := watched()["PostgreSQL"]
	cfg.Lake.Tables.AlarmTopic = "arn:aws:sns:us-east-1:123456789012:lake"
	r := componenttest.Run(t, program(cfg))
	for _, own := range []string{"cdc-source-slot", "cdc-tables-stopped"} {
		require.Equal(t, []any{cfg.Lake.Tables.AlarmTopic}, r.One(t, metricAlarm, own).Input("alarmActions"))
	}
	for _, alarm := range r.All(metricAlarm) {
		require.NotEqual(t, "cdc-slot", alarm.Name)
	}
}

func TestAlarmsAndDashboardAreLeftOut(t *testing.T) {
	types := []string{metricAlarm, compositeAlarm, eventRule, eventTarget, topicType}
	r := componenttest.Run(t, program(config.Config{Alarms: config.Alarms{Enabled: new(false)}}))
	for _, typ := range types {
		require.Empty(t, r.All(typ), typ)
	}
	require.Len(t, r.All(dashboardType), 1)
	require.Nil(t, r.One(t, "aws:lambda/eventSourceMapping:EventSourceMapping").Input("metricsConfig"), "nobody looks at what is counted")
	r = componenttest.Run(t, program(config.Config{Alarms: config.Alarms{Dashboard: new(false)}}))
	require.Empty(t, r.All(dashboardType))
	require.NotEmpty(t, r.All(metricAlarm))
	r = componenttest.Run(t, program(config.Config{Alarms: config.Alarms{Enabled: new(false), Dashboard: new(false)}}))
	require.Empty(t, r.All("cdcpipeline:observability:Observability"))
}

func TestTheDashboardReadsLikeThePicture(t *testing.T) {
	for name, cfg := range watched() {
		r := componenttest.Run(t, program(cfg))
		text, _ := r.One(t, dashboardType).Input("dashboardBody").(string)
		var body struct {
			Widgets []struct {
				Type                string
				X, Y, Width, Height int
				Properties          struct {
					Title   string
					Alarms  []string
					Metrics [][]any
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &body))
		taken := map[[2]int]string{}
		at := map[string]int{}
		for _, w := range body.Widgets {
			require.LessOrEqual(t, w.X+w.Width, 24, name)
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					require.Empty(t, taken[[2]int{x, y}], "%s: %s lies over it", name, w.Properties.Title)
					taken[[2]int{x, y}] = w.Type + w.Properties.Title
				}
			}
			if w.Type == "metric" {
				require.NotEmpty(t, w.Properties.Metrics, "%s: %s", name, w.Properties.Title)
				at[w.Properties.Title] = max(at[w.Properties.Title], w.X)
			}
		}
		require.LessOrEqual(t, len(body.Widgets[0].Properties.Alarms), 100)
		require.LessOrEqual(t, len(body.Widgets), 500, "the most that a dashboard may have")
		left := -1
		for _, title := range []string{"Database", "DMS: latency", "Stream: records", "Readers: behind", "Sinks: delivered", "End to end: commit to row"} {
			if x, there := at[title]; there {
				require.Greater(t, x, left, "%s: %s", name, title)
				left = x
			}
		}
		require.Equal(t, "project-stack-us-east-1", r.One(t, dashboardType).Input("dashboardName"))
	}
}
