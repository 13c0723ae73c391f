package dms

import (
	"encoding/json"
	"sync"
)

// Record is a record that a task puts into the stream.
type Record struct {
	// Key is the partition key.
	Key  string
	Data []byte
}

// Quirk makes a task break the assumptions about DMS. It returns the replacement of a finished record: one record,
// several or none.
type Quirk func(Record) []Record

// quirks holds the tables' quirks.
type quirks struct {
	mu sync.Mutex
	of map[name]Quirk
}

// Quirk sets a table's quirk from the next record on; nil removes it.
func (s *Service) Quirk(schema, table string, q Quirk) {
	s.quirks.mu.Lock()
	defer s.quirks.mu.Unlock()
	if q == nil {
		delete(s.quirks.of, name{schema, table})
		return
	}
	s.quirks.of[name{schema, table}] = q
}

// apply returns the records that replace a record. The last one is delivered at the original record's time.
func (q *quirks) apply(r record) []record {
	change := q.find(r.data)
	if change == nil {
		return []record{r}
	}
	var out []record
	for _, one := range change(Record{r.key, r.data}) {
		out = append(out, record{key: one.Key, data: one.Data})
	}
	if len(out) == 0 {
		return []record{{delivered: r.delivered}}
	}
	out[len(out)-1].delivered = r.delivered
	return out
}

// find returns the quirk for a record's table.
func (q *quirks) find(data []byte) Quirk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.of) == 0 || data == nil {
		return nil
	}
	var of struct {
		Metadata struct {
			Schema string `json:"schema-name"`
			Table  string `json:"table-name"`
		} `json:"metadata"`
	}
	if json.Unmarshal(data, &of) != nil {
		return nil
	}
	return q.of[name{of.Metadata.Schema, of.Metadata.Table}]
}
