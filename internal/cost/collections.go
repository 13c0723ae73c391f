package cost

import (
	"cdcpipeline/config"
	"math"
)

const (
	// LeastOCU is the minimum capacity of indexing and of searching each, without a standby,
	// https://aws.amazon.com/blogs/big-data/amazon-opensearch-serverless-cost-effective-search-capabilities-at-any-scale/.
	LeastOCU = 0.5
	// OCUGb is the size of active indices that one unit holds; the same source.
	OCUGb = 120
	// IndexOverhead is the ratio of an index to its source data, from AWS's rule for domains,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-storage.html.
	IndexOverhead = 1.1
	// RowSeconds is the processor time for a 1 KB row in one index, measured on a node of another machine:
	// docs/performance.md.
	RowSeconds  = 95e-6
	secondsADay = 24 * 3600
)

// copies is the factor on capacity: a standby doubles it.
func copies(s config.Search) float64 { return 1 + count(*s.StandbyReplicas) }

// CollectedGb is the size of a load's history in a collection, in GB. Present rows are extra, one document each.
func CollectedGb(c config.Config, l Load) float64 {
	return l.gb(l.RecordBytes) / DaysAMonth * float64(c.Search.HistoryRetentionDays) * IndexOverhead
}

// collections adds the minimum capacity, which both collections share because they have one key, and their endpoint.
func (b *Bill) collections(c config.Config) {
	b.add("OpenSearch Serverless, the least: indexing and searching × OCU × copies", "search.kind, search.standbyReplicas", "OCU", 2, LeastOCU, copies(c.Search), HoursAMonth)
	b.add("endpoint of the collections × zones", "search.kind, network.availabilityZones", "interface endpoint", 1, zones(c), HoursAMonth)
}

// Searched compares a month's cost of searching at a given rate in a domain and in collections. The domain has the
// environment's instance types and is large enough for the history. For collections AWS does not document how much of
// a time series stays in units rather than only in S3.
type Searched struct {
	RowsASecond, Gb float64
	// Domain is its cost, with the number of Nodes. Least is collections with the minimum of units, Most with enough
	// units for the whole history.
	Domain, Least, Most float64
	Nodes               string
}

// Rated is a load of 1 KB rows at this rate per second.
func Rated(rowsASecond float64) Load {
	return Load{RowsADay: rowsASecond * secondsADay, RecordBytes: Example.RecordBytes, Tables: 1}
}

// Compare returns the cost of searching at a rate, without the rest of the pipeline.
func Compare(environment config.Environment, rowsASecond float64) Searched {
	l := Rated(rowsASecond)
	domain := config.Config{Environment: environment}.WithDefaults()
	needed := math.Ceil(SearchGb(domain, l))
	if domain.Search.InstanceType == "t3.small.search" && needed > float64(domain.Search.VolumeGb) { // it holds at most 100 GB, and no sustained load
		domain.Search.InstanceType = "r7g.large.search"
	}
	domain.Search.VolumeGb = max(domain.Search.VolumeGb, int(math.Ceil(needed/float64(domain.Search.InstanceCount))))
	var of Bill
	of.domain(domain.Search)

	serverless := config.Config{Environment: environment, Search: config.Search{Kind: config.OnCollections}}.WithDefaults()
	gb := CollectedGb(serverless, l)
	stored := gb * find("collection GB").USD
	units := func(search float64) float64 {
		// Two indices receive each row.
		indexing := math.Max(LeastOCU, whole(rowsASecond*RowSeconds*2))
		return (indexing + math.Max(LeastOCU, whole(search))) * copies(serverless.Search) * HoursAMonth * find("OCU").USD
	}
	return Searched{
		RowsASecond: rowsASecond, Gb: gb, Domain: of.USD(), Least: units(0) + stored, Most: units(gb/OCUGb) + stored,
		Nodes: domain.Search.InstanceType,
	}
}

// whole rounds up to the steps of capacity: half a unit, one, then whole units.
func whole(units float64) float64 {
	if units <= LeastOCU {
		return LeastOCU
	}
	return math.Ceil(units)
}
