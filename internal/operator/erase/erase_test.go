package erase

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

// park adds parked objects in every form, with records of the row and of another row.
func (s *scene) park() {
	gone, other := record(change.Update, "7", 4, marker, "7"), record(change.Insert, "2", 3)
	line := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(s.t, err)
		return string(text) + "\n"
	}
	s.bucket.put("errors/current/2026/11/28/x.jsonl", []byte(line(currentstate.Parked{Record: gone})+line(currentstate.Parked{Record: other})+line(currentstate.Parked{Bytes: []byte(gone)})))
	s.bucket.put("errors/lake/failed/x.gz", zipped(line(map[string]any{"errorCode": "x", "rawData": []byte(gone + "\n" + other + "\n")})+line(map[string]any{"rawData": []byte(gone)})))
	s.bucket.put("errors/search/failed/x", []byte(line(map[string]any{"rawData": []byte(gone)})))
	s.bucket.put("errors/tables/raw/x.jsonl.gz", zipped(line(map[string]any{"reason": "no", "object": "x", "record": gone}), line(map[string]any{"reason": "no", "object": "x", "record": other})))
	event, err := json.Marshal(events.KinesisEvent{Records: []events.KinesisEventRecord{{Kinesis: events.KinesisRecord{Data: []byte(gone)}}, {Kinesis: events.KinesisRecord{Data: []byte(other)}}}})
	require.NoError(s.t, err)
	s.bucket.put("aws/lambda/a/b", []byte(line(map[string]any{"requestContext": map[string]any{"condition": "RecordAgeExceeded"}, "payload": string(event)})))
}

// keep adds table files, a query result, and the job's note about the table.
func (s *scene) keep() {
	s.bucket.put("tables/_state/shop_orders_table.json", []byte(`{"table":"shop_orders_table","source":"shop.orders","location":"tables/1/iceberg/shop_orders/all"}`))
	s.bucket.put("tables/1/iceberg/shop_orders/all/data/a.parquet", []byte(marker))
	s.mark("tables/1/iceberg/shop_orders/all/data/a.parquet")
	s.bucket.put("tables/1/iceberg/shop_orders/all/data/b.parquet", []byte("others"))
	s.bucket.put("tables/1/iceberg/shop_lines/all/data/a.parquet", []byte("of another table"))
	s.mark("tables/1/iceberg/shop_lines/all/data/a.parquet")
	s.bucket.put("athena-results/x.csv", []byte(marker))
	s.mark("athena-results/x.csv")
}

func TestARowIsErasedFromEveryPlaceWithAllVersions(t *testing.T) {
	s := newScene(t)
	s.park()
	s.keep()
	report, err := s.erasure(true).Run(t.Context())
	require.NoError(t, err)
	require.True(t, report.Erased)
	s.nothing(map[string]int{"1": 2, "2": 2 + 4, "7": 1}) // 7 is in another table here
	require.Equal(t, Found{Records: 4, Objects: 3, Versions: 1}, report.Raw)
	require.Equal(t, Found{Records: 7, Objects: 5}, report.Parked)
	require.Equal(t, Documents{4, []string{daily}}, report.History)
	require.Equal(t, Documents{2, []string{"current-shop-orders-1", "current-shop-orders-2"}}, report.Current)
	require.Equal(t, []any{[]string{"shop_orders_table"}, 2, 2}, []any{report.Tables, report.TableVersions, report.QueryResults})
	require.Equal(t, []string{"current-shop-orders-1", "current-shop-orders-2", daily}, slices.Sorted(slices.Values(s.merged)))
	require.Len(t, s.told, 1)
	require.Equal(t, []string{"7"}, s.told[0].Keys)

	for _, v := range s.versions {
		if v.key == folder+"mixed.gz" {
			require.Equal(t, []any{"GLACIER_IR", "arn:key", "2026-11-28T10:00:01Z"}, []any{string(v.class), v.kms, v.meta[metaDelivered]})
		}
		require.NotEqual(t, folder+"alone.gz", v.key, "nothing was left of it")
	}
	again, err := s.erasure(true).Run(t.Context())
	require.NoError(t, err, "to erase what is erased is no error")
	require.Zero(t, again.Raw.Records+again.Parked.Records+again.History.Documents+again.Current.Documents)
}

func TestADryRunSaysWhatThereIsAndChangesNothing(t *testing.T) {
	s := newScene(t)
	s.park()
	s.keep()
	s.left = 0
	before := len(s.versions)
	report, err := s.erasure(false).Run(t.Context())
	require.NoError(t, err)
	require.False(t, report.Erased)
	require.Equal(t, []int{4, 7, 4, 2}, []int{report.Raw.Records, report.Parked.Records, report.History.Documents, report.Current.Documents})
	require.Len(t, s.versions, before)
	require.Len(t, s.history, 8)
	require.Empty(t, s.told)
	require.Empty(t, s.merged)
}

// TestAnErasureThatBrokeOffIsFinished stops an erasure at every step. No record of another row is lost, and the same
// command finishes it.
func TestAnErasureThatBrokeOffIsFinished(t *testing.T) {
	others := map[string]int{"1": 2, "2": 6, "7": 1}
	for writes := 0; ; writes++ {
		s := newScene(t)
		s.park()
		s.keep()
		s.left = writes
		_, err := s.erasure(true).Run(t.Context())
		if err == nil {
			require.Greater(t, writes, 15)
			break
		}
		require.ErrorIs(t, err, errDown)
		ids := s.ids(t)
		delete(ids, "7")
		require.Equal(t, map[string]int{"1": 2, "2": 6}, ids, "after %d", writes)
		s.left = -1
		_, err = s.erasure(true).Run(t.Context())
		require.NoError(t, err)
		s.nothing(others)
	}
	for _, c := range []func(*scene, bool){func(s *scene, down bool) { s.fail = down }} {
		s := newScene(t)
		s.keep()
		c(s, true)
		_, err := s.erasure(true).Run(t.Context())
		require.ErrorIs(t, err, errDown)
		require.Len(t, s.history, 8, "what is made of the records comes after them")
		c(s, false)
		_, err = s.erasure(true).Run(t.Context())
		require.NoError(t, err)
		s.nothing(map[string]int{"1": 2, "2": 2, "7": 1})
	}
}

// TestARowIsErasedUnderEveryKeyThatItHad includes the case that an interrupted run has erased the records of the key
// changes.
func TestARowIsErasedUnderEveryKeyThatItHad(t *testing.T) {
	s := newScene(t)
	s.deliver("moved.gz", record(change.Update, "8", 9, marker, "7"), record(change.Update, "9", 10, marker, "8"))
	s.deliver("ended.gz", record(change.Delete, "9", 11))
	s.current["current-shop-orders-2"]["9"] = `{"_cdc":{"deleted":true}}`
	s.keep()
	report, err := s.erasure(false).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"8", "9"}, report.OtherKeys)

	s.source.rows = append(s.source.rows, "9")
	_, err = s.erasure(true).Run(t.Context())
	require.ErrorContains(t, err, "shop.orders still has the row with id=9")
	s.source.rows = nil

	s.fail = true
	_, err = s.erasure(true).Run(t.Context())
	require.ErrorIs(t, err, errDown)
	require.Contains(t, s.current["current-shop-orders-2"], "9")
	s.fail = false
	report, err = s.erasure(true).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"8", "9"}, report.OtherKeys)
	require.NotContains(t, s.current["current-shop-orders-2"], "9")
	require.ElementsMatch(t, []string{"7", "8", "9"}, s.told[0].Keys)
	s.nothing(map[string]int{"1": 2, "2": 2, "7": 1})
}

func TestAnErasureIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scene, *Erasure)
		want   []string
	}{
		"while the source has the row": {func(s *scene, _ *Erasure) { s.source.rows = append(s.source.rows, "7") }, []string{"shop.orders still has the row with id=7: delete it in the source first"}},
		"before the deletion has come": {func(s *scene, _ *Erasure) { s.deliver("late.gz", record(change.Insert, "7", 9)) }, []string{"made 2026-11-28T11:09:00Z, is not a deletion: wait until the deletion arrives (see `cdc status`", "--vanished"}},
		"while more may come": {
			func(_ *scene, e *Erasure) { e.Settle = time.Hour },
			[]string{"the newest record of the row is of 2026-11-28T11:07:00Z, and older ones may still arrive: try again at 2026-11-28T12:07:00Z (--settle sets how long to wait"},
		},
		"while an index shows the row": {
			func(s *scene, _ *Erasure) {
				s.current["current-shop-orders-2"]["7"] = `{"id":7,"_cdc":{"deleted":false}}`
			},
			[]string{"current-shop-orders-2 still shows the row"},
		},
		"of a key that is none": {func(_ *scene, e *Erasure) { e.Row = map[string]string{"nr": "7"} }, []string{"give --key id=VALUE", "--key nr: the primary key of shop.orders has no such column; its columns are id"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			e := s.erasure(true)
			s.left = 0
			c.change(s, &e)
			_, err := e.Run(t.Context())
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestARowThatVanishedIsErasedWhenItIsSaidSo(t *testing.T) {
	s := newScene(t)
	s.deliver("again.gz", record(change.Insert, "7", 9, marker))
	s.current["current-shop-orders-2"]["7"] = `{"id":7,"_cdc":{"deleted":false}}`
	e := s.erasure(true)
	e.Vanished = true
	_, err := e.Run(t.Context())
	require.NoError(t, err)
	s.nothing(map[string]int{"1": 2, "2": 2, "7": 1})
}

// TestNothingIsDeletedThatWasNotWrittenWell checks that the former version stays if the new version has wrong records.
func TestNothingIsDeletedThatWasNotWrittenWell(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"a record less":    func([]byte) []byte { return zipped(record(change.Insert, "1", 1)) },
		"another record":   func([]byte) []byte { return zipped(record(change.Insert, "1", 1), record(change.Insert, "3", 3)) },
		"records of a row": func([]byte) []byte { return zipped(record(change.Insert, "7", 1), record(change.Insert, "3", 3)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.spoil = spoil
			_, err := s.erasure(true).Run(t.Context())
			require.ErrorContains(t, err, "nothing of the object was deleted")
			var former []string
			for _, v := range s.versions {
				former = append(former, v.key+" "+v.id)
			}
			require.Contains(t, former, folder+"mixed.gz v1")
		})
	}
}

func TestWhatNobodyCanTellIsNamedAndLeft(t *testing.T) {
	s := newScene(t)
	s.bucket.put(folder+"broken.gz", zipped("{", record(change.Insert, "1", 1), record(change.Insert, "7", 1, marker)))
	s.bucket.put(folder+"other.gz", []byte("\x1f\x8bnot gzip"))
	report, err := s.erasure(true).Run(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Unreadable, 2)
	require.Equal(t, folder+"broken.gz: 1 records", report.Unreadable[0])
	require.Contains(t, report.Unreadable[1], folder+"other.gz: decompressing")
	text := ""
	for _, v := range s.versions {
		if v.key == folder+"broken.gz" {
			raw, _, err := unzipped(v.body)
			require.NoError(t, err)
			text += string(raw)
		}
	}
	require.Contains(t, text, "{\n")
	require.NotContains(t, text, marker)
}

// TestWhatComesMeanwhileIsTold checks that a record which comes during the erasure is not erased, but reported.
func TestWhatComesMeanwhileIsTold(t *testing.T) {
	s := newScene(t)
	e := s.erasure(true)
	e.Tell = func(format string, args ...any) {
		if strings.HasPrefix(fmt.Sprintf(format, args...), "erasing documents") {
			s.deliver("late.gz", record(change.Delete, "7", 9, marker))
		}
	}
	_, err := e.Run(t.Context())
	require.ErrorContains(t, err, "1 records of the row came during the erasure: run the same command again")
	_, err = s.erasure(true).Run(t.Context())
	require.NoError(t, err)
	s.nothing(map[string]int{"1": 2, "2": 2, "7": 1})
}

func TestFilesOfFormerTablesGoAsAWhole(t *testing.T) {
	s := newScene(t)
	s.keep()
	s.bucket.put("tables/1/delta/shop_orders/all/a.parquet", []byte("old"))
	s.bucket.put("tables/1/iceberg/shop_orders/20261128T100000.000000Z/data/a.parquet", []byte("old"))
	report, err := s.erasure(true).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1+1+2, report.TableVersions)
	left := map[string]bool{}
	for _, v := range s.bucket.versions {
		if strings.HasPrefix(v.key, "tables/1/") && strings.Contains(v.key, "shop_orders") {
			left[v.key] = true
		}
	}
	require.Equal(t, map[string]bool{"tables/1/iceberg/shop_orders/all/data/b.parquet": true}, left)
}

// The location of its files distinguishes a table from former tables.
func TestNothingIsErasedOfATableThatIsNobodyKnowsWhere(t *testing.T) {
	s := newScene(t)
	s.keep()
	s.bucket.put("tables/_state/shop_orders_table.json", []byte(`{"table":"shop_orders_table","source":"shop.orders"}`))
	_, err := s.erasure(true).Run(t.Context())
	require.ErrorContains(t, err, "the job has not said where the files of shop_orders_table are: run `cdc tables run`")
}

func TestNothingIsErasedWhileNoJobKeepsTheTables(t *testing.T) {
	s := newScene(t)
	s.keep()
	e := s.erasure(true)
	e.Tables = nil
	_, err := e.Run(t.Context())
	require.ErrorContains(t, err, "the lake has the tables shop_orders_table with the row, but no job can erase from them")
}

func TestNothingIsErasedWhileAnotherTableIsFilled(t *testing.T) {
	s := newScene(t)
	s.keep()
	s.bucket.put("tables/_state/shop_orders_next.json", []byte(`{"table":"shop_orders_next","source":"shop.orders","location":"tables/2/delta/shop_orders/all"}`))
	_, err := s.erasure(true).Run(t.Context())
	require.ErrorContains(t, err, "`cdc tables switch --table shop_orders`")
}

func TestWhatIsOutOfReachHasItsDay(t *testing.T) {
	left := Kept{Stream: "s", StreamHours: 168, Domain: "d", Logs: map[string]int{"a": 14, "b": 0}, Queries: true, Backups: true, BackupDays: 7}.Left(noon)
	days := map[string]string{}
	for _, l := range left {
		if days[l.Where] = "-"; !l.Until.IsZero() {
			days[l.Where] = l.Until.Format(time.DateOnly)
		}
	}
	require.Equal(t, map[string]string{
		"the stream s": "2026-12-05", "segments of the indices": "2026-11-29", "hourly snapshots of the domain d": "2026-12-12", "log group a": "2026-12-12", "log group b": "-",
		"Athena's history of queries": "2027-01-12", "unfinished uploads to the bucket": "2026-12-05", "the source's backups and binlog": "2026-12-05",
		"other readers of the stream or the bucket": "-",
	}, days)
}
