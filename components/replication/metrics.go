package replication

import (
	"cdcpipeline/components/metric"
	"cdcpipeline/config"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const dmsMetrics = "AWS/DMS"

// Of returns a Replication that was made elsewhere, for its metrics and events only. The settings have their defaults. The
// ARN and the id of the instance are nil without one.
func Of(settings config.Replication, taskArn, instanceArn, instanceID pulumi.StringInput) *Replication {
	r := &Replication{TaskArn: taskArn.ToStringOutput(), kind: settings.Kind, onInstance: slices.Contains(settings.Kinds(), config.OnInstance)}
	if r.onInstance {
		r.InstanceArn, r.InstanceID = instanceArn.ToStringOutput(), instanceID.ToStringOutput()
	}
	return r
}

// ofTask is a metric of the present task, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html, every minute: by the instance's id
// and the last part of the task's ARN (https://github.com/prometheus-community/yet-another-cloudwatch-exporter/pull/492).
//
// A serverless task has no metrics here. No document describes their dimensions, and those that we have seen change
// when the task is replaced, so an alarm on them might never fire. The canary shows when such a task is late, and its
// events show when it failed or stopped ([Replication.Events]).
func (r *Replication) ofTask(name, label, unit string) metric.Metric {
	if r.kind != config.OnInstance {
		return metric.Metric{}
	}
	id := r.TaskArn.ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }).(pulumi.StringOutput)
	return metric.Metric{
		Namespace: dmsMetrics, Name: name, Statistic: metric.Maximum, Period: metric.Minute, Label: label, Unit: unit,
		Dimensions: pulumi.StringMap{"ReplicationInstanceIdentifier": r.InstanceID, "ReplicationTaskIdentifier": id},
	}
}

// MetricLatencySource is the time from a change's commit until DMS reads it from the database, in seconds. None for a
// serverless task.
func (r *Replication) MetricLatencySource() metric.Metric {
	return r.ofTask("CDCLatencySource", "Commit to read", "seconds")
}

// MetricLatencyTarget is the time from a change's commit until it is in the stream, in seconds. None for a serverless
// task.
func (r *Replication) MetricLatencyTarget() metric.Metric {
	return r.ofTask("CDCLatencyTarget", "Commit to stream", "seconds")
}

// MetricIncomingChanges is how many changes wait in the task to be written. None for a serverless task.
func (r *Replication) MetricIncomingChanges() metric.Metric {
	return r.ofTask("CDCIncomingChanges", "Changes that wait", "changes")
}

// MetricRunning counts the measured latencies. A task that does not run measures none, and then there is no value at
// all. None for a serverless task.
func (r *Replication) MetricRunning() metric.Metric {
	m := r.MetricLatencySource()
	if m.None() {
		return m
	}
	m.Label = "Measured"
	return m.WithStatistic(metric.SampleCount)
}

// ofInstance is a metric of the replication instance; none without an instance.
func (r *Replication) ofInstance(name, statistic, label, unit string) metric.Metric {
	if !r.onInstance {
		return metric.Metric{}
	}
	return metric.Metric{
		Namespace: dmsMetrics, Name: name, Statistic: statistic, Period: metric.FiveMinutes, Label: label, Unit: unit,
		Dimensions: pulumi.StringMap{"ReplicationInstanceIdentifier": r.InstanceID},
	}
}

// MetricInstanceCPU is the CPU use of the replication instance, in percent; none without one.
func (r *Replication) MetricInstanceCPU() metric.Metric {
	return r.ofInstance("CPUUtilization", metric.Average, "CPU", "percent")
}

// MetricFreeableMemory is the instance's freeable memory, in bytes; none without an instance.
func (r *Replication) MetricFreeableMemory() metric.Metric {
	return r.ofInstance("FreeableMemory", metric.Minimum, "Memory free", "bytes")
}

// MetricFreeStorage is the instance's free storage, in bytes; none without an instance.
func (r *Replication) MetricFreeStorage() metric.Metric {
	return r.ofInstance("FreeStorageSpace", metric.Minimum, "Storage free", "bytes")
}
