// Package neighbours measures how sources of one stack affect each other. It compares how late one source's rows
// reach the current index while another source's database is down and while it is up.
package neighbours

import (
	"cdcpipeline/rehearsal/bench/page"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
)

const (
	// Minutes is the number of minutes in each state. The states alternate.
	Minutes = 5
	// Goal is the greatest accepted ratio of the medians.
	Goal = 1.5
)

// Minute has the 99th percentiles of one minute, in milliseconds.
type Minute struct {
	// RowsMs is the time from a row's commit to its indexing.
	RowsMs float64 `json:"rows_ms"`
	// IteratorMs is the age of the last record in a batch when the function has read it.
	IteratorMs float64 `json:"iterator_ms"`
}

// Measured has the results of a whole run.
type Measured struct {
	Machine string `json:"machine"`
	Date    string `json:"date"`
	// Rate is the number of rows that are committed per second.
	Rate int `json:"rate"`
	// Up has the minutes in which the other source's database is up, Down those in which it is down.
	Up   []Minute `json:"up"`
	Down []Minute `json:"down"`
}

// Ratio divides the median with the other database down by the median with it up.
func (m Measured) Ratio(of func(Minute) float64) float64 {
	return median(m.Down, of) / median(m.Up, of)
}

// Rows returns RowsMs of a minute.
func Rows(m Minute) float64 { return m.RowsMs }

// Iterator returns IteratorMs of a minute.
func Iterator(m Minute) float64 { return m.IteratorMs }

func median(minutes []Minute, of func(Minute) float64) float64 {
	values := make([]float64, len(minutes))
	for i, m := range minutes {
		values[i] = of(m)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// measured is the run that docs/performance.md shows, or null without a run.
//
//go:embed measured.json
var measured []byte

const heading = "## One source beside another\n"

// Publish writes a run to the file that the next build of [Section] embeds, and replaces the section in
// docs/performance.md.
func Publish(project string, m Measured) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the run: %w", err)
	}
	if err := os.WriteFile(filepath.Join(project, "rehearsal", "bench", "neighbours", "measured.json"), append(text, '\n'), 0o644); err != nil { // documentation
		return fmt.Errorf("writing the run: %w", err)
	}
	return page.Replace(project, heading, section(m)) //nolint:wrapcheck // it names the page
}

// Section returns the section of docs/performance.md about the latest measured run. Without a run it is empty.
func Section() (string, error) {
	var m *Measured
	if err := json.Unmarshal(measured, &m); err != nil {
		return "", fmt.Errorf("reading what was measured: %w", err)
	}
	if m == nil {
		return "", nil
	}
	return "\n" + section(*m), nil
}

func section(m Measured) string {
	rows := table.NewWriter()
	rows.AppendHeader(table.Row{"99th percentile, ms", "the other database is there", "it is down", "ratio"})
	for _, figure := range []struct {
		name string
		of   func(Minute) float64
	}{{"from the commit to the current index", Rows}, {"age of the stream's records", Iterator}} {
		rows.AppendRow(table.Row{figure.name, fmt.Sprintf("%.0f", median(m.Up, figure.of)), fmt.Sprintf("%.0f", median(m.Down, figure.of)), fmt.Sprintf("%.2f", m.Ratio(figure.of))})
	}
	return heading + "\n" + rows.RenderMarkdown() + fmt.Sprintf(`

%s, %s. `+"`make bench-sources`"+` deploys a stack of three sources with stand-ins for AWS and commits %d rows a second to one of them. The database of another
source is killed for every second minute: %d minutes of each kind alternate, and the figures are their medians. The goal is a ratio of at most %.1f.
`, m.Machine, m.Date, m.Rate, Minutes, Goal)
}
