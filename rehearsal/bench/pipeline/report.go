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

// What the function is held to.
const (
	goalPeer   = 1.5 // times the rows a processor second of the peer
	goalMemory = 1.3 // times the memory that it had at 100,000 rows, or at the first step after
)

// Names of contenders.
const (
	function        = "the function"
	debeziumEqual   = "Debezium, the function's batches"
	debeziumDefault = "Debezium, its own batches"
	debeziumReading = "Debezium, rows dropped"
	standInReading  = "the stand-in of DMS, reading"
)

// Report of one run.
type Report struct {
	// Bench has what is reported beside other measurements.
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

// Ratios of rows a processor second, the function's to the peer's.
type Ratios struct {
	PeerRows float64 `json:"peer_ratio_rows"`
}

// Cost of a row in microseconds of processor time, of the function, the node and the stand-ins, and of the clock.
type Cost struct {
	RowsPerSecond float64 `json:"rows_per_second"`
	Function      float64 `json:"function_us"`
	Node          float64 `json:"node_us"`
	StandIns      float64 `json:"stand_ins_us"`
	Clock         float64 `json:"clock_us"`
}

// busy is the part of all processors that was used.
func (c Cost) busy(cores int) float64 {
	return (c.Function + c.Node + c.StandIns) / c.Clock / float64(cores)
}

// Load is what a stream of so many shards, with so many calls at once for each, brings into the index.
type Load struct {
	Shards int `json:"shards"`
	Calls  int `json:"calls"`
	// Drained is how many rows a second were taken of a backlog, and Cost what each took.
	Drained float64 `json:"drained_rows_per_second"`
	Cost    Cost    `json:"cost"`
	// Held is the highest rate, of those tried, at which rows did not wait; 0 when none was. The others are milliseconds from a row's coming to
	// its being written, at the last rate tried; LastLate the most in the last third of the time.
	Held     float64 `json:"held_rows_per_second"`
	LateP50  float64 `json:"late_p50_ms"`
	LateP99  float64 `json:"late_p99_ms"`
	LastLate float64 `json:"last_late_ms"`
}

// Growth is an index on its way from the step before to so many rows.
type Growth struct {
	Rows int  `json:"rows"`
	Cost Cost `json:"cost"`
	// MemoryMB is the most resident memory that one process of the function had.
	MemoryMB float64 `json:"memory_mb"`
}

// Measure is what one contender took in one round.
type Measure struct {
	Micros        float64 `json:"us_per_row"`
	RowsPerSecond float64 `json:"rows_per_second"`
	MemoryMB      float64 `json:"memory_mb"`
}

// Spread of a figure over rounds.
type Spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// Peer is the function beside Debezium.
type Peer struct {
	Contenders []Contender `json:"contenders"`
	// Whole is the function's rows a processor second by those of the faster Debezium, which reads the log besides; Reading the same with the
	// stand-in's reading of the log added to the function; Writing the same without Debezium's reading. Of each the ratio in each round.
	Whole   Spread `json:"whole"`
	Reading Spread `json:"with_reading"`
	Writing Spread `json:"writing_alone"`
}

// Contender is one of them.
type Contender struct {
	Name string `json:"name"`
	// Micros of its processor for each row.
	Micros        Spread `json:"us_per_row"`
	RowsPerSecond Spread `json:"rows_per_second"`
	MemoryMB      Spread `json:"memory_mb"`
}

// Visible is how long after its commit a row is found.
type Visible struct {
	Function Latency `json:"function"`
	Peer     Latency `json:"peer"`
}

// Latency in milliseconds.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// lateness is the median and the 99th percentile of all, and the most of the last third, in milliseconds.
func lateness(late []time.Duration) (p50, p99, last float64) {
	return reconcile.Quantile(late, 0.5), reconcile.Quantile(late, 0.99), reconcile.Quantile(late[len(late)*2/3:], 1)
}

// conclude what rounds have shown: what disturbs one round disturbs all that ran in it.
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

// spread of at least one value.
func spread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	median := sorted[half]
	if len(sorted)%2 == 0 {
		median = (sorted[half-1] + median) / 2
	}
	return Spread{Median: median, Least: sorted[0], Most: sorted[len(sorted)-1]}
}

// Memory says how many times as much memory the function had at most, from 100,000 rows on, as when it had them.
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

// Missed are the goals that this run has not reached.
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
