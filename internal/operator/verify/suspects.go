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

// suspect is a row that differs in one sink. The difference may be temporary. It is cleared when the sink reaches a
// state that the source has had since.
type suspect struct {
	id  string
	key change.Key
	// latest is the latest state in the sink.
	latest state
	// seen lists the row's states in the source, the first one from the comparison. nil means that the row did not
	// exist.
	seen []map[string]any
}

// equal reports whether a row of the source equals the state in a sink. A nil row does not exist.
func (t *sourceTable) equal(row map[string]any, latest state) bool {
	absent := latest.none() || latest.gone
	if row == nil || absent {
		return row == nil && absent
	}
	return len(t.differences(row, latest)) == 0
}

// suspect keeps a differing row. If there are too many, it only counts the row.
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

// lookAgain reads new data of the sinks and the present rows, until nothing differs or the time is up.
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

// again reads the suspects of a sink once.
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
		if of.seen[0] != nil { // an extra row that no longer exists is no row of the source
			s.Same++
		}
	}
	return nil
}

func (of *suspect) settled(t *sourceTable) bool {
	return slices.ContainsFunc(of.seen, func(row map[string]any) bool { return t.equal(row, of.latest) })
}

// current reads the present row of the source. The server may return a row with another spelling of the key, for
// example in another case. For the sinks that is another row.
func (c *comparison) current(ctx context.Context, key change.Key) (map[string]any, error) {
	at, err := c.table.sourceKey(key)
	if err != nil {
		return nil, err
	}
	rows, err := c.source.Find(ctx, c.table.Table, at)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error says what failed
	}
	for _, row := range rows {
		_, columns, err := c.table.Canonical(row)
		if err != nil {
			return nil, err //nolint:wrapcheck // the error names the table
		}
		if slices.Equal(c.table.keyOfSource(columns), key) {
			return columns, nil
		}
	}
	return nil, nil
}

// sourceKey returns a row that contains only the key, in the form that the database accepts.
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
			value = cmp.Or(value, "0000-00-00") // the zero date, which no sink can hold
		default:
		}
		row[i] = sql.NullString{String: value, Valid: true}
	}
	return row, nil
}

// differences compares a row of the source with a sink's state.
func (t *sourceTable) differences(row map[string]any, latest state) []ColumnDifference {
	found := t.compare(row, latest.row)
	if latest.millis {
		found = slices.DeleteFunc(found, func(d ColumnDifference) bool { return sameToTheMillisecond(d.Source, d.Sink) })
	}
	return found
}

// report reports the remaining suspects, by sink and key.
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

// difference describes a suspect as it was last seen.
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
