package search

import (
	"cdcpipeline/internal/source/mysql"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnsThatTheHistoryCannotHoldAreNamedWithWhatBecomesOfThem(t *testing.T) {
	table := func(name string, columns ...string) mysql.TableFound {
		found := mysql.TableFound{Table: mysql.Table{Database: "shop", Table: name}}
		for _, column := range columns {
			found.Columns = append(found.Columns, mysql.Column{Name: column, Type: "int(11)"})
		}
		return found
	}
	text, err := json.Marshal(mysql.Findings{Tables: []mysql.TableFound{
		table("a", "id", "test.CreatedBy", "alone.too", "end."), table("b", "test", "id"), table("c", ".x", "a..b", ".", "id"),
	}})
	require.NoError(t, err)
	lines, err := dotted(string(text))
	require.NoError(t, err)
	require.Len(t, lines, 6)
	for i, want := range [][]string{
		{`shop.a: column "test.CreatedBy" has a dot in its name: `, `beside the column "test" of shop.b`, "Rename it"},
		{`shop.a: column "alone.too"`, "keeps it, and does not find it"},
		{`shop.a: column "end."`, "finds it as end"},
		{`shop.c: column ".x"`, "takes no record of the table"},
		{`shop.c: column "a..b"`, "takes no record of the table"},
		{`shop.c: column "."`, "takes no record of the table"},
	} {
		for _, piece := range want {
			require.Contains(t, lines[i], piece)
		}
	}
	none, err := dotted(`{"tables":[]}`)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = dotted("no JSON")
	require.ErrorContains(t, err, "reading the bootstrap's findings")
}
