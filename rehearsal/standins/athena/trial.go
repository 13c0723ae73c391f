package athena

import (
	"cdcpipeline/internal/lake/views"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Trial is a table whose records contain values that its columns or the binlog do not allow, with the result that its
// views must still give in every engine.
type Trial struct {
	Table views.Table
	// Lines are the lines of the object.
	Lines []string
	// Rows has the expected rows of the view of rows, in any order, without NULL columns.
	Rows []Row
	// Unplaced are the lines that the saved query for unplaceable records must list, in any order.
	Unplaced []string
}

// Trials returns all trials.
func Trials() []Trial { return []Trial{values(), keys(), lines()} }

// value is a JSON value of a column, with what the view shows, or with a mark that it shows only the text.
type value struct {
	column, json string
	want         any
}

// unreadable is a value's text, which the view shows beside its NULL.
type unreadable string

// columnsOfValues have one type of each kind.
var columnsOfValues = []views.Column{
	{Name: "id", Type: "bigint"},
	{Name: "whole", Type: "int"},
	{Name: "big", Type: "bigint"},
	{Name: "huge", Type: "bigint unsigned"},
	{Name: "exact", Type: "decimal(12,2)"},
	{Name: "wide", Type: "decimal(65,30)"},
	{Name: "near", Type: "float"},
	{Name: "far", Type: "double"},
	{Name: "day", Type: "date"},
	{Name: "at", Type: "datetime(3)"},
	{Name: "fine", Type: "datetime(6)"},
	{Name: "flag", Type: "bit(1)"},
	{Name: "took", Type: "time"},
	{Name: "bytes", Type: "varbinary(4)"},
	{Name: "words", Type: "varchar(200)"},
}

var valuesOfColumns = []value{
	{"whole", `12`, "12"},
	{"whole", `-2147483648`, "-2147483648"},
	{"whole", `12.0`, "12"},
	{"whole", `1.2E3`, "1200"},
	{"whole", `"12"`, "12"},
	{"whole", `12.5`, unreadable("12.5")},
	{"whole", `1.25E1`, unreadable("1.25E1")},
	{"whole", `2147483648`, unreadable("2147483648")},
	{"whole", `1E99`, unreadable("1E99")},
	{"whole", `1E999999999`, unreadable("1E999999999")},
	{"whole", `true`, unreadable("true")},
	{"whole", `"twelve"`, unreadable("twelve")},
	{"whole", `" 12"`, unreadable(" 12")},
	{"whole", `""`, unreadable("")},
	{"whole", `{"a": [1, "b"]}`, unreadable(`{"a":[1,"b"]}`)},
	{"big", `9223372036854775807`, "9223372036854775807"},
	{"big", `1.2345678901234567E16`, "12345678901234567"},
	{"big", `9223372036854775808`, unreadable("9223372036854775808")},
	{"big", `1.8446744073709552E19`, unreadable("1.8446744073709552E19")},
	{"huge", `18446744073709551615`, "18446744073709551615"},
	{"huge", `100000000000000000000`, unreadable("100000000000000000000")},
	{"exact", `12.5`, "12.50"},
	{"exact", `12.500`, "12.50"},
	{"exact", `1.25E1`, "12.50"},
	{"exact", `12.345`, unreadable("12.345")},
	{"exact", `1.2345E1`, unreadable("1.2345E1")},
	{"exact", `12345678901.00`, unreadable("12345678901.00")},
	{"wide", `12345678901234567890123456789012345.000000000000000000000000000001`, "12345678901234567890123456789012345.000000000000000000000000000001"},
	{"near", `1.1`, "1.1"},
	{"near", `3.4028234663852886E38`, "3.4028235e+38"},
	{"near", `1E39`, unreadable("1E39")},
	{"near", `"NaN"`, unreadable("NaN")},
	{"far", `0.1`, "0.1"},
	{"far", `1.7976931348623157E308`, "1.7976931348623157e+308"},
	{"far", `1E400`, unreadable("1E400")},
	{"day", `"2026-11-01"`, "2026-11-01"},
	{"day", `"2026-11-01T00:00:00Z"`, "2026-11-01"},
	{"day", `"9999-12-31"`, "9999-12-31"},
	{"day", `"0000-00-00"`, unreadable("0000-00-00")},
	{"day", `"0000-01-01"`, unreadable("0000-01-01")},
	{"day", `"2026-11-00"`, unreadable("2026-11-00")},
	{"day", `"2026-02-30"`, unreadable("2026-02-30")},
	{"day", `"10000-01-01"`, unreadable("10000-01-01")},
	{"day", `"2026-11-01T12:00:00Z"`, unreadable("2026-11-01T12:00:00Z")},
	{"day", `0`, unreadable("0")},
	{"at", `"2026-11-01T06:59:59.120Z"`, "2026-11-01 06:59:59.12"},
	{"at", `"2026-11-01T06:59:59.123000Z"`, "2026-11-01 06:59:59.123"},
	{"at", `"2026-11-01 06:59:59"`, "2026-11-01 06:59:59"},
	{"at", `"2026-11-01"`, "2026-11-01 00:00:00"},
	{"at", `"2026-11-01T06:59:59.1234Z"`, unreadable("2026-11-01T06:59:59.1234Z")},
	{"at", `"0000-00-00T00:00:00Z"`, unreadable("0000-00-00T00:00:00Z")},
	{"at", `"2026-11-01T24:00:00Z"`, unreadable("2026-11-01T24:00:00Z")},
	{"at", `"2026-11-01T06:59:60Z"`, unreadable("2026-11-01T06:59:60Z")},
	{"at", `"2026-11-31T06:59:59Z"`, unreadable("2026-11-31T06:59:59Z")},
	{"at", `"2026-11-01T06:59:59+09:00"`, unreadable("2026-11-01T06:59:59+09:00")},
	{"fine", `"2026-11-01T06:59:59.123456Z"`, "2026-11-01 06:59:59.123456"},
	{"fine", `"12026-11-01T06:59:59Z"`, unreadable("12026-11-01T06:59:59Z")},
	{"flag", `true`, "true"},
	{"flag", `0`, "false"},
	{"flag", `2`, unreadable("2")},
	{"took", `"838:59:59.000001"`, "838:59:59.000001"},
	{"bytes", `"0x0G"`, "0x0G"},
	{"words", `12.0`, "12.0"},
	{"words", `"null"`, "null"},
	{"words", `""`, ""},
	{"words", `{"a": ["b", 1, null, true]}`, `{"a":["b",1,null,true]}`},
	{"words", `[]`, "[]"},
	{"words", "\"a\xffb\"", "a\ufffdb"},
	{"words", `"\u0000 \" \\ 😀"`, "\x00 \" \\ 😀"},
}

// values has one value in each row.
func values() Trial {
	t := Trial{Table: views.Table{Database: "shop", Name: "Values", Columns: columnsOfValues, PrimaryKey: []string{"id"}}}
	for i, v := range valuesOfColumns {
		t.Lines = append(t.Lines, record("Values", fmt.Sprintf(`{"id":%d,%q:%s}`, i, v.column, v.json), "", "load", 0))
		row := Row{"id": fmt.Sprint(i)}
		if text, unread := v.want.(unreadable); unread {
			row["cdc_unreadable"] = v.column + ": " + string(text)
		} else {
			row[v.column] = v.want
		}
		t.Rows = append(t.Rows, row)
	}
	// A record's metadata may be invalid too.
	for i, change := range []struct{ from, to, unreadable string }{
		{`"commit-timestamp":"2026-11-01T07:30:00.000000Z"`, `"commit-timestamp":"0000-00-00"`, "cdc_committed_at: 0000-00-00"},
		{`"timestamp":"2026-11-01T08:00:00.000000Z"`, `"timestamp":"soon"`, "cdc_recorded_at: soon"},
		{`"timestamp":"2026-11-01T08:00:00.000000Z"`, `"timestamp":"2026-11-01T08:00:00.123456789Z"`, ""},
		{`"transaction-record-id":1`, `"transaction-record-id":"first"`, "cdc_transaction_record: first"},
	} {
		line := record("Values", fmt.Sprintf(`{"id":%d,"words":"as it was","day":"0000-00-00"}`, 1000+i), "", "insert", 1)
		t.Lines = append(t.Lines, strings.Replace(line, change.from, change.to, 1))
		t.Rows = append(t.Rows, Row{"id": fmt.Sprint(1000 + i), "words": "as it was", "cdc_unreadable": strings.TrimSuffix("day: 0000-00-00; "+change.unreadable, "; ")})
	}
	return t
}

// keys are such values in the primary key: rows stay separate, and are changed, moved and deleted.
func keys() Trial {
	of := func(day, what string) string { return fmt.Sprintf(`{"day":%q,"what":%q}`, day, what) }
	before := func(day string) string { return fmt.Sprintf(`{"day":%q}`, day) }
	return Trial{
		Table: views.Table{Database: "shop", Name: "Days", Columns: []views.Column{{Name: "what", Type: "text"}, {Name: "day", Type: "date"}}, PrimaryKey: []string{"day"}},
		Lines: []string{
			record("Days", of("0000-00-00", "loaded"), "", "load", 0),
			record("Days", of("2026-11-00", "loaded"), "", "load", 0),
			record("Days", of("2026-00-00", "loaded"), "", "load", 0),
			record("Days", of("2026-11-01", "loaded"), "", "load", 0),
			record("Days", of("2026-11-01T00:00:00Z", "changed"), "", "update", 1),
			record("Days", of("0000-00-00", "changed"), "", "update", 2),
			record("Days", of("2026-11-00", "deleted"), "", "delete", 3),
			record("Days", of("2026-11-02", "moved"), before("2026-00-00"), "update", 4),
			record("Days", `{"what":"nobody's"}`, "", "insert", 5),
		},
		Rows: []Row{
			{"day": "2026-11-01", "what": "changed"},
			{"what": "changed", "cdc_unreadable": "day: 0000-00-00"},
			{"day": "2026-11-02", "what": "moved", "cdc_unreadable": "cdc_before_day: 2026-00-00"},
			{"what": "nobody's", "cdc_unreadable": "day: none"},
		},
	}
}

// lines are lines that are not exactly one record with a position in the binlog.
func lines() Trial {
	load := func(id int, what string) string {
		return record("Lines", fmt.Sprintf(`{"id":%d,"what":%q}`, id, what), "", "load", 0)
	}
	deletion := record("Lines", `{"id":1,"what":"a"}`, "", "delete", 1)
	update := record("Lines", `{"id":2,"what":"after"}`, "", "update", 2)
	astray := strings.Replace(update, "mysql-bin-changelog.000001:2", "somewhere", 1)
	unknown := strings.Replace(record("Lines", `{"id":3,"what":"after"}`, "", "update", 3), `"update"`, `"truncate"`, 1)
	cut := load(44, "d")[:len(`{"data":{"id":4`)]
	return Trial{
		Table: views.Table{Database: "shop", Name: "Lines", Columns: []views.Column{{Name: "id", Type: "int"}, {Name: "what", Type: "text"}}, PrimaryKey: []string{"id"}},
		Lines: []string{
			"", "  ", load(1, "a"), load(2, "b"), load(3, "c"), load(4, "e") + " ",
			load(5, "f") + deletion, load(6, "g") + " " + load(7, "h"), cut, "broken {", astray, unknown,
		},
		Rows: []Row{
			{"id": "1", "what": "a"},
			{"id": "2", "what": "b", "cdc_unreadable": "a change without a place in the binlog: update at somewhere:0:9"},
			{"id": "3", "what": "c", "cdc_unreadable": "a change without a place in the binlog: truncate at mysql-bin-changelog.000001:3:0:9"},
			{"id": "4", "what": "e"},
		},
		Unplaced: []string{load(5, "f") + deletion, load(6, "g") + " " + load(7, "h"), cut, "broken {", astray, unknown},
	}
}

// record is a record in DMS's format; a change is at an offset of the first binlog file.
func record(table, data, before, operation string, offset int) string {
	if before != "" {
		before = `"before-image":` + before + ","
	}
	place := ""
	if operation != "load" {
		place = fmt.Sprintf(`,"commit-timestamp":"2026-11-01T07:30:00.000000Z","transaction-id":4294967296,"transaction-record-id":1,"stream-position":"mysql-bin-changelog.000001:%d:0:9"`, offset)
	}
	return fmt.Sprintf(`{%s"data":%s,"metadata":{"timestamp":"2026-11-01T08:00:00.000000Z","record-type":"data","operation":%q,"schema-name":"shop","table-name":%q%s}}`,
		before, data, operation, table, place)
}

// Differences lists the differences between the answers and the trials' expected ones, at most one per row.
func Differences(trials []Trial, got Result) []string {
	var found []string
	names := NamesOf(Tables(trials))
	var unplaced, listed []Row
	for i, t := range trials {
		found = append(found, differences("the view "+names[i].Rows(), t.Rows, got.Views[names[i].Rows()])...)
		for _, line := range t.Unplaced {
			unplaced = append(unplaced, Row{"record": line})
		}
	}
	for _, row := range got.Queries["all tables: "+views.Unplaced] {
		listed = append(listed, Row{"record": row["record"]})
	}
	return append(found, differences("the saved query of "+views.Unplaced, unplaced, listed)...)
}

// differences compares rows in any order; a NULL column counts as missing.
func differences(where string, want, got []Row) []string {
	count := map[string]int{}
	for _, row := range want {
		count[plainly(row)]++
	}
	for _, row := range got {
		count[plainly(row)]--
	}
	var found []string
	for row, n := range count {
		switch {
		case n > 0:
			found = append(found, where+" lacks "+row)
		case n < 0:
			found = append(found, where+" has "+row)
		}
	}
	return found
}

func plainly(row Row) string {
	left := Row{}
	for name, value := range row {
		if value != nil {
			left[name] = value
		}
	}
	text, err := json.Marshal(left)
	if err != nil { // a Row contains only text
		return err.Error()
	}
	return string(text)
}

// Tables returns the trials' tables.
func Tables(trials []Trial) []views.Table {
	tables := make([]views.Table, len(trials))
	for i, t := range trials {
		tables[i] = t.Table
	}
	return tables
}

// NamesOf returns the tables' names in the catalog.
func NamesOf(tables []views.Table) []views.Name {
	sources := make([][2]string, len(tables))
	for i, t := range tables {
		sources[i] = [2]string{t.Database, t.Name}
	}
	return views.Names(sources)
}

// Arriving is the definition of a table with a key id, and a row of it, in DMS's format with the present time.
func Arriving(database, table string) []string {
	// The record is older than the time for which the function waits for a definition. That definition may be in
	// another shard.
	about := fmt.Sprintf(`"timestamp":%q,"schema-name":%q,"table-name":%q`, time.Now().Add(-2*time.Minute).UTC().Format(time.RFC3339Nano), database, table)
	return []string{
		`{"control":{"table-def":{"columns":{"id":{"type":"INT64"}},"primary-key":["id"]}},"metadata":{"record-type":"control","operation":"create-table","partition-key-type":"schema-table",` + about + `}}`,
		`{"data":{"id":1},"metadata":{"record-type":"data","operation":"load","partition-key-type":"schema-table",` + about + `}}`,
	}
}
