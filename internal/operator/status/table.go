package status

import (
	"cdcpipeline/internal/task"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// WriteTable prints a status for people. Set color only for a terminal.
func (s Status) WriteTable(w io.Writer, color bool) error {
	paint := func(c text.Color, what string) string {
		if !color {
			return what
		}
		return text.Colors{c}.EscapeSeq() + what + text.Reset.EscapeSeq()
	}
	var b strings.Builder
	if len(s.Sources) == 0 {
		b.WriteString(s.SourceStatus.text(paint, s.Search.state()))
	} else {
		b.WriteString(s.several(paint))
	}
	b.WriteString("\n")
	if s.Healthy {
		b.WriteString(paint(text.FgGreen, s.verdict()) + "\n")
	} else {
		b.WriteString(paint(text.FgRed, s.verdict()) + "\n")
		for _, p := range s.Problems {
			b.WriteString("  " + p + "\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the status: %w", err)
	}
	return nil
}

// verdict returns a short verdict on the pipeline.
func (s Status) verdict() string {
	if s.Healthy {
		return "healthy"
	}
	return count(int64(len(s.Problems)), "problem", "problems")
}

// several shows the sources one after another, below the parts that they share.
func (s Status) several(paint painter) string {
	names := slices.Sorted(maps.Keys(s.Sources))
	text := s.Sources[names[0]].Search.shared(paint)
	if s.SourceStatus != nil {
		text += "\nthe source without a name\n" + s.SourceStatus.text(paint, "-")
	}
	for _, name := range names {
		text += "\nthe source " + name + "\n" + s.Sources[name].text(paint, "-")
	}
	return text
}

// shared returns a line for the domain, or for each collection.
func (s SearchStatus) shared(paint painter) string {
	t := newTable()
	t.AppendHeader(table.Row{"of all sources", "state"})
	for _, c := range s.Collections {
		t.AppendRow(table.Row{"collection " + c.Name, stateOf(paint, "", orElse(c.Status, "missing"), c.Active())})
	}
	if len(s.Collections) == 0 {
		failure := ""
		if s.Cluster == "" {
			failure = s.Error
		}
		t.AppendRow(table.Row{"search", stateOf(paint, failure, s.Cluster, s.good())})
	}
	return t.Render() + "\n"
}

// text returns a source's part. search is the state of the search, or empty if it is shown elsewhere.
func (s SourceStatus) text(paint painter, search string) string {
	text := s.parts(paint, search)
	if len(s.Tables.List) > 0 {
		text += "\n" + s.tables(paint)
	}
	if len(s.Search.Indices) > 0 {
		text += "\n" + s.indices()
	}
	return text
}

type painter func(text.Color, string) string

// parts returns a line for each part of the pipeline, in the order in which a change passes them.
func (s SourceStatus) parts(paint painter, search string) string {
	t := newTable()
	t.AppendHeader(table.Row{"part", "state", "lag", "detail"})
	detail := s.Task.MigrationType
	if s.Task.StartedAt != nil {
		detail += ", started " + s.Task.StartedAt.Format(time.RFC3339)
	}
	t.AppendRow(table.Row{"task", stateOf(paint, s.Task.Error, s.Task.State, s.Task.State == task.StateRunning), "source " + duration(s.Lag.SourceSeconds) + ", target " + duration(s.Lag.TargetSeconds), orElse(detail, "-")})
	if s.Task.State != task.StateRunning && s.Task.Error == "" {
		for _, line := range []struct{ name, text string }{{"stop reason", s.Task.StopReason}, {"last failure", s.Task.LastFailure}} {
			if line.text != "" {
				t.AppendRow(table.Row{"", line.name, "", line.text})
			}
		}
	}
	if s.Slots != nil {
		t.AppendRows(s.Slots.rows(paint))
	}
	t.AppendRow(table.Row{"stream", stateOf(paint, s.Lag.Error, "-", true), duration(s.Lag.StreamSeconds), "age of the last record read"})
	var documents int64
	for _, i := range s.Search.Indices {
		documents += i.Documents
	}
	found := "-"
	if s.Search.Error == "" {
		found = fmt.Sprintf("%s in %s", count(documents, "document", "documents"), count(int64(len(s.Search.Indices)), "index", "indices"))
	}
	t.AppendRow(table.Row{"search", stateOf(paint, s.Search.Error, search, search == "-" || s.Search.good()), duration(s.Lag.SearchSeconds), found})
	if len(s.Current.Tables) > 0 || s.Current.Error != "" {
		t.AppendRow(s.Current.row(paint))
	}
	t.AppendRow(table.Row{"lake", "-", duration(s.Lag.LakeSeconds), "-"})
	if s.LakeTables.kept {
		t.AppendRow(s.LakeTables.row(paint))
	}
	parked, newest := stateOf(paint, s.Parked.Error, count(s.Parked.Objects, "object", "objects"), s.Parked.Objects == 0), "-"
	if s.Parked.NewestAt != nil {
		newest = fmt.Sprintf("%s, newest %s", bytes(s.Parked.Bytes), s.Parked.NewestAt.Format(time.RFC3339))
	}
	t.AppendRow(table.Row{"parked", parked, "", newest})
	return t.Render() + "\n"
}

// row names the tables whose latest epoch is not shown.
func (s CurrentStatus) row(paint painter) table.Row {
	var behind []string
	for _, t := range s.Tables {
		if t.Shown != t.Latest {
			behind = append(behind, fmt.Sprintf("%s shows epoch %d of %d", t.Name, t.Shown, t.Latest))
		}
	}
	state, detail := count(int64(len(s.Tables)), "table", "tables"), "each shows its latest epoch"
	if len(behind) > 0 {
		state, detail = fmt.Sprintf("%d behind", len(behind)), strings.Join(behind, "\n")
	}
	return table.Row{"current", stateOf(paint, s.Error, state, len(behind) == 0), "", detail}
}

// tables returns a table of DMS's counts.
func (s SourceStatus) tables(paint painter) string {
	t := newTable()
	t.AppendHeader(table.Row{"table", "state", "loaded", "inserts", "updates", "deletes", "ddl"})
	for _, one := range s.Tables.List {
		t.AppendRow(table.Row{one.Name, stateOf(paint, "", one.State, one.State != task.TableError && one.State != task.TableCancelled), one.FullLoadRows, one.Inserts, one.Updates, one.Deletes, one.Ddls})
	}
	return t.Render() + "\n"
}

func (s SourceStatus) indices() string {
	t := newTable()
	t.AppendHeader(table.Row{"index", "documents", "size"})
	for _, i := range s.Search.Indices {
		t.AppendRow(table.Row{i.Name, i.Documents, bytes(i.Bytes)})
	}
	return t.Render() + "\n"
}

func newTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	return t
}

func stateOf(paint painter, failure, state string, good bool) string {
	switch {
	case failure != "":
		return paint(text.FgRed, "unreadable")
	case !good:
		return paint(text.FgRed, state)
	}
	return state
}

// duration formats seconds. It returns - if nobody has measured them.
func duration(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	d := time.Duration(math.Round(*seconds*10) / 10 * float64(time.Second))
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return d.String()
}

// bytes formats a size in the largest unit that gives at least one.
func bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	value, unit := float64(n), 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
