package firehose

import (
	"encoding/json"
	"sync"
)

// Quirk makes deliveries do otherwise with a table's records than everything here takes Firehose to do. What is nil is as
// usual.
type Quirk struct {
	// Document is what is indexed: its index, its id and its source.
	Document func(index, id string, data []byte) (string, string, []byte)
	// Keys are the partition keys of a record.
	Keys func(keys map[string]string, data []byte) map[string]string
	// Object is what is written: the key up to the object's own name, and its lines.
	Object func(prefix string, lines [][]byte) (string, [][]byte)
}

// quirks are those of tables, schema.table.
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

// find the quirk of the table that a record names.
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

// object of a buffer, by the table of its first record.
func (q *quirks) object(b *buffer, prefix string) (string, [][]byte) {
	if change := q.find(b.records[0].data).Object; change != nil {
		return change(prefix, b.lines)
	}
	return prefix, b.lines
}
