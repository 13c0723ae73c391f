package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/change"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// ofPostgres has the settings of a PostgreSQL source. Its table has a text that may be stored outside of the row.
func ofPostgres(s *Settings) {
	s.Kind = change.PostgreSQL
	s.Tables[0].Key = []string{"id"}
	s.Tables[0].Columns = map[string]string{"id": "bigint", "v": "integer", "body": "text"}
}

// logged returns a change of shop.orders at a position of PostgreSQL's log.
func logged(op string, lsn, record int, data, before string) string {
	if before != "" {
		before = `"before-image":{` + before + `},`
	}
	return fmt.Sprintf(`{%s"data":{%s},"metadata":{"timestamp":%[3]q,"record-type":"data","operation":%[4]q,"schema-name":"shop","table-name":"orders","commit-timestamp":%[3]q,`+
		`"transaction-id":%[5]d,"transaction-record-id":%[6]d,"stream-position":"00000002/%08[7]X.%[6]d.00000001/00000001"}}`, before, data, stamp(began), op, 1000-lsn%7, record, lsn)
}

func TestAnUpdateOfPostgreSQLKeepsWhatItDidNotTell(t *testing.T) {
	r := newRig(t, ofPostgres)
	require.Equal(t, -1, r.handle(
		t, logged("insert", 10, 1, `"id":1,"v":1,"body":"long"`, ""), logged("update", 20, 1, `"id":1,"v":2`, `"id":1,"v":1,"body":"long"`),
		logged("insert", 30, 1, `"id":2,"v":1,"body":"long"`, ""), logged("update", 40, 1, `"id":2,"v":1,"body":null`, `"id":2,"v":1,"body":"long"`),
	))
	require.Equal(t, map[string]map[string]any{"1": {"id": 1.0, "v": 2.0, "body": "long"}, "2": {"id": 2.0, "v": 1.0}}, r.domain.shown(t, unnamed.Alias(orders)))
	require.Empty(t, r.parked())
}

func TestAnUpdateOfPostgreSQLThatMayLackAValueIsParked(t *testing.T) {
	r := newRig(t, ofPostgres)
	bad := []string{logged("update", 20, 1, `"id":1,"v":2`, ""), logged("update", 21, 1, `"id":1,"v":2`, " "), logged("update", 22, 1, `"id":3,"v":2`, `"id":1`)}
	require.Equal(t, -1, r.handle(t, append(bad, logged("insert", 10, 1, `"id":1,"v":1,"body":"long"`, ""))...))
	require.Equal(t, map[string]map[string]any{"1": {"id": 1.0, "v": 1.0, "body": "long"}}, r.domain.shown(t, unnamed.Alias(orders)))
	lines := r.lines(t)
	require.Len(t, lines, len(bad))
	for i, p := range lines {
		require.Equal(t, Incomplete, p.Reason)
		require.Contains(t, p.Detail, "tells body, which may have any value: ALTER TABLE shop.orders REPLICA IDENTITY FULL")
		require.Equal(t, bad[i], p.Record)
	}
	whole := newRig(t, ofPostgres)
	require.Equal(t, -1, whole.handle(t,
		logged("update", 20, 1, `"id":1,"body":"x"`, ""),              // an update never omits a number, so the table no longer has this column
		logged("update", 30, 1, `"id":2,"v":2`, `"id":2,"v":1`),       // nor has it the text, because the before-image is a whole row without it
		logged("update", 40, 1, `"id":3,"v":2,"body":null`, `"id":4`), // the record has every value
		logged("delete", 50, 1, `"id":5`, ""), logged("insert", 60, 1, `"id":6,"v":1`, ""),
	))
	require.Empty(t, whole.parked())
	require.Len(t, whole.domain.shown(t, unnamed.Alias(orders)), 4)
}

// DMS's description of a table is enough to notice that an update omits a column. Its types are less exact.
func TestAColumnThatOnlyDMSHasDescribedIsMissedToo(t *testing.T) {
	r := newRig(t, func(s *Settings) {
		ofPostgres(s)
		s.Tables[0].Columns = nil
	})
	require.Equal(t, -1, r.handle(t, created("orders", `"id":{"type":"INT64"},"v":{"type":"INT32"},"body":{"type":"NCLOB"},"price":{"type":"NUMERIC"}`, `"id"`), logged("update", 20, 1, `"id":1,"v":2`, "")))
	require.Equal(t, Incomplete, r.lines(t)[0].Reason)
	require.Contains(t, r.lines(t)[0].Detail, "tells body, price,")
}

func TestAnotherKeyOfPostgreSQLLeavesATombstone(t *testing.T) {
	r := newRig(t, ofPostgres)
	require.Equal(t, -1, r.handle(
		t, logged("insert", 10, 1, `"id":1,"v":1,"body":"long"`, ""), logged("update", 20, 1, `"id":2,"v":1`, `"id":1,"v":1,"body":"long"`),
		logged("insert", 30, 1, `"id":3,"v":1,"body":"x"`, ""), logged("delete", 40, 1, `"id":3`, ""),
	))
	require.Equal(t, map[string]map[string]any{"2": {"id": 2.0, "v": 1.0, "body": "long"}}, r.domain.shown(t, unnamed.Alias(orders)))
	require.Equal(t, 2, r.domain.tombstones())
}

func TestAPlaceInTheLogThatCannotBeTheChangesOwnIsParked(t *testing.T) {
	r := newRig(t, ofPostgres)
	begin := strings.Replace(logged("update", 1, 2, `"id":1,"v":2,"body":"x"`, ""), "00000002/00000001.2", "00000001/00000001.2", 1)
	require.Equal(t, -1, r.handle(t, begin, row(1, 10, "")), "nor has a binlog a place in it")
	lines := r.lines(t)
	require.Len(t, lines, 2)
	require.Equal(t, []Reason{Unordered, Unordered}, []Reason{lines[0].Reason, lines[1].Reason})
	require.Contains(t, lines[0].Detail, "where the transaction begins")
	require.Contains(t, lines[1].Detail, "LSN.number.LSN")
}

// Whatever the order of changes, and whatever an update omits, the index has the same rows as the log.
func TestInterleavedTransactionsLeaveTheRowsOfTheLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := settings()
		ofPostgres(&s)
		d := newDomain(func() time.Time { return began.Add(time.Second) })
		f := newFunction(rt, s, d, &buckettest.S3{Now: d.now})
		f.deps.Metrics = io.Discard
		l := &writeAhead{rows: map[int]map[string]any{}}
		for range rapid.IntRange(1, 25).Draw(rt, "changes") {
			l.change(rt)
		}
		answer, err := f.Handle(t.Context(), event(0, 0, rapid.Permutation(l.records).Draw(rt, "arrived")))
		require.NoError(rt, err)
		require.Empty(rt, answer.BatchItemFailures)
		want := map[string]map[string]any{}
		for id, row := range l.rows {
			want[fmt.Sprint(id)] = row
		}
		require.Equal(rt, want, d.shown(t, unnamed.Alias(orders)))
	})
}

// writeAhead is PostgreSQL's log with concurrent transactions.
type writeAhead struct {
	at      int
	rows    map[int]map[string]any
	records []string
}

func (l *writeAhead) change(t *rapid.T) {
	l.at += rapid.IntRange(1, 300).Draw(t, "bytes")
	id, place := rapid.IntRange(1, 3).Draw(t, "row"), rapid.IntRange(1, 4).Draw(t, "record")
	put := func(op string, data, before map[string]any) {
		l.records = append(l.records, logged(op, l.at, place, inner(data), inner(before)))
	}
	was, ok := l.rows[id]
	if !ok {
		l.rows[id] = map[string]any{"id": float64(id), "v": float64(l.at), "body": fmt.Sprint("long ", l.at)}
		put("insert", l.rows[id], nil)
		return
	}
	if rapid.IntRange(0, 4).Draw(t, "deleted") == 0 {
		delete(l.rows, id)
		put("delete", map[string]any{"id": id}, nil)
		return
	}
	now := maps.Clone(was)
	now["v"] = float64(l.at)
	if other := rapid.IntRange(1, 3).Draw(t, "other row"); l.rows[other] == nil {
		now["id"] = float64(other)
		delete(l.rows, id)
		id = other
	}
	l.rows[id] = now
	told := maps.Clone(now)
	delete(told, "body")
	put("update", told, was)
}

// inner returns the members of an object as JSON, without braces.
func inner(row map[string]any) string {
	if row == nil {
		return ""
	}
	text, _ := json.Marshal(row)
	return strings.Trim(string(text), "{}")
}
