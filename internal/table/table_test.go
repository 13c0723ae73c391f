package table

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNameNeedsItsDatabase(t *testing.T) {
	name, err := Parse("testdb.retail_trans")
	require.NoError(t, err)
	require.Equal(t, Name{Database: "testdb", Table: "retail_trans"}, name)
	require.Equal(t, "testdb.retail_trans", name.String())
	for _, bad := range []string{"", "retail_trans", ".b", "a.", "a.b.c", "."} {
		_, err := Parse(bad)
		require.ErrorContains(t, err, "write database.table", bad)
		_, err = ParsePattern(bad)
		require.ErrorContains(t, err, "write database.table, with % for any text", bad)
	}
}

// The wildcards that DMS documents, except _, which matches only itself here. Case matters.
func TestPatternMatchesDatabaseAndTableEachByItself(t *testing.T) {
	name := Name{"a", "b"}
	for pattern, want := range map[string]bool{
		"a.b": true, "a.%": true, "%.b": true, "%.%": true, "a.b%": true, "%a%.%b%": true,
		"a.c%": false, "a.bc": false, "A.b": false, "a.B": false, "_.b": false, "a.%c": false, "a%b.b": false,
	} {
		p, err := ParsePattern(pattern)
		require.NoError(t, err)
		require.Equal(t, pattern, p.String())
		require.Equal(t, want, p.Matches(name), pattern)
	}
	require.True(t, Pattern{"Shop", "%"}.Folded().Matches(Name{"SHOP", "Orders"}.Folded()))
	require.False(t, Pattern{"%", "x"}.Matches(Name{"a", "b.x"}))
}

func TestPatternWithoutPercentIsOneTable(t *testing.T) {
	name, one := Pattern{"my_shop", "orders"}.One()
	require.True(t, one)
	require.Equal(t, Name{"my_shop", "orders"}, name)
	for _, p := range []Pattern{{"%", "orders"}, {"shop", "o%"}} {
		_, one := p.One()
		require.False(t, one, p)
	}
}

func TestWhatAPatternCoversItMatches(t *testing.T) {
	part, literal := rapid.StringMatching(`[ab%]{0,5}`), rapid.StringMatching(`[ab]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := Pattern{part.Draw(t, "a"), part.Draw(t, "a")}, Pattern{part.Draw(t, "b"), part.Draw(t, "b")}
		n := Name{literal.Draw(t, "n"), literal.Draw(t, "n")}
		if a.Covers(b) {
			require.True(t, a.Overlaps(b), "whatever b matches, a matches")
			require.False(t, b.Matches(n) && !a.Matches(n))
		}
		if a.Matches(n) && b.Matches(n) {
			require.True(t, a.Overlaps(b))
		}
		require.Equal(t, a.Overlaps(b), b.Overlaps(a))
		require.True(t, a.Covers(a))
		require.Equal(t, a.Matches(n), a.Covers(Pattern(n)), "a name is the pattern of itself")
		if one, ok := a.One(); ok {
			require.True(t, a.Matches(one))
			require.Equal(t, a.Matches(n), one == n)
		}
	})
}

func TestPatternsOverlapInDatabaseAndTable(t *testing.T) {
	for _, c := range []struct {
		a, b Pattern
		want bool
	}{
		{Pattern{"shop", "o%"}, Pattern{"%", "orders"}, true},
		{Pattern{"shop", "o%"}, Pattern{"stock", "orders"}, false},
		{Pattern{"shop", "o%"}, Pattern{"shop", "items"}, false},
	} {
		require.Equal(t, c.want, c.a.Overlaps(c.b), "%s %s", c.a, c.b)
		require.Equal(t, c.want, c.b.Overlaps(c.a), "%s %s", c.b, c.a)
	}
}

func TestAPlainNameNeedsNoQuotesInAthena(t *testing.T) {
	require.Equal(t, "order_lines_2_größe", Plain("Order-Lines$2 Größe"))
}
