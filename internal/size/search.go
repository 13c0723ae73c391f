package size

import (
	"fmt"
	"math"
)

// Node is a data node type of a domain.
type Node struct {
	Type      string
	VCPUs     int
	MemoryGiB int
	// VolumeGiB is the largest gp3 volume.
	VolumeGiB int
	burstable bool
}

// HeapGiB is half of the memory, at most 32 GiB.
func (n Node) HeapGiB() float64 { return min(float64(n.MemoryGiB)/2, 32) }

// Nodes are a plan's choices, by size; the T3 types are for dev, as AWS recommends.
var Nodes = []Node{
	{"t3.small.search", 2, 2, 100, true},
	{"t3.medium.search", 2, 4, 200, true},
	{"r7g.large.search", 2, 16, 2048, false},
	{"r7g.xlarge.search", 4, 32, 3072, false},
	{"r7g.2xlarge.search", 8, 64, 6144, false},
	{"r7g.4xlarge.search", 16, 128, 12288, false},
	{"r7g.8xlarge.search", 32, 256, 16384, false},
}

// Copies is the number of copies in a domain with this many nodes: a replica needs a second node.
func Copies(nodes int) int { return min(2, max(1, nodes)) }

// ShardsOnNode is the number of shards on a node. The history has an index per day with one shard per node; the
// present rows have an index per table.
func ShardsOnNode(histories, days, tables, nodes int) float64 {
	return float64(Copies(nodes)) * (float64(histories*days) + float64(tables)/float64(max(1, nodes)))
}

// StorageGiB is the storage that a domain needs for source data, by AWS's formula.
func StorageGiB(source float64, copies int) float64 {
	return source * float64(copies) * (1 + indexOverhead) / (1 - linuxReserved) / (1 - serviceReserved)
}

// domain is a number of nodes of a type that can hold a load.
type domain struct {
	Node
	count, volume int
	storage       float64
}

// fits reports whether this many nodes can hold a load, and with which volumes.
func (n Node) fits(l Load, count int) (domain, bool) {
	d := domain{Node: n, count: count, storage: StorageGiB(l.history()+l.present(), Copies(count))}
	d.volume = max(leastVolumeGiB, int(math.Ceil(d.storage/float64(count))))
	// Only today's writes and updates keep a node busy; older days just fill its volume.
	hundreds := StorageGiB(l.gibADay()+l.present(), Copies(count)) / 100
	return d, d.volume <= n.VolumeGiB && (!n.burstable || count <= 10) &&
		float64(count*n.VCPUs) >= vCPUsPer100GiB*hundreds && float64(count*n.MemoryGiB) >= memoryPer100GiB*hundreds &&
		ShardsOnNode(1, l.RetentionDays, l.Tables, count) <= ShardsPerHeapGiB*n.HeapGiB() &&
		l.gibADay()*(1+indexOverhead)/float64(count) <= shardGiB
}

// choose returns the domain with the fewest processors, then with the least memory.
func choose(l Load) (best domain, found bool) {
	zones := 1
	if l.Prod {
		zones = 3
	}
	for _, n := range Nodes {
		if n.burstable && l.Prod {
			continue
		}
		for count := zones; count <= mostNodes; count += zones {
			d, ok := n.fits(l, count)
			if !ok {
				continue
			}
			cpus, least := count*n.VCPUs, best.count*best.VCPUs
			if !found || cpus < least || cpus == least && count*n.MemoryGiB < best.count*best.MemoryGiB {
				best, found = d, true
			}
			break
		}
	}
	return best, found
}

// search returns the type of the data nodes; none when no domain can hold the load.
func (p *Plan) search() Node {
	l := p.Load
	history, present := l.history(), l.present()
	p.figure("search", "records of the history", history, "GiB", fmt.Sprintf("%s GiB a day × %d days", number(rounded(l.gibADay())), l.RetentionDays), storageLimit)
	if present > 0 {
		p.figure("search", "present rows", present, "GiB", fmt.Sprintf("%s × %s B", number(l.PresentRows), number(float64(l.RowBytes))), storageLimit)
	} else {
		p.open("present rows are left out of the domain's storage: give their number as --rows")
	}
	p.set("search.historyRetentionDays", l.RetentionDays)
	d, ok := choose(l)
	if !ok {
		p.open("no domain of %d nodes that the model knows holds %s GiB of records and their shards: keep the history for fewer days (it is all in the lake), spread the tables over several stacks, or ask AWS", mostNodes, number(rounded(history+present)))
		return Node{}
	}
	copies := Copies(d.count)
	p.figure("search", "storage of all nodes", d.storage, "GiB", fmt.Sprintf("%s GiB × %d × 1.45", number(rounded(history+present)), copies), storageLimit)
	p.figure("search", "data nodes", fmt.Sprintf("%d × %s", d.count, d.Type), "", fmt.Sprintf("%d vCPUs and %d GiB each, the fewest processors that meet every line here", d.VCPUs, d.MemoryGiB), nodeLimit)
	volumes := volumeOfR7gLimit
	if d.burstable {
		volumes = volumeLimit
	}
	p.figure("search", "volume of a node", d.volume, "GiB", fmt.Sprintf("%s GiB / %d, at most %s", number(rounded(d.storage)), d.count, number(float64(d.VolumeGiB))), volumes)
	p.figure("search", "shards of a day's index", d.count, "", "one for each node, as the program makes them", shardSizeLimit)
	p.figure("search", "size of such a shard", l.gibADay()*(1+indexOverhead)/float64(d.count), "GiB", fmt.Sprintf("%s GiB × 1.1 / %d", number(rounded(l.gibADay())), d.count), shardSizeLimit)
	p.figure("search", "shards of a node", ShardsOnNode(1, l.RetentionDays, l.Tables, d.count), "", fmt.Sprintf("%d × (%d of days + %d of tables / %d), at most %s", copies, l.RetentionDays, l.Tables, d.count, number(ShardsPerHeapGiB*d.HeapGiB())), heapLimit)
	p.set("search.instanceType", d.Type)
	p.set("search.instanceCount", d.count)
	p.set("search.volumeGb", d.volume)
	if l.Prod {
		master := masterOf(d.count)
		p.figure("search", "dedicated masters", "3 × "+master, "", fmt.Sprintf("%d nodes", d.count), masterLimit)
		p.set("search.dedicatedMasterType", master)
	}
	p.open("whether these nodes index and search as fast as you need is to be measured: no limit says what a type writes in a second")
	return d.Node
}

// masterOf returns the master type for this many nodes. AWS's table has M6g in the first row; its successor has the
// same memory.
func masterOf(nodes int) string {
	switch {
	case nodes <= 10:
		return "m7g.large.search"
	case nodes <= 30:
		return "c6g.2xlarge.search"
	case nodes <= 75:
		return "c6g.4xlarge.search"
	}
	return "r6g.2xlarge.search"
}
