package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/workload"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"
)

// world is a pipeline in memory.
type world struct {
	stream *fakeStream
	domain *fakeDomain
	bucket *fakeBucket
}

func newWorld() *world {
	return &world{&fakeStream{shards: []*fakeShard{{id: "shard-0"}, {id: "shard-1"}}}, &fakeDomain{}, &fakeBucket{}}
}

func (w *world) pipeline() Pipeline {
	return Pipeline{Stream: Stream{w.stream, "s"}, History: w.domain.search(), Lake: w.bucket.lake()}
}

// inserted returns row 42 of retail_trans, inserted just now.
func inserted() *workload.Inserted {
	return &workload.Inserted{
		Table: retail().Table, Committed: time.Now(), Key: map[string]any{"trans_id": json.Number("42")},
		Row: map[string]any{"trans_id": json.Number("42"), "event": "cart", "amount": json.Number("5")},
	}
}

var marked = record(change.Insert, 7, `{"trans_id":42,"event":"cart","amount":5}`)

func TestARowIsFollowedToAllHopsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.stream.put(0, record(change.Insert, 1, `{"trans_id":41,"event":"cart","amount":5}`))
		row := inserted()
		time.AfterFunc(time.Second, func() { w.stream.put(1, controlRecord); w.stream.put(1, marked) })
		time.AfterFunc(6*time.Second, func() { w.domain.put(record(change.Update, 8, `{"trans_id":42}`), marked) })
		time.AfterFunc(61*time.Second, func() {
			w.bucket.put("a.gz", record(change.Delete, 1, `{"trans_id":41}`), marked)
		})
		var order []Hop
		path := Follow(t.Context(), w.pipeline(), row, 5*time.Minute, func(s Sighting) { order = append(order, s.Hop) })
		require.True(t, path.Passed())
		require.Equal(t, []Hop{HopStream, HopHistory, HopLake}, order)
		require.Equal(t, "shard-1 1", path.Sightings[0].Where)
		require.Equal(t, "retail-trans-2026-01-02/1", path.Sightings[1].Where)
		require.Contains(t, path.Sightings[2].Where, "raw/schema=testdb/table=retail_trans/dt=2000-01-01/hour=00/a.gz")
		for i, want := range []time.Duration{time.Second, 6 * time.Second, 61 * time.Second} {
			got := time.Duration(path.Sightings[i].SinceCommit) * time.Millisecond
			require.InDelta(t, want.Seconds(), got.Seconds(), 2, "hop %d", i)
			if i > 0 {
				require.Equal(t, path.Sightings[i].SinceCommit-path.Sightings[0].SinceCommit, path.Sightings[i].SinceStream)
			}
		}
	})
}

func TestAHopThatTheRowNeverReachesIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.stream.put(0, marked)
		w.domain.status = http.StatusServiceUnavailable
		w.bucket.set("raw/schema=testdb/table=retail_trans/dt=2000-01-01/hour=00/broken.gz", []byte("not gzip"))
		began := time.Now()
		path := Follow(t.Context(), w.pipeline(), inserted(), time.Minute, nil)
		require.Equal(t, time.Minute, time.Since(began))
		require.False(t, path.Passed())
		require.True(t, path.Sightings[0].Passed())
		require.Equal(t, "not seen within 1m0s: the domain answered 503: because", path.Sightings[1].Problem)
		require.Contains(t, path.Sightings[2].Problem, "broken.gz: it is not gzip")
	})
}

func TestARowThatArrivesOtherwiseHasNotPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.stream.put(0, marked)
		w.domain.put(record(change.Insert, 7, `{"trans_id":42,"amount":6}`))
		w.bucket.put("a.gz", marked)
		path := Follow(t.Context(), w.pipeline(), inserted(), time.Minute, nil)
		require.False(t, path.Passed())
		require.Equal(t, []ColumnDifference{{"event", "cart", "NULL"}, {"amount", "5", "6"}}, path.Sightings[1].Differences)
		require.True(t, path.Sightings[2].Passed())
	})
}

func TestNoRowIsLookedForWhereNothingCanBeRead(t *testing.T) {
	w := newWorld()
	require.NoError(t, w.pipeline().Check(t.Context(), retail().Name))
	w.domain.status = http.StatusForbidden
	w.stream.fail = func(string, int) error { return errors.New("denied") }
	err := w.pipeline().Check(t.Context(), retail().Name)
	require.ErrorContains(t, err, "history: the domain answered 403 (the user has no permission to read the index)")
	require.ErrorContains(t, err, "stream: listing the shards of the stream s: denied")
}

func TestAnInterruptEndsTheSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		began := time.Now()
		path := Follow(ctx, newWorld().pipeline(), inserted(), time.Minute, nil)
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, "not seen", path.Sightings[2].Problem)
	})
}

func TestEveryRecordIsReadOnceThroughErrorsAndSplits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.stream.fail = func(call string, n int) error {
			if call != "list" && n%3 == 0 {
				return &types.ProvisionedThroughputExceededException{}
			}
			return nil
		}
		begin := time.Now()
		for i := range 20 {
			w.stream.put(i%2, []byte{byte(i)})
		}
		time.AfterFunc(time.Minute, func() {
			w.stream.mu.Lock()
			w.stream.shards[0].closed = true
			w.stream.shards = append(w.stream.shards, &fakeShard{id: "shard-2"})
			w.stream.mu.Unlock()
			w.stream.put(2, []byte{20})
		})
		var got [21]int
		err := Stream{w.stream, "s"}.Read(t.Context(), begin, func(a Arrival) error {
			got[a.Data[0]]++
			if a.Data[0] == 20 {
				return errFound
			}
			return nil
		})
		require.ErrorIs(t, err, errFound)
		require.Less(t, time.Since(begin), time.Minute+2*shardRefresh)
		for i, n := range got {
			require.Equal(t, 1, n, "record %d", i)
		}
	})
}

func TestAStreamThatDoesNotExistIsSaid(t *testing.T) {
	w := newWorld()
	w.stream.fail = func(call string, _ int) error {
		if call == "read" {
			return &types.ResourceNotFoundException{}
		}
		return nil
	}
	err := Stream{w.stream, "s"}.Read(t.Context(), time.Now(), func(Arrival) error { return nil })
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
}

func TestChangesAreWatchedOneALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.stream.put(0, []byte("before"))
		time.Sleep(time.Minute)
		since := time.Now()
		w.stream.put(0, marked)
		w.stream.put(0, controlRecord)
		w.stream.put(0, bytes.ReplaceAll(marked, []byte("retail_trans"), []byte("other")))
		w.stream.put(0, record(change.Update, 9, `{"trans_id":43,"event":"a b`+strings.Repeat("김", 50)+`"}`, `{"trans_id":42}`))
		w.stream.put(0, []byte("garbage"))
		watch := func(o WatchOptions) []string {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			var out bytes.Buffer
			o.Since = since
			require.NoError(t, Watch(ctx, Stream{w.stream, "s"}, o, &out))
			return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		}
		o := WatchOptions{Tables: []string{"testdb.retail_trans"}}
		require.Equal(t, []string{
			"2026-01-02T03:04:05.000000Z insert testdb.retail_trans 7 trans_id=42 event=cart amount=5",
			" create-table testdb.retail_trans",
			"2026-01-02T03:04:05.000000Z update testdb.retail_trans 9 trans_id=43 event=\"a b" + strings.Repeat("김", 36) + "… (trans_id was 42)",
			"2000-01-01T00:01:00Z unreadable record 5 of shard-0: reading a change record: it is not JSON",
		}, watch(o))
		o.JSON = true
		lines := watch(o)
		require.Len(t, lines, 4)
		require.Equal(t, string(marked), lines[0])
		require.JSONEq(t, `{"unreadable":"reading a change record: it is not JSON","shard":"shard-0","sequence":"5"}`, lines[3])
	})
}

// `pulumi up` and `pulumi refresh` do not look into the domain. Only a new generation of the password makes both
// passwords equal again.
func TestARefusedPasswordIsExplained(t *testing.T) {
	domain := Search{Client: reached(&fakeDomain{}, "old"), Index: "retail-trans"}
	_, err := domain.Count(t.Context(), domain.Index, object{})
	require.ErrorContains(t, err, "if somebody changed one of them by hand, raise search.passwordGeneration")
}
