package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"cdcpipeline/rehearsal/stores/storestest"
	"cdcpipeline/rehearsal/world"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"
)

// raw is a record of a row of shop.ledger.
func raw(operation string, id int) []byte {
	return fmt.Appendf(nil, `{"data":{"id":%d},"metadata":{"record-type":"data","operation":%q,"schema-name":"shop","table-name":"ledger","partition-key-value":"shop.ledger.%d"}}`, id, operation, id)
}

// committed are changes in the journal's format, one per second.
func committed(t *testing.T, operation string, from time.Time, ids ...int) []reconcile.Change {
	t.Helper()
	var journal strings.Builder
	for i, id := range ids {
		fmt.Fprintf(&journal, `{"op":%q,"table":"shop.ledger","at":%q,"row":{"id":%d}}`+"\n", operation, from.Add(time.Duration(i)*time.Second).Format(time.RFC3339Nano), id)
	}
	changes, err := reconcile.Journal(strings.NewReader(journal.String()), "")
	require.NoError(t, err)
	return changes
}

func TestEachHopIsToldWhatHasPassedItAndWhenAfterItsCommit(t *testing.T) {
	began := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	written := append(committed(t, "load", began, 1), committed(t, "insert", began, 2, 3)...)
	p := newPassages()
	inStream := func(record []byte, after time.Duration) types.Record {
		return types.Record{Data: record, ApproximateArrivalTimestamp: aws.Time(began.Add(after))}
	}
	stream := []types.Record{
		inStream([]byte(`{"control":{},"metadata":{"record-type":"control","operation":"create-table"}}`), 0), inStream([]byte("poison"), 0),
		inStream(raw("load", 1), time.Second), inStream(raw("insert", 2), 2*time.Second), inStream(raw("insert", 2), 9*time.Second), inStream(raw("insert", 3), 4*time.Second),
		inStream(raw("insert", 99), 0),
	}
	p.record(world.Captured, [][]byte{stream[0].Data, raw("load", 1), raw("insert", 2), raw("insert", 3)}, began.Add(time.Second))
	p.record(world.InLake, [][]byte{raw("load", 1), raw("insert", 2)}, began.Add(30*time.Second))
	p.record(world.InLake, [][]byte{raw("insert", 2)}, began.Add(50*time.Second))
	trail := p.trace(written, stream)

	rows, samples := trail.inStream()
	require.Equal(t, 3, rows, "what nobody wrote, and what comes again, is not counted")
	require.ElementsMatch(t, []time.Duration{2 * time.Second, 3 * time.Second}, durations(samples), "a loaded row has no commit to count from")
	rows, _ = trail.past(world.Captured)
	require.Equal(t, 3, rows)
	rows, samples = trail.past(world.InLake)
	require.Equal(t, 2, rows, "one was lost on the way there")
	require.Equal(t, []time.Duration{30 * time.Second}, durations(samples), "the first time counts")
	rows, samples = trail.past(world.InSearch)
	require.Zero(t, rows)
	require.Empty(t, samples)
}

func TestARowThatWasWrittenTwiceIsCountedTwice(t *testing.T) {
	began := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	written := committed(t, "update", began, 1, 1)
	again := append(raw("update", 1), '\n') // the same change in another transaction
	p := newPassages()
	once := types.Record{Data: raw("update", 1), ApproximateArrivalTimestamp: aws.Time(began.Add(time.Second))}
	trail := p.trace(written, []types.Record{
		once, once, // an interrupted task does so
		{Data: again, ApproximateArrivalTimestamp: aws.Time(began.Add(3 * time.Second))},
	})
	rows, samples := trail.inStream()
	require.Equal(t, 2, rows)
	require.ElementsMatch(t, []time.Duration{time.Second, 2 * time.Second}, durations(samples))
}

func TestAllShardsOfAStreamAreReadToTheirEnds(t *testing.T) {
	client := kinesis.NewFromConfig(account.New(storestest.Moto(t)).Config())
	name := "all-shards"
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(3)})
	require.NoError(t, err)
	want := map[string]bool{}
	for i := range 50 {
		text := fmt.Sprint(i)
		want[text] = true
		_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: &text, Data: []byte(text)})
		require.NoError(t, err)
	}
	records, err := streamed(t.Context(), client, name)
	require.NoError(t, err)
	got := map[string]bool{}
	for _, r := range records {
		got[string(r.Data)] = true
		require.WithinDuration(t, time.Now(), *r.ApproximateArrivalTimestamp, time.Minute)
	}
	require.Equal(t, want, got)
	_, err = streamed(t.Context(), client, "nobody")
	require.ErrorContains(t, err, "nobody")
}

func TestACurveHasTwentiethsAndACourse(t *testing.T) {
	began := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var samples []sample
	for i := range 400 { // one per second, later ones slower
		samples = append(samples, sample{began.Add(time.Duration(i) * time.Second), time.Duration(i) * time.Millisecond})
	}
	c := curve(samples, began)
	require.Len(t, c.QuantilesMs, 21)
	require.Equal(t, []float64{0, 200, 399}, []float64{c.QuantilesMs[0], c.QuantilesMs[10], c.QuantilesMs[20]})
	require.Len(t, c.Course, moments)
	require.InDelta(t, 5, c.Course[0].Second, 0.1)
	require.InDelta(t, 5, c.Course[0].Ms, 1)
	require.InDelta(t, 395, c.Course[moments-1].Ms, 1)
	require.Equal(t, report.Curve{QuantilesMs: []float64{}, Course: []report.Moment{}}, curve(nil, began))
	one := curve(samples[:1], began)
	require.Len(t, one.Course, 1)
	require.Len(t, one.QuantilesMs, 21)
}

func TestAMeterCountsWhatPassesInASecond(t *testing.T) {
	total := int64(5)
	m := newMeter([]gauge{{"a", "b", func() int64 { return total }}})
	for _, total = range []int64{5, 12, 3, 4} {
		m.tick()
	}
	live := m.live([]passage{{raw("insert", 7), m.since}, {[]byte(`{"metadata":{"record-type":"control"}}`), m.since}, {[]byte("poison"), m.since}})
	require.Equal(t, []int64{0, 7, 0, 1}, live.Hops[0].Rates, "a count that begins anew is no rate")
	require.Equal(t, int64(4), live.Hops[0].Total)
	require.Len(t, live.Changes, 1)
	require.Equal(t, "insert shop.ledger shop.ledger.7", live.Changes[0].Operation+" "+live.Changes[0].Table+" "+live.Changes[0].Key)
	for range 2 * shown {
		m.tick()
	}
	require.Len(t, m.live(nil).Hops[0].Rates, shown)
}

func TestOnlyTheLatestRecordsAreKept(t *testing.T) {
	p := newPassages()
	for i := range 5 {
		p.record(world.InSearch, [][]byte{raw("insert", 10*i), raw("insert", 10*i+1), raw("insert", 10*i+2), raw("insert", 10*i+3)}, time.Now())
	}
	p.record(world.InLake, [][]byte{raw("insert", 99)}, time.Now())
	require.Len(t, p.recent(), kept)
	require.Equal(t, raw("insert", 43), p.recent()[kept-1].record)
	require.Equal(t, int64(20), p.count(world.InSearch))
}

func TestATimelineHasStagesAndAlarms(t *testing.T) {
	r, err := newRun(Options{Project: t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, r.perform(context.Background(), []Stage{
		{"first", func(context.Context, *Run) error { return nil }, nil},
		check("a check", "one", func(context.Context, *Run) error { return fmt.Errorf("it is not so") }),
	}))
	require.Len(t, r.timeline.Stages, 2)
	require.Equal(t, []bool{false, true}, []bool{r.timeline.Stages[0].Failed, r.timeline.Stages[1].Failed})
	began := r.timeline.Began
	spans := firings(r.timeline, []cloudwatch.Firing{{Name: "a", Since: began.Add(2 * time.Second), Until: began.Add(3 * time.Second)}, {Name: "b", Since: began}})
	require.Equal(t, report.Span{Name: "a", From: 2, To: 3}, spans[0])
	require.Zero(t, spans[1].From)
	require.Less(t, spans[1].To, 60.0, "it is in ALARM until now")
}
