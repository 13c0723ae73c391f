package views

import (
	"fmt"
	"strings"
)

// Member names of a record, as DMS and the pipeline's task settings name them: package change.
const (
	data        = "data"
	beforeImage = "before-image"
	metadata    = "metadata"
)

// placePattern is the beginning of a stream-position: the binlog file's number, after the last dot of its name, and the
// offset in it.
const placePattern = `^[^:]+\.([0-9]+):([0-9]+)`

// member is the SQL of a member's text: NULL when it is absent or null, or the line is blank or no JSON.
func member(path ...string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString(`["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"]`)
	}
	return fmt.Sprintf("json_extract_scalar(record, %s)", literal("$"+b.String()))
}

// changes is the view of every record of a row: its columns, each with its type, and what the record says of the change.
func (d *describer) changes() View {
	v := View{
		Name:        d.name.Changes(),
		Description: fmt.Sprintf("Every change of %s.%s, and its rows as they were loaded", d.table.Database, d.table.Name),
	}
	var columns []string
	add := func(name string, t typ, text string) {
		v.Fields = append(v.Fields, Field{name, t.hive, t.sql})
		columns = append(columns, t.cast(text)+" AS "+quoted(name))
	}
	for _, f := range d.fields {
		add(f.Name, f.typ, member(data, f.column.Name))
	}
	position := member(metadata, "stream-position")
	place := func(group int) string {
		return fmt.Sprintf("regexp_extract(%s, %s, %d)", position, literal(placePattern), group)
	}
	bigint := castTo("bigint", "bigint")
	add(d.prefix+"operation", text, member(metadata, "operation"))
	add(d.prefix+"committed_at", moment(6), member(metadata, "commit-timestamp"))
	add(d.prefix+"recorded_at", moment(6), member(metadata, "timestamp"))
	add(d.prefix+"transaction_id", text, member(metadata, "transaction-id"))
	add(d.prefix+"transaction_record", bigint, member(metadata, "transaction-record-id"))
	add(d.prefix+"stream_position", text, position)
	add(d.prefix+"binlog_file", bigint, place(1))
	add(d.prefix+"binlog_offset", bigint, place(2))
	for _, key := range d.keys {
		add(d.prefix+"before_"+key.Name, key.typ, member(beforeImage, key.column.Name))
	}
	add(d.prefix+"dt", text, quoted("dt"))
	add(d.prefix+"hour", text, quoted("hour"))
	v.SQL = fmt.Sprintf("SELECT\n  %s\nFROM %s\nWHERE %s = 'data'\n",
		join(",", "  ", columns), quoted(d.name.Records()), member(metadata, "record-type"))
	return v
}
