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

// What the function is held to.
const (
	goalRatio   = 0.8    // of the baseline's rows per second
	goalParse   = 200.0  // MB per second of a core
	goalVisible = 3000.0 // ms, p99
)

// Report of one run.
type Report struct {
	Machine  string            `json:"machine"`
	Date     string            `json:"date"`
	Seconds  float64           `json:"seconds"`
	Versions map[string]string `json:"versions"`
	Writing  []Writing         `json:"writing"`
	Parsing  []Parsing         `json:"parsing"`
	Visible  Visible           `json:"visible"`
}

// Writing of rows of one size, in bytes of JSON, into an index of some shards.
type Writing struct {
	RowBytes int `json:"row_bytes"`
	Rows     int `json:"rows"`
	Shards   int `json:"shards"`
	// Pairs compare like with like, by concurrency; Best the best of the function with the best of the baseline.
	Pairs []Pair `json:"pairs"`
	Best  Pair   `json:"best"`
}

// Name says it to people.
func (w Writing) Name() string { return shape{w.RowBytes, w.Rows, w.Shards}.String() }

// Pair is the function beside the baseline.
type Pair struct {
	Writer Side `json:"writer"`
	Raw    Side `json:"raw"`
	// Request is what the baseline sends best.
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
	// MegabytesPerSecond of processor time: of one core.
	MegabytesPerSecond float64 `json:"mb_per_core_second"`
	// Allocations of a record, and their bytes.
	Allocations    int64 `json:"allocations"`
	AllocatedBytes int64 `json:"allocated_bytes"`
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
	for _, w := range r.Writing {
		if w.Best.Ratio.Median < goalRatio {
			missed = append(missed, fmt.Sprintf("rows of %s: %.2f of the baseline, not %.1f", w.Name(), w.Best.Ratio.Median, goalRatio))
		}
	}
	for _, p := range r.Parsing {
		if p.MegabytesPerSecond < goalParse {
			missed = append(missed, fmt.Sprintf("parsing records of %d bytes: %.0f MB/s, not %.0f", p.RecordBytes, p.MegabytesPerSecond, goalParse))
		}
	}
	if r.Visible.P99 > goalVisible {
		missed = append(missed, fmt.Sprintf("p99 from commit to search: %.0f ms, not %.0f", r.Visible.P99, goalVisible))
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

// tables of the report: writing, parsing, searching.
func (r *Report) tables() []table.Writer {
	return []table.Writer{r.writing(), r.parsing(), r.visible()}
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

func (p Pair) row(name, concurrency string) table.Row {
	ratio := fmt.Sprintf("%.2f (%.2f to %.2f)", p.Ratio.Median, p.Ratio.Least, p.Ratio.Most)
	return table.Row{name, concurrency, p.Writer.RowsPerSecond, p.Raw.RowsPerSecond, p.Request, ratio, p.Writer.work(), p.Raw.work()}
}

func (s Side) work() string {
	return fmt.Sprintf("%.0f + %.0f", s.OwnMicros.Median, s.NodeMicros.Median)
}

// String is for whole numbers.
func (s Spread) String() string { return fmt.Sprintf("%.0f (%.0f to %.0f)", s.Median, s.Least, s.Most) }

func (r *Report) parsing() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"record, bytes", "MB/s of a core", "allocations", "allocated, bytes"})
	for _, p := range r.Parsing {
		t.AppendRow(table.Row{p.RecordBytes, fmt.Sprintf("%.0f", p.MegabytesPerSecond), p.Allocations, p.AllocatedBytes})
	}
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
