package size

import (
	"fmt"
	"math"
)

// MostShards is the configuration's maximum.
const MostShards = 500

// CallRatio is the throughput of one function call relative to one client with plain _bulk requests: the lowest value
// in docs/performance.md.
const CallRatio = 0.70

// Readers is the number of readers that share the stream's throughput: two deliveries, and the function without its
// own throughput.
func Readers(fansOut bool) int {
	if fansOut {
		return 2
	}
	return 3
}

// Shards is the number of shards needed for a rate of records, by writes and by the reads that share throughput.
func Shards(recordsPerSecond, recordBytes float64, readers int) int {
	bytes := recordsPerSecond * recordBytes
	return int(math.Ceil(max(1, recordsPerSecond/ShardRecords, bytes/ShardBytes, float64(readers)*bytes/ShardReadBytes)))
}

// Batch is the maximum number of records of a size in a call.
func Batch(recordBytes float64) int {
	return min(MostInBatch, int(PayloadBytes/(recordBytes*base64Overhead+eventOverhead)))
}

func (p *Plan) stream() {
	l := p.Load
	readers := Readers(l.Prod)
	shards := Shards(l.Peak, l.record(), readers)
	from := fmt.Sprintf("the most of 1 MB and 1,000 records written, and %d readers of 2 MB", readers)
	call := l.BulkRowsPerSecond * CallRatio
	if call > 0 && l.Peak/float64(shards) > MostParallel*call {
		shards = int(math.Ceil(l.Peak / (MostParallel * call)))
		from = fmt.Sprintf("%d calls at once write %s rows/s", MostParallel, number(MostParallel*call))
	}
	p.figure("stream", "shards", shards, "", from, shardLimit)
	onDemand := shards <= OnDemandShards
	switch {
	case onDemand:
		p.figure("stream", "mode", "on demand", "", "a new stream takes this peak at once", onDemandLimit)
	case shards > MostShards:
		onDemand = true
		p.open("stream.shards: %d are more than the configuration takes (%d): on demand, raise the rate over days, since a stream takes twice the highest rate of the last 30 days; or spread the tables over several sources", shards, MostShards)
		p.figure("stream", "mode", "on demand", "", "more shards than the configuration takes", onDemandLimit)
	default:
		p.figure("stream", "mode", "provisioned", "", "a new on-demand stream would refuse a part until it has grown", onDemandLimit)
	}
	if onDemand {
		p.set("stream.shards", 0)
		shards = max(shards, OnDemandShards)
	} else {
		p.set("stream.shards", shards)
	}
	p.function(shards, call)
}

// function computes how the stream is read: concurrent calls and records per call.
func (p *Plan) function(shards int, call float64) {
	l := p.Load
	perShard := l.Peak / float64(shards)
	parallel := 1
	if l.Prod {
		parallel = 2
	}
	from := "the environment's default: how much a call writes was not given"
	if call > 0 {
		parallel = min(MostParallel, int(math.Ceil(max(1, perShard/call))))
		from = fmt.Sprintf("%s rows/s of a shard, of which a call writes %s", number(perShard), number(call))
	} else {
		p.open("how fast a call writes is to be measured: each has %s rows/s to write, for which one client of bare _bulk requests must reach %s rows/s at your domain; give what it reaches as --bulk-rows-per-second",
			number(rounded(perShard/float64(parallel))), number(rounded(perShard/float64(parallel)/CallRatio)))
	}
	p.figure("function", "calls at once for a shard", parallel, "", from, parallelLimit)
	if call > 0 {
		p.figure("function", "rows that a call writes", call, "rows/s", fmt.Sprintf("%s × %.2f", number(l.BulkRowsPerSecond), CallRatio), callLimit)
	}
	most := Batch(l.record())
	batch := min(most, max(500, int(math.Ceil(perShard/float64(parallel)/100))*100))
	p.figure("function", "records in a call", batch, "", fmt.Sprintf("a second's, of which the payload takes %s", number(float64(most))), batchLimit)
	calls := shards * parallel
	p.figure("function", "calls at once", calls, "", fmt.Sprintf("%d shards × %d", shards, parallel), accountLimit)
	if calls > AccountCalls {
		p.open("%d calls at once are more than the 1,000 that an account has: `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value %d`", calls, calls+AccountCalls)
	}
	p.set("search.current.enhancedFanOut", l.Prod)
	p.set("search.current.parallelization", parallel)
	p.set("search.current.batchSize", batch)
}
