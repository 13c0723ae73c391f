package views

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
)

// Name is what a source table is called in the catalog: its view of rows; the others' names begin with it.
type Name string

// Records names the table of raw records.
func (n Name) Records() string { return string(n) + "_records" }

// Changes names the view of changes.
func (n Name) Changes() string { return string(n) + "_changes" }

// Rows names the view of rows.
func (n Name) Rows() string { return string(n) }

// Table names the table of rows that a job keeps, where there is one. The view of rows reads it then, and the view that reads
// the records is [Name.Raw].
func (n Name) Table() string { return string(n) + "_table" }

// Next names another epoch of that table, while it is filled.
func (n Name) Next() string { return string(n) + "_next" }

// Raw names the view of rows that reads the records, where the view of rows reads a table.
func (n Name) Raw() string { return string(n) + "_raw" }

// all are the names that a table takes without a table of rows, and withTable with one.
func (n Name) all() []string       { return []string{n.Rows(), n.Changes(), n.Records()} }
func (n Name) withTable() []string { return append(n.all(), n.Table(), n.Next(), n.Raw()) }

// ControlRecords names the table of records that are about no row: tables' definitions; those of the unnamed source.
const ControlRecords Name = "dms_control"

// Source is the name of a source, with which all names of its tables begin; empty for the unnamed one.
type Source string

// ControlRecords names the table of the source's records that are about no row.
func (s Source) ControlRecords() Name { return Name(s.prefix()) + ControlRecords }

func (s Source) prefix() string {
	if s == "" {
		return ""
	}
	return string(s) + "_"
}

// maxName leaves room for what is added to a name; Glue takes 255 bytes.
const maxName = 200

// Names are the names of tables (database and table in the source), in their order: shop.Order-Lines is
// shop_order_lines. Tables that would share a name, or that a view of another has, get eight digits that only they have.
func Names(tables [][2]string) []Name { return Source("").Names(tables) }

// NamesWithTables are [Names] where each table has a table of rows too.
func NamesWithTables(tables [][2]string) []Name { return Source("").NamesWithTables(tables) }

// Names are the names of the source's tables: those of tables, behind the source's name.
func (s Source) Names(tables [][2]string) []Name { return s.apart(tables, Name.all) }

// NamesWithTables are the same where each table has a table of rows too.
func (s Source) NamesWithTables(tables [][2]string) []Name { return s.apart(tables, Name.withTable) }

func (s Source) apart(tables [][2]string, all func(Name) []string) []Name {
	names := make([]Name, len(tables))
	taken := map[string]int{}
	for _, name := range all(s.ControlRecords()) {
		taken[name]++
	}
	for i, t := range tables {
		names[i] = Name(s.prefix() + plain(t[0]) + "_" + plain(t[1]))
		for _, name := range all(names[i]) {
			taken[name]++
		}
	}
	for i, t := range tables {
		for _, name := range all(names[i]) {
			if taken[name] > 1 || len(names[i]) > maxName {
				sum := sha256.Sum256([]byte(t[0] + "\x00" + t[1]))
				names[i] = Name(strings.ToValidUTF8(string(names[i][:min(len(names[i]), maxName)]), "") + "_" + hex.EncodeToString(sum[:4]))
				break
			}
		}
	}
	return names
}

// fieldNames are the columns' names in their order. One that another column has too gets its place, as often as it takes: a
// later column may be called what the first gets.
func fieldNames(columns []Column) []string {
	names := make([]string, len(columns))
	taken := map[string]bool{}
	for i, c := range columns {
		names[i] = plain(c.Name)
		for taken[names[i]] {
			names[i] = fmt.Sprintf("%s_%d", names[i], i+1)
		}
		taken[names[i]] = true
	}
	return names
}

// plain is a name as Athena takes it without quotes, as far as letters go: lower case, and an underscore for what is
// neither letter nor digit, https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}
