package search

import (
	"cdcpipeline/components/metric"
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryOf returns a Delivery that was made elsewhere, for its metrics only. name is the name of its delivery stream, kind
// that of its destination.
func DeliveryOf(name pulumi.StringInput, to config.SearchKind) *Delivery {
	d := &Delivery{Name: name.ToStringOutput(), destination: domainBackend{}.metrics()}
	if to == config.OnCollections {
		d.destination = collectionBackend{}.metrics()
	}
	return d
}

// CurrentStateOf returns a CurrentState that was made elsewhere, for its metrics only. The id of its mapping is nil unless
// CurrentStateArgs.Measured is set.
func CurrentStateOf(functionName, mappingID pulumi.StringInput, parkedPrefix string) *CurrentState {
	s := &CurrentState{FunctionName: functionName.ToStringOutput(), ParkedPrefix: parkedPrefix, measured: mappingID != nil}
	if s.measured {
		s.MappingID = mappingID.ToStringOutput()
	}
	return s
}

func (d *Delivery) metric(name, statistic, label, unit string) metric.Metric {
	return metric.OfDelivery(d.Name, name, statistic, label, unit)
}

// MetricFreshness is the age of the oldest record that has not reached the history index, in seconds. There is no
// value while nothing waits.
func (d *Delivery) MetricFreshness() metric.Metric {
	return d.metric(d.destination+".DataFreshness", metric.Maximum, "History", "seconds")
}

// MetricSuccess is the share of documents indexed at the first attempt, 0 to 1. Firehose retries the others.
func (d *Delivery) MetricSuccess() metric.Metric {
	return d.metric(d.destination+".Success", metric.Average, "Documents indexed", "share")
}

// MetricRecords is how many documents were written to the history index.
func (d *Delivery) MetricRecords() metric.Metric {
	return d.metric(d.destination+".Records", metric.Sum, "History", "records")
}

// MetricBehind is the distance between the last record read and the stream's newest record, in milliseconds.
func (d *Delivery) MetricBehind() metric.Metric {
	return d.metric("KinesisMillisBehindLatest", metric.Maximum, "History", "milliseconds")
}

// MetricFailed is how many objects with unindexed documents were written to S3. Firehose does not publish the number
// of documents when it backs up only failed ones, but always publishes this metric: the same page.
func (d *Delivery) MetricFailed() metric.Metric {
	return d.metric("DeliveryToS3.Success", metric.Sum, "Objects of failed documents", "objects")
}

// ofFunction is a metric of the function, https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
func (s *CurrentState) ofFunction(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: "AWS/Lambda", Name: name, Dimensions: pulumi.StringMap{"FunctionName": s.FunctionName},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricErrors is how many calls of the function failed. Lambda repeats such a call with the same records.
func (s *CurrentState) MetricErrors() metric.Metric {
	return s.ofFunction("Errors", metric.Sum, "Failed calls", "calls")
}

// MetricThrottles is how many calls Lambda did not make because the account's or the function's concurrency was used
// up.
func (s *CurrentState) MetricThrottles() metric.Metric {
	return s.ofFunction("Throttles", metric.Sum, "Calls refused", "calls")
}

// MetricDuration is the duration of a call, in milliseconds.
func (s *CurrentState) MetricDuration() metric.Metric {
	return s.ofFunction("Duration", metric.Maximum, "Longest call", "milliseconds")
}

// MetricIteratorAge is the age of a batch's last record when the function receives it, in milliseconds.
func (s *CurrentState) MetricIteratorAge() metric.Metric {
	return s.ofFunction("IteratorAge", metric.Maximum, "Rows", "milliseconds")
}

// published is a metric that the function publishes itself.
func (s *CurrentState) published(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: currentstate.Namespace, Name: name, Dimensions: pulumi.StringMap{"Function": s.FunctionName},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricApplied is how many changes were written to the indices.
func (s *CurrentState) MetricApplied() metric.Metric {
	return s.published("Applied", metric.Sum, "Rows", "changes")
}

// MetricLag is the time from a change's commit until it was written to its index, in milliseconds.
func (s *CurrentState) MetricLag() metric.Metric {
	return s.published("Lag", metric.Maximum, "Commit to row", "milliseconds")
}

// MetricParked is how many records could not be indexed. They are below [CurrentState.ParkedPrefix].
func (s *CurrentState) MetricParked() metric.Metric {
	return s.published("Parked", metric.Sum, "Records parked", "records")
}

// MetricDropped is how many records Lambda gave up because they were too old or retried too often. They are below
// [CurrentState.FailedPrefix]. None unless CurrentStateArgs.Measured, because Lambda counts a mapping's events only
// on request, the same page.
func (s *CurrentState) MetricDropped() metric.Metric {
	if !s.measured {
		return metric.Metric{}
	}
	return metric.Metric{
		Namespace: "AWS/Lambda", Name: "OnFailureDestinationDeliveredEventCount", Dimensions: pulumi.StringMap{"EventSourceMappingUUID": s.MappingID},
		Statistic: metric.Sum, Period: metric.Minute, Label: "Records given up", Unit: "records",
	}
}

// metric is a metric of the domain,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html, every
// minute. Its dimensions are the domain's name and the account.
func (d *Domain) metric(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: "AWS/ES", Name: name, Dimensions: pulumi.StringMap{"DomainName": d.Name, "ClientId": pulumi.String(d.account)},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricRed is 1 while an index lacks a primary shard.
func (d *Domain) MetricRed() metric.Metric {
	return d.metric("ClusterStatus.red", metric.Maximum, "Red", "yes or no")
}

// MetricYellow is 1 while an index lacks a replica.
func (d *Domain) MetricYellow() metric.Metric {
	return d.metric("ClusterStatus.yellow", metric.Maximum, "Yellow", "yes or no")
}

// MetricFreeStorage is the free space of the fullest node, in MiB.
func (d *Domain) MetricFreeStorage() metric.Metric {
	return d.metric("FreeStorageSpace", metric.Minimum, "Storage free", "MiB")
}

// MetricWritesBlocked is 1 while the domain refuses writes.
func (d *Domain) MetricWritesBlocked() metric.Metric {
	return d.metric("ClusterIndexWritesBlocked", metric.Maximum, "Writes blocked", "yes or no")
}

// MetricSnapshotFailure is 1 when the domain's own snapshot failed.
func (d *Domain) MetricSnapshotFailure() metric.Metric {
	return d.metric("AutomatedSnapshotFailure", metric.Maximum, "Snapshot failed", "yes or no")
}

// MetricCPU is the CPU use of the busiest node, in percent.
func (d *Domain) MetricCPU() metric.Metric {
	return d.metric("CPUUtilization", metric.Maximum, "CPU", "percent")
}

// MetricJVMPressure is the heap use of the fullest node, in percent.
func (d *Domain) MetricJVMPressure() metric.Metric {
	return d.metric("JVMMemoryPressure", metric.Maximum, "Heap", "percent")
}

// MetricKeyError is 1 when the domain's key is disabled. MetricKeyInaccessible is 1 when the key was deleted or the
// domain's grant revoked. There are values only then.
func (d *Domain) MetricKeyError() metric.Metric {
	return d.metric("KMSKeyError", metric.Maximum, "Key disabled", "yes or no")
}

// MetricKeyInaccessible is described at [Domain.MetricKeyError].
func (d *Domain) MetricKeyInaccessible() metric.Metric {
	return d.metric("KMSKeyInaccessible", metric.Maximum, "Key lost", "yes or no")
}

// ofCollection is a metric of a collection, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/monitoring-cloudwatch.html, every
// minute.
func (c *Collections) ofCollection(of *collection, name, label string) metric.Metric {
	return metric.Metric{
		Namespace: "AWS/AOSS", Name: name, Statistic: metric.Sum, Period: metric.Minute, Label: label, Unit: "requests",
		Dimensions: pulumi.StringMap{
			"ClientId": pulumi.String(c.account), "CollectionId": of.made.ID().ToStringOutput(), "CollectionName": of.made.Name,
		},
	}
}

// MetricHistoryErrors is how many write requests the history's collection refused.
func (c *Collections) MetricHistoryErrors() metric.Metric {
	return c.ofCollection(c.history, "IngestionRequestErrors", "History refused")
}

// MetricCurrentErrors is how many write requests the collection of the present rows refused.
func (c *Collections) MetricCurrentErrors() metric.Metric {
	return c.ofCollection(c.current, "IngestionRequestErrors", "Rows refused")
}

// MetricIndexingOCU is the capacity used for writing, over all collections of the account.
func (c *Collections) MetricIndexingOCU() metric.Metric {
	return metric.Metric{
		Namespace: "AWS/AOSS", Name: "IndexingOCU", Dimensions: pulumi.StringMap{"ClientId": pulumi.String(c.account)},
		Statistic: metric.Maximum, Period: metric.Minute, Label: "Writing", Unit: "OCU",
	}
}

// MetricSearchOCU is the capacity used for searching, over all collections of the account.
func (c *Collections) MetricSearchOCU() metric.Metric {
	m := c.MetricIndexingOCU()
	m.Name, m.Label = "SearchOCU", "Searching"
	return m
}
