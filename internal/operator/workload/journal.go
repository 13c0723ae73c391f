package workload

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Entry is a line of the journal. It describes one committed change.
type Entry struct {
	// N counts the changes from 1, in the order of commits and, within a transaction, of statements.
	N int64 `json:"n"`
	// Tx counts the transactions from 1.
	Tx int64 `json:"tx"`
	// At is when the commit returned. All other fields are the same when a run is repeated.
	At time.Time `json:"at"`
	// Op is the operation on the row.
	Op Op `json:"op"`
	// Table is database.table.
	Table string `json:"table"`
	// Key is the row's primary key. Row is the row after the change or, for a delete, the deleted row. Values have the
	// form of [schema.Column.Canonical].
	Key map[string]any `json:"key"`
	Row map[string]any `json:"row"`
}

// journal writes the entries of committed transactions.
type journal struct {
	buffer *bufio.Writer
	lines  *json.Encoder
	n, tx  int64
}

// newJournal returns a journal. If w is nil, it discards everything.
func newJournal(w io.Writer) *journal {
	if w == nil {
		return &journal{}
	}
	buffer := bufio.NewWriterSize(w, 1<<16)
	lines := json.NewEncoder(buffer)
	lines.SetEscapeHTML(false)
	return &journal{buffer: buffer, lines: lines}
}

// write adds a committed transaction and passes it to the operating system.
func (j *journal) write(changes []*change, at time.Time) error {
	if j.buffer == nil {
		return nil
	}
	j.tx++
	for _, c := range changes {
		values := c.after
		if c.op == Delete {
			values = c.before
		}
		key, row, err := c.table.Canonical(values)
		if err != nil {
			return fmt.Errorf("journaling change %d: %w", j.n+1, err)
		}
		j.n++
		if err := j.lines.Encode(Entry{N: j.n, Tx: j.tx, At: at, Op: c.op, Table: c.table.Name.String(), Key: key, Row: row}); err != nil {
			return fmt.Errorf("journaling change %d, which is committed: %w", j.n, err)
		}
	}
	if err := j.buffer.Flush(); err != nil {
		return fmt.Errorf("journaling change %d, which is committed: %w", j.n, err)
	}
	return nil
}

// ReadJournal yields the entries of a journal. Numbers are json.Number. It stops at the first error.
func ReadJournal(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lines := json.NewDecoder(r)
		lines.UseNumber()
		for n := 1; ; n++ {
			var e Entry
			err := lines.Decode(&e)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("reading entry %d of the journal: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
