package bench

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// These are the goals of the function and the program. They are ratios, because absolute figures depend on the
// machine.
const (
	goalRatio   = 0.88   // ratio of rows per second to the baseline's
	goalCPU     = 0.5    // ratio of processor time per row to the earlier commit's
	goalReading = 2.0    // ratio of MB per second to the earlier commit's
	goalProgram = 0.5    // ratio of time to the earlier commit's
	goalVisible = 3000.0 // 99th percentile in ms
)

// Report has the results of one run.
type Report struct {
	Machine  string            `json:"machine"`
	Date     string            `json:"date"`
	Seconds  float64           `json:"seconds"`
	Versions map[string]string `json:"versions"`
	Bench    Summary           `json:"bench"`
	Writing  []Writing         `json:"writing"`
	Parsing  []Parsing         `json:"parsing"`
	Program  Program           `json:"program"`
	Visible  Visible           `json:"visible"`
}

// Summary has the figures that have goals.
type Summary struct {
	// WriterRatio divides the function's rows per second by the baseline's, each at its best, for each shape.
	WriterRatio []float64 `json:"writer_ratio"`
	// CPURatioToBefore divides the function's processor time per row by the earlier commit's, for rows of 1 KB and
	// 4 KB.
	CPURatioToBefore []float64 `json:"cpu_ratio_to_before"`
	// ReadRatioToBefore divides MB per second by the earlier commit's, for records of 1 KB and 4 KB.
	ReadRatioToBefore []float64 `json:"read_ratio_to_before"`
	// ProgramRatioToBefore divides the program's time for a preview by the earlier commit's.
	ProgramRatioToBefore float64 `json:"program_ratio_to_before"`
}

func (r *Report) summary() (s Summary) {
	bySize, sizes := map[int][]float64{}, []int{}
	for _, w := range r.Writing {
		s.WriterRatio = append(s.WriterRatio, w.Best.Ratio.Median)
		if _, known := bySize[w.RowBytes]; !known {
			sizes = append(sizes, w.RowBytes)
		}
		bySize[w.RowBytes] = append(bySize[w.RowBytes], w.CPURatioToBefore...)
	}
	for _, size := range sizes {
		s.CPURatioToBefore = append(s.CPURatioToBefore, spread(bySize[size]).Median)
	}
	for _, p := range r.Parsing {
		s.ReadRatioToBefore = append(s.ReadRatioToBefore, p.Ratio.Median)
	}
	s.ProgramRatioToBefore = r.Program.Ratio.Median
	return s
}

// Writing has the results for rows of one size in bytes of JSON, and an index with a number of shards.
type Writing struct {
	RowBytes int `json:"row_bytes"`
	Rows     int `json:"rows"`
	Shards   int `json:"shards"`
	// Pairs compares function and baseline at each concurrency. Best compares the best of each.
	Pairs []Pair `json:"pairs"`
	Best  Pair   `json:"best"`
	// Default is the function with its defaults. Before is the function of the earlier commit. Plain sends requests without versions. Indexer is
	// opensearch-go's BulkIndexer.
	Default Side `json:"default"`
	Before  Side `json:"before"`
	Plain   Side `json:"plain"`
	Indexer Side `json:"indexer"`
	// CPURatioToBefore divides the function's processor time per row by the earlier commit's, in each round.
	CPURatioToBefore []float64 `json:"cpu_ratio_to_before"`
}

// Name formats the shape for reports.
func (w Writing) Name() string { return shape{w.RowBytes, w.Rows, w.Shards}.String() }

// Pair compares the function with the baseline, which sends prepared requests with the same ids and versions.
type Pair struct {
	Writer Side `json:"writer"`
	Raw    Side `json:"raw"`
	// Request is the baseline's best kind of request, and Setup the function's best settings.
	Request Request `json:"request"`
	Setup   Setup   `json:"setup"`
	// Ratio is the ratio of rows per second in each round.
	Ratio Spread `json:"ratio"`
}

// Side has the figures of one contender.
type Side struct {
	// Concurrency is the number of concurrent calls or requests.
	Concurrency   int    `json:"concurrency"`
	RowsPerSecond Spread `json:"rows_per_second"`
	// OwnMicros is the processor time per row in the writing process, in microseconds. NodeMicros is that in the
	// node.
	OwnMicros  Spread `json:"own_us_per_row"`
	NodeMicros Spread `json:"node_us_per_row"`
}

// Parsing has the results for records of one size: parsing the envelope, and computing version, key and document
// id.
type Parsing struct {
	RecordBytes int `json:"record_bytes"`
	// MegabytesPerSecond is the throughput of one core. Before is the earlier commit's.
	MegabytesPerSecond float64 `json:"mb_per_core_second"`
	Before             float64 `json:"before_mb_per_core_second"`
	// Ratio is the ratio of both in each round.
	Ratio Spread `json:"ratio"`
	// Allocations is the number of allocations per record. AllocatedBytes is their size.
	Allocations    float64 `json:"allocations"`
	AllocatedBytes int64   `json:"allocated_bytes"`
}

// Visible is the time in milliseconds from a commit until a search finds the row. It includes the wait for the
// batch, the function and the refresh.
type Visible struct {
	// Rows is the number of rows of one run.
	Rows         int    `json:"rows"`
	PerSecond    int    `json:"per_second"`
	BatchSeconds int    `json:"batch_seconds"`
	P50          Spread `json:"p50_ms"`
	P99          Spread `json:"p99_ms"`
}

// Missed lists the goals that this run has missed.
func (r *Report) Missed() []string {
	var missed []string
	miss := func(format string, args ...any) { missed = append(missed, fmt.Sprintf(format, args...)) }
	for _, w := range r.Writing {
		if w.Best.Ratio.Median < goalRatio {
			miss("rows of %s: %.2f of who only sends, not %.2f", w.Name(), w.Best.Ratio.Median, goalRatio)
		}
		if len(w.CPURatioToBefore) > 0 && spread(w.CPURatioToBefore).Median > goalCPU {
			miss("rows of %s: %.2f of the former processor time, not %.1f", w.Name(), spread(w.CPURatioToBefore).Median, goalCPU)
		}
	}
	for _, p := range r.Parsing {
		if p.Ratio.Median < goalReading {
			miss("reading records of %d bytes: %.2f times as fast as before, not %.0f", p.RecordBytes, p.Ratio.Median, goalReading)
		}
	}
	if r.Program.Ratio.Median > goalProgram {
		miss("the program alone: %.2f of the former time, not %.1f", r.Program.Ratio.Median, goalProgram)
	}
	if r.Visible.P99.Median > goalVisible {
		miss("p99 from commit to search: %.0f ms, not %.0f", r.Visible.P99.Median, goalVisible)
	}
	return missed
}

// Print writes the report as tables.
func (r *Report) Print(out io.Writer) {
	for _, t := range r.tables() {
		if t.Length() == 0 {
			continue // not measured
		}
		t.SetStyle(table.StyleLight)
		fmt.Fprintf(out, "%s\n\n", t.Render())
	}
	if missed := r.Missed(); len(missed) > 0 {
		fmt.Fprintln(out, "goals missed:", strings.Join(missed, "; "))
	}
}

// tables returns the tables of the report: writing, parsing, the program, searching.
func (r *Report) tables() []table.Writer {
	return []table.Writer{r.writing(), r.beside(), r.parsing(), r.alone(), r.visible()}
}

func (r *Report) writing() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows", "at once", "function, rows/s", "its events", "bare _bulk, rows/s", "its requests", "ratio", "function + node, µs/row", "bare + node, µs/row"})
	for _, w := range r.Writing {
		for _, p := range w.Pairs {
			t.AppendRow(p.row(w.Name(), fmt.Sprint(p.Writer.Concurrency)))
		}
		t.AppendRow(w.Best.row(w.Name(), fmt.Sprintf("best: %d, %d", w.Best.Writer.Concurrency, w.Best.Raw.Concurrency)))
	}
	return t
}

// beside compares the function with the earlier commit, BulkIndexer, and requests without versions.
func (r *Report) beside() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows", "two at once", "rows/s", "itself + node, µs/row", "own processor time by the former function's"})
	for _, w := range r.Writing {
		former := w.Before.OwnMicros.Median
		add := func(name string, s Side, ratio string) {
			t.AppendRow(table.Row{w.Name(), name, s.RowsPerSecond, s.work(), ratio})
		}
		for _, p := range w.Pairs {
			if p.Writer.Concurrency == others {
				add("bare _bulk with versions", p.Raw, "")
				add("the function, "+p.Setup.String(), p.Writer, fmt.Sprintf("%.2f", p.Writer.OwnMicros.Median/former))
			}
		}
		add("the function, by default", w.Default, ratioOf(spread(w.CPURatioToBefore)))
		add("the function of "+Before, w.Before, "1")
		add("BulkIndexer, with versions", w.Indexer, "")
		add("bare _bulk without versions", w.Plain, "")
	}
	return t
}

func ratioOf(s Spread) string { return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Least, s.Most) }

func (p Pair) row(name, concurrency string) table.Row {
	return table.Row{name, concurrency, p.Writer.RowsPerSecond, p.Setup, p.Raw.RowsPerSecond, p.Request, ratioOf(p.Ratio), p.Writer.work(), p.Raw.work()}
}

func (s Side) work() string {
	return fmt.Sprintf("%.0f + %.0f", s.OwnMicros.Median, s.NodeMicros.Median)
}

// String formats whole numbers.
func (s Spread) String() string { return fmt.Sprintf("%.0f (%.0f to %.0f)", s.Median, s.Least, s.Most) }

func (r *Report) parsing() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"record, bytes", "by commit " + Before + ", ratio", "MB/s of a core", "MB/s of " + Before, "allocations", "allocated, bytes"})
	for _, p := range r.Parsing {
		t.AppendRow(table.Row{p.RecordBytes, ratioOf(p.Ratio), fmt.Sprintf("%.0f", p.MegabytesPerSecond), fmt.Sprintf("%.0f", p.Before), fmt.Sprintf("%.1f", p.Allocations), p.AllocatedBytes})
	}
	return t
}

func (r *Report) alone() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"program", "ms", "allocations", "allocated, MB"})
	if r.Program == (Program{}) {
		return t
	}
	for _, p := range []struct {
		name string
		Preview
	}{{"this one", r.Program.Now}, {"that of " + Before, r.Program.Before}} {
		t.AppendRow(table.Row{p.name, fmt.Sprintf("%.0f (%.0f to %.0f)", p.Milliseconds.Median, p.Milliseconds.Least, p.Milliseconds.Most), p.Allocations, fmt.Sprintf("%.1f", float64(p.AllocatedBytes)/1e6)})
	}
	t.AppendRow(table.Row{"ratio", ratioOf(r.Program.Ratio), "", ""})
	return t
}

func (r *Report) visible() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows", "a second", "p50, ms", "p99, ms"})
	if r.Visible == (Visible{}) {
		return t
	}
	t.AppendRow(table.Row{r.Visible.Rows, r.Visible.PerSecond, r.Visible.P50, r.Visible.P99})
	return t
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
