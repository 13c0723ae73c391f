package views

import (
	"fmt"
	"strings"
)

// rows is the view of the table as it is now: of each row the latest change, unless it is a delete.
func (d *describer) rows() View {
	v := View{Name: d.name.Rows(), Description: fmt.Sprintf("The rows of %s.%s as they are", d.table.Database, d.table.Name)}
	for _, f := range d.fields {
		v.Fields = append(v.Fields, f.Field)
	}
	v.SQL = d.state("")
	return v
}

// state is the table after the changes that a condition chooses, all of them without one. The order is that of package
// change: loaded rows before every change, changes by binlog file, offset and record within the transaction.
//
// An update that changes a key says something of two rows, that there is one and that there is another no more; it is
// unfolded into both, so that the records are read once.
func (d *describer) state(where string) string {
	key := map[string]bool{}
	for _, k := range d.keys {
		key[k.Name] = true
	}
	columns, unfolded := make([]string, len(d.fields)), make([]string, len(d.fields))
	left := d.meta("left")
	for i, f := range d.fields {
		columns[i] = quoted(f.Name)
		unfolded[i] = columns[i]
		if key[f.Name] {
			unfolded[i] = fmt.Sprintf("CASE WHEN %s THEN coalesce(%s, %s) ELSE %s END AS %s", left, d.before(f), columns[i], columns[i], columns[i])
		}
	}
	keys, moved := make([]string, len(d.keys)), make([]string, len(d.keys))
	for i, k := range d.keys {
		keys[i] = quoted(k.Name)
		moved[i] = fmt.Sprintf("%s <> %s", d.before(k), quoted(k.Name))
	}
	conditions := d.counted()
	if where != "" {
		conditions = append(conditions, where)
	}
	where = ""
	if len(conditions) > 0 {
		where = "\n  WHERE " + strings.Join(conditions, "\n    AND ")
	}
	return d.expand(`WITH states AS (
  SELECT
    {unfolded},
    {left} OR {operation} = 'delete' AS {gone},
    {place} AS {binlog_file},
    {binlog_offset},
    {transaction_record},
    coalesce({committed_at}, {recorded_at}) AS {at}
  FROM {changes}
  CROSS JOIN UNNEST(CASE WHEN {operation} = 'update' AND ({moved}) THEN ARRAY[false, true] ELSE ARRAY[false] END) AS unfolded ({left}){where}
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY {keys}
    ORDER BY {binlog_file} DESC, {binlog_offset} DESC NULLS LAST, {transaction_record} DESC NULLS LAST, {at} DESC NULLS LAST
  ) AS {rank}
  FROM states
)
SELECT
  {columns}
FROM ranked
WHERE {rank} = 1 AND NOT {gone}
`,
		"unfolded", join(",", "    ", unfolded), "columns", join(",", "  ", columns), "keys", strings.Join(keys, ", "),
		"moved", strings.Join(moved, " OR "), "place", d.place(), "where", where)
}

// counted are the conditions on records that tell what the rows are. One without a time is none to leave out. Partitions are
// no condition: after a backlog, an object may hold records that are days younger than its name
// (https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html).
func (d *describer) counted() []string {
	if d.table.Since.IsZero() {
		return nil
	}
	since := d.table.Since.UTC().Format("2006-01-02 15:04:05.000000")
	return []string{d.expand("coalesce({recorded_at} >= TIMESTAMP " + literal(since) + ", true)")}
}

// place is a binlog file's number, and less than any for a loaded row. A change that has none fails the query, and the
// text that is no number says why: what cannot be placed cannot be left out either.
func (d *describer) place() string {
	return d.expand(`CASE WHEN {operation} = 'load' THEN -1 ELSE coalesce({binlog_file}, CAST(concat('no place in a binlog: ', coalesce({stream_position}, 'none')) AS bigint)) END`)
}

// expand fills a text in: what is given by name, the views' names, and otherwise columns of metadata.
func (d *describer) expand(pattern string, given ...string) string {
	pairs := []string{"{changes}", quoted(d.name.Changes()), "{rows}", quoted(d.name.Rows()), "{records}", quoted(d.name.Records())}
	for i := 0; i < len(given); i += 2 {
		pairs = append(pairs, "{"+given[i]+"}", given[i+1])
	}
	for _, name := range []string{
		"operation", "committed_at", "recorded_at", "transaction_record", "stream_position", "binlog_file", "binlog_offset", "dt",
		"left", "gone", "at", "rank",
	} {
		pairs = append(pairs, "{"+name+"}", d.meta(name))
	}
	return strings.NewReplacer(pairs...).Replace(pattern)
}
