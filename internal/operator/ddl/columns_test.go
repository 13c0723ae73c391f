package ddl

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// withColumns returns a table that was made before the load. Its digest depends on its columns.
func withColumns(id string, names ...string) *Table {
	t := madeAs(id, "digest", "")
	t.Names = names
	for _, name := range names {
		t.Columns += " " + name
	}
	return t
}

func TestAColumnThatIsGoneIsToldAsSuch(t *testing.T) {
	before := withColumns("7", "id", "amount", "note")
	retyped := withColumns("7", "id", "amount", "note")
	retyped.Columns = "another"
	parted, repartitioned := withColumns("", "id", "amount", "note"), withColumns("", "id", "note")
	parted.Partitions, repartitioned.Partitions = []Partition{{"p0", "1"}, {"p1", "2"}}, []Partition{{"p1", "2"}}
	for name, c := range map[string]struct {
		before, now *Table
		ddls        int64
		want        []string
	}{
		"dropped":                    {before, withColumns("7", "id", "note"), 1, []string{"DROP or RENAME of the column amount"}},
		"dropped, counted":           {before, withColumns("7", "id", "note"), 2, []string{"DROP or RENAME of the column amount"}},
		"dropped by a rebuild":       {before, withColumns("8", "id", "note"), 2, []string{"DROP or RENAME of the column amount"}},
		"renamed":                    {before, withColumns("7", "id", "price", "note"), 2, []string{"DROP or RENAME of the column amount"}},
		"renamed to another case":    {before, withColumns("7", "id", "Amount", "note"), 2, []string{"DROP or RENAME of the column amount"}},
		"two":                        {before, withColumns("7", "id"), 2, []string{"DROP or RENAME of the columns amount, note"}},
		"with a partition":           {parted, repartitioned, 2, []string{"DROP PARTITION p0", "DROP or RENAME of the column amount"}},
		"added":                      {before, withColumns("7", "id", "amount", "note", "more"), 2, []string{}},
		"moved":                      {before, withColumns("7", "note", "id", "amount"), 2, []string{}},
		"retyped":                    {before, retyped, 2, []string{}},
		"gone with its table":        {before, nil, 2, []string{Gone}},
		"perhaps a swap":             {before, withColumns("8", "id", "note"), 1, []string{Awaited}},
		"names that nobody has kept": {madeAs("7", "digest id amount note", ""), withColumns("7", "id", "note"), 2, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := asOf
			s.Ddls = c.ddls
			_, changes := Look(lookedAt(t, c.before), c.now, s, load.Add(time.Hour))
			require.Equal(t, c.want, what(changes))
		})
	}
}

func TestAColumnIsGoneUntilTheTableIsLoadedAgain(t *testing.T) {
	k := lookedAt(t, withColumns("7", "id", "amount", "note"))
	k, _ = Look(k, withColumns("7", "id", "note"), asOf, load.Add(time.Hour))
	k, changes := Look(k, withColumns("7", "id", "note", "amount"), asOf, load.Add(2*time.Hour))
	want := Change{What: "DROP or RENAME of the column amount", Columns: []string{"amount"}, After: load.Add(time.Minute), Before: load.Add(time.Hour)}
	require.Equal(t, []Change{want}, changes, "the column of that name is another one")
	k, changes = Look(k, withColumns("7", "id", "amount"), asOf, load.Add(3*time.Hour))
	require.Equal(t, []string{want.What, "DROP or RENAME of the column note"}, what(changes))
	s := asOf
	s.Began, s.Loaded = load.Add(4*time.Hour), load.Add(5*time.Hour)
	_, changes = Look(k, withColumns("7", "id", "amount"), s, load.Add(6*time.Hour))
	require.Empty(t, changes)
	_, changes = Look(Accepted(withColumns("7", "id", "amount"), asOf, load.Add(4*time.Hour)), withColumns("7", "id", "amount"), asOf, load.Add(6*time.Hour))
	require.Empty(t, changes)
}

func TestASwapIsToldOnceThoughItsColumnsAreOthers(t *testing.T) {
	k := lookedAt(t, withColumns("7", "id", "amount"))
	k, _ = Look(k, withColumns("8", "id"), asOf, load.Add(time.Hour))
	_, changes := Look(k, withColumns("8", "id"), asOf, load.Add(2*time.Hour))
	require.Equal(t, []string{Replaced}, what(changes))
}

func TestWhatAnEarlierReleaseHasKeptGetsTheNamesOfTheSameColumns(t *testing.T) {
	var k Known
	require.NoError(t, json.Unmarshal([]byte(`{"loaded": "2026-11-23T12:00:00Z", "table": {"id": "7", "created": "2026-11-23T11:00:00Z", "columns": "digest id amount"},
		"seen": "2026-11-23T12:01:00Z", "ddls": 1}`), &k))
	before := *k.Table
	named, changes := Look(k, withColumns("7", "id", "amount"), asOf, load.Add(time.Hour))
	require.Empty(t, changes)
	require.Equal(t, before, *k.Table, "what was kept is compared with what is known now")
	require.Equal(t, k.Seen, named.Seen)
	_, changes = Look(named, withColumns("7", "id"), asOf, load.Add(2*time.Hour))
	require.Equal(t, []string{"DROP or RENAME of the column amount"}, what(changes))
	_, changes = Look(k, withColumns("7", "id"), asOf, load.Add(2*time.Hour))
	require.Empty(t, changes, "nobody knows what it had")
}

func TestTheCanaryTellsWhatWasBeforeALook(t *testing.T) {
	first, _ := Look(Known{}, withColumns("7", "id"), asOf, load.Add(time.Hour))
	seen := Sighting{Seen: load.Add(time.Minute), Columns: []string{"amount"}}
	require.Equal(t, &Change{What: "DROP or RENAME of the column amount", Columns: []string{"amount"}, After: load, Before: seen.Seen}, seen.Missed(Known{}, first))
	require.Nil(t, seen.Missed(first, first), "a look came after it")
	require.Nil(t, Sighting{Seen: seen.Seen}.Missed(Known{}, first))
	awaited, changes := Look(lookedAt(t, withColumns("7", "id", "amount")), withColumns("8", "id"), asOf, load.Add(time.Hour))
	require.Equal(t, []string{Awaited}, what(changes))
	awaited.Changes = append(awaited.Changes, *seen.Missed(Known{}, awaited))
	s := asOf
	s.Ddls++
	_, changes = Look(awaited, withColumns("8", "id"), s, load.Add(2*time.Hour))
	require.Len(t, changes, 1, "it is told once")
	told := first
	told.Changes = []Change{{Columns: []string{"amount"}}}
	require.Nil(t, seen.Missed(Known{}, told))
	loaded := asOf
	loaded.Loaded = load.Add(30 * time.Minute)
	again, _ := Look(Known{}, withColumns("7", "id"), loaded, load.Add(time.Hour))
	require.Nil(t, seen.Missed(Known{}, again), "the table was loaded since")
}
