package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/metric"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"fmt"
	"slices"
)

const (
	secondsPerHour = 3600
	milliseconds   = 1000
	mebibyte       = 1 << 20
	gibibyte       = 1 << 30
	mebiPerGibi    = 1 << 10
)

// ofFeed lists a source's alarms in the order of the picture: from the database to the search service.
func (p *plan) ofFeed(f *feed.Feed) []alarm {
	all := slices.Concat(p.ofSource(f), p.ofTask(f), p.ofStream(f), p.ofLake(f))
	for i, d := range f.Deliveries {
		all = slices.Concat(all, p.ofDelivery(f, kindOf(f.Config.Search, i), d))
	}
	return slices.Concat(all, p.ofTables(f.Config.Name), p.ofCanary(f, canaryOf(f)))
}

// kindOf returns the kind of a search destination by its number: the present one, then the next.
func kindOf(s config.Search, i int) config.SearchKind { return s.Kinds()[i] }

// ofSource lists the alarms of the database and of the task's database password.
//
// CloudWatch does not measure how much of the binary log is left: see ofCanary. Where another topic is configured,
// the cluster's own alarm watches the log that a slot keeps.
func (p *plan) ofSource(f *feed.Feed) []alarm {
	cfg := f.Config.Source
	slot := f.Source.MetricSlotBytes()
	if cfg.AlarmTopic != "" || f.Config.Lake.Tables.AlarmTopic != "" {
		slot = metric.Metric{}
	}
	var rotation metric.Metric
	if f.Rotation != nil {
		rotation = f.Rotation.MetricErrors()
	}
	return []alarm{
		{
			what: "slot", metric: slot, when: atLeast, threshold: float64(cfg.SlotWalGb) * gibibyte * p.kept(),
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, // without a slot, no log is kept
			says: fmt.Sprintf("Replication slots hold back %d %% of the log that they may (source.slotWalGb)", p.RetentionPercent),
		},
		{
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
			// has this alarm, with a threshold that depends on the instance class. The smallest class of Aurora has
			// tens of GiB.
			what: "local-storage", metric: f.Source.MetricFreeLocalStorage(), when: atMost, threshold: 2 * gibibyte,
			datapoints: 3, periods: 3, missing: quiet,
			says: "The database's writer has little space left for temporary files and logs",
		},
		{
			what: "rotation", metric: rotation, when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet,
			says: "The replication user's password could not be rotated",
		},
	}
}

// ofTask watches that the task runs, that it keeps up, and that its instance is large enough. A serverless task has
// none of these metrics, see replication.Replication. Events tell that it failed or stopped, and the canary that it
// is late.
func (p *plan) ofTask(f *feed.Feed) []alarm {
	r, cfg := f.Replication, f.Config.Replication
	if r == nil {
		return nil
	}
	return []alarm{
		{
			// A failed task publishes nothing, so an alarm on a limit alone would look healthy for ever.
			what: "task-running", metric: r.MetricRunning().WithPeriod(metric.FiveMinutes), when: lessThan, threshold: 1,
			datapoints: 2, periods: 2, missing: silence, group: groupAtRisk,
			says: "The replication task has measured no latency for ten minutes: it does not run",
		},
		{
			what: "latency-source", metric: r.MetricLatencySource(), when: atLeast, threshold: float64(p.LatencySeconds),
			datapoints: 5, periods: 5, missing: quiet, group: groupBehind,
			says: fmt.Sprintf("The task reads changes more than %d seconds after their commits", p.LatencySeconds),
		},
		{
			what: "latency-target", metric: r.MetricLatencyTarget(), when: atLeast, threshold: float64(p.LatencySeconds),
			datapoints: 5, periods: 5, missing: quiet, group: groupBehind,
			says: fmt.Sprintf("The task writes changes to the stream more than %d seconds after their commits", p.LatencySeconds),
		},
		{
			what: "instance-cpu", metric: r.MetricInstanceCPU(), when: atLeast, threshold: float64(p.CPUPercent),
			datapoints: 3, periods: 3, missing: quiet,
			says: fmt.Sprintf("The replication instance has been %d %% busy for fifteen minutes", p.CPUPercent),
		},
		{
			what: "instance-memory", metric: r.MetricFreeableMemory(), when: atMost, threshold: float64(p.MemoryMb) * mebibyte,
			datapoints: 3, periods: 3, missing: quiet,
			says: fmt.Sprintf("The replication instance has %d MB of memory left, or less", p.MemoryMb),
		},
		{
			what: "instance-storage", metric: r.MetricFreeStorage(), when: atMost,
			threshold:  float64(cfg.StorageGb) * gibibyte * float64(p.FreeStoragePercent) / 100,
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, // a task fails when it has no room for waiting changes
			says: fmt.Sprintf("The replication instance has %d %% of its storage left, or less", p.FreeStoragePercent),
		},
	}
}

// ofStream watches that the stream accepts writes, and that records are read before they expire.
func (p *plan) ofStream(f *feed.Feed) []alarm {
	age := f.Stream.MetricIteratorAge()
	return []alarm{
		{
			// Five of five minutes: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html.
			what: "write-throttled", metric: f.Stream.MetricWriteThrottled(), when: atLeast, threshold: 1,
			datapoints: 5, periods: 5, missing: quiet,
			says: "The stream has refused writes for five minutes: it has too few shards, or one gets too much",
		},
		{
			what: "iterator-age", metric: age, when: atLeast, threshold: float64(p.IteratorAgeSeconds) * milliseconds,
			datapoints: 5, periods: 5, missing: quiet, group: groupBehind,
			says: fmt.Sprintf("A reader of the stream is %d seconds behind", p.IteratorAgeSeconds),
		},
		{
			what: "stream-retention", metric: age, when: atLeast,
			threshold:  float64(f.Config.Stream.RetentionHours) * secondsPerHour * milliseconds * p.kept(),
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk,
			says: fmt.Sprintf("A reader of the stream is behind by %d %% of the time for which the stream keeps a record", p.RetentionPercent),
		},
	}
}

// ofLake lists the alarms of the delivery into the lake.
func (p *plan) ofLake(f *feed.Feed) []alarm {
	d := f.Lake
	if d == nil {
		return nil
	}
	late := f.Config.Lake.BufferSeconds + p.FreshnessSeconds
	return append(p.reading("lake", "into the lake", d.MetricBehind(), d.MetricSuccess()),
		alarm{
			what: "lake-freshness", metric: d.MetricFreshness(), when: atLeast, threshold: float64(late),
			datapoints: 1, periods: 1, missing: quiet, group: groupBehind,
			says: fmt.Sprintf("The oldest change that is not in the lake yet is older than %d seconds", late),
		},
		alarm{
			what: "lake-failed", metric: d.MetricFailed(), when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk,
			says: "More tables and hours change at once than Firehose has partitions: records go below lake.errorPrefix",
		},
	)
}

// reading are the alarms that both kinds of deliveries share.
func (p *plan) reading(name, into string, behindBy, success metric.Metric) []alarm {
	return []alarm{
		{
			what: name + "-behind", metric: behindBy, when: atLeast, threshold: float64(p.IteratorAgeSeconds) * milliseconds,
			datapoints: 2, periods: 2, missing: quiet, group: groupBehind, like: "delivery-behind",
			says: fmt.Sprintf("The delivery %s reads the stream %d seconds late", into, p.IteratorAgeSeconds),
		},
		{
			// Firehose retries single failures, so they need not wake anybody.
			what: name + "-success", metric: success, when: lessThan, threshold: 0.9,
			datapoints: 2, periods: 2, missing: quiet, group: groupBehind, like: "delivery-success",
			says: fmt.Sprintf("Of what is to be delivered %s, less than 90 %% is at the first try", into),
		},
	}
}

// names are the feed's names for the writers to each kind of search destination.
var names = map[config.SearchKind]struct{ history, current string }{
	config.OnDomain:      {"search", "current"},
	config.OnCollections: {"collections", "collections-current"},
}

// ofDelivery lists the alarms of the writers to a search destination.
func (p *plan) ofDelivery(f *feed.Feed, kind config.SearchKind, into feed.Delivery) []alarm {
	d, name := into.Search, names[kind].history
	late := *f.Config.Search.Only(kind).BufferSeconds + p.FreshnessSeconds
	all := append(p.reading(name, "into the history index", d.MetricBehind(), d.MetricSuccess()),
		alarm{
			what: name + "-freshness", metric: d.MetricFreshness(), when: atLeast, threshold: float64(late),
			datapoints: 1, periods: 1, missing: quiet, group: groupBehind, like: "search-freshness",
			says: fmt.Sprintf("The oldest change that is not in the history index yet is older than %d seconds", late),
		},
		alarm{
			what: name + "-failed", metric: d.MetricFailed(), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, like: "search-failed",
			says: "Documents of the history could not be indexed, and were put below lake.errorPrefix",
		},
	)
	if into.Current != nil {
		all = append(all, p.ofCurrent(f, names[kind].current, into.Current)...)
	}
	return all
}

// ofCurrent lists the alarms of the current-state function.
func (p *plan) ofCurrent(f *feed.Feed, name string, c *search.CurrentState) []alarm {
	cfg := f.Config.Search.Current
	age := c.MetricIteratorAge()
	return []alarm{
		{
			// AWS recommends alarms on failed, throttled and long calls over some minutes, and leaves the limits to
			// the user:
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html.
			what: name + "-errors", metric: c.MetricErrors(), when: atLeast, threshold: 1,
			datapoints: 3, periods: 5, missing: quiet, group: groupBehind, like: "current-errors",
			says: "The function of the current state fails: Lambda gives it the same records again",
		},
		{
			what: name + "-throttles", metric: c.MetricThrottles(), when: atLeast, threshold: 1,
			datapoints: 5, periods: 5, missing: quiet, group: groupBehind, like: "current-throttles",
			says: "The function of the current state is not called: the concurrency of the account, or the function's own, is used up",
		},
		{
			what: name + "-duration", metric: c.MetricDuration(), when: atLeast, threshold: float64(cfg.TimeoutSeconds) * milliseconds * 0.9,
			datapoints: 3, periods: 5, missing: quiet, like: "current-duration",
			says: fmt.Sprintf("Calls of the current state's function take nearly the %d seconds after which they are ended", cfg.TimeoutSeconds),
		},
		{
			what: name + "-age", metric: age, when: atLeast, threshold: float64(p.IteratorAgeSeconds) * milliseconds,
			datapoints: 5, periods: 5, missing: quiet, group: groupBehind, like: "current-age",
			says: fmt.Sprintf("The current state is %d seconds behind the stream", p.IteratorAgeSeconds),
		},
		{
			what: name + "-giving-up", metric: age, when: atLeast, threshold: float64(cfg.MaxAgeHours) * secondsPerHour * milliseconds * p.kept(),
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, like: "current-giving-up",
			says: fmt.Sprintf("The current state is behind by %d %% of the time after which Lambda gives a record up (search.current.maxAgeHours)", p.RetentionPercent),
		},
		{
			what: name + "-parked", metric: c.MetricParked(), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, like: "current-parked",
			says: "Records could not be applied to the current state, and were put below " + c.ParkedPrefix,
		},
		{
			what: name + "-dropped", metric: c.MetricDropped(), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk, like: "current-dropped",
			says: "Lambda has given records up that the current state's function could not apply",
		},
	}
}

// ofTables lists the alarms of the job that keeps the lake's tables, unless it has its own.
func (p *plan) ofTables(source string) []alarm {
	t := p.Tables[source]
	if t == nil || t.Alarmed() {
		return nil
	}
	return []alarm{
		{
			what: "tables-stopped", metric: t.MetricStopped(), when: atLeast, threshold: 1, datapoints: 1, periods: 1,
			missing: asBefore, // until a run reports another value
			says:    "A table of the lake has stopped",
		},
		{
			what: "tables-refused", metric: t.MetricRefused(), when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet, group: groupAtRisk,
			says: "Records could not be applied to tables of the lake, and were put aside",
		},
		{
			what: "tables-late", metric: t.MetricRuns(), when: lessThan, threshold: 1,
			datapoints: t.QuietPeriods(), periods: t.QuietPeriods(), missing: silence,
			says: "No run of the job that keeps the lake's tables has ended by itself for long",
		},
	}
}

// ofCanary lists the alarms on values that only the canary can measure.
func (p *plan) ofCanary(f *feed.Feed, c Canary) []alarm {
	if c == nil {
		return nil
	}
	headroom, left, says := c.MetricLogHeadroom(), float64(f.Config.Source.BinlogRetentionHours)*(1-p.kept()), "%g hours"
	if f.Config.Source.PostgreSQL() {
		left, says = gibibyte, "%g bytes of log" // an external server has its own retention settings
	}
	if !f.Source.MetricSlotBytes().None() { // which has an alarm already
		headroom = metric.Metric{}
	}
	return []alarm{
		{
			what: "searchable", metric: c.MetricSearchable(), when: atLeast, threshold: float64(p.SearchableSeconds),
			datapoints: 5, periods: 5, missing: silence, group: groupBehind, // a canary without a value has found nothing
			says: fmt.Sprintf("A row is found %d seconds after its commit, or not at all", p.SearchableSeconds),
		},
		{
			what: "log-headroom", metric: headroom.WithPeriod(metric.FiveMinutes), when: atMost, threshold: left,
			datapoints: 1, periods: 1, missing: asBefore, group: groupAtRisk,
			says: fmt.Sprintf("The database gives up what the task has not read in "+says+", or less", left),
		},
		{
			what: "reload", metric: c.MetricTablesToReload().WithPeriod(metric.FiveMinutes), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: asBefore,
			says: "Tables were changed in ways that rows do not show until they are loaded again",
		},
		{
			what: "certificate", metric: c.MetricCertificateDays().WithPeriod(metric.FiveMinutes), when: atMost, threshold: float64(p.CertificateDays),
			datapoints: 1, periods: 1, missing: asBefore,
			says: fmt.Sprintf("The database's certificate expires in %d days, or less", p.CertificateDays),
		},
		{
			what: "parked-objects", metric: c.MetricParkedObjects().WithPeriod(metric.FiveMinutes), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: asBefore, group: groupAtRisk,
			says: "Objects of what could not be delivered wait in the lake's bucket",
		},
		{
			what: "canary-failing", metric: c.MetricFailures(), when: atLeast, threshold: 1, datapoints: 5, periods: 5, missing: quiet,
			says: "The canary could not take all of its measures: what it looks after is not looked after",
		},
	}
}

// ofDomain lists the alarms that AWS recommends, with its limits:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cloudwatch-alarms.html.
func (p *plan) ofDomain(d *search.Domain) []alarm {
	cfg := p.Feeds[0].Config.Search.Only(config.OnDomain)
	return []alarm{
		{
			what: "domain-red", metric: d.MetricRed(), when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet,
			says: "The domain is red: an index lacks a primary shard",
		},
		{
			what: "domain-yellow", metric: d.MetricYellow(), when: atLeast, threshold: 1, datapoints: 5, periods: 5, missing: quiet,
			says: "The domain is yellow: an index lacks a replica",
		},
		{
			what: "domain-storage", metric: d.MetricFreeStorage(), when: atMost,
			threshold:  float64(cfg.VolumeGb) * mebiPerGibi * float64(p.FreeStoragePercent) / 100,
			datapoints: 1, periods: 1, missing: quiet,
			says: fmt.Sprintf("A node of the domain has %d %% of its storage left, or less", p.FreeStoragePercent),
		},
		{
			what: "domain-blocked", metric: d.MetricWritesBlocked().WithPeriod(metric.FiveMinutes), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: quiet,
			says: "The domain takes no writes",
		},
		{
			what: "domain-snapshot", metric: d.MetricSnapshotFailure(), when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet,
			says: "The domain's own snapshot has failed",
		},
		{
			what: "domain-cpu", metric: d.MetricCPU().WithPeriod(3 * metric.FiveMinutes), when: atLeast, threshold: float64(p.CPUPercent),
			datapoints: 3, periods: 3, missing: quiet,
			says: fmt.Sprintf("A node of the domain is %d %% busy", p.CPUPercent),
		},
		{
			what: "domain-heap", metric: d.MetricJVMPressure(), when: atLeast, threshold: float64(p.HeapPercent), datapoints: 3, periods: 3, missing: quiet,
			says: fmt.Sprintf("The heap of one of the domain's nodes is %d %% full", p.HeapPercent),
		},
		{
			what: "domain-key", metric: d.MetricKeyError(), when: atLeast, threshold: 1, datapoints: 1, periods: 1, missing: quiet,
			says: "The key that encrypts the domain is disabled",
		},
		{
			what: "domain-key-lost", metric: d.MetricKeyInaccessible(), when: atLeast, threshold: 1,
			datapoints: 1, periods: 1, missing: quiet, like: "domain-key",
			says: "The key that encrypts the domain is deleted, or the domain may not use it any more",
		},
	}
}

// ofCollections watches the account's capacity limit, at which collections refuse requests. AWS recommends no alarms
// for collections.
func (p *plan) ofCollections(c *search.Collections) []alarm {
	refuses := func(what string, m metric.Metric, says string) alarm {
		return alarm{
			what: what, metric: m, when: atLeast, threshold: 1, datapoints: 3, periods: 5, missing: quiet, like: "collections-refuse", says: says,
		}
	}
	return []alarm{
		refuses("collections-refuse-history", c.MetricHistoryErrors(), "The collection of the history refuses requests to write"),
		refuses("collections-refuse-rows", c.MetricCurrentErrors(), "The collection of the rows refuses requests to write"),
	}
}

// kept is the share of the retention that may be unread.
func (p *plan) kept() float64 { return float64(p.RetentionPercent) / 100 }
