package cost_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/cost"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// made is what the pipeline makes when only the environment is configured.
func made(t *testing.T, environment config.Environment) *componenttest.Recorder {
	t.Helper()
	return makes(t, config.Config{Environment: environment})
}

func makes(t *testing.T, cfg config.Config) *componenttest.Recorder {
	t.Helper()
	code := func() pulumi.Archive {
		return pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
	}
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: cfg, Code: feed.Code{Bootstrap: code(), Rotation: code(), CurrentState: code(), Canary: code()},
		})
		return err
	})
}

// classes counts resources by the input that determines the price, such as db.r7g.large.
func classes(resources []componenttest.Registered, input string) map[string]float64 {
	found := map[string]float64{}
	for _, x := range resources {
		if class, ok := x.Input(input).(string); ok {
			found[class]++
		}
	}
	return found
}

// The page takes its quantities from the configuration; this test counts the resources.
func TestQuantitiesAreThoseOfTheResources(t *testing.T) {
	for _, environment := range environments {
		r, bill := made(t, environment), cost.Fixed(defaults(environment))
		hours := func(price string, times float64) {
			require.InDelta(t, times*cost.HoursAMonth*line(t, bill, price).Price.USD, line(t, bill, price).USD(), 1e-9, "%s in %s", price, environment)
		}
		for class, instances := range classes(r.All("aws:rds/clusterInstance:ClusterInstance"), "instanceClass") {
			hours(class, instances)
		}
		for class, instances := range classes(r.All("aws:ec2/instance:Instance"), "instanceType") {
			hours(class, instances)
		}
		replicates(t, r.One(t, "aws:dms/replicationInstance:ReplicationInstance"), bill)
		searches(t, r.One(t, "aws:opensearch/domain:Domain"), bill)
		hours("interface endpoint", endpointZones(t, r))
		hours("Kinesis on demand", float64(len(r.All("aws:kinesis/stream:Stream"))))
		require.InDelta(t, float64(len(r.All("aws:kms/key:Key"))), line(t, bill, "KMS key").Quantity[0], 0)
		ofRDS := float64(len(r.All("aws:rds/cluster:Cluster"))) // RDS keeps the administrator's password in its own secret
		require.InDelta(t, float64(len(r.All("aws:secretsmanager/secret:Secret")))+ofRDS, quantity(bill, "secret"), 0)
		for _, x := range r.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") {
			if search, ok := x.Input("opensearchConfiguration").(map[string]any); ok {
				hours("Firehose zone", float64(len(search["vpcConfig"].(map[string]any)["subnetIds"].([]any))))
			}
		}
		require.Len(t, r.All("aws:kinesis/streamConsumer:StreamConsumer"), int(fansOut(environment)))
		alarms(t, r, bill)
		keepsTables(t, r, bill)
	}
}

func alarms(t *testing.T, r *componenttest.Recorder, bill cost.Bill) {
	t.Helper()
	for typ, price := range map[string]string{
		"aws:cloudwatch/metricAlarm:MetricAlarm": "alarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm": "composite alarm", "aws:cloudwatch/dashboard:Dashboard": "dashboard",
	} {
		require.InDelta(t, float64(len(r.All(typ))), quantity(bill, price), 0, price)
	}
}

// The bill counts as many alarms as are made, for each kind of search destination, task and source.
func TestAlarmsAreCountedHoweverAStackIsConfigured(t *testing.T) {
	topic := config.LakeTables{Format: config.FormatIceberg, AlarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}
	for _, cfg := range []config.Config{
		{Search: config.Search{Next: config.OnCollections}},
		{Search: config.Search{Kind: config.OnCollections, Current: config.CurrentState{Enabled: new(false)}}},
		{Replication: config.Replication{Kind: config.Serverless}},
		{Replication: config.Replication{Next: config.Serverless}},
		{Source: config.Source{Engine: config.EnginePostgreSQL, RotationDays: new(0)}},
		{Alarms: config.Alarms{Enabled: new(false)}, Lake: config.Lake{Tables: topic}},
		{Alarms: config.Alarms{Dashboard: new(false)}, Lake: config.Lake{Tables: topic}},
	} {
		alarms(t, makes(t, cfg), cost.Fixed(cfg.WithDefaults()))
	}
}

// fansOut is 1 when the rows' bill has a reader with its own throughput.
func fansOut(environment config.Environment) float64 {
	if slices.ContainsFunc(cost.Rows(defaults(environment), cost.Example), func(l cost.Line) bool { return l.Price.Name == "Kinesis consumer" }) {
		return 1
	}
	return 0
}

func keepsTables(t *testing.T, r *componenttest.Recorder, bill cost.Bill) {
	t.Helper()
	jobs := r.All("aws:glue/job:Job")
	require.Equal(t, len(jobs) > 0, slices.ContainsFunc(bill, func(l cost.Line) bool { return l.Price.Name == "Glue DPU" }))
	for _, job := range jobs {
		dpus := config.WorkerType(job.Input("workerType").(string)).DPUs()
		require.Equal(t, []float64{job.Input("numberOfWorkers").(float64), float64(dpus), cost.HoursAMonth, 1.0 / 60}, line(t, bill, "Glue DPU").Quantity)
		require.Equal(t, "cron(0 * * * ? *)", r.One(t, "aws:glue/trigger:Trigger").Input("schedule"), "a run an hour")
	}
}

func replicates(t *testing.T, instance componenttest.Registered, bill cost.Bill) {
	t.Helper()
	instances := 1.0
	if instance.Input("multiAz") == true {
		instances = 2
	}
	require.InDelta(t, instances, line(t, bill, instance.Input("replicationInstanceClass").(string)).Quantity[0], 0)
	require.LessOrEqual(t, instance.Input("allocatedStorage"), 50.0, "the page says that the default is included in the instance's price")
}

func searches(t *testing.T, domain componenttest.Registered, bill cost.Bill) {
	t.Helper()
	cluster, volumes := domain.Input("clusterConfig").(map[string]any), domain.Input("ebsOptions").(map[string]any)
	require.Equal(t, cluster["instanceCount"], line(t, bill, cluster["instanceType"].(string)).Quantity[0])
	if masters, ok := cluster["dedicatedMasterType"].(string); ok && cluster["dedicatedMasterEnabled"] == true {
		require.Equal(t, cluster["dedicatedMasterCount"], line(t, bill, masters).Quantity[0])
	} else {
		require.False(t, slices.ContainsFunc(bill, func(l cost.Line) bool { return strings.Contains(l.Item, "masters") }))
	}
	require.Equal(t, []float64{cluster["instanceCount"].(float64), volumes["volumeSize"].(float64)}, line(t, bill, "OpenSearch gp3").Quantity)
	require.Equal(t, "gp3", volumes["volumeType"])
}

// endpointZones is the total number of zones of the interface endpoints.
func endpointZones(t *testing.T, r *componenttest.Recorder) float64 {
	t.Helper()
	var services []string
	var zones int
	for _, x := range r.All("aws:ec2/vpcEndpoint:VpcEndpoint") {
		service := x.Input("serviceName").(string)
		if x.Input("vpcEndpointType") == "Interface" {
			services, zones = append(services, service[strings.LastIndex(service, ".")+1:]), zones+len(x.Input("subnetIds").([]any))
		}
	}
	require.ElementsMatch(t, cost.InterfaceEndpoints, services)
	return float64(zones)
}

// paid are the resource types that have a line in the bill, or that the page lists as not counted.
var paid = []string{
	"aws:athena/workgroup:Workgroup", "aws:cloudwatch/compositeAlarm:CompositeAlarm", "aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/logGroup:LogGroup",
	"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:dms/replicationInstance:ReplicationInstance", "aws:ec2/flowLog:FlowLog",
	"aws:ec2/instance:Instance", "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:glue/job:Job", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
	"aws:kinesis/stream:Stream", "aws:kinesis/streamConsumer:StreamConsumer", "aws:kms/key:Key", "aws:lambda/function:Function",
	"aws:opensearch/domain:Domain", "aws:opensearch/serverlessCollection:ServerlessCollection",
	"aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint", "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance", "aws:s3/bucketV2:BucketV2",
	"aws:scheduler/schedule:Schedule", "aws:secretsmanager/secret:Secret",
}

// free are prefixes of types without a price of their own: settings, permissions, names, and contents of other
// resources.
var free = []string{
	"aws:athena/namedQuery", "aws:cloudwatch/event", "aws:sns/", "aws:cloudwatch/logResourcePolicy", "aws:cloudwatch/logStream", "aws:dms/certificate", "aws:dms/endpoint",
	"aws:dms/replicationSubnetGroup", "aws:dms/replicationTask", "aws:ec2/defaultSecurityGroup", "aws:ec2/routeTable", "aws:ec2/securityGroup",
	"aws:ec2/subnet", "aws:ec2/vpc:", "aws:glue/catalog", "aws:glue/securityConfiguration", "aws:glue/trigger", "aws:iam/", "aws:kms/alias", "aws:lambda/eventSourceMapping", "aws:lambda/invocation",
	"aws:lambda/permission", "aws:opensearch/serverlessAccessPolicy", "aws:opensearch/serverlessLifecyclePolicy", "aws:opensearch/serverlessSecurityPolicy", "aws:rds/clusterParameterGroup", "aws:rds/subnetGroup", "aws:s3/bucketLifecycle", "aws:s3/bucketObjectv2", "aws:s3/bucketLogging",
	"aws:s3/bucketOwnership", "aws:s3/bucketPolicy", "aws:s3/bucketPublic", "aws:s3/bucketServerSide", "aws:s3/bucketVersioning",
	"aws:secretsmanager/secretRotation", "aws:secretsmanager/secretVersion", "aws:vpc/securityGroup", "cdcpipeline:", "opensearch:", "pulumi:", "random:",
}

func TestEveryTypeOfResourceIsCountedOrFree(t *testing.T) {
	for _, environment := range environments {
		for _, kind := range []config.SearchKind{config.OnDomain, config.OnCollections} {
			for _, x := range makes(t, config.Config{Environment: environment, Search: config.Search{Kind: kind}}).Resources() {
				isFree := slices.ContainsFunc(free, func(beginning string) bool { return strings.HasPrefix(x.Type, beginning) })
				require.True(t, isFree || slices.Contains(paid, x.Type), "%s: does it cost money? count it, or name it as free", x.Type)
			}
		}
	}
}

// The two collections share capacity only if they share a key. They need an endpoint in each zone.
func TestCollectionsAreCountedAsTheyAreMade(t *testing.T) {
	for _, environment := range environments {
		cfg := config.Config{Environment: environment, Search: config.Search{Kind: config.OnCollections}}
		r, bill := makes(t, cfg), cost.Fixed(cfg.WithDefaults())
		copies := 1.0
		for _, c := range r.All("aws:opensearch/serverlessCollection:ServerlessCollection") {
			if c.Input("standbyReplicas") == "ENABLED" {
				copies = 2
			}
		}
		require.InDelta(t, copies, line(t, bill, "OCU").Quantity[2], 0)
		zones := len(r.One(t, "aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint").Input("subnetIds").([]any))
		found := false
		for _, l := range bill {
			if l.Item == "endpoint of the collections × zones" {
				found = true
				require.Equal(t, []float64{1, float64(zones), cost.HoursAMonth}, l.Quantity)
			}
		}
		require.True(t, found)
	}
}
