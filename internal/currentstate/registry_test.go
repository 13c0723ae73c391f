package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/table"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// registry returns the rig's registry as another process sees it.
func (r *rig) registry() *registry {
	return newRegistry(r.f.deps.Bucket, r.f.settings.Registry, r.f.indices, r.domain.now)
}

// renames returns a change of the binlog's name, and counts its calls.
func renames(times *int, meanwhile func()) func(*entry) (*entry, error) {
	return func(e *entry) (*entry, error) {
		if *times++; *times == 1 && meanwhile != nil {
			meanwhile()
		}
		if e == nil {
			e = newEntry(orders)
		}
		if e.Epochs[0].Binlog == "renamed" {
			return nil, nil
		}
		e.Epochs[0].Binlog = "renamed"
		return e, nil
	}
}

func TestAChangeThatSomebodyGetsInBetweenOfIsMadeAgain(t *testing.T) {
	other := func(r *rig, change func(*entry)) {
		_, err := r.registry().update(t.Context(), orders, func(e *entry) (*entry, error) {
			if e == nil {
				e = newEntry(orders)
			}
			change(e)
			return e, nil
		})
		require.NoError(t, err)
	}
	unannounced := func(e *entry) { e.Unannounced = append(e.Unannounced, "ghost") }
	for name, c := range map[string]struct {
		there     bool // an entry exists before
		meanwhile func(*rig)
		fault     buckettest.Fault
		times     int
		ghosts    []string
	}{
		"nobody":                           {true, nil, buckettest.None, 1, nil},
		"nobody, there is no entry":        {false, nil, buckettest.None, 1, nil},
		"changed, 412":                     {true, func(r *rig) { other(r, unannounced) }, buckettest.None, 2, []string{"ghost"}},
		"made, 412":                        {false, func(r *rig) { other(r, unannounced) }, buckettest.None, 2, []string{"ghost"}},
		"deleted, 404":                     {true, func(r *rig) { require.NoError(t, r.registry().forget(t.Context(), orders)) }, buckettest.None, 2, nil},
		"at this moment, 409":              {true, nil, buckettest.Conflict, 2, nil},
		"at this moment, 409, no entry":    {false, nil, buckettest.Conflict, 2, nil},
		"the answer is lost":               {true, nil, buckettest.Lost, 2, nil},
		"the answer is lost, no entry":     {false, nil, buckettest.Lost, 2, nil},
		"the SDK tries again by itself":    {true, nil, buckettest.Broken, 1, nil},
		"the SDK tries again, no entry":    {false, nil, buckettest.Unsent, 1, nil},
		"changed to what was to be, 412":   {true, func(r *rig) { other(r, func(e *entry) { e.Epochs[0].Binlog = "renamed" }) }, buckettest.None, 2, nil},
		"made as what was to be made, 412": {false, func(r *rig) { other(r, func(e *entry) { e.Epochs[0].Binlog = "renamed" }) }, buckettest.None, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			_, err := r.registry().takeOver(t.Context())
			require.NoError(t, err)
			if c.there {
				other(r, func(*entry) {})
			}
			faults := 0
			r.s3.Fault = func(method, _ string) buckettest.Fault {
				if method != http.MethodPut || c.fault == buckettest.None || faults > 0 {
					return buckettest.None
				}
				faults++
				return c.fault
			}
			times, meanwhile := 0, func() {}
			if c.meanwhile != nil {
				meanwhile = func() { c.meanwhile(r) }
			}
			changed, err := r.registry().update(t.Context(), orders, renames(&times, meanwhile))
			require.NoError(t, err)
			require.Equal(t, c.times, times)
			stored, err := r.registry().read(t.Context(), orders)
			require.NoError(t, err)
			require.Equal(t, changed, stored.entry)
			require.Equal(t, "renamed", changed.Epochs[0].Binlog)
			require.Equal(t, c.ghosts, changed.Unannounced)
		})
	}
}

func TestWhatCannotBeChangedIsAnError(t *testing.T) {
	r := newRig(t, nil)
	times := 0
	r.s3.Fault = func(method, _ string) buckettest.Fault {
		if method == http.MethodPut {
			return buckettest.Conflict
		}
		return buckettest.None
	}
	_, err := r.registry().update(t.Context(), orders, renames(&times, nil))
	require.EqualError(t, err, "writing the registry: the entry of shop.orders is changed all the time")
	require.Equal(t, registryTries, times)

	r.s3.Fault = func(method, _ string) buckettest.Fault {
		if method == http.MethodPut {
			return buckettest.Denied
		}
		return buckettest.None
	}
	times = 0
	_, err = r.registry().update(t.Context(), orders, renames(&times, nil))
	require.ErrorContains(t, err, "writing s3://b/registry/current/shop-orders.json")
	require.Equal(t, 1, times)
}

// An unreadable entry is an error. The function never treats its table as new.
func TestAnEntryThatCannotBeReadIsNoNewTable(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		fault   buckettest.Fault
		says    string
	}{
		"half an object":   {`{"schema":"shop"`, buckettest.None, "restore a former version of the object"},
		"another table's":  {`{"schema":"shop","table":"clicks"}`, buckettest.None, "it is that of shop.clicks"},
		"access is denied": {`{}`, buckettest.Denied, "AccessDenied"},
		"nobody answers":   {`{}`, buckettest.Unsent, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			require.Equal(t, -1, r.handle(t, row(1, 10, "")))
			r.now = r.now.Add(remembered)
			r.s3.Set("b", Place("").key(orders), c.content)
			r.s3.Fault = func(method, key string) buckettest.Fault {
				if method == http.MethodGet && key == Place("").key(orders) {
					return c.fault
				}
				return buckettest.None
			}
			require.Equal(t, 0, r.handle(t, row(2, 20, "")))
			require.Contains(t, r.log.String(), c.says)
			require.Contains(t, r.log.String(), Place("").key(orders))
			require.Equal(t, c.content, r.s3.Objects("b", "")[Place("").key(orders)])
			require.Empty(t, r.parked())
		})
	}
}

func TestTablesAreListedByName(t *testing.T) {
	r := twoTables(t)
	r.s3.Page = 1
	entries, err := r.registry().all(t.Context())
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, []table.Name{clicks, orders}, []table.Name{entries[0].name(), entries[1].name()})

	r.s3.Set("b", Place("").key(clicks), "{")
	_, err = r.registry().all(t.Context())
	require.ErrorContains(t, err, "reading the registry's entry s3://b/registry/current/shop-clicks.json")
}

func TestTheTimeIsS3sAndNotThisMachines(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	e := r.epochs()
	e.registry.now = func() time.Time { return r.now.Add(-time.Hour) }
	epoch, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, r.now.Add(lead).Truncate(time.Second), epoch.Since)
}

// If a domain is lost with all its indices, no epoch is lost. Rows of the latest epoch are written again, and are
// shown if no other epoch is kept.
func TestTheRegistryOutlivesTheDomain(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	epochs := r.epochs()
	epoch, err := epochs.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.NoError(t, epochs.Switch(t.Context(), orders, epoch.Number))
	r.now = epoch.Since.Add(2 * remembered)
	for _, dropped := range []bool{false, true} {
		if dropped {
			_, err := epochs.registry.update(t.Context(), orders, func(e *entry) (*entry, error) {
				e.Epochs = e.Epochs[1:]
				return e, nil
			})
			require.NoError(t, err)
		}
		r.domain = newDomain(r.domain.now)
		r.f = newFunction(t, r.f.settings, r.domain, r.s3)
		later := strings.ReplaceAll(rowOf("orders", "new-bin", 2, 5, ""), `"timestamp":"`+stamp(began), `"timestamp":"`+stamp(epoch.Since))
		require.Equal(t, -1, r.handle(t, later))
		require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names())
		require.Len(t, r.domain.indices[unnamed.Index(orders, 2)].docs, 1)
		if dropped {
			require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
			continue
		}
		require.Empty(t, r.domain.aliases[unnamed.Alias(orders)], "which epoch is to be shown is the operator's to say")
		require.NoError(t, r.epochs().Switch(t.Context(), orders, 2))
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	}
}

// The objects have the same contents as a former release's documents.
func TestAnEntryIsWrittenAsBefore(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	var text map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.s3.Objects("b", Place("").entries())["registry/current/shop-orders.json"]), &text))
	require.Equal(t, map[string]any{
		"schema": "shop", "table": "orders", "key": []any{"region", "id"}, "columns": map[string]any{"id": "long"},
		"epochs": []any{map[string]any{"number": 1.0, "since": "0001-01-01T00:00:00Z", "key": []any{"region", "id"}, "types": []any{"", "int(11)"}, "binlog": "bin"}},
	}, text)
}
