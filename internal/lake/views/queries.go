package views

import (
	"cdcpipeline/internal/change"
	"fmt"
	"strings"
)

// TableQueries are the queries for each table: those of a [Catalog] in order. They are the suffixes of the queries'
// names.
var TableQueries = []string{
	"changed in the last hour", "history of a row", "as it was", "changes per day", "deleted rows", "changed most often",
}

// queries are the common queries about one table.
func (d *describer) queries() []Query {
	source, p := d.table.Database+"."+d.table.Name, placingOf(d.table.Kind)
	ofRow, before := make([]string, len(d.keys)), make([]string, len(d.keys))
	for i, k := range d.keys {
		ofRow[i] = quoted(k.Name) + " = ?"
		before[i] = fmt.Sprintf("coalesce(%s, %s)", d.before(k), quoted(k.Name))
	}
	return []Query{
		{
			Name:        d.name.Rows() + ": " + TableQueries[0],
			Description: "What was changed in " + source + " in the last hour, the latest first. Reads one day or two.",
			SQL: d.expand(`SELECT *
FROM {changes}
WHERE {dt} >= date_format(current_timestamp - INTERVAL '1' HOUR, '%Y-%m-%d')
  AND coalesce({committed_at} >= CAST(current_timestamp AT TIME ZONE 'UTC' AS timestamp(6)) - INTERVAL '1' HOUR, true)
ORDER BY {committed_at} DESC, {latest}
`, "latest", d.expand(p.order(" DESC"))),
		},
		{
			Name:        d.name.Rows() + ": " + TableQueries[1],
			Description: "Everything that happened to one row of " + source + ", by its key: text in single quotes.",
			SQL: d.expand(`SELECT *
FROM {changes}
WHERE {row}
ORDER BY coalesce({committed_at}, {recorded_at}), {earliest}
`, "earliest", d.expand(p.order("")), "row", strings.Join(ofRow, " AND ")),
		},
		{
			Name:        d.name.Rows() + ": " + TableQueries[2],
			Description: "The rows of " + source + " as they were at a time after its load (the one of source.rowsSince, if that is set), in UTC: '2026-11-23 17:00:00'.",
			SQL:         d.state(d.expand(`({operation} = 'load' OR coalesce({committed_at} <= CAST(? AS timestamp(6)), true))`)),
		},
		{
			Name:        d.name.Rows() + ": " + TableQueries[3],
			Description: "How many rows of " + source + " were inserted, updated and deleted on each day, in UTC.",
			SQL: d.expand(`SELECT
  CAST({committed_at} AS date) AS "day",
  sum(CASE WHEN {operation} = 'insert' THEN 1 ELSE 0 END) AS "inserts",
  sum(CASE WHEN {operation} = 'update' THEN 1 ELSE 0 END) AS "updates",
  sum(CASE WHEN {operation} = 'delete' THEN 1 ELSE 0 END) AS "deletes"
FROM {changes}
WHERE {operation} <> 'load'
GROUP BY 1
ORDER BY 1 DESC
`),
		},
		{
			Name:        d.name.Rows() + ": " + TableQueries[4],
			Description: "The rows that were deleted from " + source + ", as they were before, the latest first.",
			SQL: d.expand(`SELECT *
FROM {changes}
WHERE {operation} = 'delete'
ORDER BY {committed_at} DESC, {latest}
LIMIT 1000
`, "latest", d.expand(p.order(" DESC"))),
		},
		{
			Name:        d.name.Rows() + ": " + TableQueries[5],
			Description: "The rows of " + source + " with the most changes.",
			SQL: d.expand(`SELECT {before}, count(*) AS "changes", max({committed_at}) AS "last"
FROM {changes}
WHERE {operation} <> 'load'
GROUP BY {numbers}
ORDER BY "changes" DESC, "last" DESC
LIMIT 100
`, "before", strings.Join(d.named(before), ", "), "numbers", numbers(len(d.keys))),
		},
	}
}

// named gives expressions the key columns' names.
func (d *describer) named(expressions []string) []string {
	out := make([]string, len(expressions))
	for i, e := range expressions {
		out[i] = e + " AS " + quoted(d.keys[i].Name)
	}
	return out
}

// numbers are 1, 2, …: the first columns, for GROUP BY.
func numbers(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i + 1)
	}
	return strings.Join(all, ", ")
}

// Unplaced is the suffix of the saved query for lines that are missing from the views, or that no row can use.
const Unplaced = "records that nobody can place"

// Overview are the queries over all tables of the unnamed source. They do not depend on columns.
func Overview(names []Name, tables [][2]string) []Query { return Source("").Overview(names, tables) }

// Overview are the queries over all tables of a MySQL source.
func (s Source) Overview(names []Name, tables [][2]string) []Query {
	return s.OverviewOf(change.MySQL, names, tables)
}

// OverviewOf are the queries over all tables of a source of this kind.
func (s Source) OverviewOf(kind change.Kind, names []Name, tables [][2]string) []Query {
	p := placingOf(kind)
	all := "all tables: "
	if s != "" {
		all = string(s) + ": " + all
	}
	each := func(pattern string) string {
		parts := make([]string, len(names))
		for i, name := range names {
			parts[i] = strings.NewReplacer(
				"{table}", literal(tables[i][0]+"."+tables[i][1]), "{rows}", quoted(name.Rows()), "{records}", quoted(name.Records()),
				"{type}", member(metadata, "record-type"), "{operation}", member(metadata, "operation"), "{committed}", member(metadata, "commit-timestamp"),
				"{position}", member(metadata, "stream-position"), "{place}", literal(p.pattern), "{one}", oneRecord,
			).Replace(pattern)
		}
		return strings.Join(parts, "\nUNION ALL\n")
	}
	return []Query{
		{
			Name:        all + "rows",
			Description: "How many rows each table has now.",
			SQL:         each(`SELECT {table} AS "table", count(*) AS "rows" FROM {rows}`) + "\nORDER BY 1\n",
		},
		{
			Name:        all + "changes per day",
			Description: "How much was changed in each table on each day, in UTC.",
			SQL: each(`SELECT {table} AS "table", substr({committed}, 1, 10) AS "day", count(*) AS "changes"
FROM {records}
WHERE {type} = 'data' AND {operation} <> 'load' AND {one}
GROUP BY 1, 2`) + "\nORDER BY 2 DESC, 1\n",
		},
		{
			Name:        all + Unplaced,
			Description: "Lines that are not one record of a row, or that do not say where in the " + p.log + " they come from. There should be none.",
			SQL: each(`SELECT {table} AS "table", "dt", "hour", record
FROM {records}
WHERE trim(record) <> '' AND NOT coalesce({type} = 'data' AND {one} AND ({operation} = 'load' OR {operation} IN ('insert', 'update', 'delete') AND regexp_like({position}, {place})), false)`) + "\nORDER BY 2, 3, 1\n",
		},
		{
			Name:        all + "definitions",
			Description: "What DMS said of the tables themselves: how it made them, and how they were altered.",
			SQL: fmt.Sprintf(`SELECT
  %s AS "at",
  %s AS "database",
  %s AS "table",
  %s AS "operation",
  record
FROM %s
WHERE %s = 'control' AND %s
ORDER BY 1
`, member(metadata, "timestamp"), member(metadata, "schema-name"), member(metadata, "table-name"), member(metadata, "operation"),
				quoted(s.ControlRecords().Records()), member(metadata, "record-type"), oneRecord),
		},
	}
}
