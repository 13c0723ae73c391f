package verify

import (
	"cdcpipeline/change"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
)

// pendingBytes is how much of a sink's records is kept in memory before it goes to the temporary file.
const pendingBytes = 8 << 20

// states reduces the records of one table in one sink to the latest of each row. A temporary file holds one record a
// row; memory holds what is not written yet, 8 MiB of records, and while that is written the pages it goes to. 500,000 rows
// took 280 MB, and the file 1 KB a row.
type states struct {
	table *table
	dir   string
	db    *bbolt.DB

	pending map[string]state
	size    int
	limit   int // of size, in bytes
	// records that were added, all of them.
	records int64
}

// state is the latest record of a row. gone says that there is no such row after it: it was deleted or has another key.
type state struct {
	record *change.Record
	order  change.Order
	gone   bool
}

var bucket = []byte("rows")

// newStates makes the temporary file, readable by its owner only, in the system's directory for them (TMPDIR).
func newStates(t *table) (*states, error) {
	dir, err := os.MkdirTemp("", "cdc-verify-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	// What is in it does not outlive the process, so it needs not survive a crash.
	db, err := bbolt.Open(filepath.Join(dir, "rows"), 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket(bucket)
			return err //nolint:wrapcheck // wrapped below
		})
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return &states{table: t, dir: dir, db: db, pending: map[string]state{}, limit: pendingBytes}, nil
}

func (s *states) close() {
	_ = s.db.Close()
	_ = os.RemoveAll(s.dir)
}

// add a record of the sink. Records of other tables and control records are passed over.
func (s *states) add(raw []byte) error {
	return s.table.unfold(raw, func(id string, of state) error {
		s.records++
		return s.put(id, of)
	})
}

// unfold says what a record means for rows: the one it is about and, when an update changed the key, the one of before.
func (t *table) unfold(raw []byte, put func(id string, of state) error) error {
	r, err := change.Parse(raw)
	if err != nil {
		return err
	}
	if r.Type != change.Data || r.Schema != t.Name.Database || r.Table != t.Name.Table {
		return nil
	}
	order, err := r.Order()
	if err != nil {
		return err
	}
	key, err := t.keyOfRecord(r.Data)
	if err != nil {
		return err
	}
	id := key.ID()
	if r.Operation == change.Update && r.Before != nil {
		before, err := t.keyOfRecord(r.Before)
		if err != nil {
			return err
		}
		if old := before.ID(); old != id {
			if err := put(old, state{r, order, true}); err != nil {
				return err
			}
		}
	}
	return put(id, state{r, order, r.Operation == change.Delete})
}

// later of two states of one row.
func (t *table) later(a, b state) (state, error) {
	n, err := b.order.Compare(a.order)
	if err != nil {
		return state{}, fmt.Errorf("two records of one row of %s: %w", t.Name, err)
	}
	if n > 0 {
		return b, nil
	}
	return a, nil
}

func (s *states) put(id string, of state) error {
	if known, ok := s.pending[id]; ok {
		latest, err := s.table.later(known, of)
		if err != nil {
			return err
		}
		s.pending[id] = latest
		return nil
	}
	s.pending[id] = of
	if s.size += len(id) + len(of.record.Raw()); s.size < s.limit {
		return nil
	}
	return s.flush()
}

// flush writes what is pending, in the order of ids, which keeps the file's tree compact.
func (s *states) flush() error {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(bucket)
		for _, id := range slices.Sorted(maps.Keys(s.pending)) {
			latest := s.pending[id]
			if known, ok, err := s.decode(rows.Get([]byte(id))); err != nil {
				return err
			} else if ok {
				if latest, err = s.table.later(known, latest); err != nil {
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

// encode is the record after a byte that says whether the row is gone.
func (s state) encode() []byte {
	mark := byte('+')
	if s.gone {
		mark = '-'
	}
	return append([]byte{mark}, s.record.Raw()...)
}

func (s *states) decode(b []byte) (state, bool, error) {
	if b == nil {
		return state{}, false, nil
	}
	r, err := change.Parse(b[1:])
	if err != nil {
		return state{}, false, err
	}
	order, err := r.Order()
	return state{r, order, b[0] == '-'}, err == nil, err
}

// take gives the states of some rows and forgets them; what is left in the end, the source does not have.
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

// rest hands on the rows that were not taken and are not gone.
func (s *states) rest(visit func(id string, of state) error) error {
	if _, err := s.take(nil); err != nil {
		return err
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(id, value []byte) error { //nolint:wrapcheck // wrapped below
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
