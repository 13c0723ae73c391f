package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (r *rig) epochs() *Epochs {
	return &Epochs{r.f.settings.Source, r.f.client, r.registry(), newIndices(r.f.settings.Source, r.f.client, r.f.indices.kind)}
}

func TestAnEpochBeginsLaterThanAnyFunctionRemembers(t *testing.T) {
	require.Greater(t, lead, 2*remembered)
	r := newRig(t, nil)
	e := r.epochs()
	_, err := e.Begin(t.Context(), orders)
	require.ErrorContains(t, err, "no record of it has come yet")
	_, err = e.Current(t.Context(), orders)
	require.ErrorIs(t, err, ErrNoEpochs)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	epoch, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, Epoch{Number: 2, Since: r.now.Add(lead).Truncate(time.Second)}, epoch)
	_, err = e.Begin(t.Context(), orders)
	require.ErrorContains(t, err, "epoch 2 has not begun yet")

	// Until then records belong to the former epoch, also for a function that knows the new one.
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	r.now = epoch.Since.Add(remembered)
	require.NoError(t, e.Await(t.Context(), epoch))
	later := strings.ReplaceAll(rowOf("orders", "new-bin", 3, 5, ""), `"timestamp":"`+stamp(began), `"timestamp":"`+stamp(epoch.Since))
	require.Equal(t, -1, r.handle(t, later))
	require.Len(t, r.domain.indices[unnamed.Index(orders, 1)].docs, 2)
	require.Len(t, r.domain.indices[unnamed.Index(orders, 2)].docs, 1)

	current, err := e.Current(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, 1, current.Current)
	require.Equal(t, []string{"bin", "new-bin"}, []string{current.Epochs[0].Binlog, current.Epochs[1].Binlog})
	require.Equal(t, []string{"region", "id"}, current.Epochs[1].Key)
	require.Equal(t, epoch.Since, current.Until(), "epoch 1 is shown as it was then")
	require.Equal(t, 2, current.Latest().Number)
	for number, want := range map[int]int64{1: 2, 2: 1, 3: 0} {
		rows, err := e.Rows(t.Context(), orders, number)
		require.NoError(t, err)
		require.Equal(t, want, rows)
		_, kept := current.Epoch(number)
		require.Equal(t, number < 3, kept)
	}
	listed, err := e.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []TableEpochs{current}, listed)
}

func TestSwitchesThatMakeNoSenseAreRefused(t *testing.T) {
	r := newRig(t, nil)
	e := r.epochs()
	require.ErrorContains(t, e.Switch(t.Context(), orders, 1), "no epoch 1")
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.ErrorContains(t, e.Switch(t.Context(), orders, 2), "no epoch 2")
	_, err := e.Rollback(t.Context(), orders)
	require.ErrorContains(t, err, "no epoch before 1")
	_, err = e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.ErrorContains(t, e.Drop(t.Context(), orders, 2), "epoch 1 is shown")
}

func TestWhatIsGoneIsNotShown(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	e := r.epochs()
	epoch, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.NoError(t, e.Advance(t.Context(), orders, 2))
	require.ErrorContains(t, e.Advance(t.Context(), orders, 1), "shows epoch 2, which somebody else has filled meanwhile")
	r.domain.removeIndex(unnamed.Index(orders, 1))
	_, err = e.Rollback(t.Context(), orders)
	require.ErrorContains(t, err, "the index "+unnamed.Index(orders, 1)+" is gone")
	current, err := e.Current(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, epoch.Number, current.Current)
}

func TestAnIndexThatWasRestoredIsWritable(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	delete(r.domain.aliases, written(unnamed.Index(orders, 1)))
	require.Equal(t, 0, r.handle(t, row(2, 20, "")))
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	require.Len(t, r.domain.indices[unnamed.Index(orders, 1)].docs, 2)
}

func TestRecordsThatFilledAnEpochAreItsOwnForGood(t *testing.T) {
	since := began.Add(time.Hour)
	e := &entry{Epochs: []Epoch{{Number: 1}, {Number: 2, Since: since, From: new(began)}}}
	require.Equal(t, 1, e.epochAt(began).Number, "of the epoch that they were filled from while it is kept")
	e.Epochs = e.Epochs[1:]
	require.Equal(t, 2, e.epochAt(began).Number)
	require.Equal(t, 2, e.epochAt(since).Number)
	require.Nil(t, e.epochAt(began.Add(-time.Second)))
}

func TestAnEmptyTableCanBeSwitchedToo(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	e := r.epochs()
	_, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.NoError(t, e.Switch(t.Context(), orders, 2))
	require.Empty(t, r.domain.shown(t, unnamed.Alias(orders)))
	require.Equal(t, []string{unnamed.Index(orders, 1), unnamed.Index(orders, 2)}, r.domain.names())
}

func TestALostAnswerBeginsNoSecondEpoch(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	lost := false
	r.s3.Fault = func(method, _ string) buckettest.Fault {
		if method == http.MethodPut && !lost {
			lost = true
			return buckettest.Lost
		}
		return buckettest.None
	}
	epoch, err := r.epochs().Begin(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, 2, epoch.Number)
	require.True(t, lost)
	current, err := r.epochs().Current(t.Context(), orders)
	require.NoError(t, err)
	require.Len(t, current.Epochs, 2)
}

func TestFunctionsThatMeetATableTogetherAgree(t *testing.T) {
	r := newRig(t, nil)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			f := newFunction(t, r.f.settings, r.domain, r.s3)
			answer, err := f.Handle(t.Context(), event(i, 0, []string{row(i, 10+i, ""), created("orders", `"column_`+string(rune('a'+i))+`":{"type":"INT32"}`, `"region","id"`)}))
			require.NoError(t, err)
			require.Empty(t, answer.BatchItemFailures)
		})
	}
	wait.Wait()
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 8)
	require.Equal(t, []string{unnamed.Index(orders, 1)}, r.domain.made)
	s, err := r.registry().read(t.Context(), orders)
	require.NoError(t, err)
	require.Len(t, s.entry.Columns, 9)
	require.Equal(t, []Epoch{{Number: 1, Key: []string{"region", "id"}, Types: []string{"", "int(11)"}, Binlog: "bin"}}, s.entry.Epochs)
}

func TestAnIndexThatSomebodyDeletedIsMadeAgainWithItsFieldsAndAlias(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, created("orders", `"region":{"type":"STRING"},"id":{"type":"INT64"},"n":{"type":"INT64"}`, `"region","id"`), row(1, 10, `,"n":1`)))
	fields := r.domain.indices[unnamed.Index(orders, 1)].fields

	r.domain.removeIndex(unnamed.Index(orders, 1))
	require.Equal(t, 0, r.handle(t, row(2, 20, `,"n":2`)), "the function misses the index when it writes")
	require.Equal(t, -1, r.handle(t, row(2, 20, `,"n":2`)))
	require.Equal(t, fields, r.domain.indices[unnamed.Index(orders, 1)].fields)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}

func TestANewColumnWaitsForItsDescriptionInAnotherShard(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, created("orders", `"region":{"type":"STRING"},"id":{"type":"INT64"}`, `"region","id"`), row(1, 10, "")))
	later := func(record string, by time.Duration) string {
		return strings.ReplaceAll(record, `"timestamp":"`+stamp(began), `"timestamp":"`+stamp(began.Add(by)))
	}
	r.now = began.Add(10 * time.Second)
	with := later(row(2, 20, `,"day":"2026-11-23"`), 9*time.Second)
	require.Equal(t, 0, r.handle(t, with))
	require.Len(t, r.domain.indices[unnamed.Index(orders, 1)].docs, 1)

	added := strings.ReplaceAll(created("orders", `"region":{"type":"STRING"},"id":{"type":"INT64"},"day":{"type":"DATE"}`, `"region","id"`), "create-table", "add-column")
	other := newFunction(t, r.f.settings, r.domain, r.s3) // the function of another shard
	other.deps.Now = r.f.deps.Now
	answer, err := other.Handle(t.Context(), event(1, 0, []string{later(added, 8*time.Second)}))
	require.NoError(t, err)
	require.Empty(t, answer.BatchItemFailures)
	r.now = r.now.Add(2 * time.Second) // less than the time for which an entry is remembered
	require.Equal(t, -1, r.handle(t, with))
	require.Contains(t, r.domain.indices[unnamed.Index(orders, 1)].fields, "day")

	undescribed := later(row(3, 30, `,"never":1`), 11*time.Second)
	require.Equal(t, 0, r.handle(t, undescribed))
	r.now = r.now.Add(columnGrace)
	require.Equal(t, -1, r.handle(t, undescribed))
	require.Len(t, r.domain.indices[unnamed.Index(orders, 1)].docs, 3)
}

func TestRecordsOfOneEpochFillAnother(t *testing.T) {
	r := newRig(t, nil)
	old := []string{row(1, 10, `,"n":1`), row(2, 20, `,"n":2`)}
	require.Equal(t, -1, r.handle(t, old...))
	epochs := r.epochs()
	begun, err := epochs.Begin(t.Context(), orders)
	require.NoError(t, err)
	r.now = r.now.Add(2 * lead) // the function has forgotten its epochs by now

	records := make([]*change.Record, len(old))
	for i, raw := range old {
		records[i], err = change.Parse([]byte(raw))
		require.NoError(t, err)
	}
	out, err := r.f.Apply(t.Context(), 0, records)
	require.NoError(t, err)
	require.Equal(t, 2, out.Applied)
	require.NotContains(t, r.domain.indices, unnamed.Index(orders, begun.Number), "by their time they are of the first epoch")

	out, err = r.f.Apply(t.Context(), begun.Number, records)
	require.NoError(t, err)
	require.Equal(t, 2, out.Applied)
	require.Len(t, r.domain.indices[unnamed.Index(orders, begun.Number)].docs, 2)
	require.NoError(t, epochs.Switch(t.Context(), orders, begun.Number))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)

	out, err = r.f.Apply(t.Context(), 7, records)
	require.NoError(t, err)
	require.Equal(t, 2, out.Retired, "there is no such epoch")
}

func TestWhoMayNotIsToldAtOnce(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			http.Error(w, "no permissions", status)
		}))
		_, err := NewEpochs(EpochsOptions{
			Bucket: (&buckettest.S3{}).Bucket("b"), Domain: opensearch.Client{URL: server.URL, Transport: server.Client().Transport},
		}).List(t.Context())
		server.Close()
		require.ErrorContains(t, err, fmt.Sprintf("the domain answered %d: no permissions", status))
		require.Equal(t, 1, asked)
	}
}
