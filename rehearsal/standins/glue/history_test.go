//go:build spark

package glue

import (
	"cdcpipeline/internal/change"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// model computes the expected rows after records with package change.
type model struct {
	t        *testing.T
	versions map[string]int64
	rows     map[string]change.Row // nil for a deleted row
}

func newModel(t *testing.T) *model {
	t.Helper()
	return &model{t: t, versions: map[string]int64{}, rows: map[string]change.Row{}}
}

var key = change.KeyColumns{Names: []string{"id", "part"}, Types: []string{"bigint(20)", "varchar(20)"}}

func (m *model) apply(lines ...string) {
	m.t.Helper()
	for _, line := range lines {
		r, err := change.Parse([]byte(line))
		require.NoError(m.t, err)
		version, err := r.Version()
		require.NoError(m.t, err)
		id, err := r.Key(key)
		require.NoError(m.t, err)
		before, moved, err := r.PreviousKey(key)
		require.NoError(m.t, err)
		row := r.Data
		if r.Operation == change.Delete {
			row = nil
		}
		m.set(id.ID(), version, row)
		if moved {
			m.set(before.ID(), version, nil)
		}
	}
}

func (m *model) set(id string, version int64, row change.Row) {
	if version > m.versions[id] {
		m.versions[id], m.rows[id] = version, row
	}
}

// texts returns the rows as text by key, and the keys of deleted rows.
func (m *model) texts(columns ...string) (rows map[string]string, gone []string) {
	rows = map[string]string{}
	for id, row := range m.rows {
		if row == nil {
			gone = append(gone, id)
			continue
		}
		var b strings.Builder
		for _, name := range slices.Sorted(slices.Values(columns)) {
			value, ok := row.Get(strings.ReplaceAll(name, "_", "-"))
			if !ok || value == "null" {
				value = "<nil>"
			}
			fmt.Fprintf(&b, "%s=%v ", name, strings.Trim(value, `"`))
		}
		rows[id] = b.String()
	}
	return rows, gone
}

// id is a row's id from its key columns.
type id struct{ number, part string }

// source generates a history of rows: loads, inserts, updates of keys and other columns, deletes, in transactions of
// several changes.
type source struct {
	random *rand.Rand
	rows   map[id]bool
	last   int
	at     uint64 // in the binlog
	time   time.Time
	more   func() string // members of each row
}

func newSource(seed uint64) *source {
	return &source{
		random: rand.New(rand.NewPCG(seed, 1)), rows: map[id]bool{}, at: 4, time: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), more: func() string { return "" },
	}
}

var parts = []string{"", "a", "b,c", "ü%"}

func (s *source) row(k id) string {
	big := fmt.Sprint(s.random.Uint64())
	if s.random.IntN(5) == 0 {
		big = "null"
	}
	return fmt.Sprintf(`{"id":%s,"part":%q,"big":%s,"total":%d.%02d,"placed-at":"%d-02-03T04:05:06.%06dZ","secret":"x"%s}`,
		k.number, k.part, big, s.random.IntN(1_000_000), s.random.IntN(100), 1850+s.random.IntN(300), s.random.IntN(1_000_000), s.more())
}

func (s *source) fresh() id {
	s.last++
	return id{fmt.Sprint(s.last), parts[s.random.IntN(len(parts))]}
}

func (s *source) load(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		k := s.fresh()
		s.rows[k] = true
		lines[i] = fmt.Sprintf(`{"data":%s,"metadata":{"record-type":"data","operation":"load","schema-name":"shop","table-name":"orders","timestamp":%q}}`, s.row(k), s.time.Format(time.RFC3339Nano))
	}
	return lines
}

func (s *source) change(n int) []string {
	var lines []string
	for len(lines) < n {
		begin := s.at
		s.at += 1000
		s.time = s.time.Add(time.Second)
		for record := range 1 + s.random.IntN(4) {
			lines = append(lines, s.one(begin, record+1))
		}
	}
	return lines
}

func (s *source) one(begin uint64, record int) string {
	known := slices.SortedFunc(maps.Keys(s.rows), func(a, b id) int { return strings.Compare(a.number+"."+a.part, b.number+"."+b.part) })
	what := s.random.IntN(10)
	if len(known) == 0 || what < 2 {
		return s.insert(s.fresh(), begin, record)
	}
	old := known[s.random.IntN(len(known))]
	switch what {
	case 2, 3:
		return s.delete(old, begin, record)
	case 4: // to another key, which another row may have used
		k := id{old.number, parts[s.random.IntN(len(parts))]}
		if s.rows[k] {
			k = s.fresh()
		}
		return s.update(old, k, begin, record)
	}
	return s.update(old, old, begin, record)
}

func (s *source) insert(k id, begin uint64, record int) string {
	s.rows[k] = true
	return s.record("insert", "", k, begin, record)
}

func (s *source) delete(k id, begin uint64, record int) string {
	delete(s.rows, k)
	return s.record("delete", "", k, begin, record)
}

func (s *source) update(old, k id, begin uint64, record int) string {
	delete(s.rows, old)
	s.rows[k] = true
	return s.record("update", fmt.Sprintf(`"before-image":{"id":%s,"part":%q},`, old.number, old.part), k, begin, record)
}

func (s *source) record(op, before string, k id, begin uint64, record int) string {
	return fmt.Sprintf(`{%s"data":%s,"metadata":{"record-type":"data","operation":%q,"schema-name":"shop","table-name":"orders","timestamp":%[4]q,"commit-timestamp":%[4]q,"transaction-id":%[5]d,"transaction-record-id":%[6]d,"stream-position":"bin.000009:%[7]d:0"}}`,
		before, s.row(k), op, s.time.Format(time.RFC3339Nano), 9<<32|begin, record, begin+40)
}

// shuffled returns the lines in random order, some of them twice, split into n parts.
func (s *source) shuffled(lines []string, n int) [][]string {
	lines = slices.Clone(lines)
	for range len(lines) / 10 {
		lines = append(lines, lines[s.random.IntN(len(lines))])
	}
	s.random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	out := make([][]string, n)
	for i, line := range lines {
		out[i%n] = append(out[i%n], line)
	}
	return out
}
