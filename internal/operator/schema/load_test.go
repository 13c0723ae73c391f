package schema

import (
	"cdcpipeline/internal/table"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMembersAreReadFromTheType(t *testing.T) {
	members, err := parseMembers(`enum('a','it''s','셋','x,y','',')')`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "it's", "셋", "x,y", "", ")"}, members)
	for _, bad := range []string{"enum", "enum()", "enum(a)", "enum('a)", "enum('a','b)", ")("} {
		_, err := parseMembers(bad)
		require.Error(t, err, bad)
	}
}

func FuzzParseMembers(f *testing.F) {
	f.Add(`enum('a','it''s')`)
	f.Add(`set('')`)
	f.Fuzz(func(t *testing.T, s string) {
		if members, err := parseMembers(s); err == nil {
			require.NotEmpty(t, members)
		}
	})
}

func TestTableNameNeedsItsDatabase(t *testing.T) {
	name, err := table.Parse("testdb.retail_trans")
	require.NoError(t, err)
	require.Equal(t, table.Name{Database: "testdb", Table: "retail_trans"}, name)
	require.Equal(t, "`a``b`.`c`", (&Table{Name: table.Name{Database: "a`b", Table: "c"}}).Quoted())
	require.Equal(t, `"a""b"."c"`, (&Table{Name: table.Name{Database: `a"b`, Table: "c"}, Engine: PostgreSQL}).Quoted())
	for _, bad := range []string{"", "retail_trans", ".t", "db.", "a.b.c"} {
		_, err := table.Parse(bad)
		require.ErrorContains(t, err, "write database.table", bad)
	}
}
