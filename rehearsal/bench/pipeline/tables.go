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

// String formats the cost of the function, the node and the stand-ins.
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

// more is the factor from which a rate counts as greater.
const more = 1.1

// usedUp is the fraction of the processors' time from which they are the bottleneck.
const usedUp = 0.85

// Knee names the number of concurrent calls from which more calls bring no more rows, and the bottleneck there.
func (r *Report) Knee() string {
	at := r.Load[0]
	for _, one := range r.Load[1:] {
		if one.Drained > more*at.Drained {
			at = one
		}
	}
	where := fmt.Sprintf("Beyond %d × %d (shards × calls at once for each) no combination brings a tenth more rows.", at.Shards, at.Calls)
	if at == r.Load[len(r.Load)-1] {
		where = "The rate grows up to the most calls at once that were tried."
	}
	c := at.Cost
	why := "calls wait for answers rather than for processors"
	if c.busy(r.Cores) > usedUp {
		why = "the machine's processors are used up"
	}
	all := c.Function + c.Node + c.StandIns
	return fmt.Sprintf("%s There %s: %.0f %% of their time is used, of which the node has %.0f %%, the function %.0f %% and the stand-ins %.0f %%.",
		where, why, 100*c.busy(r.Cores), 100*c.Node/all, 100*c.Function/all, 100*c.StandIns/all)
}
