package config

import (
	"cmp"
	"regexp"
)

// LakeTables has the settings of the job that keeps tables from the lake's raw records. A table has one row for each row of the source,
// and the job changes it in place. So a query need not read every change that there ever was.
type LakeTables struct {
	// Format is the format of the tables. Tables that source.tables gives by a pattern get none. Default none in dev, iceberg in prod
	// while lake.catalog.enabled is true.
	Format TableFormat `json:"format" pulumi:"format,optional"`
	// Generation is the number of the tables' generation, 1 to 9999. Raise it for another format, or for a column type that does not hold
	// all old values. The job then builds new tables from the records, in another folder beside the present ones. `cdc tables switch`
	// compares them with the source and makes queries read them. Default 1.
	Generation int `json:"generation" pulumi:"generation,optional"`
	// Minutes is the time from one run of the job to the next. It must divide an hour, or be hours that divide a day: 5, 6, 10, 12, 15,
	// 20, 30, 60, 120, 180, 240, 360, 480, 720 or 1440. Default 60.
	Minutes int `json:"minutes" pulumi:"minutes,optional"`
	// TombstoneDays is how long a table remembers a deleted row, at least 1. The job refuses an older change that arrives after that.
	// Default: as long as the stream and the parked records last, stream.retentionHours and 30 days.
	TombstoneDays int `json:"tombstoneDays" pulumi:"tombstoneDays,optional"`
	// Workers is the number of workers in a run, 2 to 299. One of them is the driver. Default 2.
	Workers int `json:"workers" pulumi:"workers,optional"`
	// WorkerType is the type of every worker. Default G.1X.
	WorkerType WorkerType `json:"workerType" pulumi:"workerType,optional"`
	// TimeoutMinutes is after how long a run is ended, 5 to 10080. The next run goes on after the last commit. Default 60.
	TimeoutMinutes int `json:"timeoutMinutes" pulumi:"timeoutMinutes,optional"`
	// AlarmTopic is the ARN of an SNS topic of the stack's region and account. It is told when a table has stopped, when records were
	// refused, and when no run has ended for long. Its policy must let cloudwatch.amazonaws.com publish. Default: the topic of the
	// section alarms.
	AlarmTopic string `json:"alarmTopic" pulumi:"alarmTopic,optional"`
}

// TableFormat names the storage format of the lake's tables.
type TableFormat string

const (
	// FormatNone keeps no tables: queries read the records.
	FormatNone TableFormat = "none"
	// FormatIceberg is Apache Iceberg, which Athena reads and writes.
	FormatIceberg TableFormat = "iceberg"
	// FormatDelta is Delta Lake, which Athena reads, with times to the millisecond.
	FormatDelta TableFormat = "delta"
	// FormatHudi is Apache Hudi, which Athena reads, with times to the millisecond.
	FormatHudi TableFormat = "hudi"
)

// WorkerType names the size of a Glue worker, https://docs.aws.amazon.com/glue/latest/dg/worker-types.html.
type WorkerType string

const (
	// G1X is 4 vCPUs and 16 GB.
	G1X WorkerType = "G.1X"
	// G2X is twice as large.
	G2X WorkerType = "G.2X"
	// G4X is four times as large, in some regions.
	G4X WorkerType = "G.4X"
	// G8X is eight times as large, in some regions.
	G8X WorkerType = "G.8X"
)

// DPUs returns how many DPUs AWS bills for one worker.
func (w WorkerType) DPUs() int {
	return map[WorkerType]int{G1X: 1, G2X: 2, G4X: 4, G8X: 8}[w]
}

// These are the prefixes in the lake's bucket for the tables, and for the code and the specification of their job.
const (
	TablesPrefix     = "tables"
	TablesJobsPrefix = "jobs/tables"
)

// ParkedDays is the greatest age at which a parked record may be replayed. Tombstones of the current state are
// kept longer.
const ParkedDays = 30

// On reports whether the job keeps tables. Call it after WithDefaults.
func (s LakeTables) On() bool { return s.Format != "" && s.Format != FormatNone }

// WithDefaults fills unset settings. It assumes a stream with a retention of seven days.
func (s LakeTables) WithDefaults(env Environment) LakeTables {
	s.Format = cmp.Or(s.Format, choose(env, FormatNone, FormatIceberg))
	s.Generation = cmp.Or(s.Generation, 1)
	s.Minutes = cmp.Or(s.Minutes, 60)
	s = s.remembering(168)
	s.Workers = cmp.Or(s.Workers, 2)
	s.WorkerType = cmp.Or(s.WorkerType, G1X)
	s.TimeoutMinutes = cmp.Or(s.TimeoutMinutes, 60)
	return s
}

// remembering sets TombstoneDays, if it is unset, from the stream's retention.
func (s LakeTables) remembering(retentionHours int) LakeTables {
	s.TombstoneDays = cmp.Or(s.TombstoneDays, (retentionHours+23)/24+ParkedDays)
	return s
}

// tableMinutes lists the intervals that a cron expression can express. They are the divisors of an hour, and hours
// that divide a day. Glue accepts five minutes or more:
// https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html.
var tableMinutes = []int{5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s LakeTables) Validate() error {
	var p problems
	oneOf(&p, "lake.tables.format", s.Format, FormatNone, FormatIceberg, FormatDelta, FormatHudi)
	p.between("lake.tables.generation", s.Generation, 1, 9999, "generations")
	oneOf(&p, "lake.tables.minutes", s.Minutes, tableMinutes...)
	p.between("lake.tables.tombstoneDays", s.TombstoneDays, 1, maxLifecycleDays, "days")
	p.between("lake.tables.workers", s.Workers, 2, 299, "workers, one of which is the driver")
	oneOf(&p, "lake.tables.workerType", s.WorkerType, G1X, G2X, G4X, G8X)
	p.between("lake.tables.timeoutMinutes", s.TimeoutMinutes, 5, 10080, "minutes: Glue ends a run after seven days")
	if s.AlarmTopic != "" {
		p.matches("lake.tables.alarmTopic", s.AlarmTopic, topicArn, "the full ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>")
	}
	return p.join()
}

// topicArn matches the ARN of a standard topic. CloudWatch alarms need one here; the name of a FIFO topic ends
// with .fifo: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.
var topicArn = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
