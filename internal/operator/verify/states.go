package verify

import (
	"cdcpipeline/internal/change"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
)

// pendingBytes is how much of a sink's records stays in memory before it is written to the temporary file.
const pendingBytes = 8 << 20

// states keeps the latest state of each row of one table in one sink. A temporary file holds one record or document for
// each row, and the places of all changes. Memory holds up to 8 MiB that is not written yet and, during a write, the
// pages that change. 500,000 rows took 280 MB of memory and 1 KB each in the file.
type states struct {
	table *sourceTable
	dir   string
	db    *bbolt.DB
	places

	pending map[string]state
	size    int
	limit   int // greatest size in bytes
	// records counts all records or documents that were added.
	records int64
}

// state is the latest state of a row in a sink, from a record or a document. The zero value means neither.
type state struct {
	// raw is the record's text, or the document as a search hit.
	raw string
	row change.Row
	// key is the key of the record's row.
	key change.Key
	// gone is true if the row no longer exists, because it was deleted or its key was changed.
	gone bool
	// position is the record's position, for people. For a document it is the position of the record behind it.
	position string

	// A record has order, its place among the row's records, and made, its time (RFC 3339).
	order change.Order
	made  string
	// document is the id of a document or of a view's row.
	document string
	// shown is true for a view's row. millis is true if its times have milliseconds at most.
	shown, millis bool
}

// none reports whether the sink has nothing of the row.
func (s state) none() bool { return s.raw == "" }

var bucket = []byte("rows")

// newStates makes the temporary file in the system's temporary directory (TMPDIR). Only its owner can read it.
func newStates(t *sourceTable) (*states, error) {
	dir, err := os.MkdirTemp("", "cdc-verify-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	// The file is not used after the process ends, so it need not survive a crash.
	db, err := bbolt.Open(filepath.Join(dir, "rows"), 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket(bucket)
			_, err2 := tx.CreateBucket(placesBucket)
			return errors.Join(err, err2)
		})
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return &states{table: t, dir: dir, db: db, places: places{db: db, waiting: map[string]placed{}}, pending: map[string]state{}, limit: pendingBytes}, nil
}

func (s *states) close() {
	_ = s.db.Close()
	_ = os.RemoveAll(s.dir)
}

// add adds a state from the sink.
func (s *states) add(id string, of state) error {
	s.records++
	if err := s.note(id, of); err != nil {
		return err
	}
	return s.put(id, of)
}

// stateOf returns the state of a row after a record.
func stateOf(r *change.Record, gone bool) (state, error) {
	order, err := r.Order()
	return state{raw: r.Raw(), row: r.Row(), gone: gone, position: order.String(), order: order, made: r.Metadata.Timestamp}, err
}

// unfold passes the state of the record's row to put. If an update changed the key, it also passes the state of the
// former key. It skips control records, records of other tables, and records that are too old to count.
func (t *sourceTable) unfold(raw []byte, put visitor) error {
	r, err := t.kind.Parse(raw)
	if err != nil {
		return err
	}
	if r.Type != change.Data || r.Schema != t.Name.Database || r.Table != t.Name.Table || !t.counts(r) {
		return nil
	}
	of, err := stateOf(r, r.Operation == change.Delete)
	if err != nil {
		return err
	}
	key, err := t.keyOfSink(r.Row())
	if err != nil {
		return err
	}
	of.key = key
	id := key.ID()
	if former, told := r.Former(); told {
		before, err := t.keyOfSink(former)
		if err != nil {
			return err
		}
		if old := before.ID(); old != id {
			moved := of
			moved.gone = true
			if err := put(old, moved); err != nil {
				return err
			}
		}
	}
	return put(id, of)
}

// counts reports whether a record is authoritative. A record without a time is.
func (t *sourceTable) counts(r *change.Record) bool {
	made, err := r.Made()
	return err != nil || !made.Before(t.since)
}

// later returns the later of two states of one row. Of two documents, the one read later is the later state.
func (t *sourceTable) later(a, b state) (state, error) {
	if a.none() || b.document != "" {
		return b, nil
	}
	n, err := b.order.Compare(a.order)
	if err != nil {
		return state{}, fmt.Errorf("comparing two records of a row of %s: %w", t.Name, err)
	}
	if n > 0 {
		return b, nil
	}
	return a, nil
}

// later returns the later of two added states. An index has only one document of a row.
func (s *states) later(a, b state) (state, error) {
	if b.document != "" {
		return state{}, fmt.Errorf("the documents %s and %s are for the same row of %s", a.document, b.document, s.table.Name)
	}
	return s.table.later(a, b)
}

func (s *states) put(id string, of state) error {
	if known, ok := s.pending[id]; ok {
		latest, err := s.later(known, of)
		if err != nil {
			return err
		}
		s.pending[id] = latest
		return nil
	}
	s.pending[id] = of
	if s.size += len(id) + len(of.raw); s.size < s.limit {
		return nil
	}
	return s.flush()
}

// flush writes the pending states in the order of their ids, which keeps the file's tree compact.
func (s *states) flush() error {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(bucket)
		for _, id := range slices.Sorted(maps.Keys(s.pending)) {
			latest := s.pending[id]
			if known, ok, err := s.decode(rows.Get([]byte(id))); err != nil {
				return err
			} else if ok {
				if latest, err = s.later(known, latest); err != nil {
					return err
				}
			}
			if err := rows.Put([]byte(id), latest.encode()); err != nil {
				return fmt.Errorf("writing the temporary file: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping the latest rows: %w", err)
	}
	clear(s.pending)
	s.size = 0
	return nil
}

// The first byte of a stored value says which form follows.
const (
	markRecord   = '+'
	markGone     = '-' // a record that ends the row
	markDocument = '='
	markShown    = '*' // a row of a view
)

func (s state) encode() []byte {
	mark := byte(markRecord)
	switch {
	case s.shown:
		mark = markShown
	case s.document != "":
		mark = markDocument
	case s.gone:
		mark = markGone
	}
	return append([]byte{mark}, s.raw...)
}

func (s *states) decode(b []byte) (of state, found bool, err error) {
	if b == nil {
		return state{}, false, nil
	}
	switch b[0] {
	case markShown:
		var r shownRow
		if err := json.Unmarshal(b[1:], &r); err != nil {
			return state{}, false, fmt.Errorf("reading the temporary file: %w", err)
		}
		of, err = r.state()
		return of, err == nil, err
	case markDocument:
		var h hit
		if err := json.Unmarshal(b[1:], &h); err != nil {
			return state{}, false, fmt.Errorf("reading the temporary file: %w", err)
		}
		of, err = h.state()
		return of, err == nil, err
	}
	r, err := s.table.kind.Parse(b[1:])
	if err != nil {
		return state{}, false, err
	}
	of, err = stateOf(r, b[0] == markGone)
	return of, err == nil, err
}

// take returns the states of some rows and removes them. The states left at the end belong to no row of the source.
func (s *states) take(ids []string) (map[string]state, error) {
	if len(s.pending) > 0 {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	found := make(map[string]state, len(ids))
	err := s.db.Update(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(bucket)
		for _, id := range ids {
			of, ok, err := s.decode(rows.Get([]byte(id)))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			found[id] = of
			if err := rows.Delete([]byte(id)); err != nil {
				return fmt.Errorf("writing the temporary file: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking rows up: %w", err)
	}
	return found, nil
}

// rest passes the states that were not taken and are not gone to visit.
func (s *states) rest(visit func(id string, of state) error) error {
	if _, err := s.take(nil); err != nil {
		return err
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(id, value []byte) error { //nolint:wrapcheck // it is wrapped below
			of, _, err := s.decode(value)
			if err != nil || of.gone {
				return err
			}
			return visit(string(id), of)
		})
	})
	if err != nil {
		return fmt.Errorf("listing the remaining rows: %w", err)
	}
	return nil
}
