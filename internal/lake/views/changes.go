package views

import (
	"fmt"
	"slices"
	"strings"
)

// A record's members, as DMS and the pipeline's task settings name them: package change.
const (
	data        = "data"
	beforeImage = "before-image"
	metadata    = "metadata"
)

// placePattern is the start of a stream-position: the binlog file's number, after the last dot of its name, and the
// offset in it. Longer numbers do not fit a bigint, and no binlog file has them.
const placePattern = `^[^:]+\.([0-9]{1,18}):([0-9]{1,18})(:|$)`

// oneRecord is the condition that a line is exactly one complete record. json_extract_scalar alone would accept the
// first of two records as the line's only one, and a truncated number as a shorter one, because it stops at the
// member that it looks for.
const oneRecord = "TRY(json_parse(record)) IS NOT NULL"

// member is the SQL of a member's text: NULL when it is absent or null, or when the line is blank or invalid.
func member(path ...string) string {
	return fmt.Sprintf("json_extract_scalar(record, %s)", jsonPath(path))
}

// memberOrJSON is the SQL of a member's text. For an object or an array it is the JSON.
func memberOrJSON(path ...string) string {
	return fmt.Sprintf("coalesce(%s, nullif(json_format(json_extract(record, %s)), 'null'))", member(path...), jsonPath(path))
}

func jsonPath(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString(`["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"]`)
	}
	return literal("$" + b.String())
}

// changes is the view of every row record: its columns, each with its type, and the record's metadata.
//
// A value that does not fit its column's type is NULL, and its text is in the column "unreadable". So an unreadable
// value hides nothing else. Keys are compared as texts, so that rows with unreadable keys stay separate.
func (d *describer) changes() View {
	v := View{Name: d.name.Changes()}
	var texts, values, columns, unreadable []string
	show := func(name string, t typ, value string) {
		v.Fields = append(v.Fields, Field{name, t.hive, t.sql})
		columns = append(columns, value)
	}
	take := func(name string, t typ, source string) {
		raw := d.raw(name, t)
		texts = append(texts, source+" AS "+raw)
		values = append(values, raw)
		if t.cast != nil {
			values = append(values, t.cast(raw)+" AS "+quoted(name))
			// The value is mentioned twice so that engines compute it once, in a subquery. Otherwise they replace
			// names with the SQL of all values, and an expression over some hundred columns exceeds their limit
			// (QUERY_EXCEEDED_COMPILER_LIMIT).
			unreadable = append(unreadable, fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN %[2]s || %[3]s || coalesce(CAST(%[1]s AS varchar), '') END", quoted(name), literal(name+": "), raw))
		}
		show(name, t, quoted(name))
	}
	for _, f := range d.fields {
		take(f.Name, f.typ, d.text(f))
	}
	take(d.prefix+"operation", text, member(metadata, "operation"))
	take(d.prefix+"committed_at", noted, member(metadata, "commit-timestamp"))
	take(d.prefix+"recorded_at", noted, member(metadata, "timestamp"))
	take(d.prefix+"transaction_id", text, member(metadata, "transaction-id"))
	take(d.prefix+"transaction_record", whole("bigint", "bigint"), member(metadata, "transaction-record-id"))
	take(d.prefix+"stream_position", text, positionOf)
	for _, p := range placingOf(d.table.Kind).told() {
		take(d.prefix+p.name, p.typ, p.text)
	}
	for _, key := range d.keys {
		unreadable = append(unreadable, fmt.Sprintf("CASE WHEN %s IS NULL THEN %s END", d.raw(key.Name, key.typ), literal(key.Name+": none")))
		take(d.prefix+"before_"+key.Name, key.typ, d.beforeKey(key))
	}
	take(d.prefix+"dt", text, quoted("dt"))
	take(d.prefix+"hour", text, quoted("hour"))
	texts, values = append(texts, "record AS "+d.meta("record")), append(values, d.meta("record"))
	if untold := d.untold(); untold != "" {
		texts, values = append(texts, untold+" AS "+d.meta("untold")), append(values, d.meta("untold"))
		unreadable = append(unreadable, d.meta("untold"))
	}
	show(d.prefix+"key", keyType, d.key(false)+" AS "+d.meta("key"))
	show(d.prefix+"key_before", keyType, d.key(true)+" AS "+d.meta("key_before"))
	show(d.prefix+"unreadable", text, joined(unreadable)+" AS "+d.meta("unreadable"))
	v.SQL = fmt.Sprintf(`SELECT
  %s
FROM (
  SELECT
    %s
  FROM (
    SELECT
      %s
    FROM %s
    WHERE %s = 'data' AND %s
  ) AS texts
) AS typed
`, join("  ", columns), join("    ", values), join("      ", texts), quoted(d.name.Records()), member(metadata, "record-type"), oneRecord)
	return v
}

// raw is the quoted name of a column's text. For a text column that is the column itself. The name is short because
// it is used often.
func (d *describer) raw(column string, t typ) string {
	if t.cast == nil {
		return quoted(column)
	}
	if _, known := d.texts[column]; !known {
		d.texts[column] = len(d.texts) + 1
	}
	return d.meta(fmt.Sprint(d.texts[column]))
}

// keyType holds a text for each column of the primary key.
var keyType = typ{hive: "array<string>", sql: "array(varchar)"}

// key is the SQL of the key, or of the key before an update. Both are equal in a record without a former row. For a
// record without a key it is the record's text, so that it counts as a row of its own.
func (d *describer) key(before bool) string {
	parts := make([]string, len(d.keys))
	for i, k := range d.keys {
		var texts []string
		if before {
			texts = d.writings(d.prefix+"before_"+k.Name, k.typ)
		}
		parts[i] = fmt.Sprintf("coalesce(%s)", strings.Join(append(append(texts, d.writings(k.Name, k.typ)...), d.meta("record")), ", "))
	}
	return "ARRAY[" + strings.Join(parts, ", ") + "]"
}

// writings are the SQL of a value's text, in one spelling for all spellings of the value, and of unreadable text.
func (d *describer) writings(column string, t typ) []string {
	if t.cast == nil {
		return []string{quoted(column)}
	}
	return []string{fmt.Sprintf("CAST(%s AS varchar)", quoted(column)), d.raw(column, t)}
}

// argumentsAtOnce is the maximum number of a function's arguments, because engines have limits above a hundred.
const argumentsAtOnce = 100

// joined is the SQL that joins texts; NULL when all are NULL.
func joined(texts []string) string {
	if len(texts) > argumentsAtOnce {
		var parts []string
		for some := range slices.Chunk(texts, argumentsAtOnce) {
			parts = append(parts, joined(some))
		}
		texts = parts
	}
	return fmt.Sprintf("nullif(concat_ws('; ', %s), '')", strings.Join(texts, ", "))
}
