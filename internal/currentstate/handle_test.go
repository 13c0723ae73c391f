package currentstate

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
)

// rig is a function with a fake domain and bucket. The test sets its clock.
type rig struct {
	now     time.Time
	domain  *domain
	s3      *buckettest.S3
	metrics bytes.Buffer
	log     bytes.Buffer
	f       *Function
	// patience is the time of an invocation. 0 means two seconds.
	patience time.Duration
}

func newRig(t *testing.T, change func(*Settings)) *rig {
	r := &rig{now: began.Add(time.Second)}
	r.domain = newDomain(func() time.Time { return r.now })
	r.s3 = &buckettest.S3{Now: r.domain.now}
	s := settings()
	s.BulkBytes, s.BulkRecords = 1<<20, 1000
	if change != nil {
		change(&s)
	}
	r.f = newFunction(t, s, r.domain, r.s3)
	r.f.deps.Metrics, r.f.deps.Log = &r.metrics, slog.New(slog.NewTextHandler(&r.log, nil))
	r.f.client.pace = func() backoff.BackOff { return backoff.NewConstantBackOff(10 * time.Millisecond) }
	return r
}

// handle returns the index of the first record to be retried, or -1 if there is none.
func (r *rig) handle(t *testing.T, records ...string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(r.patience, 2*time.Second))
	defer cancel()
	answer, err := r.f.Handle(ctx, event(0, 0, records))
	require.NoError(t, err)
	if len(answer.BatchItemFailures) == 0 {
		return -1
	}
	require.Len(t, answer.BatchItemFailures, 1)
	var at int
	_, err = fmt.Sscan(strings.TrimLeft(answer.BatchItemFailures[0].ItemIdentifier, "0")+" ", &at)
	if answer.BatchItemFailures[0].ItemIdentifier == "000000" {
		return 0
	}
	require.NoError(t, err)
	return at
}

// row returns an insert of shop.orders at a position of the binlog.
func row(id, place int, columns string) string { return rowOf("orders", "bin", id, place, columns) }

func rowOf(table, binlog string, id, place int, columns string) string {
	return fmt.Sprintf(`{"data":{"region":"eu","id":%d%s},"metadata":{"timestamp":%q,"record-type":"data","operation":"insert","schema-name":"shop","table-name":%q,`+
		`"commit-timestamp":%q,"transaction-id":%d,"transaction-record-id":1,"stream-position":"%s.000001:%d:"}}`, id, columns, stamp(began), table, stamp(began), 1<<32+place, binlog, place)
}

func created(table, columns, key string) string {
	return fmt.Sprintf(`{"control":{"table-def":{"columns":{%s},"primary-key":[%s]}},"metadata":{"timestamp":%q,"record-type":"control","operation":"create-table",`+
		`"schema-name":"shop","table-name":%q}}`, columns, key, stamp(began), table)
}

func TestWhatIsWrongWithARecordIsParkedAndHoldsUpNoOther(t *testing.T) {
	r := newRig(t, nil)
	r.domain.refuse = func(source map[string]any) string {
		if source["id"] == 3.0 {
			return "mapper_parsing_exception: object mapping tried to parse as object"
		}
		return ""
	}
	bad := []string{
		`{"data":`, "\xff", row(3, 30, ""), strings.ReplaceAll(row(4, 40, ""), "bin.000001", "LSN"), strings.ReplaceAll(row(5, 50, ""), `"id":5`, `"id":null`),
		rowOf("orders", "another", 6, 60, ""), strings.ReplaceAll(row(7, 70, ""), `"timestamp":"2`, `"timestamp":"x`), strings.ReplaceAll(row(8, 80, ""), "4294967376", "18446744073709551615"),
	}
	records := []string{row(1, 10, "")}
	records = append(records, bad...)
	require.Equal(t, -1, r.handle(t, append(records, row(9, 90, ""))...))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)

	lines := r.lines(t)
	require.Len(t, r.parked(), 1)
	reasons := []Reason{Unreadable, Unreadable, Refused, Unordered, Unkeyed, Unordered, Unordered, Unordered}
	require.Len(t, lines, len(reasons))
	for i, p := range lines {
		require.Equal(t, reasons[i], p.Reason, p.Detail)
		require.NotEmpty(t, p.Detail)
		require.Equal(t, fmt.Sprintf("%06d", i+1), p.SequenceNumber)
		require.Equal(t, bad[i], p.Record+string(p.Bytes), "the record is kept byte by byte")
	}
	require.Equal(t, []string{"current-shop-orders-1", "eu,3", "shop.orders"}, []string{lines[2].Index, lines[2].Document, lines[2].Table})
	require.Contains(t, lines[5].Detail, "begin a new epoch")

	// A repeated batch writes the same object and no other one.
	r.handle(t, append(records, row(9, 90, ""))...)
	require.Len(t, r.parked(), 1)
}

func TestAnIntegerThatHasLostDigitsIsParked(t *testing.T) {
	r := newRig(t, func(s *Settings) {
		s.Tables[0].Columns = map[string]string{"id": "int(11)", "big": "bigint(20) unsigned", "ratio": "double", "exact": "decimal(30,10)"}
	})
	require.Equal(t, -1, r.handle(t, row(1, 10, `,"big":18446744073709551615`), row(2, 20, `,"big":1.8446744073709552E19`), row(3, 30, `,"ratio":1e-7,"exact":1E2,"unknown":1e9`), row(4, 40, `,"big":"1e9"`)))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 3)
	lines := r.lines(t)
	require.Len(t, lines, 1)
	require.Equal(t, Rounded, lines[0].Reason)
	require.Contains(t, lines[0].Detail, "column big is an integer in scientific notation")
	gone := strings.Replace(row(1, 50, `,"big":1.8446744073709552E19`), `"insert"`, `"delete"`, 1)
	require.Equal(t, -1, r.handle(t, gone), "which row is deleted is certain")
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
}

func TestAnOutageParksNothing(t *testing.T) {
	for name, fault := range map[string]func(string) int{
		"busy":      func(string) int { return faultBusy },
		"broken":    func(string) int { return faultBroken },
		"away":      func(string) int { return faultUnsent },
		"documents": func(what string) int { return map[string]int{"document": faultBusy}[what] },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			require.Equal(t, -1, r.handle(t, row(1, 10, "")))
			r.domain.fault = fault
			require.Equal(t, 1, r.handle(t, "unreadable", row(2, 20, ""), row(3, 30, "")), "what is before the outage is settled")
			require.Len(t, r.lines(t), 1)
			r.domain.fault = nil
			require.Equal(t, -1, r.handle(t, row(2, 20, ""), row(3, 30, "")))
			require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 3)
		})
	}
}

func TestOnlyThePostponedDocumentsAreTriedAgain(t *testing.T) {
	r := newRig(t, nil)
	asked := 0
	r.domain.fault = func(what string) int {
		if what == "document" {
			if asked++; asked == 2 || asked == 3 {
				return faultBusy
			}
		}
		return faultNone
	}
	require.Equal(t, -1, r.handle(t, row(1, 10, ""), row(2, 20, ""), row(3, 30, ""), row(4, 40, "")))
	require.Equal(t, []int{4, 2}, r.domain.bulks)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 4)
}

func TestRequestsAreBoundedInBytesAndDocuments(t *testing.T) {
	r := newRig(t, func(s *Settings) { s.BulkBytes, s.BulkRecords = 5000, 3 })
	var records []string
	for i := range 10 {
		records = append(records, row(i, 10+i, `,"text":"`+strings.Repeat("x", 300*i)+`"`))
	}
	require.Equal(t, -1, r.handle(t, records...))
	for i, n := range r.domain.bulks {
		require.LessOrEqual(t, n, 3)
		require.True(t, r.domain.sizes[i] <= 5000 || n == 1)
	}
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 10)
}

func TestRequestsAreCompressedIfNotToldOtherwise(t *testing.T) {
	r := newRig(t, func(s *Settings) { s.BulkPlain = true })
	r.domain.plain = true
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}

func TestABucketThatIsAwayMakesTheBatchComeAgain(t *testing.T) {
	r := newRig(t, nil)
	r.s3.Fault = func(_, key string) buckettest.Fault {
		if strings.HasPrefix(key, r.f.settings.Prefix) {
			return buckettest.Unsent
		}
		return buckettest.None
	}
	require.Equal(t, 1, r.handle(t, row(1, 10, ""), "unreadable", row(2, 20, "")))
	r.s3.Fault = nil
	require.Equal(t, -1, r.handle(t, "unreadable", row(2, 20, "")))
	require.Len(t, r.lines(t), 1)
}

func TestWhatComesAgainIsNotParkedYet(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, 0, r.handle(t, rowOf("later", "bin", 1, 10, ""), "unreadable"))
	require.Empty(t, r.parked())
	require.Contains(t, r.metrics.String(), `"Parked":0`)
}

func TestATableIsWaitedForAndThenParked(t *testing.T) {
	r := newRig(t, nil)
	later := rowOf("later", "bin", 1, 10, "")
	require.Equal(t, 0, r.handle(t, later), "its create-table record may be in another shard")
	require.Equal(t, -1, r.handle(t, created("later", `"id":{"type":"INT32"},"day":{"type":"DATE"}`, `"id"`)))
	require.Equal(t, -1, r.handle(t, later))
	require.Contains(t, r.domain.shown(t, unnamed.Alias(table.Name{Database: "shop", Table: "later"})), "1")
	require.Equal(t, date.mapping()["format"], r.domain.indices["current-shop-later-1"].fields["day"].(map[string]any)["format"])

	r.now = began.Add(2 * grace)
	require.Equal(t, -1, r.handle(t, rowOf("never", "bin", 1, 10, ""), rowOf("keyless", "bin", 1, 10, ""), created("keyless", `"id":{"type":"INT32"}`, "")))
	lines := r.lines(t)
	require.Len(t, lines, 2)
	require.Equal(t, []Reason{Unkeyed, Unkeyed}, []Reason{lines[0].Reason, lines[1].Reason})
	require.Contains(t, lines[1].Detail, "no primary key")
}

func TestControlRecordsAreCountedAndRemoveNothing(t *testing.T) {
	r := newRig(t, nil)
	other := func(op string) string {
		return strings.Replace(created("orders", `"id":{"type":"INT32"}`, `"region","id"`), "create-table", op, 1)
	}
	require.Equal(t, -1, r.handle(t, row(1, 10, ""), other("drop-table"), other("rename-table"), other("truncate"), other("whatever"), strings.Replace(other("create-table"), `"shop"`, `""`, 1)))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	require.Contains(t, r.metrics.String(), `"ControlRecords":5`)
}

func TestANewColumnGetsItsTypeAndAChangedOneKeepsIts(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	altered := strings.Replace(created("orders", `"id":{"type":"STRING"},"price":{"type":"NUMERIC"},"n":{"type":"UINT64"}`, `"region","id"`), "create-table", "add-column", 1)
	require.Equal(t, -1, r.handle(t, altered))
	fields := r.domain.indices["current-shop-orders-1"].fields
	require.Equal(t, "long", fields["id"].(map[string]any)["type"])
	require.Equal(t, "unsigned_long", fields["n"].(map[string]any)["type"])
	require.Contains(t, fields["price"].(map[string]any)["fields"], "number")
}

func TestDefinitionsMayComeInAnyOrder(t *testing.T) {
	first := created("later", `"id":{"type":"INT32"},"gone":{"type":"INT32"}`, `"gone"`)
	second := strings.Replace(created("later", `"id":{"type":"INT64"},"day":{"type":"DATE"}`, `"id"`), stamp(began), stamp(began.Add(time.Millisecond)), 1)
	for _, records := range [][]string{{first, second}, {second, first}, {second, first, second, first}} {
		r := newRig(t, nil)
		require.Equal(t, -1, r.handle(t, records...))
		e, err := r.f.registry.get(t.Context(), table.Name{Database: "shop", Table: "later"})
		require.NoError(t, err)
		require.Equal(t, []string{"id"}, e.Key)
		require.Equal(t, map[string]fieldType{"id": long, "gone": long, "day": date}, e.Columns)
	}
}

func TestAChangedPrimaryKeyIsReported(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Equal(t, -1, r.handle(t, created("orders", `"id":{"type":"INT32"}`, `"id"`)))
	require.Contains(t, r.metrics.String(), `"KeyChanges":1`)
}

func TestAPanicParksItsRecord(t *testing.T) {
	r := newRig(t, nil)
	from := event(0, 0, []string{row(1, 10, "")}).Records[0]
	it := item{from: &from} // its record is missing, which never happens
	require.Empty(t, r.f.documents(t.Context(), &it))
	require.NoError(t, it.err)
	require.Equal(t, Panicked, it.parked.Reason)
	require.Contains(t, it.parked.Detail, "nil pointer")
	require.Contains(t, it.parked.Detail, "apply.go")
	require.Equal(t, row(1, 10, ""), it.parked.Record)
}

func TestMetricsAreInTheEmbeddedFormat(t *testing.T) {
	r := newRig(t, nil)
	r.handle(t, row(1, 10, ""), row(1, 5, ""), "unreadable", created("orders", "", ""))
	var line map[string]any
	require.NoError(t, json.Unmarshal(r.metrics.Bytes(), &line))
	for name, want := range map[string]float64{"Applied": 1, "Superseded": 1, "Parked": 1, "ControlRecords": 1, "Lag": 1000} {
		require.InDelta(t, want, line[name], 0, name)
	}
	require.Equal(t, "f", line["Function"])
	aws, ok := line["_aws"].(map[string]any)
	require.True(t, ok)
	require.InDelta(t, float64(r.now.UnixMilli()), aws["Timestamp"], 0)
	require.Contains(t, fmt.Sprint(aws["CloudWatchMetrics"]), "Dimensions:[[Function]]")
}

func TestTheFunctionTellsItsEventsApart(t *testing.T) {
	r := newRig(t, nil)
	batch, err := json.Marshal(event(0, 0, []string{row(1, 10, "")}))
	require.NoError(t, err)
	answer, err := r.f.Dispatch(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, events.KinesisEventResponse{}, answer)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	for _, scheduled := range []string{`{"source":"aws.events","detail-type":"Scheduled Event"}`, `{"source":"aws.scheduler"}`} {
		swept, err := r.f.Dispatch(t.Context(), json.RawMessage(scheduled))
		require.NoError(t, err)
		require.Equal(t, Swept{Indices: 1}, swept)
	}
	_, err = r.f.Dispatch(t.Context(), json.RawMessage(`{"hello":1}`))
	require.ErrorContains(t, err, "neither")
}

func TestARowWhoseTombstoneWasJustSweptComesBackWithTheNextVersion(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, strings.Replace(row(1, 10, ""), `"insert"`, `"delete"`, 1)))
	r.now = r.now.Add(60 * 24 * time.Hour)
	swept, err := r.f.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept.Removed)
	require.Equal(t, -1, r.handle(t, row(1, 11, "")))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}
