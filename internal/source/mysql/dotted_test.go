package mysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// dottedShop follows three tables, two of which have columns with a dot in their names.
func dottedShop() (*fakeServer, Request) {
	f, req := shop()
	f.tables, req.Tables, req.Exclude = map[Table]fakeTable{}, nil, nil
	for name, columns := range map[string][]string{"a": {"test.CreatedBy", "test_CreatedBy", "alone.too", "end."}, "b": {"test"}, "c": {".x", "a..b", "."}} {
		t := fakeTable{kind: "BASE TABLE", key: []string{"id"}, columns: [][]string{{"id", "bigint", "NO", ""}}}
		for _, column := range columns {
			t.columns = append(t.columns, []string{column, "int", "YES", ""})
		}
		f.tables[Table{Database: "my_shop", Table: name}] = t
		req.Tables = append(req.Tables, Table{Database: "my_shop", Table: name})
	}
	return f, req
}

func TestADotInAColumnsNameFailsWithWhatTheHistoryWouldMakeOfIt(t *testing.T) {
	f, req := dottedShop()
	findings, err := runOn(f, req)
	require.ErrorContains(t, err, "or set source.dottedColumns to warn")
	for check, want := range map[string][]string{
		"name of column test.CreatedBy of my_shop.a": {`cannot hold it beside the column "test" of my_shop.b`, "RENAME COLUMN `test.CreatedBy` TO `test_CreatedBy_2`"},
		"name of column alone.too of my_shop.a":      {"keeps it, and does not find it", "TO `alone_too`"},
		"name of column end. of my_shop.a":           {"finds it as end", "TO `end_`"},
		"name of column .x of my_shop.c":             {"takes no record of the table", "TO `_x`"},
		"name of column a..b of my_shop.c":           {"takes no record of the table", "TO `a__b`"},
		"name of column . of my_shop.c":              {"takes no record of the table", "TO `_`"},
	} {
		found := named(findings, check)
		require.Equal(t, Failed, found.Status, check)
		require.Contains(t, found.Value, want[0])
		require.Contains(t, found.Advice, want[1])
		require.Contains(t, err.Error(), check)
	}
	require.NotContains(t, err.Error(), "of my_shop.b is")
}

func TestADotInAColumnsNameIsAcceptedOnDemand(t *testing.T) {
	f, req := dottedShop()
	req.AcceptDottedColumns = true
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Len(t, findings.Warnings(), 6)
	require.Equal(t, Warning, named(findings, "name of column .x of my_shop.c").Status)
}
