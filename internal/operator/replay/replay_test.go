package replay

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

func journal(t *testing.T, dir string) *Journal {
	j, err := OpenJournal(dir, "a replay", at(0, 0))
	require.NoError(t, err)
	return j
}

func TestWhatDMSMadeInATimeIsReplayedFromTheLake(t *testing.T) {
	b, into := newBucket(), newTarget()
	b.deliver("long-before.gz", at(6, 0), insert(1, at(6, 0)))
	b.deliver("hour-before.gz", at(9, 55), insert(2, at(9, 54)), insert(3, at(10, 1)))
	b.deliver("in-it.gz", at(10, 30), insert(4, at(10, 30)))
	b.deliver("late.gz", at(11, 10), insert(5, at(10, 59)), insert(6, at(11, 1)))
	b.deliver("long-after.gz", at(14, 0), insert(7, at(14, 0)))
	b.put("raw/schema=shop/table=others/dt=2026-11-23/hour=10/x.gz", nil, at(10, 0))

	from := Lake{Lake: b.lake(), Table: orders, From: at(10, 0), To: at(11, 0)}
	var done, total int64
	sum, err := Run(t.Context(), from, into, Options{Only: from.Wanted, Progress: func(d, of int64) { done, total = d, of }})
	require.NoError(t, err)
	require.Equal(t, []string{"3", "4", "5"}, into.got(0))
	require.Equal(t, total, done)
	require.Positive(t, done)
	require.Equal(t, 3, sum.Objects)
	require.Equal(t, []int64{5, 3, 3, 0}, []int64{sum.Records, sum.Wanted, sum.Applied, sum.Refused})
	require.Equal(t, map[string]map[change.Operation]int64{"shop.orders": {change.Insert: 3}}, sum.Tables)

	objects, err := Lake{Lake: b.lake(), Table: orders}.Objects(t.Context())
	require.NoError(t, err)
	require.Len(t, objects, 5)
	for i, name := range []string{"hour=06/long-before.gz", "hour=09/hour-before.gz", "hour=10/in-it.gz", "hour=11/late.gz", "hour=14/long-after.gz"} {
		require.Contains(t, objects[i].Key, name, "in the order of hours")
	}
}

func TestADryRunCountsAndAppliesNothing(t *testing.T) {
	b, into := newBucket(), newTarget()
	b.deliver("x.gz", at(10, 0), insert(1, at(10, 0)), "{", insert(2, at(10, 0)))
	sum, err := Run(t.Context(), Lake{Lake: b.lake(), Table: orders}, into, Options{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, into.ids)
	require.Equal(t, []int64{3, 2, 0, 1}, []int64{sum.Records, sum.Wanted, sum.Applied, sum.Refused})
	require.Equal(t, currentstate.Unreadable, sum.Problems[0].Reason)
}

func TestAnInterruptedReplayGoesOnWhereItWas(t *testing.T) {
	dir, b, into := t.TempDir(), newBucket(), newTarget()
	for i := range 20 {
		b.deliver(fmt.Sprintf("%02d.gz", i), at(i, 0), insert(i, at(i, 0)))
	}
	from := Lake{Lake: b.lake(), Table: orders}
	into.down = "12"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	j := journal(t, dir)
	_, err := Run(ctx, from, into, Options{Journal: j})
	require.ErrorContains(t, err, "12.gz")
	require.NoError(t, j.Close())
	before := len(into.ids[0])
	require.GreaterOrEqual(t, before, 12)

	into.down = ""
	j = journal(t, dir)
	sum, err := Run(t.Context(), from, into, Options{Journal: j})
	require.NoError(t, err)
	require.Equal(t, before, sum.ObjectsDone)
	require.Equal(t, 20-before, sum.Objects)
	require.Len(t, into.ids[0], 20, "none twice")
	require.NoError(t, j.Remove())

	j = journal(t, dir)
	sum, err = Run(t.Context(), from, into, Options{Journal: j})
	require.NoError(t, err)
	require.Zero(t, sum.ObjectsDone, "a replay that is over is forgotten")
	require.NoError(t, j.Remove())
}

func TestTheSameReplayRunsOnce(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir)
	_, err := OpenJournal(dir, "a replay", at(0, 0))
	require.ErrorContains(t, err, "the same replay is already running")
	other, err := OpenJournal(dir, "another replay", at(0, 0))
	require.NoError(t, err)
	require.NoError(t, other.Remove())
	require.NoError(t, j.Remove())
}

func TestAnInterruptedObjectGoesOnWithItsNextRecords(t *testing.T) {
	dir, b, into := t.TempDir(), newBucket(), newTarget()
	var records []string
	for i := range 10 {
		records = append(records, insert(i, at(1, i)))
	}
	b.deliver("x.gz", at(1, 0), records...)
	from := Lake{Lake: b.lake(), Table: orders}
	into.down = "7"
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	j := journal(t, dir)
	_, err := Run(ctx, from, into, Options{Journal: j, Rate: 3})
	require.ErrorContains(t, err, "x.gz")
	require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6"}[:6], into.got(0)[:6])
	into.down, into.ids = "", map[int][]string{}
	sum, err := Run(t.Context(), from, into, Options{Journal: j})
	require.NoError(t, err)
	require.Equal(t, []string{"6", "7", "8", "9"}, into.got(0))
	require.Equal(t, []int64{6, 4}, []int64{sum.RecordsDone, sum.Records})
	require.NoError(t, j.Remove())
}

func TestARefusedRecordIsTriedAgainByTheNextRun(t *testing.T) {
	dir, b, into := t.TempDir(), newBucket(), newTarget()
	b.deliver("x.gz", at(10, 0), insert(1, at(10, 0)), insert(2, at(10, 0)))
	b.deliver("y.gz", at(11, 0), insert(3, at(11, 0)))
	from := Lake{Lake: b.lake(), Table: orders}
	j := journal(t, dir)
	into.refuse = "2"
	sum, err := Run(t.Context(), from, into, Options{Journal: j})
	require.NoError(t, err)
	require.Equal(t, int64(1), sum.Refused)
	into.refuse = ""
	sum, err = Run(t.Context(), from, into, Options{Journal: j})
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{sum.Objects, sum.ObjectsDone})
	require.Equal(t, []string{"1", "1", "2", "3"}, into.got(0))
	require.NoError(t, j.Remove())
}

func TestAJournalIsOfOneEpochAndADay(t *testing.T) {
	dir, b, into := t.TempDir(), newBucket(), newTarget()
	b.deliver("x.gz", at(10, 0), insert(1, at(10, 0)))
	from := Lake{Lake: b.lake(), Table: orders}
	for _, c := range []struct {
		epoch int
		at    time.Time
		began time.Time
		done  int
	}{{0, at(1, 0), at(1, 0), 0}, {0, at(2, 0), at(1, 0), 1}, {2, at(3, 0), at(1, 0), 0}, {0, at(4, 0).AddDate(0, 0, 1), at(4, 0).AddDate(0, 0, 1), 0}} {
		j, err := OpenJournal(dir, "a replay", c.at)
		require.NoError(t, err)
		require.True(t, c.began.Equal(j.Began))
		sum, err := Run(t.Context(), from, into, Options{Journal: j, Epoch: c.epoch})
		require.NoError(t, err)
		require.Equal(t, c.done, sum.ObjectsDone)
		require.NoError(t, j.Close())
	}
}

func TestABatchIsTriedAgainAndMayBeLargerThanTheRate(t *testing.T) {
	b, into := newBucket(), newTarget()
	b.deliver("x.gz", at(10, 0), insert(1, at(10, 0)), insert(2, at(10, 0)))
	into.outages = 2
	sum, err := Run(t.Context(), Lake{Lake: b.lake(), Table: orders}, into, Options{Rate: 1})
	require.NoError(t, err)
	require.Equal(t, int64(2), sum.Applied)
}

// parkedLine returns a line as the function parks it.
func parkedLine(t *testing.T, p currentstate.Parked) []byte {
	line, err := json.Marshal(p)
	require.NoError(t, err)
	return append(line, '\n')
}

func TestParkedRecordsAreReplayedAndRemoved(t *testing.T) {
	b, into := newBucket(), newTarget()
	line := func(id int) []byte { return parkedLine(t, currentstate.Parked{Record: insert(id, at(1, 0))}) }
	b.put("errors/current/a.jsonl", append(line(1), line(2)...), at(1, 0))
	b.put("errors/current/b.jsonl", append(line(3), line(4)...), at(2, 0))
	b.put("errors/current/c.jsonl", parkedLine(t, currentstate.Parked{Bytes: []byte("\xff")}), at(3, 0))
	b.put("errors/current/d.jsonl", line(5), at(9, 0))
	event, err := json.Marshal(events.KinesisEvent{Records: []events.KinesisEventRecord{{Kinesis: events.KinesisRecord{Data: []byte(insert(6, at(1, 0)))}}}})
	require.NoError(t, err)
	record, err := json.Marshal(map[string]any{"requestContext": map[string]any{"condition": "RecordAgeExceeded"}, "payload": string(event)})
	require.NoError(t, err)
	b.put("aws/lambda/uuid/shard/x", record, at(4, 0))
	b.put("errors/search/x.gz", nil, at(4, 0))
	into.refuse = "4"

	from := Parked{Client: b, Name: "b", Function: "errors/current/", Lambda: "aws/lambda/uuid/", To: at(5, 0)}
	sum, err := Run(t.Context(), from, into, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "3", "6"}, into.got(0))
	require.Equal(t, int64(2), sum.Refused)
	require.Equal(t, []string{"errors/current/b.jsonl", "errors/current/c.jsonl", "errors/current/d.jsonl", "errors/search/x.gz"}, b.keys())

	into.refuse, from.To, from.Keep = "", time.Time{}, true
	_, err = Run(t.Context(), from, into, Options{})
	require.NoError(t, err)
	require.Contains(t, b.keys(), "errors/current/b.jsonl")

	b.put("aws/lambda/uuid/shard/y", []byte(`{"requestContext":{}}`), at(4, 0))
	_, err = Run(t.Context(), from, into, Options{})
	require.ErrorContains(t, err, "the invocation record of Lambda has no payload: replay the records of that time from the lake")
}

func TestAnObjectOfWhichRecordsWereLeftOutStays(t *testing.T) {
	b, into := newBucket(), newTarget()
	b.put("p/a.jsonl", parkedLine(t, currentstate.Parked{Record: insert(1, at(1, 0))}), at(1, 0))
	_, err := Run(t.Context(), Parked{Client: b, Name: "b", Function: "p/", Lambda: "aws/"}, into, Options{Only: func(*change.Record) bool { return false }})
	require.NoError(t, err)
	require.Equal(t, []string{"p/a.jsonl"}, b.keys())
}

func TestNothingButWhatIsParkedIsReplayed(t *testing.T) {
	b, into := newBucket(), newTarget()
	b.put("errors/current/a.jsonl", parkedLine(t, currentstate.Parked{Record: insert(1, at(1, 0))}), at(1, 0))
	b.put("errors/source=orders/current/b.jsonl", parkedLine(t, currentstate.Parked{Record: insert(2, at(1, 0))}), at(1, 0))
	_, err := Run(t.Context(), Parked{Client: b, Name: "b", Function: "errors/current/"}, into, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, into.got(0))
}
