package firehose

import (
	"encoding/json"
	"sync"
)

// Quirk makes deliveries break the assumptions about Firehose for a table's records. A nil function changes nothing.
type Quirk struct {
	// Document changes an indexed document: its index, its id and its source.
	Document func(index, id string, data []byte) (string, string, []byte)
	// Keys changes a record's partition keys.
	Keys func(keys map[string]string, data []byte) map[string]string
	// Object changes an object: the key up to its own name, and its lines.
	Object func(prefix string, lines [][]byte) (string, [][]byte)
}

// quirks holds the quirks of tables, by schema.table.
type quirks struct {
	mu sync.Mutex
	of map[string]Quirk
}

// Quirk sets how a table's records are delivered from now on.
func (s *Service) Quirk(schema, table string, q Quirk) {
	s.quirks.mu.Lock()
	defer s.quirks.mu.Unlock()
	s.quirks.of[schema+"."+table] = q
}

// find returns the quirk for a record's table.
func (q *quirks) find(data []byte) Quirk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.of) == 0 {
		return Quirk{}
	}
	var of struct {
		Metadata struct {
			Schema string `json:"schema-name"`
			Table  string `json:"table-name"`
		} `json:"metadata"`
	}
	if json.Unmarshal(data, &of) != nil {
		return Quirk{}
	}
	return q.of[of.Metadata.Schema+"."+of.Metadata.Table]
}

func (q *quirks) document(d *document) {
	if change := q.find(d.data).Document; change != nil {
		d.index, d.id, d.data = change(d.index, d.id, d.data)
	}
}

func (q *quirks) keys(keys map[string]string, data []byte) map[string]string {
	if change := q.find(data).Keys; change != nil {
		return change(keys, data)
	}
	return keys
}

// object applies the quirk for the table of a buffer's first record.
func (q *quirks) object(b *buffer, prefix string) (string, [][]byte) {
	if change := q.find(b.records[0].data).Object; change != nil {
		return change(prefix, b.lines)
	}
	return prefix, b.lines
}
