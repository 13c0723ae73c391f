package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var began = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// event returns a batch of a shard that starts at the record from.
func event(shard, from int, records []string) events.KinesisEvent {
	var e events.KinesisEvent
	for i, r := range records {
		e.Records = append(e.Records, events.KinesisEventRecord{
			EventID: fmt.Sprintf("shard-%d:%06d", shard, from+i), EventSourceArn: "arn:aws:kinesis:::stream/s",
			Kinesis: events.KinesisRecord{SequenceNumber: fmt.Sprintf("%06d", from+i), Data: []byte(r), ApproximateArrivalTimestamp: events.SecondsEpochTime{Time: began}},
		})
	}
	return e
}

// unnamed is the source in most tests.
const unnamed = Source("")

var orders = table.Name{Database: "shop", Table: "orders"}

func settings() Settings {
	return Settings{
		Endpoint: "https://domain", Bucket: "b", Prefix: "parked/", Retention: 7 * 24 * time.Hour, Parked: 30 * 24 * time.Hour,
		Tables: []Table{{Database: "shop", Table: "orders", Key: []string{"region", "id"}, Columns: map[string]string{"id": "int(11)"}}},
		Shards: 1, BulkBytes: 2000, BulkRecords: 5, Function: "f",
	}
}

func newFunction(t require.TestingT, s Settings, d *domain, s3 *buckettest.S3) *Function {
	f, err := New(s, Deps{Domain: opensearch.Client{URL: s.Endpoint, Transport: d}, Bucket: s3.Bucket(s.Bucket), Metrics: io.Discard, Now: d.now, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	f.client.pace = func() backoff.BackOff { return &backoff.ZeroBackOff{} }
	return f
}

// delivery is a fake of Lambda. It reads each shard from its position, and goes back to records that the function
// could not finish.
type delivery struct {
	t      *rapid.T
	s      *source
	d      *domain
	s3     *buckettest.S3
	f      *Function
	at     []int
	faulty bool
}

func (v *delivery) deliver(shard int) {
	left := len(v.s.shards[shard]) - v.at[shard]
	if left == 0 {
		return
	}
	n := rapid.IntRange(1, min(left, 12)).Draw(v.t, "batch")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	faults := 0
	if v.faulty {
		faults = rapid.IntRange(0, 4).Draw(v.t, "faults")
	}
	happens := func(fault bool) {
		if !fault {
			return
		}
		if faults--; rapid.IntRange(0, 3).Draw(v.t, "time is up") == 0 {
			cancel()
		}
	}
	v.d.fault = func(what string) int {
		if faults == 0 {
			return faultNone
		}
		fault := rapid.SampledFrom([]int{faultNone, faultNone, faultBusy, faultBroken, faultLost, faultUnsent}).Draw(v.t, what)
		happens(fault != faultNone)
		return fault
	}
	v.s3.Fault = func(method, _ string) buckettest.Fault {
		if faults == 0 {
			return buckettest.None
		}
		possible := []buckettest.Fault{buckettest.None, buckettest.None, buckettest.Broken, buckettest.Denied, buckettest.Lost, buckettest.Unsent}
		if method == http.MethodPut {
			possible = append(possible, buckettest.Conflict)
		}
		fault := rapid.SampledFrom(possible).Draw(v.t, "S3")
		happens(fault != buckettest.None)
		return fault
	}
	defer func() { v.d.fault, v.s3.Fault = nil, nil }()
	records := v.s.shards[shard][v.at[shard] : v.at[shard]+n]
	answer, err := v.f.Handle(ctx, event(shard, v.at[shard], records))
	require.NoError(v.t, err)
	if v.faulty && rapid.IntRange(0, 4).Draw(v.t, "crash before the checkpoint") == 0 {
		return
	}
	if len(answer.BatchItemFailures) > 0 {
		var failed int
		_, err := fmt.Sscanf(answer.BatchItemFailures[0].ItemIdentifier, "%d", &failed)
		require.NoError(v.t, err)
		require.GreaterOrEqual(v.t, failed, v.at[shard])
		v.at[shard] = failed
		return
	}
	v.at[shard] += n
}

// replay applies records again that were already delivered, in any order.
func (v *delivery) replay() {
	var records []*change.Record
	for shard := range v.s.shards {
		for _, raw := range v.s.shards[shard][:v.at[shard]] {
			if rapid.IntRange(0, 3).Draw(v.t, "replayed") == 0 {
				r, err := change.Parse([]byte(raw))
				require.NoError(v.t, err)
				records = append(records, r)
			}
		}
	}
	records = rapid.Permutation(records).Draw(v.t, "replay")
	out, err := v.f.Apply(context.Background(), 0, records)
	require.NoError(v.t, err)
	require.Empty(v.t, out.Parked)
}

func (v *delivery) drain() {
	v.faulty = false
	for shard := range v.at {
		for v.at[shard] < len(v.s.shards[shard]) {
			v.deliver(shard)
		}
	}
}

// step does one thing at random.
func (v *delivery) step() {
	switch rapid.IntRange(0, 9).Draw(v.t, "step") {
	case 0, 1, 2:
		v.s.transaction()
	case 3, 4:
		v.s.sendLoad()
	case 5, 6, 7:
		v.deliver(rapid.IntRange(0, len(v.at)-1).Draw(v.t, "shard"))
	case 8:
		v.replay()
	case 9:
		*v.s.now = v.s.now.Add(time.Duration(rapid.IntRange(0, 150).Draw(v.t, "seconds")) * time.Second)
		_, err := v.f.Sweep(context.Background())
		require.NoError(v.t, err)
	}
	*v.s.now = v.s.now.Add(time.Millisecond)
	if rapid.IntRange(0, 19).Draw(v.t, "a new process") == 0 {
		v.f = newFunction(v.t, v.f.settings, v.d, v.s3)
	}
}

// TestTheIndexEqualsTheTable checks every history and every order of delivery, including epochs.
func TestTheIndexEqualsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := began
		clock := func() time.Time { return now }
		d := newDomain(clock)
		s := newSource(t, &now, rapid.IntRange(1, 3).Draw(t, "shards"))
		s3 := &buckettest.S3{Now: clock}
		set := settings()
		if d.collection = rapid.Bool().Draw(t, "a collection"); d.collection {
			set.Service = opensearch.Serverless
		}
		v := &delivery{t: t, s: s, d: d, s3: s3, f: newFunction(t, set, d, s3), at: make([]int, len(s.shards)), faulty: true}
		for range rapid.IntRange(0, 4).Draw(t, "rows before") { // rows that only the load contains
			s.rows[s.key("row before")] = 0
		}
		s.snapshot()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			v.step()
		}
		for len(s.loads) > 0 {
			s.sendLoad()
		}
		epochs := &Epochs{unnamed, v.f.client, newRegistry(v.f.deps.Bucket, v.f.settings.Registry, v.f.indices, clock), v.f.indices}
		// If an epoch was never shown because its index was unfinished when the next one began, it is never shown
		// later either.
		shown := d.aliases[unnamed.Alias(orders)][unnamed.Index(orders, 1)]
		if rapid.Bool().Draw(t, "another source") && shown {
			before := s.rowsWanted()
			v.another(epochs)
			require.Equal(t, before, d.shown(t, unnamed.Alias(orders)), "the former epoch is shown, complete and frozen")
			require.NoError(t, epochs.Switch(context.Background(), orders, 2))
			require.Equal(t, s.rowsWanted(), d.shown(t, unnamed.Alias(orders)))
			back, err := epochs.Rollback(context.Background(), orders)
			require.NoError(t, err)
			require.Equal(t, 1, back.Number)
			require.Equal(t, before, d.shown(t, unnamed.Alias(orders)))
			require.NoError(t, epochs.Switch(context.Background(), orders, 2))
		}
		v.drain()
		require.Equal(t, s.rowsWanted(), d.shown(t, unnamed.Alias(orders)))
		v.replay()
		require.Equal(t, s.rowsWanted(), d.shown(t, unnamed.Alias(orders)), "after a late replay")

		now = now.Add(40 * 24 * time.Hour)
		_, err := v.f.Sweep(context.Background())
		require.NoError(t, err)
		require.Zero(t, d.tombstones())
		require.Equal(t, s.rowsWanted(), d.shown(t, unnamed.Alias(orders)), "after the sweep")
	})
}

// another replaces the source: its binlog starts again with the same name, and all rows are loaded again. The
// stream still has records of the former source.
func (v *delivery) another(epochs *Epochs) {
	epoch, err := epochs.Begin(context.Background(), orders)
	require.NoError(v.t, err)
	*v.s.now = epoch.Since.Add(6 * time.Second)
	v.s.file, v.s.offset, v.faulty = 1, 4, true
	v.s.base = rapid.SampledFrom([]string{v.s.base, "another-bin"}).Draw(v.t, "binlog")
	v.s.snapshot()
	for range rapid.IntRange(0, 30).Draw(v.t, "steps of another source") {
		v.step()
	}
	for len(v.s.loads) > 0 {
		v.s.sendLoad()
	}
	v.drain()
}

// Without the tombstone the same history brings a deleted row back.
func TestATombstoneOutlivesWhatOpenSearchForgets(t *testing.T) {
	for name, c := range map[string]struct {
		retention time.Duration
		rows      int
	}{"kept as long as the stream keeps records": {7 * 24 * time.Hour, 0}, "removed at once": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			now := began
			d := newDomain(func() time.Time { return now })
			s := settings()
			s.Retention, s.Parked = c.retention, 0
			f := newFunction(t, s, d, &buckettest.S3{})
			record := func(op string, place int) []*change.Record {
				r, err := change.Parse(fmt.Appendf(nil, `{"data":{"region":"eu","id":1},"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":"shop","table-name":"orders",`+
					`"commit-timestamp":%q,"transaction-id":%d,"transaction-record-id":1,"stream-position":"bin.000001:%d:"}}`, stamp(began), op, stamp(began), 1<<32+place, place))
				require.NoError(t, err)
				return []*change.Record{r}
			}
			for _, step := range []struct {
				op    string
				place int
			}{{"insert", 10}, {"delete", 20}, {"insert", 10}} {
				_, err := f.Apply(t.Context(), 0, record(step.op, step.place))
				require.NoError(t, err)
				now = now.Add(time.Second)
				_, err = f.Sweep(t.Context())
				require.NoError(t, err)
				now = now.Add(2 * time.Minute)
			}
			require.Len(t, d.shown(t, unnamed.Alias(orders)), c.rows)
		})
	}
}
