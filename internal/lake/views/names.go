package views

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
)

// Name is a source table's name in the catalog, and that of its view of rows. The names of its other tables and views
// begin with it.
type Name string

// Records names the table of raw records.
func (n Name) Records() string { return string(n) + "_records" }

// Changes names the view of changes.
func (n Name) Changes() string { return string(n) + "_changes" }

// Rows names the view of rows.
func (n Name) Rows() string { return string(n) }

// Table names the table of rows that a job maintains, if there is one. Then the view of rows reads this table, and
// [Name.Raw] is the view that reads the records.
func (n Name) Table() string { return string(n) + "_table" }

// Next names another epoch of that table while it is filled.
func (n Name) Next() string { return string(n) + "_next" }

// Raw names the view of rows that reads the records, when the main view reads a table.
func (n Name) Raw() string { return string(n) + "_raw" }

// all lists the names that a table takes when no job maintains a table of rows for it. withTable lists those that it
// takes otherwise.
func (n Name) all() []string       { return []string{n.Rows(), n.Changes(), n.Records()} }
func (n Name) withTable() []string { return append(n.all(), n.Table(), n.Next(), n.Raw()) }

// ControlRecords names the unnamed source's table of records that concern no row, such as table definitions.
const ControlRecords Name = "dms_control"

// Source is a source's name, with which all names of its tables begin; empty for the unnamed one.
type Source string

// ControlRecords names the source's table of records that concern no row.
func (s Source) ControlRecords() Name { return Name(s.prefix()) + ControlRecords }

func (s Source) prefix() string {
	if s == "" {
		return ""
	}
	return string(s) + "_"
}

// maxName leaves room for suffixes; Glue's limit is 255 bytes.
const maxName = 200

// Names are the catalog names of tables (database and table in the source), in order: shop.Order-Lines becomes
// shop_order_lines. A table whose name or view would collide with another's gets eight unique digits.
func Names(tables [][2]string) []Name { return Source("").Names(tables) }

// NamesWithTables are [Names] for tables that also have a table of rows.
func NamesWithTables(tables [][2]string) []Name { return Source("").NamesWithTables(tables) }

// Names are the catalog names of the source's tables, with the source's name as prefix.
func (s Source) Names(tables [][2]string) []Name { return s.apart(tables, Name.all) }

// NamesWithTables are the same for tables that also have a table of rows.
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

// fieldNames are the columns' names in order. A duplicate gets its position as a suffix, repeatedly if needed,
// because a later column may already have that name.
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

// plain is a name that Athena accepts without quotes: lower case, with an underscore for each character that is
// neither letter nor digit, https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}
