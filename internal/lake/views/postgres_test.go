package views_test

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/views"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var notes = views.Table{
	Kind: change.PostgreSQL, Database: "shop", Name: "notes",
	Columns: []views.Column{
		{"id", "bigint"},
		{"tag", "character(5)"},
		{"price", "numeric(12,2)"},
		{"placed", "timestamp(3) with time zone"},
		{"paid", "boolean"},
		{"body", "text"},
	},
	PrimaryKey: []string{"id", "tag"},
}

// The parts that both kinds share are in MySQL's files. The rehearsal's package catalog runs the SQL.
func TestSQLOfPostgreSQL(t *testing.T) {
	c := described(t, notes)
	files := map[string]string{"postgresql_changes.sql": c.Changes.SQL, "postgresql_rows.sql": c.Rows.SQL}
	for _, q := range append(c.Queries, views.Source("").OverviewOf(change.PostgreSQL, []views.Name{"shop_notes"}, [][2]string{{"shop", "notes"}})...) {
		require.NotContains(t, q.SQL, "binlog", q.Name)
		require.NotContains(t, q.Description, "binlog", q.Name)

		if strings.HasSuffix(q.Name, views.Unplaced) {
			files["postgresql_records_that_nobody_can_place.sql"] = q.SQL
		}
	}
	require.Len(t, files, 3)
	for name, got := range files {
		file := "testdata/" + name
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "%s: run go test ./internal/lake/views -update after looking at the difference", file)
	}
}

func TestTypesOfPostgreSQLHoldEveryValue(t *testing.T) {
	for declared, want := range map[string][2]string{
		"smallint":                       {"int", "integer"},
		"integer":                        {"int", "integer"},
		"bigint":                         {"bigint", "bigint"},
		"oid":                            {"bigint", "bigint"},
		"numeric(12,2)":                  {"decimal(12,2)", "decimal(12,2)"},
		"numeric(38,38)":                 {"decimal(38,38)", "decimal(38,38)"},
		"numeric(20)":                    {"decimal(20,0)", "decimal(20,0)"},
		"numeric(39,2)":                  {"string", "varchar"},
		"numeric(3,5)":                   {"string", "varchar"},
		"numeric(3,-2)":                  {"string", "varchar"},
		"numeric":                        {"string", "varchar"},
		"numeric(12,2)[]":                {"string", "varchar"},
		"real":                           {"float", "real"},
		"double precision":               {"double", "double"},
		"boolean":                        {"boolean", "boolean"},
		"date":                           {"date", "date"},
		"timestamp without time zone":    {"timestamp", "timestamp(6)"},
		"timestamp(0) without time zone": {"timestamp", "timestamp(3)"},
		"timestamp(3) with time zone":    {"timestamp", "timestamp(3)"},
		"TIMESTAMP(6) WITH TIME ZONE":    {"timestamp", "timestamp(6)"},
		"timestamp(3) with time zone[]":  {"string", "varchar"},
		"time without time zone":         {"string", "varchar"},
		"interval":                       {"string", "varchar"},
		"money":                          {"string", "varchar"},
		"bit(1)":                         {"string", "varchar"},
		"text":                           {"string", "varchar"},
		"character varying(20)":          {"string", "varchar"},
		"bytea":                          {"string", "varchar"},
		"uuid":                           {"string", "varchar"},
		"jsonb":                          {"string", "varchar"},
		"integer[]":                      {"string", "varchar"},
		"mood":                           {"string", "varchar"},
		"int":                            {"string", "varchar"}, // an enumeration with that name: format_type would say integer
		"year":                           {"string", "varchar"},
	} {
		c := described(t, views.Table{Kind: change.PostgreSQL, Database: "d", Name: "t", Columns: []views.Column{{"k", "integer"}, {"v", declared}}, PrimaryKey: []string{"k"}})
		f := c.Rows.Fields[1]
		require.Equal(t, want, [2]string{f.Hive, f.SQL}, declared)
	}
}

// Column names in PostgreSQL are case-sensitive.
func TestAKeyOfPostgreSQLIsFoundByItsCase(t *testing.T) {
	_, key, err := views.Fields(views.Table{Kind: change.PostgreSQL, Database: "d", Name: "t", Columns: []views.Column{{"Id", "text"}, {"id", "integer"}}, PrimaryKey: []string{"id"}})
	require.NoError(t, err)
	require.Equal(t, "integer", key[0].Column.Type)
	require.Equal(t, "id_2", key[0].Name)
	_, _, err = views.Fields(views.Table{Kind: change.PostgreSQL, Database: "d", Name: "t", Columns: []views.Column{{"Id", "text"}}, PrimaryKey: []string{"id"}})
	require.ErrorContains(t, err, "column id of the primary key is not among its columns")
}
