// Package cloudwatch publishes metrics for the stand-ins of DMS and Firehose and for the databases' logs, to
// CloudWatch in AWS's own namespaces, names and dimensions. In AWS nobody else may write to these namespaces; moto
// allows it.
package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/dms"
	"cdcpipeline/rehearsal/standins/firehose"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// Tasks is implemented by the stand-in of DMS.
type Tasks interface {
	Latencies() map[string]dms.Latency
}

// Deliveries is implemented by the stand-in of Firehose.
type Deliveries interface {
	Stats() map[string]firehose.Stats
	Readings() map[string]firehose.Reading
}

// Databases are the databases behind Aurora PostgreSQL clusters.
type Databases interface {
	// LogsKept returns how many bytes of the log the slots keep, by the cluster's identifier; -1 without a slot.
	// If some databases do not answer, it returns the values of the others together with the error.
	LogsKept(ctx context.Context) (map[string]int64, error)
}

var (
	_ Tasks      = (*dms.Service)(nil)
	_ Deliveries = (*firehose.Service)(nil)
)

// publisher measures and publishes.
type publisher struct {
	tasks      Tasks
	deliveries Deliveries
	databases  Databases
	cloudwatch *cloudwatch.Client
	dms        *api.Client
	instances  map[string]string // instance ids by the task's ARN
}

// Start publishes now and then at an interval until stop is called; the services do so every minute. Errors are
// logged.
func Start(ctx context.Context, acc account.Account, tasks Tasks, deliveries Deliveries, databases Databases, every time.Duration, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	p := &publisher{
		tasks: tasks, deliveries: deliveries, databases: databases,
		cloudwatch: cloudwatch.NewFromConfig(acc.Config()), dms: api.NewFromConfig(acc.Config()), instances: map[string]string{},
	}
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if err := p.publish(ctx, time.Now()); err != nil && ctx.Err() == nil {
				log.Warn("metrics were not published", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		work.Wait()
	}
}

// publish publishes one point of every metric.
func (p *publisher) publish(ctx context.Context, now time.Time) error {
	data := map[string][]types.MetricDatum{}
	add := func(namespace, metric string, value float64, unit types.StandardUnit, dimensions ...types.Dimension) {
		data[namespace] = append(data[namespace], types.MetricDatum{
			MetricName: &metric, Value: &value, Unit: unit, Timestamp: &now, Dimensions: dimensions,
		})
	}
	for arn, at := range p.tasks.Latencies() {
		task, err := p.dimensions(ctx, arn)
		if err != nil {
			return err
		}
		add("AWS/DMS", "CDCLatencySource", at.Source.Seconds(), types.StandardUnitSeconds, task...)
		add("AWS/DMS", "CDCLatencyTarget", at.Target.Seconds(), types.StandardUnitSeconds, task...)
	}
	stats := p.deliveries.Stats()
	for name, reading := range p.deliveries.Readings() {
		metric := "DeliveryToS3.DataFreshness"
		if reading.Search {
			metric = "DeliveryToAmazonOpenSearchService.DataFreshness"
		}
		add("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", float64(reading.Age.Milliseconds()), types.StandardUnitMilliseconds, dimension("StreamName", reading.Stream))
		add("AWS/Firehose", metric, stats[name].Oldest.Seconds(), types.StandardUnitSeconds, dimension("DeliveryStreamName", name))
	}
	kept, down := p.databases.LogsKept(ctx)
	for cluster, bytes := range kept {
		// Only the writer has a log:
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html.
		add("AWS/RDS", "TransactionLogsDiskUsage", float64(bytes), types.StandardUnitBytes, dimension("DBClusterIdentifier", cluster), dimension("Role", "WRITER"))
	}
	for namespace, datums := range data {
		if _, err := p.cloudwatch.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: datums}); err != nil {
			return fmt.Errorf("publishing the metrics of %s: %w", namespace, err)
		}
	}
	if down != nil {
		return fmt.Errorf("measuring the logs: %w", down)
	}
	return nil
}

func dimension(name, value string) types.Dimension {
	return types.Dimension{Name: aws.String(name), Value: aws.String(value)}
}

// dimensions returns the dimensions of a task's metrics. They contain its resource id and not its name. AWS does
// not document the dimension's name for a serverless task, so nobody may rely on it.
func (p *publisher) dimensions(ctx context.Context, task string) ([]types.Dimension, error) {
	id := task[strings.LastIndex(task, ":")+1:]
	if strings.Contains(task, ":replication-config:") {
		return []types.Dimension{dimension("Undocumented", id)}, nil
	}
	instance, err := p.instance(ctx, task)
	if err != nil {
		return nil, err
	}
	return []types.Dimension{dimension("ReplicationInstanceIdentifier", instance), dimension("ReplicationTaskIdentifier", id)}, nil
}

// instance is the id of a task's instance.
func (p *publisher) instance(ctx context.Context, task string) (string, error) {
	if id, ok := p.instances[task]; ok {
		return id, nil
	}
	tasks, err := p.dms.DescribeReplicationTasks(ctx, &api.DescribeReplicationTasksInput{})
	if err != nil {
		return "", fmt.Errorf("reading the tasks: %w", err)
	}
	instances, err := p.dms.DescribeReplicationInstances(ctx, &api.DescribeReplicationInstancesInput{})
	if err != nil {
		return "", fmt.Errorf("reading the replication instances: %w", err)
	}
	for _, t := range tasks.ReplicationTasks {
		for _, i := range instances.ReplicationInstances {
			if aws.ToString(t.ReplicationInstanceArn) == aws.ToString(i.ReplicationInstanceArn) {
				p.instances[aws.ToString(t.ReplicationTaskArn)] = aws.ToString(i.ReplicationInstanceIdentifier)
			}
		}
	}
	id, ok := p.instances[task]
	if !ok {
		return "", fmt.Errorf("the replication instance of %s is unknown", task)
	}
	return id, nil
}
