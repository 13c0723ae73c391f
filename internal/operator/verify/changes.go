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

// places are where all changes of one table stand that one sink has, in the states' temporary file: about 100 bytes a change.
// Memory holds what is not written yet, 8 MiB of them. By them two sinks are compared change by change: a record that one has
// refused shows even when the row has changed again.
type places struct {
	db      *bbolt.DB
	waiting map[string]placed
	bytes   int
}

// placed is what is told of a change.
type placed struct {
	made, key string
}

var placesBucket = []byte("changes")

// place of a record among all of its table: a change's in the binlog, a loaded row's moment with its key.
func (s state) place(id string) string {
	if s.order.Binlog() == "" {
		return s.position + "\x00" + id
	}
	return s.position
}

// note the change that a record is of. One that comes again is the same one; a document is none.
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

// write what waits, in its order, which keeps the file's tree compact.
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

// compare these changes, those that were made in a time, with the ones of another sink. A change that does not say when it was
// made counts.
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
			return mine.Bucket(placesBucket).ForEach(func(place, value []byte) error { //nolint:wrapcheck // wrapped below
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

// compareChanges compares the sinks of changes with each other: the changes that were made before the comparison began, and that
// a sink still keeps.
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

// reportLost changes, in their order.
func (c *comparison) reportLost(s *side, each func(Difference)) {
	for _, place := range slices.Sorted(maps.Keys(s.lost)) {
		position, _, _ := strings.Cut(place, "\x00")
		each(Difference{Sink: s.hop(), Table: c.table.Name.String(), Key: s.lost[place].key, Kind: Lost, Record: position})
	}
}
