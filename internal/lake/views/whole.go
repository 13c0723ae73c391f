package views

import (
	"cdcpipeline/internal/change"
	"fmt"
	"strings"
)

// told is the SQL that tests whether a record has a member, null or not: JSON's null counts as a value.
// https://trino.io/docs/current/functions/json.html
func told(path ...string) string {
	return fmt.Sprintf("json_format(json_extract(record, %s)) IS NOT NULL", jsonPath(path))
}

// text is the SQL of a column's text in a record. A PostgreSQL update that omits a column has not changed it: its
// value is in the before-image ([change.Record.Row]), unless the record has it as NULL.
func (d *describer) text(f sourceField) string {
	one := func(of string) string {
		source := memberOrJSON(of, f.column.Name)
		if d.inKey(f) {
			return d.oneText(f, source)
		}
		return source
	}
	if !d.table.Kind.Postgres() {
		return one(data)
	}
	name := f.column.Name
	before := one(beforeImage)
	if before != memberOrJSON(beforeImage, name) { // absent differs from empty
		before = fmt.Sprintf("CASE WHEN %s THEN %s END", told(beforeImage, name), before)
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", told(data, name), one(data), before)
}

// untold is the SQL of a text with the names of the columns that an update omits although they may have any value
// ([change.Record.Untold]). It is empty when the table has no such column.
func (d *describer) untold() string {
	if !d.table.Kind.Postgres() {
		return ""
	}
	var whole, lacks []string
	for _, f := range d.fields {
		if d.inKey(f) {
			continue
		}
		whole = append(whole, told(beforeImage, f.column.Name))
		if change.Outside(f.column.Type) {
			lacks = append(lacks, fmt.Sprintf("CASE WHEN NOT (%s) THEN %s END", told(data, f.column.Name), literal(f.Name+": not told")))
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return fmt.Sprintf("CASE WHEN %s = 'update' AND NOT (%s) THEN %s END", member(metadata, "operation"), strings.Join(whole, " OR "), joined(lacks))
}
