// Package views writes the tables, views and saved queries that make a lake of DMS records readable with SQL. Each
// followed table gets a table of raw records, a view of its changes and a view of its present rows. The package knows
// neither AWS's API nor Pulumi: it returns names, types and SQL in the dialect of Athena engine version 3, which is
// Trino's.
//
// A raw record is one text column, a line of the object. Athena's JSON SerDes could split it into columns, but their
// results differ from the records: "The results can contain more rows than expected, fewer rows than expected, or
// unexpected null values" (https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html), and OpenX's reformats
// a number when it becomes text. So the view extracts each value in its original spelling (json_extract_scalar,
// https://trino.io/docs/current/functions/json.html) and casts it to the type of its column in the source. A value
// that does not fit the type is NULL, and its text is in another column: no value is lost or hides others.
package views

import (
	"cdcpipeline/internal/change"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Table is a followed table as the source describes it.
type Table struct {
	// Kind of the source; empty is MySQL.
	Kind change.Kind
	// Database and Name in the source; in PostgreSQL, Database is the schema.
	Database, Name string
	// Columns in order, without those that records omit.
	Columns []Column
	// PrimaryKey names columns.
	PrimaryKey []string
	// Since is the time from which records are authoritative; zero means all are. The view of changes contains every
	// change in any case.
	Since time.Time
}

// Column of a source table.
type Column struct {
	Name string
	// Type is MySQL's column type, such as bigint(20) unsigned, or PostgreSQL's, such as timestamp(3) with time zone.
	Type string
}

// Field is a column of a table or view of the catalog.
type Field struct {
	Name string
	// Hive is its type in Glue, SQL its type in Athena.
	Hive, SQL string
}

// View is a named query.
type View struct {
	Name, SQL string
	Fields    []Field
}

// Query is a query to save. A question mark in its SQL is a parameter, whose value Athena asks for.
type Query struct {
	Name, Description, SQL string
}

// Catalog is everything made for one source table.
type Catalog struct {
	// Changes shows the changes of the table's rows.
	Changes View
	// Rows shows the table's present rows.
	Rows View
	// Queries about the table.
	Queries []Query
}

// Describe makes a table's catalog under a name from [Names]. It refuses a table without a primary key, whose rows
// cannot be distinguished.
func Describe(name Name, t Table) (Catalog, error) {
	d := describer{table: t, name: name, prefix: metadataPrefix, texts: map[string]int{}}
	if err := d.resolve(); err != nil {
		return Catalog{}, fmt.Errorf("describing %s.%s: %w", t.Database, t.Name, err)
	}
	return Catalog{Changes: d.changes(), Rows: d.rows(), Queries: d.queries()}, nil
}

// SourceField is a source column with its field in the views.
type SourceField struct {
	Field

	Column Column
}

// Fields are a table's columns in order, and its primary key's columns in the key's order. It fails like [Describe].
func Fields(t Table) (columns, key []SourceField, err error) {
	d := describer{table: t, prefix: metadataPrefix}
	if err := d.resolve(); err != nil {
		return nil, nil, fmt.Errorf("describing %s.%s: %w", t.Database, t.Name, err)
	}
	shown := func(fields []sourceField) []SourceField {
		all := make([]SourceField, len(fields))
		for i, f := range fields {
			all[i] = SourceField{f.Field, f.column}
		}
		return all
	}
	return shown(d.fields), shown(d.keys), nil
}

// metadataPrefix is the prefix of the columns with a record's metadata.
const metadataPrefix = "cdc_"

// describer holds the data that the parts of one catalog share.
type describer struct {
	table  Table
	name   Name
	prefix string
	fields []sourceField
	keys   []sourceField
	// texts are the indices of the columns with the values' original texts.
	texts map[string]int
}

// sourceField is a source column in the catalog.
type sourceField struct {
	Field
	column Column
	typ    typ
}

// resolve names the columns, so that they do not collide with those of the metadata.
func (d *describer) resolve() error {
	names := fieldNames(d.table.Columns)
	for i, c := range d.table.Columns {
		t := typeOf(c.Type)
		if d.table.Kind.Postgres() {
			t = postgresType(c.Type)
		}
		d.fields = append(d.fields, sourceField{Field{names[i], t.hive, t.sql}, c, t})
		for strings.HasPrefix(names[i], d.prefix) {
			d.prefix += metadataPrefix
		}
	}
	for _, key := range d.table.PrimaryKey {
		i := slices.IndexFunc(d.fields, func(f sourceField) bool {
			if d.table.Kind.Postgres() { // "Id" and "id" are different columns
				return f.column.Name == key
			}
			return strings.EqualFold(f.column.Name, key)
		})
		if i < 0 {
			return fmt.Errorf("column %s of the primary key is not among its columns", key)
		}
		d.keys = append(d.keys, d.fields[i])
	}
	if len(d.keys) == 0 {
		return fmt.Errorf("it has no primary key")
	}
	return nil
}

// meta is the quoted name of a metadata column.
func (d *describer) meta(name string) string { return quoted(d.prefix + name) }

// before is the quoted name of the column with a key column's value before an update.
func (d *describer) before(key sourceField) string { return d.meta("before_" + key.Name) }

// quoted quotes an identifier.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a string.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// join lists items one per line, indented after the first.
func join(indent string, lines []string) string { return strings.Join(lines, ",\n"+indent) }
