package tables

import (
	"cdcpipeline/config"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// These are the job's goals.
const (
	goalPeer   = 2.0  // for Iceberg, ratio of changes per processor second to Hudi's own writer
	goalPoint  = 20.0 // how many times faster one row is read from the table than from the records
	goalGrowth = 1.5  // ratio of the cost of a few changes in a table with four times the rows
)

const (
	iceberg = string(config.FormatIceberg)
	hudi    = string(config.FormatHudi)
)

// Report has the results of one run.
type Report struct {
	Scale Scale `json:"scale"`
	// Taken says where and when each part was measured.
	Taken map[string]Taken `json:"taken"`
	// Startup is the cost of starting Spark, by format. No other figure includes it.
	Startup map[string]Cost `json:"startup"`
	Merging []Merging       `json:"merging"`
	Growing []Growth        `json:"growing"`
	Reading []Reading       `json:"reading"`
}

// Taken says where and when a part was measured.
type Taken struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Seconds float64 `json:"seconds"`
}

func (t Taken) String() string { return "Measured on " + t.Date + ": " + t.Machine }

// with replaces parts of the report with those of another run.
func (r *Report) with(other *Report) *Report {
	all := *other
	all.Taken = maps.Clone(other.Taken)
	for part, taken := range r.Taken {
		if _, again := other.Taken[part]; again {
			continue
		}
		all.Taken[part] = taken
		switch part {
		case merging:
			all.Merging, all.Startup = r.Merging, r.Startup
		case growing:
			all.Growing = r.Growing
		case reading:
			all.Reading = r.Reading
		}
	}
	return &all
}

// Cost is in seconds: of processor time, and of elapsed time.
type Cost struct {
	CPU  float64 `json:"cpu"`
	Wall float64 `json:"wall"`
}

func (c Cost) String() string { return fmt.Sprintf("%.1f + %.1f", c.CPU, c.Wall) }

// Spread has the median, the least and the greatest of several costs.
type Spread struct {
	Median Cost `json:"median"`
	Least  Cost `json:"least"`
	Most   Cost `json:"most"`
}

// Merges has the costs of merges in one session of Spark. The first merge loads and compiles Spark's programs.
type Merges struct {
	First Cost   `json:"first"`
	Later Spread `json:"later"`
}

// Merging measures merges of random changes into a table.
type Merging struct {
	Contender string `json:"contender"`
	Changes   int    `json:"changes"`
	Cost      Merges `json:"cost"`
	// Upkeep is the cost of upkeep after the merges. Hudi's own writer does its upkeep during a merge.
	Upkeep Cost `json:"upkeep"`
}

// Growth compares the cost of a few changes in a normal and in a large table.
type Growth struct {
	Format  string `json:"format"`
	Changes int    `json:"changes"`
	// Recent is true if only recent rows change.
	Recent bool   `json:"recent"`
	Usual  Merges `json:"usual"`
	Large  Merges `json:"large"`
}

// First divides the processor time of a session's first merge in the large table by that in the normal one.
func (g Growth) First() float64 { return g.Large.First.CPU / g.Usual.First.CPU }

// Later returns the same ratio for the merges after the first.
func (g Growth) Later() float64 { return g.Large.Later.Median.CPU / g.Usual.Later.Median.CPU }

// Reading measures the reading of rows: from all records of a table, and from the table.
type Reading struct {
	Format  string `json:"format"`
	Records int    `json:"records"`
	// FromRecords computes rows from the records. The others read the table after the merges and after upkeep.
	FromRecords Read `json:"from_records"`
	Merged      Read `json:"merged"`
	KeptUp      Read `json:"kept_up"`
}

// Read has the cost of reading all rows, and of reading one.
type Read struct {
	All Spread `json:"all"`
	One Spread `json:"one"`
}

// Faster returns how many times faster one row is read from the table after merges than from the records, by the
// clock.
func (r Reading) Faster() float64 { return r.FromRecords.One.Median.Wall / r.Merged.One.Median.Wall }

// format returns the format of the contender's table.
func (m Merging) format() string {
	if m.Contender == peerName {
		return hudi
	}
	return m.Contender
}

// PerSecond is the number of changes that a processor second merges, after a session's first merge.
func (m Merging) PerSecond() float64 { return float64(m.Changes) / m.Cost.Later.Median.CPU }

// FirstPerSecond is the same number for a session's first merge.
func (m Merging) FirstPerSecond() float64 { return float64(m.Changes) / m.Cost.First.CPU }

// dpuMinutes estimates the DPU minutes of a run in AWS Glue that merges a million changes in batches. It includes
// the start of Spark.
func (r *Report) dpuMinutes(m Merging) float64 {
	later := 1e6/float64(m.Changes) - 1
	return (r.Startup[m.format()].Wall + m.Cost.First.Wall + later*m.Cost.Later.Median.Wall) / 60 * threads / processorsOfDPU
}

// threads is the number of Spark's threads here. A DPU has four virtual processors:
// https://docs.aws.amazon.com/glue/latest/dg/add-job.html.
const (
	threads         = 2
	processorsOfDPU = 4
)

// beside divides a figure by that of Hudi's own writer.
func (r *Report) beside(m Merging, of func(Merging) float64) float64 {
	own := slices.IndexFunc(r.Merging, func(m Merging) bool { return m.Contender == peerName })
	return of(m) / of(r.Merging[own])
}

// Missed lists the goals that this run has missed.
func (r *Report) Missed() []string {
	var missed []string
	for _, m := range r.Merging {
		if ratio := r.beside(m, Merging.PerSecond); m.Contender == iceberg && ratio < goalPeer {
			missed = append(missed, fmt.Sprintf("%s merges %.2f times the changes per processor second of %s, not %.0f", m.Contender, ratio, peerName, goalPeer))
		}
	}
	for _, g := range r.Growing {
		if worst := max(g.First(), g.Later()); g.Format == iceberg && !g.Recent && worst > goalGrowth {
			missed = append(missed, fmt.Sprintf("%s takes %.2f times as long in a table of %d times the rows, not %.1f", g.Format, worst, many, goalGrowth))
		}
	}
	for _, one := range r.Reading {
		if one.Faster() < goalPoint {
			missed = append(missed, fmt.Sprintf("one row from %s comes %.1f times as fast as from the records, not %.0f", one.Format, one.Faster(), goalPoint))
		}
	}
	return missed
}

// Print writes the report as tables.
func (r *Report) Print(out io.Writer) {
	for _, t := range []table.Writer{r.merging(), r.growing(), r.reading()} {
		if t.Length() == 0 {
			continue
		}
		t.SetStyle(table.StyleLight)
		fmt.Fprintf(out, "%s\n\n", t.Render())
	}
	if missed := r.Missed(); len(missed) > 0 {
		fmt.Fprintln(out, "goals missed:", strings.Join(missed, "; "))
	}
}

func (r *Report) merging() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"table", "changes per processor second", "beside " + peerName, "processors, s", "clock, s", "DPU minutes of a run of a million changes", "first merge: changes per processor second", "beside " + peerName, "first: processors + clock, s", "upkeep after all: processors + clock, s", "start of Spark: processors + clock, s"})
	for _, m := range r.Merging {
		start, upkeep := r.Startup[m.format()], m.Upkeep.String()
		if m.Contender == peerName {
			upkeep = "within its merges"
		}
		t.AppendRow(table.Row{
			m.Contender, fmt.Sprintf("%.0f", m.PerSecond()), fmt.Sprintf("%.2f", r.beside(m, Merging.PerSecond)), m.Cost.Later.cpu(), m.Cost.Later.wall(), fmt.Sprintf("%.1f", r.dpuMinutes(m)),
			fmt.Sprintf("%.0f", m.FirstPerSecond()), fmt.Sprintf("%.2f", r.beside(m, Merging.FirstPerSecond)), m.Cost.First, upkeep, start,
		})
	}
	return t
}

func (r *Report) growing() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"table", "changes", "of", fmt.Sprintf("%d rows, s", r.Scale.Rows), fmt.Sprintf("%d rows, s", many*r.Scale.Rows), "ratio", "first: of both, s", "ratio"})
	for _, g := range r.Growing {
		of := "any rows"
		if g.Recent {
			of = "the latest hundredth"
		}
		t.AppendRow(table.Row{
			g.Format, g.Changes, of, g.Usual.Later.cpu(), g.Large.Later.cpu(), fmt.Sprintf("%.2f", g.Later()),
			fmt.Sprintf("%.3g, %.3g", g.Usual.First.CPU, g.Large.First.CPU), fmt.Sprintf("%.2f", g.First()),
		})
	}
	return t
}

func (r *Report) reading() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"read", "", "from the records, s", "from the table, s", "times as fast", "after upkeep, s"})
	for _, one := range r.Reading {
		for _, what := range []struct {
			name string
			of   func(Read) Spread
		}{{"all rows", func(r Read) Spread { return r.All }}, {"one row", func(r Read) Spread { return r.One }}} {
			records, merged := what.of(one.FromRecords), what.of(one.Merged)
			t.AppendRow(table.Row{one.Format, what.name, records.wall(), merged.wall(), fmt.Sprintf("%.1f", records.Median.Wall/merged.Median.Wall), what.of(one.KeptUp).wall()})
		}
	}
	return t
}

func (s Spread) cpu() string  { return between(s.Median.CPU, s.Least.CPU, s.Most.CPU) }
func (s Spread) wall() string { return between(s.Median.Wall, s.Least.Wall, s.Most.Wall) }

func between(median, least, most float64) string {
	return fmt.Sprintf("%.3g (%.3g to %.3g)", median, least, most)
}

// spread computes a Spread from at least one cost.
func spread(costs []Cost) Spread {
	of := func(figure func(Cost) float64) (least, median, most float64) {
		values := make([]float64, len(costs))
		for i, c := range costs {
			values[i] = figure(c)
		}
		slices.Sort(values)
		half := len(values) / 2
		median = values[half]
		if len(values)%2 == 0 {
			median = (values[half-1] + median) / 2
		}
		return values[0], median, values[len(values)-1]
	}
	var s Spread
	s.Least.CPU, s.Median.CPU, s.Most.CPU = of(func(c Cost) float64 { return c.CPU })
	s.Least.Wall, s.Median.Wall, s.Most.Wall = of(func(c Cost) float64 { return c.Wall })
	return s
}
