package currentstate

import (
	"cdcpipeline/internal/change"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// rowKey is a key of the table shop.orders, which has two key columns.
type rowKey struct {
	region string
	id     int
}

func (k rowKey) document() string { return change.Key{k.region, fmt.Sprint(k.id)}.ID() }

// source is a fake of a database with one table, its binlog, and DMS, which writes records into shards.
type source struct {
	t            *rapid.T
	now          *time.Time
	rows         map[rowKey]int // with the value of its column; 0 is NULL
	file, offset uint64
	value        int
	base         string
	shards       [][]string
	loads        []load // loaded rows that are not sent yet
}

type load struct {
	key   rowKey
	value int
	at    time.Time
}

func newSource(t *rapid.T, now *time.Time, shards int) *source {
	return &source{t: t, now: now, rows: map[rowKey]int{}, file: 7, offset: 4, base: "mysql-bin-changelog", shards: make([][]string, shards)}
}

func (s *source) key(label string) rowKey {
	return rowKey{rapid.SampledFrom([]string{"eu", "us,1"}).Draw(s.t, label+" region"), rapid.IntRange(1, 4).Draw(s.t, label+" id")}
}

func (k rowKey) columns(value int) string {
	c := fmt.Sprintf(`"region":%q,"id":%d`, k.region, k.id)
	if value != 0 {
		c += fmt.Sprintf(`,"value":%d`, value)
	}
	return "{" + c + "}"
}

func (s *source) send(k rowKey, record string) {
	shard := (k.id + len(k.region)) % len(s.shards)
	s.shards[shard] = append(s.shards[shard], record)
}

// transaction changes some rows, perhaps one of them several times.
func (s *source) transaction() {
	begin := s.offset
	s.offset += 40
	for record := 1; record <= rapid.IntRange(1, 5).Draw(s.t, "changes"); record++ {
		k := s.key("row")
		_, there := s.rows[k]
		s.value++
		value := s.value % 7
		op, data, before := "insert", k.columns(value), ""
		switch {
		case !there:
			s.rows[k] = value
		case rapid.IntRange(0, 2).Draw(s.t, "operation") == 0:
			op, data = "delete", k.columns(s.rows[k])
			delete(s.rows, k)
		default:
			op = "update"
			to := k
			if other := s.key("to"); other != k {
				if _, taken := s.rows[other]; !taken {
					to = other
				}
			}
			before = fmt.Sprintf(`"before-image":{"region":%q,"id":%d},`, k.region, k.id)
			delete(s.rows, k)
			s.rows[to], k, data = value, to, to.columns(value)
		}
		s.send(k, fmt.Sprintf(`{%s"data":%s,"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":"shop","table-name":"orders","commit-timestamp":%q,`+
			`"transaction-id":%d,"transaction-record-id":%d,"stream-position":"%s.%06d:%d:0:0"}}`,
			before, data, stamp(*s.now), op, stamp(*s.now), s.file<<32|begin, record, s.base, s.file, s.offset))
		s.offset += rapid.SampledFrom([]uint64{2, 2, 300}).Draw(s.t, "bytes")
	}
	if s.offset > 2000 {
		s.file, s.offset = s.file+1, 4
	}
}

// snapshot begins a full load of the present rows.
func (s *source) snapshot() {
	keys := slices.SortedFunc(maps.Keys(s.rows), func(a, b rowKey) int { return a.id*10 + len(a.region) - b.id*10 - len(b.region) })
	for i, k := range keys {
		s.loads = append(s.loads, load{k, s.rows[k], s.now.Add(time.Duration(i) * time.Microsecond)})
	}
}

// sendLoad sends one loaded row while newer changes are already in the stream.
func (s *source) sendLoad() {
	if len(s.loads) == 0 {
		return
	}
	i := rapid.IntRange(0, len(s.loads)-1).Draw(s.t, "loaded row")
	l := s.loads[i]
	s.loads = slices.Delete(s.loads, i, i+1)
	s.send(l.key, fmt.Sprintf(`{"data":%s,"metadata":{"timestamp":%q,"record-type":"data","operation":"load","schema-name":"shop","table-name":"orders"}}`, l.key.columns(l.value), stamp(l.at)))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// rowsWanted returns the documents that the index must have for the table's rows.
func (s *source) rowsWanted() map[string]map[string]any {
	out := map[string]map[string]any{}
	for k, value := range s.rows {
		var row map[string]any
		require.NoError(s.t, json.Unmarshal([]byte(k.columns(value)), &row))
		out[k.document()] = row
	}
	return out
}
