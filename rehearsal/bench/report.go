package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// What the function and the program are held to: ratios alone, for what a second machine does in a second is another figure.
const (
	goalRatio   = 0.88   // of the rows per second of who only sends
	goalCPU     = 0.5    // of the earlier commit's processor time for a row
	goalReading = 2.0    // times the earlier commit's MB per second
	goalProgram = 0.5    // of the earlier commit's time
	goalVisible = 3000.0 // ms, p99
)

// Report of one run.
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

// Summary are the figures that goals are set for.
type Summary struct {
	// WriterRatio is the function's rows per second by those of who only sends the same requests, the best of both, for each shape.
	WriterRatio []float64 `json:"writer_ratio"`
	// CPURatioToBefore is the function's own processor time for a row by the earlier commit's, for rows of 1 KB and of 4 KB.
	CPURatioToBefore []float64 `json:"cpu_ratio_to_before"`
	// ReadRatioToBefore is the same of MB per second, for records of 1 KB and of 4 KB.
	ReadRatioToBefore []float64 `json:"read_ratio_to_before"`
	// ProgramRatioToBefore is the program's time for a preview by the earlier commit's.
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

// Writing of rows of one size, in bytes of JSON, into an index of some shards.
type Writing struct {
	RowBytes int `json:"row_bytes"`
	Rows     int `json:"rows"`
	Shards   int `json:"shards"`
	// Pairs compare like with like, by concurrency; Best the best of the function with the best of who only sends.
	Pairs []Pair `json:"pairs"`
	Best  Pair   `json:"best"`
	// Before is the function of the earlier commit, Plain are requests without versions, Indexer is opensearch-go's BulkIndexer.
	Before  Side `json:"before"`
	Plain   Side `json:"plain"`
	Indexer Side `json:"indexer"`
	// CPURatioToBefore is the function's processor time for a row by the earlier commit's, of each round.
	CPURatioToBefore []float64 `json:"cpu_ratio_to_before"`
}

// Name says it to people.
func (w Writing) Name() string { return shape{w.RowBytes, w.Rows, w.Shards}.String() }

// Pair is the function beside who only sends requests that are ready, with the same ids and versions.
type Pair struct {
	Writer Side `json:"writer"`
	Raw    Side `json:"raw"`
	// Request is what the latter sends best.
	Request Request `json:"request"`
	// Ratio of rows per second, round by round.
	Ratio Spread `json:"ratio"`
}

// Side is one of them.
type Side struct {
	// Concurrency of calls, or of requests.
	Concurrency   int    `json:"concurrency"`
	RowsPerSecond Spread `json:"rows_per_second"`
	// OwnMicros are microseconds of processor time per row in the writing process, NodeMicros in the node.
	OwnMicros  Spread `json:"own_us_per_row"`
	NodeMicros Spread `json:"node_us_per_row"`
}

// Parsing of records of one size: envelope, version, key and document id.
type Parsing struct {
	RecordBytes int `json:"record_bytes"`
	// MegabytesPerSecond of processor time: of one core. Before are the earlier commit's.
	MegabytesPerSecond float64 `json:"mb_per_core_second"`
	Before             float64 `json:"before_mb_per_core_second"`
	// Ratio of both, round by round.
	Ratio Spread `json:"ratio"`
	// Allocations of a record, and their bytes.
	Allocations    float64 `json:"allocations"`
	AllocatedBytes int64   `json:"allocated_bytes"`
}

// Visible is how long after its commit a row is found, in milliseconds: waiting for the batch, the function, the refresh.
type Visible struct {
	Rows         int     `json:"rows"`
	PerSecond    int     `json:"per_second"`
	BatchSeconds int     `json:"batch_seconds"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
}

// Missed are the goals that this run has not reached.
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
	if r.Visible.P99 > goalVisible {
		miss("p99 from commit to search: %.0f ms, not %.0f", r.Visible.P99, goalVisible)
	}
	return missed
}

// Write writes the report as JSON.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Print writes the report as tables.
func (r *Report) Print(out io.Writer) {
	for _, t := range r.tables() {
		t.SetStyle(table.StyleLight)
		fmt.Fprintf(out, "%s\n\n", t.Render())
	}
	if missed := r.Missed(); len(missed) > 0 {
		fmt.Fprintln(out, "goals missed:", strings.Join(missed, "; "))
	}
}

// tables of the report: writing, reading, the program, searching.
func (r *Report) tables() []table.Writer {
	return []table.Writer{r.writing(), r.beside(), r.parsing(), r.alone(), r.visible()}
}

func (r *Report) writing() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows", "at once", "function, rows/s", "bare _bulk, rows/s", "its requests", "ratio", "function + node, µs/row", "bare + node, µs/row"})
	for _, w := range r.Writing {
		for _, p := range w.Pairs {
			t.AppendRow(p.row(w.Name(), fmt.Sprint(p.Writer.Concurrency)))
		}
		t.AppendRow(w.Best.row(w.Name(), fmt.Sprintf("best: %d, %d", w.Best.Writer.Concurrency, w.Best.Raw.Concurrency)))
	}
	return t
}

// beside is the function beside what it was, what one would write instead, and requests without versions.
func (r *Report) beside() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"rows", "two at once", "rows/s", "itself + node, µs/row", "own processor time by the former function's"})
	for _, w := range r.Writing {
		former := w.Before.OwnMicros.Median
		add := func(name string, s Side, ratio string) {
			t.AppendRow(table.Row{w.Name(), name, s.RowsPerSecond, s.work(), ratio})
		}
		for _, p := range w.Pairs {
			if p.Writer.Concurrency == others && former > 0 {
				add("the function", p.Writer, ratioOf(spread(w.CPURatioToBefore)))
				add("bare _bulk with versions", p.Raw, "")
			}
		}
		add("the function of "+Before, w.Before, "1")
		add("BulkIndexer, with versions", w.Indexer, "")
		add("bare _bulk without versions", w.Plain, "")
	}
	return t
}

func ratioOf(s Spread) string { return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Least, s.Most) }

func (p Pair) row(name, concurrency string) table.Row {
	return table.Row{name, concurrency, p.Writer.RowsPerSecond, p.Raw.RowsPerSecond, p.Request, ratioOf(p.Ratio), p.Writer.work(), p.Raw.work()}
}

func (s Side) work() string {
	return fmt.Sprintf("%.0f + %.0f", s.OwnMicros.Median, s.NodeMicros.Median)
}

// String is for whole numbers.
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
	t.AppendRow(table.Row{r.Visible.Rows, r.Visible.PerSecond, r.Visible.P50, r.Visible.P99})
	return t
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
