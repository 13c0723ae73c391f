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

// WatchOptions are the options of [Watch].
type WatchOptions struct {
	// Kind is the source's kind. Empty means MySQL.
	Kind change.Kind
	// Tables lists tables as schema.table. Without any, Watch prints all tables, and control records of other tables.
	Tables []string
	// Since is the time in the stream at which to begin. Zero means now.
	Since time.Time
	// JSON prints records unchanged.
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
		return nil // the caller has ended it
	}
	return err
}

// line formats a record. It returns empty text if the record was not requested.
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

// compact puts a record on one line.
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

// maxShown limits the characters of a value in a line.
const maxShown = 40

// describe formats a record on one line: time, operation, table, key, columns.
func describe(r *change.Record) string {
	m := r.Metadata
	at := m.CommitTimestamp
	if at == "" {
		at = m.Timestamp
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", at, r.Operation, r.Name())
	// The table's definition is not needed, because DMS uses the schema, the table and the primary key as the partition
	// key.
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

// shorten removes the quotes of a plain string and cuts long values.
func shorten(value string) string {
	if bare := strings.Trim(value, `"`); !strings.ContainsAny(bare, ` "\=`) && bare != "" && len(bare) >= len(value)-2 {
		value = bare
	}
	if utf8.RuneCountInString(value) <= maxShown {
		return value
	}
	return string([]rune(value)[:maxShown]) + "…"
}
