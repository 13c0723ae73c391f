package canary

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// status stores what `cdc status` remembers of shop.orders.
func (w *world) status(known ddl.Known) {
	w.t.Helper()
	text, err := json.Marshal(map[string]ddl.Known{"shop.orders": known})
	require.NoError(w.t, err)
	w.bucket.Set("lake", ddl.Key, string(text))
}

func withTable(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.made["shop.orders"] = Made{ID: "1", Columns: "a"}
	require.Equal(t, 0., w.call()["TablesToReload"], "what is seen first is taken for loaded")
	return w
}

func TestATableThatWasMadeAnewHasToBeLoadedAgain(t *testing.T) {
	w := withTable(t)
	w.made["shop.orders"] = Made{ID: "2", Columns: "a"}
	require.Equal(t, 1., w.call()["TablesToReload"])
	require.Equal(t, 1., w.call()["TablesToReload"], "until it was loaded")
	w.status(ddl.Accepted(&ddl.Table{ID: "17"}, ddl.Statistics{Loaded: w.now}, w.now))
	require.Equal(t, 0., w.call()["TablesToReload"])
	w.made["shop.orders"] = Made{ID: "3", Columns: "a"}
	require.Equal(t, 1., w.call()["TablesToReload"], "after that it may happen again")
}

func TestATableThatIsGoneHasToBeLoadedWhenItIsThereAgain(t *testing.T) {
	w := withTable(t)
	delete(w.made, "shop.orders")
	require.Equal(t, 1., w.call()["TablesToReload"])
	require.Equal(t, 1., w.call()["TablesToReload"])
	w.made["shop.orders"] = Made{ID: "2", Columns: "a"}
	require.Equal(t, 1., w.call()["TablesToReload"])
	w.status(ddl.Accepted(&ddl.Table{}, ddl.Statistics{}, w.now))
	require.Equal(t, 0., w.call()["TablesToReload"])
}

// MySQL's records report an ALTER TABLE; PostgreSQL's do not.
func TestAnAlterTableIsToldByRecordsOfMySQLAlone(t *testing.T) {
	for engine, want := range map[string]float64{"": 0, PostgreSQL: 1} {
		w := withTable(t)
		w.settings.Engine = engine
		w.made["shop.orders"] = Made{ID: "2", Columns: "b"}
		require.Equal(t, want, w.call()["TablesToReload"], engine)
		w.made["shop.orders"] = Made{ID: "2", Columns: "c"}
		require.Equal(t, want, w.call()["TablesToReload"], engine)
	}
}

// withNames is a table with this id and these columns. In MySQL their digest is set too.
func withNames(engine, id string, names ...string) Made {
	m := Made{ID: id, Names: names}
	if engine == "" {
		m.Columns = strings.Join(names, " ")
	}
	return m
}

func TestATableThatHasLostAColumnHasToBeLoadedAgain(t *testing.T) {
	isAmount := func(name string) bool { return name == "amount" }
	for _, engine := range []string{"", PostgreSQL} {
		for name, c := range map[string]struct {
			now  Made
			want float64
		}{
			"dropped":              {withNames(engine, "1", "id", "note"), 1},
			"dropped by a rebuild": {withNames(engine, "2", "id", "note"), 1},
			"renamed":              {withNames(engine, "1", "id", "price", "note"), 1},
			"added":                {withNames(engine, "1", "id", "amount", "note", "more"), 0},
			"moved":                {withNames(engine, "1", "note", "id", "amount"), 0},
			"retyped":              {Made{ID: "1", Columns: "another", Names: []string{"id", "amount", "note"}}, 0},
		} {
			w := newWorld(t)
			w.settings.Engine = engine
			w.made["shop.orders"] = withNames(engine, "1", "id", "amount", "note")
			w.call()
			w.made["shop.orders"] = c.now
			require.Equal(t, c.want, w.call()["TablesToReload"], "%s %s", engine, name)
			require.Equal(t, c.want, w.call()["TablesToReload"], "%s %s", engine, name)
			w.made["shop.orders"] = withNames(engine, c.now.ID, append(slices.DeleteFunc(slices.Clone(c.now.Names), isAmount), "amount")...)
			require.Equal(t, c.want, w.call()["TablesToReload"], "%s %s: a column that is there again is another one", engine, name)
			w.status(ddl.Accepted(&ddl.Table{}, ddl.Statistics{}, w.now))
			require.Equal(t, 0., w.call()["TablesToReload"], "%s %s", engine, name)
		}
	}
}

// An earlier release remembered no column names. So nobody knows which columns were dropped before, but a later drop
// is noticed.
func TestWhatAnEarlierReleaseRemembersIsNoFalseAlarm(t *testing.T) {
	for engine, columns := range map[string]string{"": "id amount", PostgreSQL: ""} {
		for now, names := range map[string][]string{"as it was": {"id", "amount"}, "changed since": {"id", "price"}} {
			w := newWorld(t)
			w.settings.Engine = engine
			w.bucket.Set("lake", w.settings.Memory, `{"shop.orders": {"made": {"id": "1", "columns": "`+columns+`"}, "seen": "2026-11-01T00:00:00Z"}}`)
			w.made["shop.orders"] = withNames(engine, "1", names...)
			require.Equal(t, 0., w.call()["TablesToReload"], "%s %s", engine, now)
			w.made["shop.orders"] = withNames(engine, "1", "id")
			require.Equal(t, 1., w.call()["TablesToReload"], "%s %s", engine, now)
		}
	}
}

// The first `cdc status` runs after the column was dropped, and the canary reports the drop to it.
func TestTheFirstLookOfTheToolDoesNotSilenceAColumn(t *testing.T) {
	w := newWorld(t)
	w.made["shop.orders"] = withNames("", "1", "id", "amount")
	w.call()
	w.made["shop.orders"] = withNames("", "1", "id")
	require.Equal(t, 1., w.call()["TablesToReload"])
	var sightings map[string]ddl.Sighting
	require.NoError(t, json.Unmarshal([]byte(w.bucket.Objects("lake", ddl.CanaryKey)[ddl.CanaryKey]), &sightings))
	k, changes := ddl.Look(ddl.Known{}, &ddl.Table{ID: "17", Names: []string{"id"}}, ddl.Statistics{}, w.now)
	require.Empty(t, changes)
	missed := sightings["shop.orders"].Missed(ddl.Known{}, k)
	require.NotNil(t, missed)
	require.Equal(t, []string{"amount"}, missed.Columns)
	k.Changes = []ddl.Change{*missed}
	w.status(k)
	require.Equal(t, 1., w.call()["TablesToReload"])
}

// `cdc status` notices a TRUNCATE that does not change MariaDB's time of creation.
func TestWhatTheToolHasFoundCountsToo(t *testing.T) {
	w := withTable(t)
	known := ddl.Accepted(&ddl.Table{}, ddl.Statistics{}, w.now)
	known.Changes = []ddl.Change{{What: ddl.Replaced}}
	w.status(known)
	require.Equal(t, 1., w.call()["TablesToReload"])
	w.status(ddl.Accepted(&ddl.Table{}, ddl.Statistics{}, w.now))
	require.Equal(t, 0., w.call()["TablesToReload"])
}

func TestTablesThatAreNotFollowedAreNotLookedAt(t *testing.T) {
	for name, settings := range map[string]Settings{
		"excluded": {Exclude: []preparation.Table{{Database: "shop", Table: "o%"}}},
		"unnamed":  {Tables: []preparation.Table{{Database: "shop", Table: "customers"}}},
	} {
		w := withTable(t)
		w.settings.Tables, w.settings.Exclude = settings.Tables, settings.Exclude
		w.made["shop.orders"] = Made{ID: "2", Columns: "a"}
		require.Equal(t, 0., w.call()["TablesToReload"], name)
		delete(w.made, "shop.orders")
		require.Equal(t, 0., w.call()["TablesToReload"], name)
	}
}

func TestNothingIsWrittenWhileNothingChanges(t *testing.T) {
	w := withTable(t)
	before := w.bucket.Objects("lake", "cdc/")
	require.Len(t, before, 1)
	writes := func() (n int) {
		for _, call := range w.bucket.Calls() {
			if call[:3] == "PUT" {
				n++
			}
		}
		return n
	}
	n := writes()
	w.now = w.now.Add(time.Hour)
	w.call()
	require.Equal(t, before, w.bucket.Objects("lake", "cdc/"))
	require.Equal(t, n, writes())
}

func TestWhatIsRememberedInAFormThatNobodyWritesIsAFailure(t *testing.T) {
	w := withTable(t)
	w.bucket.Set("lake", w.settings.Memory, "[]")
	metrics := w.call()
	require.Equal(t, 1., metrics["Failures"])
	require.NotContains(t, metrics, "TablesToReload")
}
