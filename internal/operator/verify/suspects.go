package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// suspect is a row that differs in one sink. It may be on its way: it is cleared when the sink has a state that the
// source was seen in since.
type suspect struct {
	id  string
	key change.Key
	// latest state in the sink.
	latest state
	// seen are the states of the source, nil for a row that does not exist, the first one from the comparison.
	seen []map[string]any
}

// equal says whether a row of the source (nil: none) is what a sink has.
func (t *sourceTable) equal(row map[string]any, latest state) bool {
	absent := latest.none() || latest.gone
	if row == nil || absent {
		return row == nil && absent
	}
	return len(t.differences(row, latest)) == 0
}

// suspect remembers a row that differs, or only counts it when there are too many.
func (c *comparison) suspect(s *side, of *suspect) {
	if len(s.suspects) < maxSuspects {
		s.suspects[of.id] = of
		return
	}
	if s.late {
		s.count(Behind)
		return
	}
	s.count(c.table.difference(s.hop(), of).Kind)
}

func (s *side) count(kind string) {
	switch kind {
	case Behind:
		s.Behind++
	case Missing:
		s.Missing++
	case Extra:
		s.Extra++
	default:
		s.Differs++
	}
}

// lookAgain reads what has come into the sinks since, and the rows as they are now, until nothing differs or time is up.
func (c *comparison) lookAgain(ctx context.Context) error {
	began := time.Now()
	for {
		waited, left, longest := time.Since(began), 0, time.Duration(0)
		var waiting []*side
		for _, s := range c.sides {
			wait := max(c.options.Wait, s.foundAfter())
			if n := len(s.suspects) + int(s.Lost); n > 0 && waited < wait {
				waiting, left, longest = append(waiting, s), left+n, max(longest, wait)
			}
		}
		if left == 0 {
			return nil
		}
		c.progress(fmt.Sprintf("looking again at %d rows and changes", left), int64(waited.Seconds()), int64(longest.Seconds()))
		if !sleep(ctx, min(lookAgain, longest-waited)) {
			return fmt.Errorf("waiting for the sinks: %w", ctx.Err())
		}
		for _, s := range waiting {
			if err := s.aside(c.again(ctx, s)); err != nil {
				return err
			}
		}
		c.setAside()
		if err := c.compareChanges(); err != nil {
			return err
		}
	}
}

// again looks once at the suspects of a sink.
func (c *comparison) again(ctx context.Context, s *side) error {
	err := s.since(ctx, c.table, s.suspects, func(id string, of state) error {
		if err := s.states.note(id, of); err != nil {
			return err
		}
		known, ok := s.suspects[id]
		if !ok {
			return nil
		}
		latest, err := c.table.later(known.latest, of)
		known.latest = latest
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.suspects)) {
		of := s.suspects[id]
		if !of.settled(c.table) {
			row, err := c.current(ctx, of.key)
			if err != nil {
				return err
			}
			of.seen = append(of.seen, row)
		}
		if !of.settled(c.table) {
			continue
		}
		delete(s.suspects, id)
		if of.seen[0] != nil { // an extra row that is gone by now is no row of the source
			s.Same++
		}
	}
	return nil
}

func (of *suspect) settled(t *sourceTable) bool {
	return slices.ContainsFunc(of.seen, func(row map[string]any) bool { return t.equal(row, of.latest) })
}

// current reads a row of the source as it is now. One that the server takes for equal and that is written otherwise, in
// another case for instance, is another row to the sinks.
func (c *comparison) current(ctx context.Context, key change.Key) (map[string]any, error) {
	at, err := c.table.sourceKey(key)
	if err != nil {
		return nil, err
	}
	rows, err := c.source.Find(ctx, c.table.Table, at)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	for _, row := range rows {
		_, columns, err := c.table.Canonical(row)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the table
		}
		if slices.Equal(c.table.keyOfSource(columns), key) {
			return columns, nil
		}
	}
	return nil, nil
}

// sourceKey is a row that has only its key, with values as the database takes them.
func (t *sourceTable) sourceKey(key change.Key) ([]sql.NullString, error) {
	row := make([]sql.NullString, len(t.Columns))
	for n, i := range t.Key {
		value := key[n]
		switch t.Columns[i].Kind {
		case schema.Binary:
			raw, err := hex.DecodeString(value)
			if err != nil {
				return nil, fmt.Errorf("column %s of a key: %w", t.Columns[i].Name, err)
			}
			value = string(raw)
		case schema.Date, schema.DateTime, schema.Timestamp:
			value = cmp.Or(value, "0000-00-00") // what no sink can hold
		default:
		}
		row[i] = sql.NullString{String: value, Valid: true}
	}
	return row, nil
}

// differences between a row of the source and what a sink has of it.
func (t *sourceTable) differences(row map[string]any, latest state) []ColumnDifference {
	found := t.compare(row, latest.row)
	if latest.millis {
		found = slices.DeleteFunc(found, func(d ColumnDifference) bool { return sameToTheMillisecond(d.Source, d.Sink) })
	}
	return found
}

// report the suspects that are left, by sink and key.
func (c *comparison) report(each func(Difference)) {
	for _, s := range c.sides {
		left := slices.SortedFunc(maps.Values(s.suspects), func(a, b *suspect) int { return cmp.Compare(a.id, b.id) })
		for _, of := range left {
			d := c.table.difference(s.hop(), of)
			if s.late {
				d.Kind, d.Columns = Behind, nil
			}
			s.count(d.Kind)
			each(d)
		}
		c.reportLost(s, each)
	}
}

// difference of a row as it was last seen.
func (t *sourceTable) difference(in Hop, of *suspect) Difference {
	d := Difference{Sink: in, Table: t.Name.String(), Key: t.describe(of.key), Kind: Differs, Record: of.latest.position}
	row := of.seen[len(of.seen)-1]
	switch {
	case row == nil:
		d.Kind = Extra
	case of.latest.none() || of.latest.gone:
		d.Kind = Missing
	default:
		d.Columns = t.differences(row, of.latest)
	}
	return d
}
