package ddl

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	load = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	asOf = Statistics{Began: load.Add(-time.Minute), Loaded: load, Ddls: 1}
)

// madeAs returns a table that was made before the load. partitions has the form "p0=1 p1=2".
func madeAs(id, columns, partitions string) *Table {
	t := &Table{ID: id, Created: load.Add(-time.Hour), Columns: columns}
	for _, p := range strings.Fields(partitions) {
		name, id, _ := strings.Cut(p, "=")
		t.Partitions = append(t.Partitions, Partition{name, id})
	}
	return t
}

// lookedAt returns the stored definition of a loaded table without changes.
func lookedAt(t *testing.T, made *Table) Known {
	t.Helper()
	k, changes := Look(Known{}, made, asOf, load.Add(time.Minute))
	require.Empty(t, changes)
	return k
}

func what(changes []Change) []string {
	all := []string{}
	for _, c := range changes {
		all = append(all, c.What)
	}
	return all
}

func TestEachStatementThatNoRecordTellsIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		before, now *Table
		ddls        int64
		want        string
	}{
		"nothing":                         {madeAs("7", "a", ""), madeAs("7", "a", ""), 1, ""},
		"ALTER that changes no row":       {madeAs("7", "a", ""), madeAs("7", "ab", ""), 1, ""},
		"ALTER that rebuilds the table":   {madeAs("7", "a", ""), madeAs("8", "ab", ""), 2, ""},
		"TRUNCATE":                        {madeAs("7", "a", ""), madeAs("8", "a", ""), 2, Replaced},
		"TRUNCATE that is not counted":    {madeAs("7", "a", ""), madeAs("8", "a", ""), 1, Replaced},
		"swap with other columns":         {madeAs("7", "a", ""), madeAs("8", "ab", ""), 1, Awaited},
		"DROP":                            {madeAs("7", "a", ""), nil, 1, Gone},
		"TRUNCATE of all partitions":      {madeAs("", "a", "p0=1 p1=2"), madeAs("", "a", "p0=3 p1=4"), 2, Replaced},
		"DROP PARTITION":                  {madeAs("", "a", "p0=1 p1=2 p2=3"), madeAs("", "a", "p1=2 p2=3"), 1, "DROP PARTITION p0"},
		"DROP of the last PARTITION":      {madeAs("", "a", "p0=1 p1=2"), madeAs("", "a", "p0=1"), 1, "DROP PARTITION p1"},
		"DROP and ADD PARTITION":          {madeAs("", "a", "p0=1 p1=2"), madeAs("", "a", "p1=2 p2=3"), 1, "DROP PARTITION p0"},
		"TRUNCATE PARTITION":              {madeAs("", "a", "p0=1 p1=2"), madeAs("", "a", "p0=1 p1=5"), 1, "TRUNCATE, EXCHANGE or REBUILD PARTITION p1"},
		"both":                            {madeAs("", "a", "p0=1 p1=2 p2=3"), madeAs("", "a", "p1=2 p2=5"), 1, "DROP PARTITION p0; TRUNCATE, EXCHANGE or REBUILD PARTITION p2"},
		"ADD PARTITION":                   {madeAs("", "a", "p0=1"), madeAs("", "a", "p0=1 p1=2"), 1, ""},
		"REORGANIZE of the last":          {madeAs("", "a", "p0=1 max=2"), madeAs("", "a", "p0=1 p1=3 max=4"), 1, ""},
		"REORGANIZE of two into one":      {madeAs("", "a", "p0=1 p1=2 max=3"), madeAs("", "a", "p01=4 max=3"), 1, ""},
		"partitioned anew":                {madeAs("7", "a", ""), madeAs("", "a", "p0=1"), 1, Replaced},
		"unknown ids, the same creation":  {madeAs("", "a", ""), madeAs("7", "a", ""), 1, ""},
		"swap with a table of the past":   {madeAs("7", "a", ""), &Table{ID: "3", Created: load.Add(-48 * time.Hour), Columns: "a"}, 1, Replaced},
		"made anew, the ids are not seen": {madeAs("", "a", ""), &Table{Created: load.Add(2 * time.Minute), Columns: "a"}, 1, Replaced},
	} {
		t.Run(name, func(t *testing.T) {
			s := asOf
			s.Ddls = c.ddls
			_, changes := Look(lookedAt(t, c.before), c.now, s, load.Add(time.Hour))
			require.Equal(t, c.want, strings.Join(what(changes), "; "))
		})
	}
}

func TestAChangeStaysUntilTheTableIsLoadedAgain(t *testing.T) {
	k := lookedAt(t, madeAs("7", "a", ""))
	k, _ = Look(k, madeAs("8", "a", ""), asOf, load.Add(time.Hour))
	s := asOf
	s.Ddls = 2
	k, changes := Look(k, madeAs("9", "ab", ""), s, load.Add(2*time.Hour)) // an ALTER TABLE must not hide the change
	require.Equal(t, []string{Replaced}, what(changes))
	k, changes = Look(k, nil, s, load.Add(3*time.Hour))
	require.Equal(t, []string{Replaced, Gone}, what(changes))
	k, changes = Look(k, madeAs("10", "ab", ""), s, load.Add(4*time.Hour))
	require.Equal(t, []string{Replaced, Gone}, what(changes))
	require.Equal(t, load.Add(time.Hour), changes[0].Before)
	s.Began, s.Loaded = load.Add(5*time.Hour), load.Add(6*time.Hour)
	_, changes = Look(k, madeAs("10", "ab", ""), s, load.Add(7*time.Hour))
	require.Empty(t, changes)
}

func TestAnAlterThatDMSComesToLateIsNoChange(t *testing.T) {
	k := lookedAt(t, madeAs("7", "a", ""))
	altered := madeAs("8", "ab", "")
	k, changes := Look(k, altered, asOf, load.Add(time.Hour))
	require.Equal(t, []string{Awaited}, what(changes))
	s := asOf
	s.Ddls++
	k, changes = Look(k, altered, s, load.Add(time.Hour+time.Minute))
	require.Empty(t, changes)
	_, changes = Look(k, altered, s, load.Add(2*time.Hour))
	require.Empty(t, changes)
}

func TestASwapStaysOneWhenALaterAlterIsCounted(t *testing.T) {
	k := lookedAt(t, madeAs("7", "a", ""))
	k, _ = Look(k, madeAs("8", "ab", ""), asOf, load.Add(time.Hour))
	k, changes := Look(k, madeAs("8", "ab", ""), asOf, load.Add(2*time.Hour))
	require.Equal(t, []string{Replaced}, what(changes))
	s := asOf
	s.Ddls++
	_, changes = Look(k, madeAs("9", "abc", ""), s, load.Add(3*time.Hour))
	require.Equal(t, []string{Replaced}, what(changes))
}

func TestTheFirstLookAfterALoadTellsWhatCameBetween(t *testing.T) {
	anew := madeAs("7", "a", "")
	anew.Created = load.Add(time.Minute)
	for name, c := range map[string]struct {
		now  *Table
		s    Statistics
		want []string
	}{
		"made before the load":      {madeAs("7", "a", ""), asOf, []string{}},
		"made after it":             {anew, Statistics{Began: asOf.Began, Loaded: load}, []string{Replaced}},
		"made after it, or altered": {anew, asOf, []string{Altered}},
		"gone":                      {nil, asOf, []string{Gone}},
		"never loaded":              {anew, Statistics{Ddls: 1}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, changes := Look(Known{}, c.now, c.s, load.Add(time.Hour))
			require.Equal(t, c.want, what(changes))
		})
	}
}

func TestAnAcceptedTableIsAsItWasLoaded(t *testing.T) {
	k := lookedAt(t, madeAs("7", "a", ""))
	k, _ = Look(k, madeAs("8", "a", ""), asOf, load.Add(time.Hour))
	require.NotEmpty(t, k.Changes)
	k = Accepted(madeAs("8", "a", ""), asOf, load.Add(2*time.Hour))
	_, changes := Look(k, madeAs("8", "a", ""), asOf, load.Add(3*time.Hour))
	require.Empty(t, changes)
}

func TestNamesAreWrittenAsTheServerWritesFiles(t *testing.T) {
	require.Equal(t, "Orders_2@002d26@0024x", fileName("Orders_2-26$x"))
}
