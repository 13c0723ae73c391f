package cost

import (
	"cdcpipeline/config"
	"math"
)

// Load determines the variable costs.
type Load struct {
	// RowsADay is the number of row changes a day, spread evenly.
	RowsADay float64 `json:"rowsADay"`
	// RecordBytes is the size of a change's record in the stream.
	RecordBytes float64 `json:"recordBytes"`
	// Tables with changes all day: the lake gets separate objects for each.
	Tables float64 `json:"tables"`
}

// Example is the load of docs/cost.md. A record of 1140 bytes is an update of a 1 KB row (docs/performance.md).
var Example = Load{RowsADay: 1_000_000, RecordBytes: 1140, Tables: 1}

// Assumptions about the current-state function, which nobody has measured on AWS.
const (
	// OnDemandShards is the initial number of shards of an on-demand stream,
	// https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html.
	OnDemandShards = 4
	// CallSeconds is the duration of a call, CallLogBytes the size of its log.
	CallSeconds  = 0.1
	CallLogBytes = 1024
	// CallMetrics is the number of metrics that a call reports.
	CallMetrics = 7
)

func (l Load) rows() float64 { return l.RowsADay * DaysAMonth }

// gb is the size of a month's rows at these bytes each; AWS's GB is 2^30 bytes.
func (l Load) gb(bytes float64) float64 { return l.rows() * bytes / (1 << 30) }

// InKinesis is a month's GB as Kinesis counts it, with each record rounded up to 1 KB.
func (l Load) InKinesis() float64 { return l.gb(roundedUp(l.RecordBytes, 1<<10)) }

// InFirehose is a month's GB as Firehose counts it, with each record rounded up to 5 KB.
func (l Load) InFirehose() float64 { return l.gb(roundedUp(l.RecordBytes, 5<<10)) }

// Raw is a month's GB without rounding.
func (l Load) Raw() float64 { return l.gb(l.RecordBytes) }

func roundedUp(bytes, step float64) float64 { return math.Ceil(bytes/step) * step }

// Rows is the monthly cost on top of [Fixed] when each source has this load. Where AWS does not document which size
// it counts, the larger one is used.
func Rows(c config.Config, l Load) Bill {
	var b Bill
	for _, f := range c.Feeds() {
		b = append(b, rows(c, f, l)...)
	}
	return b
}

// rows is the cost of one source's rows.
func rows(c config.Config, f config.Feed, l Load) Bill {
	var b Bill
	b.streamed(f, l)
	b.add("Firehose: two deliveries × GB", "", "Firehose", 2, l.InFirehose())
	b.add("Firehose: into the VPC, GB", "", "Firehose VPC GB", l.InFirehose())
	b.add("lake: partitioned by table, GB", "", "Firehose partitioning", l.Raw())
	objects := l.Tables * HoursAMonth * 3600 / float64(c.Lake.BufferSeconds) / 1000
	b.add("lake: partitioned objects, thousands", "lake.bufferSeconds", "Firehose objects", objects)
	b.add("lake: objects written, thousands", "lake.bufferSeconds", "S3 PUT", objects)
	b.lake(c.Lake, l)
	if c.Network.VpcID == "" {
		way := map[config.Egress]string{config.EgressEndpoints: "endpoint GB", config.EgressNAT: "NAT GB"}[c.Network.Egress]
		b.add("DMS: into the stream, GB", "network.egress", way, l.Raw())
	}
	b.add("collections: days of history × GB a day", "search.historyRetentionDays", "collection GB", count(c.Search.On(config.OnCollections))*float64(c.Search.HistoryRetentionDays), l.Raw()/DaysAMonth*IndexOverhead)
	if c.Search.Current.On() {
		b.current(f, l)
	}
	return b.of(f)
}

// streamed adds writing, reading and storing records. Two deliveries and the current-state function read. The size
// that Kinesis counts for reads is assumed to be the same as for writes.
func (b *Bill) streamed(f config.Feed, l Load) {
	kept := l.InKinesis() / DaysAMonth
	days := float64(f.Stream.RetentionHours) / 24
	if f.Stream.Shards > 0 {
		b.add("Kinesis: records written, millions", "stream.shards", "Kinesis PUT", l.rows()*math.Ceil(l.RecordBytes/(25<<10))/1e6)
		b.add("Kinesis: read by a consumer of its own, GB", "search.current.enhancedFanOut", "Kinesis shard consumer GB", count(fansOut(f))*l.InKinesis())
	} else {
		readers := 2 + count(f.Search.Current.On() && !fansOut(f))
		b.add("Kinesis: written, GB", "", "Kinesis in", l.InKinesis())
		b.add("Kinesis: readers that share × GB", "search.current.enhancedFanOut", "Kinesis out", readers, l.InKinesis())
		b.add("Kinesis: read by a consumer of its own, GB", "search.current.enhancedFanOut", "Kinesis consumer", count(fansOut(f))*l.InKinesis())
		b.add("Kinesis: days kept, 2nd to 7th × GB a day", "stream.retentionHours", "Kinesis kept", math.Min(days, 7)-1, kept)
	}
	b.add("Kinesis: days kept, from the 8th × GB a day", "stream.retentionHours", "Kinesis kept long", math.Max(days-7, 0), kept)
}

// lake adds storage at the age when objects are in Glacier, with younger objects in two other classes. Older objects
// keep accumulating.
func (b *Bill) lake(lake config.Lake, l Load) {
	young, old := float64(lake.InfrequentAccessDays), float64(lake.GlacierDays)
	b.add("lake: days in S3 Standard × GB a day", "lake.infrequentAccessDays", "S3 Standard", young, l.Raw()/DaysAMonth)
	b.add("lake: days in Standard-IA × GB a day", "lake.glacierDays", "S3 Standard-IA", old-young, l.Raw()/DaysAMonth)
}

// current adds the function's calls. There is at most one call per shard and batch window, and at most one per row;
// once batches are full there are more.
func (b *Bill) current(f config.Feed, l Load) {
	s := f.Search.Current
	shards := float64(f.Stream.Shards)
	if shards == 0 {
		shards = OnDemandShards
	}
	window := math.Max(1, float64(*s.BatchSeconds))
	calls := math.Min(l.rows(), shards*float64(s.Parallelization)*HoursAMonth*3600/window)
	calls = math.Max(calls, l.rows()/float64(s.BatchSize))
	b.add("current state: calls, millions", "search.current.batchSeconds", "Lambda calls", calls/1e6)
	b.add("current state: millions of calls × seconds × GB", "search.current.memoryMb", "Lambda time", calls/1e6, CallSeconds, float64(s.MemoryMb)/1024)
	b.add("current state: logs, GB", "search.current.batchSeconds", "logs", calls*CallLogBytes/(1<<30))
	b.add("current state: metrics", "", "metric", CallMetrics)
}
