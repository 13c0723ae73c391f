package views

import (
	"strings"
)

// rows is the view of the present rows: the latest change of each row, unless it is a delete.
func (d *describer) rows() View {
	v := View{Name: d.name.Rows()}
	for _, f := range d.fields {
		v.Fields = append(v.Fields, f.Field)
	}
	v.Fields = append(v.Fields, Field{d.prefix + "unreadable", text.hive, text.sql})
	v.SQL = d.state("")
	return v
}

// state is the table after the changes that match a condition; an empty condition matches all. The order is that of
// package change: loaded rows come before every change, and changes are ordered by binlog file, offset and record
// within the transaction.
//
// An update that changes a key concerns two rows: it creates one and removes the other. It is split into both, so
// that the records are read once. A change without a position counts after all changes with one, and its row reports
// this in the column "unreadable".
func (d *describer) state(where string) string {
	columns := make([]string, len(d.fields))
	for i, f := range d.fields {
		columns[i] = quoted(f.Name)
	}
	conditions := d.counted()
	if where != "" {
		conditions = append(conditions, where)
	}
	where = ""
	if len(conditions) > 0 {
		where = "\n  WHERE " + strings.Join(conditions, "\n    AND ")
	}
	p := placingOf(d.table.Kind)
	return d.expand(`WITH states AS (
  SELECT
    {unfolded},
    {unreadable},
    CASE WHEN {left} THEN {key_before} ELSE {key} END AS {key},
    {left} OR {operation} = 'delete' AS {gone},
    {carried},
    coalesce({committed_at}, {recorded_at}) AS {at},
    coalesce({operation}, 'no operation') || ' at ' || coalesce({stream_position}, 'no position') AS {place}
  FROM {changes}
  CROSS JOIN UNNEST(CASE WHEN {operation} = 'update' AND {key_before} <> {key} THEN ARRAY[false, true] ELSE ARRAY[false] END) AS unfolded ({left}){where}
),
ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY {key}
      ORDER BY {in_order}, {at} DESC NULLS LAST
    ) AS {rank},
    max(CASE WHEN {first} IS NULL THEN 'a change without a place in the {log}: ' || {place} END) OVER (PARTITION BY {key}) AS {astray}
  FROM states
)
SELECT
  {columns},
  {all_unreadable} AS {unreadable}
FROM ranked
WHERE {rank} = 1 AND NOT coalesce({gone}, false)
`,
		"carried", d.expand(p.carried()), "in_order", d.expand(p.order(" DESC NULLS LAST")), "first", d.expand(p.first), "log", p.log,
		"unfolded", join("    ", columns), "columns", join("  ", columns), "where", where,
		"all_unreadable", joined([]string{d.meta("unreadable"), d.meta("astray")}))
}

// counted are the conditions for authoritative records. A record without a time is not excluded. Partitions are no
// condition: after a backlog, an object may contain records that are days younger than its name
// (https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html).
func (d *describer) counted() []string {
	if d.table.Since.IsZero() {
		return nil
	}
	since := d.table.Since.UTC().Format("2006-01-02 15:04:05.000000")
	return []string{d.expand("coalesce({recorded_at} >= TIMESTAMP " + literal(since) + ", true)")}
}

// expand replaces placeholders in a text: given values, view names, and otherwise metadata columns.
func (d *describer) expand(pattern string, given ...string) string {
	pairs := []string{"{changes}", quoted(d.name.Changes()), "{rows}", quoted(d.name.Rows()), "{records}", quoted(d.name.Records())}
	for i := 0; i < len(given); i += 2 {
		pairs = append(pairs, "{"+given[i]+"}", given[i+1])
	}
	for _, name := range []string{
		"operation", "committed_at", "recorded_at", "transaction_record", "stream_position", "binlog_file", "binlog_offset", "lsn", "second_lsn", "dt",
		"key", "key_before", "unreadable", "left", "gone", "at", "rank", "place", "astray",
	} {
		pairs = append(pairs, "{"+name+"}", d.meta(name))
	}
	return strings.NewReplacer(pairs...).Replace(pattern)
}
