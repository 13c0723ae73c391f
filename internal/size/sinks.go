package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Partitions is the maximum of open partitions of a delivery into the lake: one per table, or two while the hour
// changes.
func Partitions(tables int) int { return 2 * tables }

func (p *Plan) deliveries(nodes Node) {
	l := p.Load
	p.figure("Firehose", "throughput", "no limit", "", "both deliveries read the stream", deliveryLimit)
	partitions := Partitions(l.Tables)
	p.figure("Firehose", "partitions at once", partitions, "", fmt.Sprintf("%d × 2, while one hour follows another", l.Tables), partitionLimit)
	if partitions > ActivePartitions {
		p.open("%d partitions at once are more than the %d of a delivery: ask for a higher quota, up to 5,000 (%s), or spread the tables over several sources", partitions, ActivePartitions, firehosePage)
	}
	interval := 60.0
	if l.Prod {
		interval = 300
	}
	object := l.RowsPerSecond * l.record() * interval / float64(l.Tables) / 1e6
	lake := clamp(object, 64, 128)
	p.figure("Firehose", "buffer of the lake", lake, "MB", fmt.Sprintf("%s MB of a table in %s s", number(rounded(object)), number(interval)), lakeBufferLimit)
	most, limit := 100.0, bufferLimit
	if nodes.burstable {
		most, limit = 10, requestLimit
	}
	search := clamp(l.Peak*l.record()*5/1e6, 1, most)
	p.figure("Firehose", "buffer of the search", search, "MB", "5 s of the peak", limit)
	p.set("lake.bufferMb", lake)
	p.set("search.bufferMb", search)
}

func clamp(v, least, most float64) int { return int(math.Ceil(min(max(v, least), most))) }

// instances are DMS's instances with their memory in GiB.
var instances = []struct {
	class  string
	memory int
}{{"dms.t3.medium", 4}, {"dms.r6i.large", 16}, {"dms.r6i.xlarge", 32}, {"dms.r6i.2xlarge", 64}, {"dms.r6i.4xlarge", 128}, {"dms.r6i.8xlarge", 256}}

func (p *Plan) replication() {
	l := p.Load
	bytes := l.Peak * l.record()
	choices := instances
	if l.Prod {
		choices = instances[1:]
	}
	chosen := choices[len(choices)-1]
	for _, one := range choices {
		if float64(one.memory<<30) >= 60*bytes {
			chosen = one
			break
		}
	}
	p.figure("DMS", "instance class", chosen.class, "", fmt.Sprintf("%d GiB hold %s s of the peak", chosen.memory, number(math.Floor(float64(chosen.memory<<30)/bytes))), dmsMemoryLimit)
	hour := 3600 * bytes / (1 << 30)
	storage := clamp(hour+10, 50, 6144)
	p.figure("DMS", "storage", storage, "GiB", fmt.Sprintf("an hour of the peak, %s GiB, and logs; 50 at least", number(rounded(hour))), dmsStorageLimit)
	if hour+10 > 6144 {
		p.open("an hour of the peak is more than a replication instance stores: spread the tables over several sources")
	}
	p.set("replication.instanceClass", chosen.class)
	p.set("replication.storageGb", storage)
	p.open("whether one task writes %s records a second is to be measured (CDCLatencyTarget, CPUUtilization, SwapUsage): AWS gives no rate of a class, and the task applies changes one by one, in order", number(l.Peak))
}

// imagesOfUpdate is 2, because the binary log of an update has the row before and after it. eventBytes is the
// overhead around them.
const (
	imagesOfUpdate = 2
	eventBytes     = 100
)

func (p *Plan) source() {
	l := p.Load
	perRow := imagesOfUpdate*float64(l.RowBytes) + eventBytes
	gib := l.RowsPerSecond * perRow * float64(l.BinlogHours) * 3600 / (1 << 30)
	p.figure("source", "hours of binary log", l.BinlogHours, "h", "as given; the time that the task may stand still", binlogLimit)
	p.figure("source", "binary log, at most", gib, "GiB", fmt.Sprintf("%s rows/s × (2 × %s + %d) B × %d h, were all of them updates", number(l.RowsPerSecond), number(float64(l.RowBytes)), eventBytes, l.BinlogHours), clusterSizeLimit)
	if gib > clusterVolumeTiB*1024 {
		p.open("the binary log is larger than a cluster's volume: keep it for fewer hours")
	}
	p.set("source.binlogRetentionHours", l.BinlogHours)
}

// number formats a float with thousands separators and no unneeded digits.
func number(v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest == "" {
		return whole
	}
	return whole + "." + rest
}
