package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// formerly returns the entries of a former release by document id. The table orders is in its second epoch.
func formerly() map[string]string {
	return map[string]string{
		unnamed.Alias(orders): `{"schema":"shop","table":"orders","key":["region","id"],"columns":{"id":"long","region":"keyword"},"defined":"2026-11-22T10:00:00.123456Z",` +
			`"epochs":[{"number":1,"since":"0001-01-01T00:00:00Z","key":["region","id"],"binlog":"old"},{"number":2,"since":"2026-11-22T11:00:00Z","key":["region","id"],"types":["","int(11)"],"binlog":"bin"}]}`,
		unnamed.Alias(clicks): `{"schema":"shop","table":"clicks","key":["id"],"columns":{},"epochs":[{"number":1,"since":"0001-01-01T00:00:00Z"}]}`,
	}
}

// ofAFormerRelease returns a rig whose domain has a former release's registry.
func ofAFormerRelease(t *testing.T) *rig {
	r := newRig(t, nil)
	r.domain.formerly(formerly())
	r.patience = time.Minute // an invocation that finds the writes blocked waits a little
	return r
}

func (r *rig) copied() map[string]string { return r.s3.Objects("b", Place("").entries()) }

func (r *rig) marker() string { return r.s3.Objects("b", "")[Place("").marker()] }

// copies returns the objects that the former entries become, byte by byte.
func copies() map[string]string {
	all := map[string]string{}
	for id, source := range formerly() {
		all[Place("").entries()+strings.TrimPrefix(id, indexPrefix)+".json"] = source
	}
	return all
}

func TestTheRegistryOfAFormerReleaseIsTakenOver(t *testing.T) {
	r := ofAFormerRelease(t)
	m, err := r.registry().takeOver(t.Context())
	require.NoError(t, err)
	require.Equal(t, &marker{Since: r.now.UTC(), Copied: 2, From: FormerRegistry}, m)
	require.Equal(t, copies(), r.copied(), "what was written is copied, also what no search has found yet")
	var written marker
	require.NoError(t, json.Unmarshal([]byte(r.marker()), &written))
	require.Equal(t, *m, written)
	require.True(t, r.domain.former.blocked)

	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names(), "its rows go on in the epoch they were in")

	r.domain.calls = nil
	r.f = newFunction(t, r.f.settings, r.domain, r.s3)
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	require.NotContains(t, strings.Join(r.domain.calls, "\n"), FormerRegistry, "it is taken over once")
}

func TestTheSweepTakesTheRegistryOverToo(t *testing.T) {
	r := ofAFormerRelease(t)
	swept, err := r.f.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, swept.Indices)
	require.NotEmpty(t, r.marker())
}

func TestWithoutAFormerRegistryTheMarkerIsWrittenAtOnce(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.JSONEq(t, `{"since":"2026-11-23T06:00:01Z","copied":0}`, r.marker())
	require.Len(t, r.copied(), 1)
	for _, call := range r.domain.calls {
		require.False(t, strings.Contains(call, FormerRegistry) && !strings.HasPrefix(call, http.MethodGet), call)
	}
}

// dies makes every call of S3 and the domain fail from a given call on. With lost, that first call succeeds but
// its answer is lost.
func (r *rig) dies(after int, lost bool, cancel func()) {
	calls, mu := 0, sync.Mutex{}
	next := func() int {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return calls - after
	}
	r.s3.Fault = func(string, string) buckettest.Fault {
		switch n := next(); {
		case n < 0:
			return buckettest.None
		case n == 0 && lost:
			cancel()
			return buckettest.Lost
		}
		cancel()
		return buckettest.Unsent
	}
	r.domain.fault = func(string) int {
		switch n := next(); {
		case n < 0:
			return faultNone
		case n == 0 && lost:
			cancel()
			return faultLost
		}
		cancel()
		return faultUnsent
	}
}

func TestAnInterruptedRunIsDoneAgain(t *testing.T) {
	for _, lost := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			steps := 1
			for ; ; steps++ {
				r := ofAFormerRelease(t)
				ctx, cancel := context.WithCancel(t.Context())
				r.dies(steps, lost, cancel)
				_, err := r.registry().takeOver(ctx)
				cancel()
				r.s3.Fault, r.domain.fault = nil, nil
				if r.marker() != "" {
					require.Equal(t, copies(), r.copied(), "step %d", steps)
				} else {
					require.Error(t, err)
					_, err = r.epochs().List(t.Context())
					require.ErrorIs(t, err, errElsewhere, "step %d", steps)
				}
				require.Equal(t, -1, r.handle(t, row(1, 10, "")), "step %d: %s", steps, r.log.String())
				require.Equal(t, copies()[Place("").key(clicks)], r.copied()[Place("").key(clicks)], "step %d", steps)
				require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names(), "step %d", steps)
				require.True(t, r.domain.former.blocked)
				if err == nil {
					break
				}
			}
			require.Greater(t, steps, 9, "marker, alias, block, refresh, search, and for each entry a copy and a look, marker")
		})
	}
}

func TestShardsThatTakeItOverTogetherAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ofAFormerRelease(t)
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				f := newFunction(t, r.f.settings, r.domain, r.s3)
				answer, err := f.Handle(t.Context(), event(i, 0, []string{row(i, 10+i, ""), created("orders", fmt.Sprintf(`"column_%d":{"type":"INT32"}`, i), `"region","id"`)}))
				require.NoError(t, err)
				require.Empty(t, answer.BatchItemFailures)
			})
		}
		wait.Wait()
		require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names())
		require.Len(t, r.domain.indices[unnamed.Index(orders, 2)].docs, 8)
		s, err := r.registry().read(t.Context(), orders)
		require.NoError(t, err)
		require.Len(t, s.entry.Columns, 10, "no shard has written over another's column")
		require.Equal(t, copies()[Place("").key(clicks)], r.copied()[Place("").key(clicks)])
	})
}

// One invocation has copied the entries when another one finishes and changes an entry. The first must not report
// this as a difference.
func TestASlowRunLeavesAloneWhatAnotherHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for step := 1; step <= 7; step++ { // the slow invocation calls S3 this often
			r := ofAFormerRelease(t)
			calls, changed := 0, ""
			r.s3.Fault = func(string, string) buckettest.Fault {
				if calls++; calls == step {
					require.Equal(t, -1, r.handle(t, created("orders", `"more":{"type":"INT32"}`, `"region","id"`)))
					changed = r.copied()[Place("").key(orders)]
				}
				return buckettest.None
			}
			_, err := r.registry().takeOver(t.Context())
			require.NoError(t, err, "step %d", step)
			require.Contains(t, changed, "more", "step %d", step)
			require.Equal(t, changed, r.copied()[Place("").key(orders)], "step %d", step)
		}
	})
}

func TestACopyThatDiffersIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ofAFormerRelease(t)
		other := strings.Replace(formerly()[unnamed.Alias(orders)], `"number":2`, `"number":3`, 1)
		r.s3.Set("b", Place("").key(orders), other)
		require.Equal(t, 0, r.handle(t, row(1, 10, "")))
		require.Contains(t, r.log.String(), "what s3://b/registry/current/shop-orders.json has of shop.orders is other than what the index cdc-current has")
		require.Empty(t, r.marker())
		require.Empty(t, r.domain.names())
		_, err := r.f.Sweep(t.Context())
		require.ErrorContains(t, err, "has of shop.orders is other")

		require.NoError(t, r.f.deps.Bucket.Delete(t.Context(), Place("").key(orders)), "as the message says")
		require.Equal(t, -1, r.handle(t, row(1, 10, "")))
		require.Equal(t, copies(), r.copied())
	})
}

// An invocation of the former function still runs. Its earlier writes are copied. Its later writes fail, so its
// batch comes again.
func TestAWriterOfAFormerReleaseLosesNothing(t *testing.T) {
	r := ofAFormerRelease(t)
	late := strings.Replace(formerly()[unnamed.Alias(clicks)], `"columns":{}`, `"columns":{"n":"long"}`, 1)
	write := func() error {
		return r.f.client.once.Do(t.Context(), http.MethodPut, "/"+FormerRegistry+"/_doc/"+unnamed.Alias(clicks)+"?require_alias=true", json.RawMessage(late), nil)
	}
	written, refused := 0, 0
	r.s3.Fault = func(string, string) buckettest.Fault { // S3 is called between the steps
		switch err := write(); {
		case err == nil:
			written++
		case strings.Contains(err.Error(), "cluster_block_exception"):
			refused++
		default:
			require.NoError(t, err)
		}
		return buckettest.None
	}
	_, err := r.registry().takeOver(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, written, "while the marker was looked for")
	require.Greater(t, refused, 3)
	require.Equal(t, late, r.copied()[Place("").key(clicks)])
}

// The invocation that sets the block knows that no write is still running. One that finds the block does not.
func TestARunThatFindsTheWritesBlockedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, before := range []bool{false, true} {
			r := ofAFormerRelease(t)
			r.domain.former.blocked = before
			began := time.Now()
			_, err := r.registry().takeOver(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, time.Since(began) >= underWay)
		}
	})
}

func TestADomainThatIsAwayIsNotTakenForOneWithoutARegistry(t *testing.T) {
	for name, fault := range map[string]int{"busy": faultBusy, "broken": faultBroken, "unreachable": faultUnsent} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := ofAFormerRelease(t)
				r.domain.fault = func(string) int { return fault }
				require.Equal(t, 0, r.handle(t, row(1, 10, "")))
				require.Empty(t, r.marker())
				require.Empty(t, r.copied())
				_, err := r.epochs().List(t.Context())
				require.Error(t, err)
				require.NotErrorIs(t, err, errElsewhere)
			})
		})
	}
}

// A tool changes nothing, because the former function may still be the running one.
func TestTheToolWaitsForTheFunctionToTakeOver(t *testing.T) {
	r := ofAFormerRelease(t)
	e := r.epochs()
	_, err := e.List(t.Context())
	require.ErrorIs(t, err, errElsewhere)
	_, err = e.Current(t.Context(), orders)
	require.ErrorIs(t, err, errElsewhere)
	_, err = e.Begin(t.Context(), orders)
	require.ErrorIs(t, err, errElsewhere)
	require.ErrorIs(t, e.Forget(t.Context(), orders), errElsewhere)
	_, err = r.f.registry.update(t.Context(), orders, func(*entry) (*entry, error) { return nil, errors.New("a replay asks nobody") })
	require.ErrorIs(t, err, errElsewhere)
	require.False(t, r.domain.former.blocked)
	require.Empty(t, r.s3.Objects("b", ""))

	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	listed, err := e.List(t.Context())
	require.NoError(t, err)
	require.Len(t, listed, 2)
	require.Equal(t, 2, listed[1].Latest().Number)
}

func TestTheToolFindsNoTablesWhereNothingHasRunYet(t *testing.T) {
	r := newRig(t, nil)
	listed, err := r.epochs().List(t.Context())
	require.NoError(t, err)
	require.Empty(t, listed)
	_, err = r.epochs().Current(t.Context(), orders)
	require.ErrorIs(t, err, ErrNoEpochs)
	require.Empty(t, r.s3.Objects("b", ""))
}
