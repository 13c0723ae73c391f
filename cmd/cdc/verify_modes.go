package main

import (
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
)

// watch runs --follow: it prints changes as they arrive.
func (f *verifyFlags) watch(ctx context.Context, w io.Writer, d *deployment) error {
	o := verify.WatchOptions{Kind: d.kind(), Tables: f.tables, JSON: f.output == "json"}
	if f.since > 0 {
		o.Since = time.Now().Add(-f.since)
	}
	return verify.Watch(ctx, d.stream(), o, w)
}

// mark runs the default mode: it follows one row through the pipeline.
func (f *verifyFlags) mark(ctx context.Context, w io.Writer, p verify.Pipeline, name table.Name, show *waiting) (err error) {
	// Check that everything can be read before anything is written.
	if err := p.Check(ctx, name); err != nil {
		return fmt.Errorf("the command wrote no row, because it cannot follow the row to every sink: %w", err)
	}
	db, shut, err := f.connection.open(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	var journal io.Writer
	if f.journal != "" {
		file, err := os.Create(f.journal)
		if err != nil {
			return fmt.Errorf("making the journal: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		journal = file
	}
	row, err := workload.InsertOne(ctx, db, name, rand.Uint64(), journal)
	if err != nil {
		return err
	}
	defer row.Close()
	show.tell("committed a row of %s with %s", name, keyText(row.Key))
	show.wait(f.timeout, "waiting for stream, history and lake")
	path := verify.Follow(ctx, p, row, f.timeout, func(s verify.Sighting) { show.tell("%s", sighted(s)) })
	show.finish()
	result := marked{Path: path, Passed: path.Passed()}
	if !f.keep {
		if err := row.Delete(ctx); err != nil {
			return errors.Join(fmt.Errorf("deleting the row with %s from %s: %w", keyText(row.Key), name, err), f.printPath(w, result))
		}
		result.Deleted = true
	}
	return errors.Join(f.printPath(w, result), judged(ctx, path))
}

// judged returns the verdict on a path as an error.
func judged(ctx context.Context, path verify.Path) error {
	var missed, wrong []string
	for _, s := range path.Sightings {
		switch {
		case s.Seen.IsZero():
			missed = append(missed, string(s.Hop))
		case !s.Passed():
			wrong = append(wrong, string(s.Hop))
		}
	}
	var problems []error
	if len(missed) > 0 {
		problems = append(problems, fmt.Errorf("the row did not arrive in: %s. `cdc status` shows which step stands still. If none does, the lake's buffer (lake.bufferSeconds) may be longer than --timeout",
			strings.Join(missed, ", ")))
	}
	if len(wrong) > 0 {
		problems = append(problems, fmt.Errorf("the row arrived with other values in: %s. Compare the tables with `cdc verify --deep`", strings.Join(wrong, ", ")))
	}
	if len(problems) > 0 && ctx.Err() != nil {
		return errInterrupted
	}
	return errors.Join(problems...)
}

func (f *verifyFlags) printPath(w io.Writer, m marked) error {
	if f.output == "json" {
		return printJSON(w, m)
	}
	t := plainTable("hop", "seen", "after commit", "after stream", "where")
	t.SetColumnConfigs([]pretty.ColumnConfig{{Number: 5, WidthMax: 72}}) // an object's key can be longer than a line of the screen
	for _, s := range m.Sightings {
		if s.Seen.IsZero() {
			t.AppendRow(pretty.Row{s.Hop, "-", "-", "-", s.Problem})
			continue
		}
		after := "-"
		if s.Hop != verify.HopStream && s.SinceStream > 0 {
			after = latency(s.SinceStream)
		}
		t.AppendRow(pretty.Row{s.Hop, s.Seen.Format("15:04:05.000"), latency(s.SinceCommit), after, s.Where})
	}
	ending := "deleted the row"
	if !m.Deleted {
		ending = "the row stays in the table"
	}
	if _, err := fmt.Fprintf(w, "%s with %s, committed %s\n\n%s\n\n%s\n", m.Table, keyText(m.Key), m.Committed.Format("2006-01-02T15:04:05.000Z07:00"), t.Render(), ending); err != nil {
		return fmt.Errorf("printing the path: %w", err)
	}
	return nil
}

// add adds a difference if the limit allows it.
func (c *compared) add(d verify.Difference) {
	if len(c.Differences) < shownDifferences {
		c.Differences = append(c.Differences, d)
	}
}

// different counts all differing rows and lost changes.
func (c *compared) different() int64 {
	var n int64
	for _, one := range c.Counts {
		n += one.Different()
	}
	return n
}

// behind counts rows that cannot be judged because the lake's tables lack delivered records.
func (c *compared) behind() int64 {
	var n int64
	for _, one := range c.Counts {
		n += one.Behind
	}
	return n
}

// of returns the result of a comparison in the form that the command prints, with its verdict.
func (c *compared) of(r verify.Result) compared {
	c.Counts, c.Uncompared = r.Counts, r.Uncompared
	c.Equal = c.different()+c.behind() == 0 && len(c.Uncompared) == 0
	// JSON gets an empty value, not null.
	if c.Counts == nil {
		c.Counts = []verify.Count{}
	}
	if c.Differences == nil {
		c.Differences = []verify.Difference{}
	}
	if c.Uncompared == nil {
		c.Uncompared = []verify.Uncompared{}
	}
	return *c
}

// problem returns one error for the tables that could not be compared and for the rows that differ.
func (c *compared) problem() error {
	var problems []error
	for _, u := range c.Uncompared {
		problems = append(problems, u.Err)
	}
	switch n := c.different(); n {
	case 0:
	case 1:
		problems = append(problems, fmt.Errorf("1 row or change differs between the source and the sinks%s", refused))
	default:
		problems = append(problems, fmt.Errorf("%d rows and changes differ between the source and the sinks%s", n, refused))
	}
	if n := c.behind(); n > 0 {
		problems = append(problems, fmt.Errorf("%d rows of the lake's tables differ, because the tables lack delivered records: run `cdc tables run` and compare again, or give a --timeout", n))
	}
	return errors.Join(problems...)
}

const refused = ": look for records that a sink refused below errors/ in the bucket (`cdc status` counts them); where only `current` differs, run `cdc start --reload-table` with the table"

// compare runs --deep: it compares every row and every change.
func (f *verifyFlags) compare(ctx context.Context, w io.Writer, p verify.Pipeline, o verify.CompareOptions, show *waiting) (err error) {
	db, shut, err := f.connection.open(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	var result compared
	o.Ignored, o.Wait, o.Progress = f.ignored, f.timeout, show.progress
	found, err := verify.Compare(ctx, verify.Database{DB: db}, p, o, result.add)
	show.finish()
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	result.of(found)
	return errors.Join(printComparison(w, f.output, result), result.problem())
}

func printComparison(w io.Writer, output string, c compared) error {
	if output == "json" {
		return printJSON(w, c)
	}
	var b strings.Builder
	for _, d := range c.Differences {
		b.WriteString(differs(d) + "\n")
	}
	if more := c.different() + c.behind() - int64(len(c.Differences)); more > 0 {
		fmt.Fprintf(&b, "... and %d more\n", more)
	}
	t := plainTable("table", "sink", "rows", "records", "same", "missing", "extra", "differs", "expired", "changes", "lost")
	var unread, coarse, behind []string
	for _, n := range c.Counts {
		t.AppendRow(pretty.Row{n.Table, n.Sink, n.Rows, n.Records, n.Same, n.Missing, n.Extra, n.Differs, n.Expired, n.Changes, n.Lost})
		for _, column := range n.NotCompared {
			unread = append(unread, n.Table+"."+column)
		}
		for _, column := range n.ToTheMillisecond {
			coarse = append(coarse, n.Table+"."+column)
		}
		if n.Behind > 0 {
			behind = append(behind, fmt.Sprintf("%s in %d rows", n.Table, n.Behind))
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(t.Render() + "\n")
	if unread = slices.Compact(unread); len(unread) > 0 {
		fmt.Fprintf(&b, "\nnot compared, because their types are unknown: %s\n", strings.Join(unread, ", "))
	}
	if len(behind) > 0 {
		fmt.Fprintf(&b, "\nbehind in tables, because they lack delivered records: %s\n", strings.Join(behind, ", "))
	}
	if len(coarse) > 0 {
		fmt.Fprintf(&b, "\ncompared to the millisecond in tables, as Athena shows them: %s\n", strings.Join(coarse, ", "))
	}
	for _, u := range c.Uncompared {
		in := ""
		if u.Sink != "" {
			in = " in " + string(u.Sink)
		}
		fmt.Fprintf(&b, "\nnot compared%s: %s\n", in, u.Table)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the comparison: %w", err)
	}
	return nil
}

// differs describes the difference of a row in a few lines.
func differs(d verify.Difference) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s", d.Sink, d.Kind, d.Table, d.Key)
	for _, column := range d.Columns {
		fmt.Fprintf(&b, "\n    %s: source %s, %s %s", column.Column, cut(column.Source), d.Sink, cut(column.Sink))
	}
	switch {
	case d.Record == "":
	case d.Kind == verify.Lost:
		fmt.Fprintf(&b, "\n    record at %s", d.Record)
	default:
		fmt.Fprintf(&b, "\n    latest record at %s", d.Record)
	}
	return b.String()
}

func printJSON(w io.Writer, v any) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	lines.SetIndent("", "  ")
	if err := lines.Encode(v); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	return nil
}
