package pipeline

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// These are the function's goals.
const (
	goalPeer   = 1.5 // ratio of rows per processor second to the peer's
	goalMemory = 1.3 // ratio of memory to that at 100,000 rows, or at the first step after
)

// These are the names of contenders.
const (
	function        = "the function"
	debeziumEqual   = "Debezium, the function's batches"
	debeziumDefault = "Debezium, its own batches"
	debeziumReading = "Debezium, rows dropped"
	standInReading  = "the stand-in of DMS, reading"
)

// Report has the results of one run.
type Report struct {
	// Bench has the figures that are reported with other measurements.
	Bench    Ratios            `json:"bench"`
	Scale    Scale             `json:"scale"`
	Machine  string            `json:"machine"`
	Date     string            `json:"date"`
	Seconds  float64           `json:"seconds"`
	Cores    int               `json:"cores"`
	Versions map[string]string `json:"versions"`
	Load     []Load            `json:"load"`
	Growth   []Growth          `json:"growth"`
	Peer     Peer              `json:"peer"`
	Visible  Visible           `json:"visible"`
}

// Ratios divide the function's rows per processor second by the peer's.
type Ratios struct {
	PeerRows float64 `json:"peer_ratio_rows"`
}

// Cost is the cost of a row: microseconds of processor time of the function, the node and the stand-ins, and of
// elapsed time.
type Cost struct {
	RowsPerSecond float64 `json:"rows_per_second"`
	Function      float64 `json:"function_us"`
	Node          float64 `json:"node_us"`
	StandIns      float64 `json:"stand_ins_us"`
	Clock         float64 `json:"clock_us"`
}

// busy returns the fraction of all processors that was in use.
func (c Cost) busy(cores int) float64 {
	return (c.Function + c.Node + c.StandIns) / c.Clock / float64(cores)
}

// Load is the throughput for a number of shards and of concurrent calls for each shard.
type Load struct {
	Shards int `json:"shards"`
	Calls  int `json:"calls"`
	// Drained is the number of rows per second from a backlog. Cost is the cost of one row.
	Drained float64 `json:"drained_rows_per_second"`
	Cost    Cost    `json:"cost"`
	// Held is the highest rate, of those tried, at which rows did not wait; 0 if there was none. The other figures
	// are milliseconds from a row's arrival to its writing, at the last rate tried. LastLate is the greatest in
	// the last third of the time.
	Held     float64 `json:"held_rows_per_second"`
	LateP50  float64 `json:"late_p50_ms"`
	LateP99  float64 `json:"late_p99_ms"`
	LastLate float64 `json:"last_late_ms"`
}

// Growth is one step of a growing index, up to a number of rows.
type Growth struct {
	Rows int  `json:"rows"`
	Cost Cost `json:"cost"`
	// MemoryMB is the greatest resident memory of one process of the function.
	MemoryMB float64 `json:"memory_mb"`
}

// Measure has the figures of one contender in one round.
type Measure struct {
	Micros        float64 `json:"us_per_row"`
	RowsPerSecond float64 `json:"rows_per_second"`
	MemoryMB      float64 `json:"memory_mb"`
}

// Spread has the median, the least and the greatest value of a figure over all rounds.
type Spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// Peer compares the function with Debezium.
type Peer struct {
	Contenders []Contender `json:"contenders"`
	// Whole divides the function's rows per processor second by those of the faster Debezium, which also reads the
	// log. Reading is the same ratio with the stand-in's reading of the log added to the function's time. Writing
	// is the same without Debezium's reading. All are computed in each round.
	Whole   Spread `json:"whole"`
	Reading Spread `json:"with_reading"`
	Writing Spread `json:"writing_alone"`
}

// Contender has the figures of one contender.
type Contender struct {
	Name string `json:"name"`
	// Micros is its processor time per row, in microseconds.
	Micros        Spread `json:"us_per_row"`
	RowsPerSecond Spread `json:"rows_per_second"`
	MemoryMB      Spread `json:"memory_mb"`
}

// Visible is how long after its commit a search finds a row.
type Visible struct {
	Function Latency `json:"function"`
	Peer     Latency `json:"peer"`
}

// Latency has milliseconds.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// lateness returns the median and the 99th percentile of all delays, and the greatest in the last third, in
// milliseconds.
func lateness(late []time.Duration) (p50, p99, last float64) {
	return reconcile.Quantile(late, 0.5), reconcile.Quantile(late, 0.99), reconcile.Quantile(late[len(late)*2/3:], 1)
}

// conclude compares contenders within each round, because a disturbance affects all that ran in the round.
func conclude(costs map[string][]Measure) Peer {
	var p Peer
	for _, name := range []string{function, debeziumEqual, debeziumDefault, debeziumReading, standInReading} {
		of := func(figure func(Measure) float64) Spread {
			values := make([]float64, len(costs[name]))
			for i, m := range costs[name] {
				values[i] = figure(m)
			}
			return spread(values)
		}
		p.Contenders = append(p.Contenders, Contender{
			Name: name, Micros: of(func(m Measure) float64 { return m.Micros }), RowsPerSecond: of(func(m Measure) float64 { return m.RowsPerSecond }),
			MemoryMB: of(func(m Measure) float64 { return m.MemoryMB }),
		})
	}
	rounds := len(costs[function])
	whole, reading, writing := make([]float64, rounds), make([]float64, rounds), make([]float64, rounds)
	for i := range rounds {
		ours, theirs := costs[function][i].Micros, min(costs[debeziumEqual][i].Micros, costs[debeziumDefault][i].Micros)
		whole[i] = theirs / ours
		reading[i] = theirs / (ours + costs[standInReading][i].Micros)
		writing[i] = (theirs - costs[debeziumReading][i].Micros) / ours
	}
	p.Whole, p.Reading, p.Writing = spread(whole), spread(reading), spread(writing)
	return p
}

// spread computes a Spread from at least one value.
func spread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	median := sorted[half]
	if len(sorted)%2 == 0 {
		median = (sorted[half-1] + median) / 2
	}
	return Spread{Median: median, Least: sorted[0], Most: sorted[len(sorted)-1]}
}

// Memory divides the function's greatest memory from 100,000 rows on by its memory at 100,000 rows.
func (r *Report) Memory() float64 {
	first, most := 0.0, 0.0
	for _, step := range r.Growth {
		if first == 0 && (step.Rows >= 100_000 || step.Rows == r.Scale.Growth) {
			first = step.MemoryMB
		}
		most = max(most, step.MemoryMB)
	}
	return most / first
}

// Missed lists the goals that this run has missed.
func (r *Report) Missed() []string {
	var missed []string
	if ratio := r.Peer.Whole.Median; len(r.Peer.Contenders) > 0 && ratio < goalPeer {
		missed = append(missed, fmt.Sprintf("the function writes %.2f times the rows a processor second of Debezium, not %.1f", ratio, goalPeer))
	}
	for _, one := range r.Load {
		if one.Held == 0 {
			missed = append(missed, fmt.Sprintf("%d shards with %d calls at once hold no rate that was tried", one.Shards, one.Calls))
		}
	}
	if grown := r.Memory(); len(r.Growth) > 0 && grown > goalMemory {
		missed = append(missed, fmt.Sprintf("the function's memory grows to %.2f times what it was, not %.1f", grown, goalMemory))
	}
	return missed
}

// Print writes the report as tables.
func (r *Report) Print(out io.Writer) {
	for _, t := range []table.Writer{r.load(), r.growth(), r.peer(), r.ratios(), r.visible()} {
		if t.Length() == 0 {
			continue
		}
		t.SetStyle(table.StyleLight)
		fmt.Fprintf(out, "%s\n\n", t.Render())
	}
	if len(r.Load) > 0 {
		fmt.Fprintln(out, r.Knee())
	}
	if missed := r.Missed(); len(missed) > 0 {
		fmt.Fprintln(out, "goals missed:", strings.Join(missed, "; "))
	}
}
