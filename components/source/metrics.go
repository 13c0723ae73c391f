package source

import (
	"cdcpipeline/components/metric"
	"cdcpipeline/config"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ofWriter is a metric of a cluster's writer,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html. Its dimensions
// are the cluster and the role, https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html, which a
// failover does not change.
func ofWriter(cluster pulumi.StringOutput, name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: "AWS/RDS", Name: name, Statistic: statistic, Period: metric.FiveMinutes, Label: label, Unit: unit,
		Dimensions: pulumi.StringMap{"DBClusterIdentifier": cluster, "Role": pulumi.String("WRITER")},
	}
}

// slotBytes is the log kept for logical replication; only the writer has it.
func slotBytes(cluster pulumi.StringOutput) metric.Metric {
	return ofWriter(cluster, "TransactionLogsDiskUsage", metric.Maximum, "Log kept for slots", "bytes")
}

// made reports whether the cluster was made here. For an adopted database the names of its metrics are unknown, if it
// has any.
func (d Database) made() bool { return d.ClusterID.OutputState != nil }

func (d Database) ofWriter(name, statistic, label, unit string) metric.Metric {
	if !d.made() {
		return metric.Metric{}
	}
	return ofWriter(d.ClusterID, name, statistic, label, unit)
}

// MetricSlotBytes is how much log an Aurora PostgreSQL cluster keeps for slots, in bytes; none for other databases.
func (d Database) MetricSlotBytes() metric.Metric {
	if !d.made() || d.Engine != config.EnginePostgreSQL {
		return metric.Metric{}
	}
	return slotBytes(d.ClusterID)
}

// MetricBinlogBytes is the size of the binary logs of an Aurora MySQL cluster; none for other databases. CloudWatch
// does not report how far they reach back.
func (d Database) MetricBinlogBytes() metric.Metric {
	if d.Engine == config.EnginePostgreSQL {
		return metric.Metric{}
	}
	return d.ofWriter("SumBinaryLogSize", metric.Maximum, "Binary logs", "bytes")
}

// MetricFreeLocalStorage is the writer's free space for temporary files and logs, in bytes; none for an adopted
// database.
func (d Database) MetricFreeLocalStorage() metric.Metric {
	return d.ofWriter("FreeLocalStorage", metric.Minimum, "Local storage free", "bytes")
}

// MetricCPU is the writer's CPU use, in percent; none for an adopted database.
func (d Database) MetricCPU() metric.Metric {
	return d.ofWriter("CPUUtilization", metric.Average, "CPU", "percent")
}

// MetricCommits is the writer's commits per second; none for an adopted database.
func (d Database) MetricCommits() metric.Metric {
	return d.ofWriter("CommitThroughput", metric.Average, "Commits", "commits/s")
}

// Events is the EventBridge pattern, as JSON, for RDS events of the cluster and its instances: failure, failover,
// storage full. It is nil for an adopted database. RDS sends events by best effort,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html.
func (d Database) Events() pulumi.StringInput {
	if !d.made() {
		return nil
	}
	return pulumi.All(d.ClusterID, d.InstanceIDs).ApplyT(func(known []any) (string, error) {
		cluster, instances := known[0].(string), known[1].([]string)
		text, err := json.Marshal(map[string]any{
			"source": []string{"aws.rds"}, "detail-type": []string{"RDS DB Cluster Event", "RDS DB Instance Event"},
			"detail": map[string]any{
				"SourceIdentifier": append([]string{cluster}, instances...),
				"EventCategories":  []string{"failure", "failover", "low storage"},
			},
		})
		if err != nil {
			return "", fmt.Errorf("writing a pattern of events: %w", err)
		}
		return string(text), nil
	}).(pulumi.StringOutput)
}

// MetricErrors is how many calls of the rotation failed. Secrets Manager repeats them.
func (r *Rotation) MetricErrors() metric.Metric {
	return metric.Metric{
		Namespace: "AWS/Lambda", Name: "Errors", Dimensions: pulumi.StringMap{"FunctionName": r.FunctionName},
		Statistic: metric.Sum, Period: metric.FiveMinutes, Label: "Failed rotations", Unit: "calls",
	}
}
