package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"fmt"
	"strings"
	"time"
)

// sourceTable is a table of the source with everything that the comparison with the sinks needs.
type sourceTable struct {
	*schema.Table
	// kind is the source's kind.
	kind    change.Kind
	ignored map[string]bool
	// since is the time from which records count.
	since time.Time
}

// ColumnDifference is a column whose value in a sink has another meaning than the source's.
type ColumnDifference struct {
	Column string `json:"column"`
	// Source and Sink are the values. A sink's value is raw JSON. NULL and an absent column are "NULL".
	Source string `json:"source"`
	Sink   string `json:"sink"`
}

// compare compares a row of the source with a sink's. It ignores a column that only the sink has, because the source
// has dropped it.
func (t *sourceTable) compare(source map[string]any, sink change.Row) []ColumnDifference {
	var found []ColumnDifference
	for _, c := range t.Columns {
		if c.Kind == schema.Unsupported || t.ignored[c.Name] {
			continue
		}
		raw, present := sink.Get(c.Name)
		want, none := ofSource(c, source[c.Name])
		got, absent := ofSink(c, raw, present)
		// DMS may write an empty string as NULL or leave it out, because IncludeNullAndEmpty is false.
		if want == got && none == absent || absent && want == padded(c, "") {
			continue
		}
		d := ColumnDifference{Column: c.Name, Source: "NULL", Sink: "NULL"}
		if !none {
			d.Source = fmt.Sprint(source[c.Name])
		}
		if !absent {
			d.Sink = raw
		}
		found = append(found, d)
	}
	return found
}

// keyOfSource returns the key of a source's row in normal form.
func (t *sourceTable) keyOfSource(row map[string]any) change.Key {
	key := make(change.Key, len(t.Key))
	for n, i := range t.Key {
		key[n], _ = ofSource(t.Columns[i], row[t.Columns[i].Name])
	}
	return key
}

// keyOfSink returns the key of a record's or document's row in normal form. A key has no NULL. DMS may write empty
// text, empty bytes or a zero date as NULL or leave it out, so a null or absent column means such a value.
func (t *sourceTable) keyOfSink(row change.Row) (change.Key, error) {
	key := make(change.Key, len(t.Key))
	for n, i := range t.Key {
		c := t.Columns[i]
		raw, present := row.Get(c.Name)
		normal, null := ofSink(c, raw, present)
		if null && !hasEmpty(c.Kind) {
			return nil, fmt.Errorf("a row of %s in the sink lacks column %s of the primary key", t.Name, c.Name)
		}
		key[n] = padded(c, normal)
	}
	return key, nil
}

// hasEmpty reports whether a kind has a value that DMS may write as NULL.
func hasEmpty(k schema.Kind) bool {
	switch k {
	case schema.Text, schema.Binary, schema.Enum, schema.Set, schema.Date, schema.DateTime, schema.Timestamp:
		return true
	default:
		return false
	}
}

// describe formats a key for people: trans_id=42.
func (t *sourceTable) describe(key change.Key) string {
	parts := make([]string, len(key))
	for n, i := range t.Key {
		parts[n] = t.Columns[i].Name + "=" + key[n]
	}
	return strings.Join(parts, " ")
}
