package canary

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// status is what `cdc status` keeps of shop.orders.
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

// MySQL's records tell an ALTER TABLE; nobody tells PostgreSQL's.
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

// `cdc status` sees a TRUNCATE that leaves MariaDB's time of creation as it is.
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
