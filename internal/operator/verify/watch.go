package verify

import (
	"cdcpipeline/internal/change"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// WatchOptions say what [Watch] prints.
type WatchOptions struct {
	// Kind of the source; empty is MySQL.
	Kind change.Kind
	// Tables as schema.table; all without any, control records of other tables too.
	Tables []string
	// Since is where in the stream to begin; zero is now.
	Since time.Time
	// JSON prints records as they are.
	JSON bool
}

// Watch prints each change as it arrives in the stream, one a line, until ctx ends.
//
//	2026-11-23T06:24:06.000000Z insert testdb.retail_trans 42 customer_id=460104780596 event=cart
func Watch(ctx context.Context, s Stream, o WatchOptions, w io.Writer) error {
	from := o.Since
	if from.IsZero() {
		from = time.Now()
	}
	err := s.Read(ctx, from, func(a Arrival) error {
		line := o.line(a)
		if line == "" {
			return nil
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return fmt.Errorf("printing a change: %w", err)
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil // told to end
	}
	return err
}

// line of a record; empty when it is not asked for.
func (o WatchOptions) line(a Arrival) string {
	r, err := o.Kind.Parse(a.Data)
	switch {
	case err != nil && o.JSON:
		line, _ := json.Marshal(map[string]string{"unreadable": err.Error(), "shard": a.Shard, "sequence": a.Sequence})
		return string(line)
	case err != nil:
		return fmt.Sprintf("%s unreadable record %s of %s: %v", a.At.UTC().Format(time.RFC3339), a.Sequence, a.Shard, err)
	case len(o.Tables) > 0 && !slices.Contains(o.Tables, r.Name()):
		return ""
	case o.JSON:
		return compact(r.Raw())
	}
	return describe(r)
}

// compact brings a record onto one line.
func compact(raw string) string {
	if raw = strings.TrimSpace(raw); !strings.ContainsAny(raw, "\r\n") {
		return raw
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(json.RawMessage(raw)) != nil {
		return raw
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// maxShown is how much of a value a line shows, in characters.
const maxShown = 40

// describe a record in one line: time, operation, table, key, columns.
func describe(r *change.Record) string {
	m := r.Metadata
	at := m.CommitTimestamp
	if at == "" {
		at = m.Timestamp
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", at, r.Operation, r.Name())
	// Known without the table's definition: DMS was told to key records by schema, table and primary key.
	if key, ok := strings.CutPrefix(m.PartitionKeyValue, r.Name()+"."); ok {
		b.WriteString(" " + shorten(key))
	}
	row := r.Row()
	for _, c := range row {
		b.WriteString(" " + c.Name + "=" + shorten(c.JSON))
	}
	for _, c := range r.Before {
		if now, _ := row.Get(c.Name); now != c.JSON {
			b.WriteString(" (" + c.Name + " was " + shorten(c.JSON) + ")")
		}
	}
	return b.String()
}

// shorten takes the quotes off a plain string and cuts what is long.
func shorten(value string) string {
	if bare := strings.Trim(value, `"`); !strings.ContainsAny(bare, ` "\=`) && bare != "" && len(bare) >= len(value)-2 {
		value = bare
	}
	if utf8.RuneCountInString(value) <= maxShown {
		return value
	}
	return string([]rune(value)[:maxShown]) + "…"
}
