// Package views writes what makes a lake of DMS records readable with SQL: for each followed table a table of raw
// records, a view of its changes, a view of its rows as they are now, and saved queries. It knows neither AWS's API nor
// Pulumi: it gives names, types and SQL in the dialect of Athena engine version 3, which is Trino's.
//
// A raw record is one column of text, a line of the object. Athena's JSON SerDes would make columns of it by themselves,
// but their results are not the records: "The results can contain more rows than expected, fewer rows than expected, or
// unexpected null values" (https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html), and OpenX's writes a
// number anew when it becomes text. So the view takes each value out of the record as it was written
// (json_extract_scalar, https://trino.io/docs/current/functions/json.html) and casts it to the type of its column in the
// source. A value that has not that type is NULL, and its text is in a column beside it: none is lost, and none takes the
// others away.
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
	// Database and Name in the source; of PostgreSQL the former is the schema.
	Database, Name string
	// Columns in their order, without those that are omitted from records.
	Columns []Column
	// PrimaryKey names columns.
	PrimaryKey []string
	// Since is when the records begin that tell what the rows are; zero: all do. The changes are all there in any case.
	Since time.Time
}

// Column of a source table.
type Column struct {
	Name string
	// Type is MySQL's column type, as in bigint(20) unsigned, or PostgreSQL's, as in timestamp(3) with time zone.
	Type string
}

// Field is a column of a table or view of the catalog.
type Field struct {
	Name string
	// Hive is its type in Glue, SQL its type in Athena.
	Hive, SQL string
}

// View is a query with a name.
type View struct {
	Name, SQL string
	Fields    []Field
}

// Query is a query to save. A question mark in its SQL is a parameter, whose value Athena asks for.
type Query struct {
	Name, Description, SQL string
}

// Catalog is everything that is made of one source table.
type Catalog struct {
	// Changes are the changes of the table's rows, each as it was.
	Changes View
	// Rows are the rows of the table as they are now.
	Rows View
	// Queries about them.
	Queries []Query
}

// Describe makes the catalog of a table under a name that [Names] gave. It refuses a table without a primary key, whose
// changes cannot be told from one another.
func Describe(name Name, t Table) (Catalog, error) {
	d := describer{table: t, name: name, prefix: metadataPrefix, texts: map[string]int{}}
	if err := d.resolve(); err != nil {
		return Catalog{}, fmt.Errorf("describing %s.%s: %w", t.Database, t.Name, err)
	}
	return Catalog{Changes: d.changes(), Rows: d.rows(), Queries: d.queries()}, nil
}

// SourceField is a column of the source with the field that the views have of it.
type SourceField struct {
	Field

	Column Column
}

// Fields are the columns of a table in their order, and those of its primary key in the key's. It refuses what [Describe] does.
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

// metadataPrefix begins the names of what a record says beside the row.
const metadataPrefix = "cdc_"

// describer holds what the parts of one catalog share.
type describer struct {
	table  Table
	name   Name
	prefix string
	fields []sourceField
	keys   []sourceField
	// texts are the numbers of the columns that hold values as they were written.
	texts map[string]int
}

// sourceField is a column of the source as the catalog has it.
type sourceField struct {
	Field
	column Column
	typ    typ
}

// resolve names the columns, and keeps those of the metadata apart from them.
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
			if d.table.Kind.Postgres() { // "Id" and "id" are two columns
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

// meta is the quoted name of a column of metadata.
func (d *describer) meta(name string) string { return quoted(d.prefix + name) }

// before is the quoted name of the column that holds a key as it was before an update.
func (d *describer) before(key sourceField) string { return d.meta("before_" + key.Name) }

// quoted is an identifier.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal is a string.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// join lists one thing a line, after the first, indented.
func join(indent string, lines []string) string { return strings.Join(lines, ",\n"+indent) }
