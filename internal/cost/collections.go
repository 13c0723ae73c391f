package cost

import (
	"cdcpipeline/config"
	"math"
)

const (
	// LeastOCU is what indexing and searching have each, however little there is to do, without a standby,
	// https://aws.amazon.com/blogs/big-data/amazon-opensearch-serverless-cost-effective-search-capabilities-at-any-scale/.
	LeastOCU = 0.5
	// OCUGb is what one unit holds of indices that are searched at once, the same.
	OCUGb = 120
	// IndexOverhead is how much larger an index is than what is indexed, as AWS has it for domains,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-storage.html.
	IndexOverhead = 1.1
	// RowSeconds is the processor time for a row of 1 KB in one index, measured on a node of another machine: docs/performance.md.
	RowSeconds  = 95e-6
	secondsADay = 24 * 3600
)

// copies of the capacity: a standby has as much again.
func copies(s config.Search) float64 { return 1 + count(*s.StandbyReplicas) }

// CollectedGb is what the history of a load takes in a collection, in GB. Present rows come on top, once each.
func CollectedGb(c config.Config, l Load) float64 {
	return l.gb(l.RecordBytes) / DaysAMonth * float64(c.Search.HistoryRetentionDays) * IndexOverhead
}

// collections counts the least capacity, which both share because they have one key, and their endpoint.
func (b *Bill) collections(c config.Config) {
	b.add("OpenSearch Serverless, the least: indexing and searching × OCU × copies", "search.kind, search.standbyReplicas", "OCU", 2, LeastOCU, copies(c.Search), HoursAMonth)
	b.add("endpoint of the collections × zones", "search.kind, network.availabilityZones", "interface endpoint", 1, zones(c), HoursAMonth)
}

// Searched is what a month of searching costs at a rate: a domain of the environment's kind that holds the history, and collections, of which
// nobody says how much of a time series is kept in units and not in S3 alone.
type Searched struct {
	RowsASecond, Gb float64
	// Domain, and Nodes that it takes; Least is collections with the least of units, Most with units for all of the history.
	Domain, Least, Most float64
	Nodes               string
}

// Rated is a load of so many rows a second of 1 KB.
func Rated(rowsASecond float64) Load {
	return Load{RowsADay: rowsASecond * secondsADay, RecordBytes: Example.RecordBytes, Tables: 1}
}

// Compare searching at a rate, everything else of the pipeline left out.
func Compare(environment config.Environment, rowsASecond float64) Searched {
	l := Rated(rowsASecond)
	domain := config.Config{Environment: environment}.WithDefaults()
	needed := math.Ceil(SearchGb(domain, l))
	if domain.Search.InstanceType == "t3.small.search" && needed > float64(domain.Search.VolumeGb) { // takes no more than 100 GB, and no load for long
		domain.Search.InstanceType = "r7g.large.search"
	}
	domain.Search.VolumeGb = max(domain.Search.VolumeGb, int(math.Ceil(needed/float64(domain.Search.InstanceCount))))
	var of Bill
	of.domain(domain.Search)

	serverless := config.Config{Environment: environment, Search: config.Search{Kind: config.OnCollections}}.WithDefaults()
	gb := CollectedGb(serverless, l)
	stored := gb * find("collection GB").USD
	units := func(search float64) float64 {
		// Two indices take each row.
		indexing := math.Max(LeastOCU, whole(rowsASecond*RowSeconds*2))
		return (indexing + math.Max(LeastOCU, whole(search))) * copies(serverless.Search) * HoursAMonth * find("OCU").USD
	}
	return Searched{
		RowsASecond: rowsASecond, Gb: gb, Domain: of.USD(), Least: units(0) + stored, Most: units(gb/OCUGb) + stored,
		Nodes: domain.Search.InstanceType,
	}
}

// whole is how capacity grows: half a unit, one, and by ones from there.
func whole(units float64) float64 {
	if units <= LeastOCU {
		return LeastOCU
	}
	return math.Ceil(units)
}
