package pipeline

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

func (r *Report) load() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"shards", "calls at once for each", "backlog, rows/s", "held, rows/s", "late then: p50, p99, ms", "function + node + stand-ins, µs/row", "processors used"})
	for _, one := range r.Load {
		t.AppendRow(table.Row{
			one.Shards, one.Calls, fmt.Sprintf("%.0f", one.Drained), fmt.Sprintf("%.0f", one.Held), fmt.Sprintf("%.0f, %.0f", one.LateP50, one.LateP99),
			one.Cost.String(), fmt.Sprintf("%.0f %%", 100*one.Cost.busy(r.Cores)),
		})
	}
	return t
}

// String is of the three that work.
func (c Cost) String() string {
	return fmt.Sprintf("%.0f + %.0f + %.0f", c.Function, c.Node, c.StandIns)
}

func (r *Report) growth() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"up to rows", "rows/s", "function + node + stand-ins, µs/row", "memory of the function, MB"})
	for _, step := range r.Growth {
		t.AppendRow(table.Row{step.Rows, fmt.Sprintf("%.0f", step.Cost.RowsPerSecond), step.Cost.String(), fmt.Sprintf("%.0f", step.MemoryMB)})
	}
	return t
}

func (r *Report) peer() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"", "µs of its processor for a row", "rows a processor second", "rows/s", "memory, MB"})
	for _, c := range r.Peer.Contenders {
		memory := fmt.Sprintf("%.0f", c.MemoryMB.Median)
		if c.Name == standInReading {
			memory = "the run's own"
		}
		t.AppendRow(table.Row{
			c.Name, fmt.Sprintf("%.1f (%.1f to %.1f)", c.Micros.Median, c.Micros.Least, c.Micros.Most), fmt.Sprintf("%.0f", perSecond/c.Micros.Median),
			fmt.Sprintf("%.0f (%.0f to %.0f)", c.RowsPerSecond.Median, c.RowsPerSecond.Least, c.RowsPerSecond.Most), memory,
		})
	}
	return t
}

func (r *Report) ratios() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows a processor second, the function's by Debezium's", "ratio"})
	for _, one := range []struct {
		name string
		of   Spread
	}{
		{"Debezium as it is, its reading of the log with it", r.Peer.Whole},
		{"the stand-in's reading of the log added to the function", r.Peer.Reading},
		{"Debezium's reading of the log taken off it", r.Peer.Writing},
	} {
		t.AppendRow(table.Row{one.name, fmt.Sprintf("%.2f (%.2f to %.2f)", one.of.Median, one.of.Least, one.of.Most)})
	}
	return t
}

func (r *Report) visible() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"from commit to search", "p50, ms", "p99, ms"})
	for _, one := range []struct {
		name string
		Latency
	}{{"the stand-in of DMS and the function", r.Visible.Function}, {"Debezium", r.Visible.Peer}} {
		t.AppendRow(table.Row{one.name, fmt.Sprintf("%.0f", one.P50), fmt.Sprintf("%.0f", one.P99)})
	}
	return t
}

// more is by how much a rate has to grow to count as growth.
const more = 1.1

// Knee says from where on more calls at once bring no more rows, and what is used up there.
func (r *Report) Knee() string {
	at := r.Load[0]
	for _, one := range r.Load[1:] {
		if one.Drained > more*at.Drained {
			at = one
		}
	}
	c := at.Cost
	text := fmt.Sprintf("More than %d shards with %d calls at once for each bring no more than a tenth more rows.", at.Shards, at.Calls)
	if at == r.Load[len(r.Load)-1] {
		text = "The rate grows up to the most calls at once that were tried."
	}
	largest, part := "the node's", c.Node
	for name, value := range map[string]float64{"the function's": c.Function, "the stand-ins'": c.StandIns} {
		if value > part {
			largest, part = name, value
		}
	}
	all := c.Function + c.Node + c.StandIns
	what := "calls wait for each other's answers rather than for a processor"
	if c.busy(r.Cores) > 0.85 {
		what = "the machine's processors are used up"
	}
	return fmt.Sprintf("%s There %s: %.0f %% of them are used, and the largest part, %.0f %%, is %s (the function has %.0f %%, the stand-ins %.0f %%).",
		text, what, 100*c.busy(r.Cores), 100*part/all, largest, 100*c.Function/all, 100*c.StandIns/all)
}
