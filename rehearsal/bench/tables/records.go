package tables

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"time"
)

// perObject is the number of records in an object: about 16 MB of JSON.
const perObject = 40_000

// batch is one delivery: objects in Firehose's form, and the expected state of the table after it.
type batch struct {
	name    string
	objects [][]byte
	expect  state
}

// state summarizes all rows.
type state struct {
	Rows  int
	Cents int64
}

// total returns the sum of all rows' totals as a decimal number.
func (s state) total() string { return fmt.Sprintf("%d.%02d", s.Cents/100, s.Cents%100) }

// source generates the records of a table of orders in DMS's form: a load, then changes. The same seed generates
// the same records.
type source struct {
	random  *rand.Rand
	cents   []int64 // by id less one; negative for a deleted row
	state   state
	at      uint64 // position in the binlog
	time    time.Time
	object  bytes.Buffer
	gzip    *gzip.Writer
	written int
	batch   batch
	changed int // number of batches of changes, which is part of their names
}

func newSource(seed uint64) *source {
	s := &source{random: rand.New(rand.NewPCG(seed, 1)), at: 4, time: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)}
	s.gzip, _ = gzip.NewWriterLevel(&s.object, gzip.BestSpeed) // it fails only for a level that does not exist
	return s
}

// load generates the initial rows.
func (s *source) load(rows int) batch {
	for range rows {
		id := s.insert()
		s.write("", id, `"operation":"load"`, "")
	}
	return s.cut("load")
}

// changes generates changes. Of twenty changes two are inserts and one is a delete; the others are updates. They
// change random rows, or with recent only rows of the latest hundredth.
func (s *source) changes(name string, n int, recent bool) batch {
	for range n {
		s.at += 1000
		s.time = s.time.Add(time.Millisecond)
		what := s.random.IntN(20)
		id, operation, before := 0, "update", ""
		if what < 2 {
			id, operation = s.insert(), "insert"
		} else {
			id = s.existing(recent)
			if what == 2 {
				operation = "delete"
				s.state.Rows--
				s.state.Cents -= s.cents[id-1]
			} else {
				before = fmt.Sprintf(`"before-image":{"id":%d},`, id)
				s.put(id)
			}
		}
		s.write(before, id, fmt.Sprintf(`"operation":%q`, operation), fmt.Sprintf(
			`,"commit-timestamp":%q,"transaction-id":%d,"transaction-record-id":1,"stream-position":"bin.000009:%d:0"`, s.time.Format(time.RFC3339Nano), 9<<32|s.at, s.at+40))
		if operation == "delete" {
			s.cents[id-1] = -1
		}
	}
	return s.cut(name)
}

func (s *source) insert() int {
	s.cents = append(s.cents, 0)
	s.state.Rows++
	s.put(len(s.cents))
	return len(s.cents)
}

// put gives a row another total.
func (s *source) put(id int) {
	s.state.Cents -= s.cents[id-1]
	s.cents[id-1] = s.random.Int64N(100_000_00)
	s.state.Cents += s.cents[id-1]
}

func (s *source) existing(recent bool) int {
	among := len(s.cents)
	if recent {
		among = max(1, among/100)
	}
	for {
		if id := len(s.cents) - s.random.IntN(among); s.cents[id-1] >= 0 {
			return id
		}
	}
}

const alphabet = "abcdefghijklmnopqrstuvwxyz     "

// write writes a record into the present object.
func (s *source) write(before string, id int, operation, place string) {
	note := make([]byte, 80)
	for i := range note {
		note[i] = alphabet[s.random.IntN(len(alphabet))]
	}
	cents := s.cents[id-1]
	placed := time.Date(2026, 1, 1, 0, 0, id, int(s.random.Int64N(1_000_000))*1000, time.UTC)
	fmt.Fprintf(s.gzip, `{%s"data":{"id":%d,"customer":%d,"status":%q,"total":%d.%02d,"note":%q,"placed_at":%q,"updated_at":%q},"metadata":{"timestamp":%q,"record-type":"data",%s,"partition-key-type":"primary-key","partition-key-value":"shop.orders.%d","schema-name":"shop","table-name":"orders"%s}}`+"\n",
		before, id, s.random.IntN(50_000), [...]string{"new", "paid", "sent", "returned"}[s.random.IntN(4)], cents/100, cents%100, note,
		placed.Format("2006-01-02T15:04:05.000000Z"), s.time.Format("2006-01-02T15:04:05.000000Z"), s.time.Format("2006-01-02T15:04:05.000000Z"), operation, id, place)
	if s.written++; s.written%perObject == 0 {
		s.close()
	}
}

func (s *source) close() {
	_ = s.gzip.Close() // writing into memory cannot fail
	s.batch.objects = append(s.batch.objects, bytes.Clone(s.object.Bytes()))
	s.object.Reset()
	s.gzip.Reset(&s.object)
	s.written = 0
}

// cut ends a batch.
func (s *source) cut(name string) batch {
	if s.written > 0 {
		s.close()
	}
	b := s.batch
	b.name, b.expect = name, s.state
	s.batch = batch{}
	return b
}
