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

// What the job is held to.
const (
	goalPeer   = 2.0  // times the changes per processor second of Hudi's own writer, for Iceberg
	goalPoint  = 20.0 // times as fast is one row from a table as from the records
	goalGrowth = 1.5  // times the cost of few changes, in a table of four times the rows
)

const (
	iceberg = string(config.FormatIceberg)
	hudi    = string(config.FormatHudi)
)

// Report of one run.
type Report struct {
	Scale Scale `json:"scale"`
	// Taken says of each part where and when it was measured.
	Taken map[string]Taken `json:"taken"`
	// Startup of Spark, by format: it is in none of the others.
	Startup map[string]Cost `json:"startup"`
	Merging []Merging       `json:"merging"`
	Growing []Growth        `json:"growing"`
	Reading []Reading       `json:"reading"`
}

// Taken is where and when a part was measured.
type Taken struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Seconds float64 `json:"seconds"`
}

func (t Taken) String() string { return "Measured on " + t.Date + ": " + t.Machine }

// with is the report with the parts of another run in place of its own.
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

// Cost in seconds: of the processors, and of the clock.
type Cost struct {
	CPU  float64 `json:"cpu"`
	Wall float64 `json:"wall"`
}

func (c Cost) String() string { return fmt.Sprintf("%.1f + %.1f", c.CPU, c.Wall) }

// Spread of costs; of each the median, the least and the most.
type Spread struct {
	Median Cost `json:"median"`
	Least  Cost `json:"least"`
	Most   Cost `json:"most"`
}

// Merges that one session of Spark has done. The first has to load and to compile the programs that all need.
type Merges struct {
	First Cost   `json:"first"`
	Later Spread `json:"later"`
}

// Merging of changes of any rows into a table.
type Merging struct {
	Contender string `json:"contender"`
	Changes   int    `json:"changes"`
	Cost      Merges `json:"cost"`
	// Upkeep that followed; Hudi's own writer does its own while it merges.
	Upkeep Cost `json:"upkeep"`
}

// Growth of the cost of a few changes, from a usual table to a large one.
type Growth struct {
	Format  string `json:"format"`
	Changes int    `json:"changes"`
	// Recent are changes of the latest rows alone.
	Recent bool   `json:"recent"`
	Usual  Merges `json:"usual"`
	Large  Merges `json:"large"`
}

// First is the ratio of the processor time in the large table to that in the usual one, of a session's first merge, and Later that
// of the others.
func (g Growth) First() float64 { return g.Large.First.CPU / g.Usual.First.CPU }

// Later is the same of the merges after the first.
func (g Growth) Later() float64 { return g.Large.Later.Median.CPU / g.Usual.Later.Median.CPU }

// Reading of rows: from all records of a table, and from the table.
type Reading struct {
	Format  string `json:"format"`
	Records int    `json:"records"`
	// FromRecords, and from the table as merges have left it, and as upkeep has.
	FromRecords Read `json:"from_records"`
	Merged      Read `json:"merged"`
	KeptUp      Read `json:"kept_up"`
}

// Read is what all rows have cost, and one.
type Read struct {
	All Spread `json:"all"`
	One Spread `json:"one"`
}

// Faster says how many times as fast, by the clock, one row is read from the table as merges have left it.
func (r Reading) Faster() float64 { return r.FromRecords.One.Median.Wall / r.Merged.One.Median.Wall }

// format of the contender's table.
func (m Merging) format() string {
	if m.Contender == peerName {
		return hudi
	}
	return m.Contender
}

// PerSecond are the changes that a second of a processor merges, once a session has merged before.
func (m Merging) PerSecond() float64 { return float64(m.Changes) / m.Cost.Later.Median.CPU }

// FirstPerSecond is the same of a session's first merge.
func (m Merging) FirstPerSecond() float64 { return float64(m.Changes) / m.Cost.First.CPU }

// dpuMinutes are the minutes of AWS Glue's unit of a run that merges a million changes in so many batches, the start of Spark among them.
func (r *Report) dpuMinutes(m Merging) float64 {
	later := 1e6/float64(m.Changes) - 1
	return (r.Startup[m.format()].Wall + m.Cost.First.Wall + later*m.Cost.Later.Median.Wall) / 60 * threads / processorsOfDPU
}

// threads that Spark has here; and the virtual processors of a DPU, https://docs.aws.amazon.com/glue/latest/dg/add-job.html.
const (
	threads         = 2
	processorsOfDPU = 4
)

// beside says how many times as many of something this is as of Hudi's own writer.
func (r *Report) beside(m Merging, of func(Merging) float64) float64 {
	own := slices.IndexFunc(r.Merging, func(m Merging) bool { return m.Contender == peerName })
	return of(m) / of(r.Merging[own])
}

// Missed are the goals that this run has not reached.
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

// spread of at least one cost.
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
