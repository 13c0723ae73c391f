package tables_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"testing"

	"github.com/stretchr/testify/require"
)

var notes = views.Table{
	Kind: change.PostgreSQL, Database: "shop", Name: "notes", PrimaryKey: []string{"id"},
	Columns: []views.Column{
		{Name: "id", Type: "uuid"},
		{Name: "small", Type: "smallint"},
		{Name: "big", Type: "bigint"},
		{Name: "price", Type: "numeric(38,2)"},
		{Name: "any", Type: "numeric"},
		{Name: "rate", Type: "real"},
		{Name: "weight", Type: "double precision"},
		{Name: "paid", Type: "boolean"},
		{Name: "at", Type: "timestamp(3) with time zone"},
		{Name: "day", Type: "date"},
		{Name: "body", Type: "text"},
		{Name: "list", Type: "integer[]"},
	},
}

// The job understands its specification of a PostgreSQL table: the kind, and the values that updates may omit.
func TestTheJobReadsATableOfPostgreSQL(t *testing.T) {
	table, err := tables.Describe(lakeOf(config.FormatIceberg), "shop_notes", notes, nil)
	require.NoError(t, err)
	spec := tables.NewSpec("", lakeOf(config.FormatIceberg), "lake", "shop_dev", 168, table)
	text, err := spec.Text()
	require.NoError(t, err)
	require.Equal(t, "bigint decimal(38,2) string boolean timestamp\nprice,any,body,list\n1 1.50 long\n", python(t, `
import sys
from cdctables.reader import Reader
from cdctables.spec import Spec
table, = Spec.parse(sys.stdin.read()).tables
types = {c.name: c.type for c in table.columns}
print(*(types[name] for name in ("big", "price", "any", "paid", "at")))
print(",".join(c.name for c in table.columns if c.outside))
record = b"""{"data":{"id":"123E4567-e89b-12d3-a456-426614174000","small":1,"price":1.5},"before-image":{"id":"123e4567-e89b-12d3-a456-426614174000","small":0,"price":0.5,"body":"long"},
"metadata":{"record-type":"data","operation":"update","schema-name":"shop","table-name":"notes","timestamp":"2026-01-02T03:04:05Z","commit-timestamp":"2026-01-02T03:04:05Z",
"transaction-id":7,"transaction-record-id":1,"stream-position":"2/8.1.2/8"}}"""
state, = Reader(table).states(record)
row = dict(zip([c.name for c in table.columns], state))
print(row["small"], row["price"], row["body"])
`, text))

	parsed, err := tables.Parse([]byte(text))
	require.NoError(t, err)
	again, ok := parsed.Find("shop", "notes")
	require.True(t, ok)
	require.Equal(t, table, again)
	shown, err := again.Shown()
	require.NoError(t, err)
	fields, _, err := views.Fields(notes)
	require.NoError(t, err)
	require.Equal(t, fields, shown)
}

func TestATableOfMySQLIsToldAsBefore(t *testing.T) {
	of := orders
	of.Kind = change.MySQL
	named, err := tables.Describe(lakeOf(config.FormatIceberg), "shop_order_lines", of, []string{"Secret"})
	require.NoError(t, err)
	require.Equal(t, described(t, config.FormatIceberg), named)
}
