package verify

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// places holds the positions of all changes of one table in one sink. With them two sinks can be compared change by
// change. A record that one sink refused is then found, even if its row has changed again. The positions are in the
// states' temporary file, about 100 bytes a change. Memory holds up to 8 MiB that is not written yet.
type places struct {
	db      *bbolt.DB
	waiting map[string]placed
	bytes   int
}

// placed describes a change in a report.
type placed struct {
	made, key string
}

var placesBucket = []byte("changes")

// place identifies a record within its table: a change by its position in the binlog, and a loaded row by its time and
// key.
func (s state) place(id string) string {
	if s.order.Binlog() == "" {
		return s.position + "\x00" + id
	}
	return s.position
}

// note stores the place of a record's change. A repeated record has the same place. A document has none.
func (s *states) note(id string, of state) error {
	if of.document != "" || of.none() {
		return nil
	}
	place, key := of.place(id), s.table.describe(of.key)
	s.waiting[place] = placed{of.made, key}
	if s.bytes += len(place) + len(of.made) + len(key); s.bytes < pendingBytes {
		return nil
	}
	return s.write()
}

// write stores the waiting places in order, which keeps the file's tree compact.
func (p *places) write() error {
	err := p.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(placesBucket)
		for _, place := range slices.Sorted(maps.Keys(p.waiting)) {
			of := p.waiting[place]
			if err := bucket.Put([]byte(place), []byte(of.made+"\x00"+of.key)); err != nil {
				return fmt.Errorf("writing the temporary file: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping the places of changes: %w", err)
	}
	clear(p.waiting)
	p.bytes = 0
	return nil
}

// compare compares the changes between since and until with those of another sink. A change without a time is always
// compared.
func (p *places) compare(other *places, since, until time.Time, visit func(place string, of placed, both bool)) error {
	for _, one := range []*places{p, other} {
		if err := one.write(); err != nil {
			return err
		}
	}
	err := p.db.View(func(mine *bbolt.Tx) error {
		return other.db.View(func(theirs *bbolt.Tx) error {
			there := theirs.Bucket(placesBucket).Cursor()
			at, _ := there.First()
			return mine.Bucket(placesBucket).ForEach(func(place, value []byte) error { //nolint:wrapcheck // it is wrapped below
				for at != nil && bytes.Compare(at, place) < 0 {
					at, _ = there.Next()
				}
				made, key, _ := strings.Cut(string(value), "\x00")
				if moment, err := time.Parse(time.RFC3339Nano, made); err != nil || !moment.Before(since) && moment.Before(until) {
					visit(string(place), placed{made, key}, bytes.Equal(at, place))
				}
				return nil
			})
		})
	})
	if err != nil {
		return fmt.Errorf("comparing the places of changes: %w", err)
	}
	return nil
}

// compareChanges compares the sinks that hold changes with each other. It covers changes from before the comparison
// that a sink still keeps.
func (c *comparison) compareChanges() error {
	for _, s := range c.sides {
		s.Changes, s.Lost, s.lost = 0, 0, map[string]placed{}
		for _, other := range c.sides {
			if s == other || !s.hop().changes() || !other.hop().changes() {
				continue
			}
			err := other.states.compare(&s.states.places, s.kept, c.began, func(place string, of placed, both bool) {
				s.Changes++
				if both {
					return
				}
				if s.Lost++; len(s.lost) < maxSuspects {
					s.lost[place] = of
				}
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// reportLost reports lost changes in order.
func (c *comparison) reportLost(s *side, each func(Difference)) {
	for _, place := range slices.Sorted(maps.Keys(s.lost)) {
		position, _, _ := strings.Cut(place, "\x00")
		each(Difference{Sink: s.hop(), Table: c.table.Name.String(), Key: s.lost[place].key, Kind: Lost, Record: position})
	}
}
