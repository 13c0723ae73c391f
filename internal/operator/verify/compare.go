package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// chunk is how many rows of the source are read and compared at a time.
	chunk = 1000
	// maxSuspects is how many differing rows of a table are kept and read again. Further differing rows are only
	// counted.
	maxSuspects = 10_000
	// lookAgain is the pause before differing rows are read again.
	lookAgain = 5 * time.Second
)

// CompareOptions are the options of [Compare].
type CompareOptions struct {
	Tables []table.Name
	// Ignored lists columns, as database.table.column, that the pipeline leaves out.
	Ignored []string
	// Since returns the time from which a table's records are authoritative. The comparison skips earlier records in
	// the history and the lake. A zero time, or nil, means that all records count.
	Since func(database, table string) time.Time
	// Wait is how long differing rows are read again before they are reported, because they may be newer than the
	// sinks. 0 reports them at once. In a collection they are still read again until its documents can be found
	// (opensearch.FoundInCollection).
	Wait time.Duration
	// Progress receives the progress of a phase: "history", "lake", "current", "rows" or "looking again". total is 0 if
	// it is unknown. Progress may be nil.
	Progress func(table table.Name, phase string, done, total int64)

	// kind is the kind of the records' source.
	kind change.Kind
}

// Compare compares every row of the source's tables with each sink. For a row, a sink has the state after its last
// record, a document in the current index, or a row in the lake's table. It also compares the changes of the lake with
// those of the history, in both directions. It reads each sink once, then the tables. each receives the differences, at
// most 10,000 rows and 10,000 changes for each table and sink. A table that cannot be compared does not stop the
// comparison of other tables.
func Compare(ctx context.Context, source Source, p Pipeline, o CompareOptions, each func(Difference)) (Result, error) {
	o.kind = p.Kind
	return compare(ctx, source, func() []sink {
		sinks := []sink{&historySink{Search: p.History}, &lakeSink{Lake: p.Lake}}
		if p.Current != nil {
			sinks = append(sinks, &currentSink{Current: *p.Current})
		}
		if p.Tables != nil {
			sinks = append(sinks, &tablesSink{Tables: *p.Tables, lake: p.Lake})
		}
		return sinks
	}, o, each)
}

func compare(ctx context.Context, source Source, sinks func() []sink, o CompareOptions, each func(Difference)) (Result, error) {
	var all Result
	for _, name := range o.Tables {
		c := &comparison{source: source, options: o, began: time.Now()}
		for _, s := range sinks() {
			c.sides = append(c.sides, &side{sink: s, Count: Count{Table: name.String(), Sink: s.hop()}})
		}
		err := c.run(ctx, name, each)
		if ctx.Err() != nil {
			return all, fmt.Errorf("comparing %s: %w", name, errors.Join(ctx.Err(), err))
		}
		if err != nil {
			all.Uncompared = append(all.Uncompared, Uncompared{Table: name.String(), Problem: err.Error(), Err: fmt.Errorf("comparing %s: %w", name, err)})
			continue
		}
		for _, s := range c.sides {
			all.Counts = append(all.Counts, s.Count)
		}
		all.Uncompared = append(all.Uncompared, c.uncompared...)
	}
	return all, nil
}

// comparison is the comparison of one table.
type comparison struct {
	source  Source
	options CompareOptions
	table   *sourceTable
	sides   []*side
	began   time.Time
	// uncompared lists the sinks that were set aside.
	uncompared []Uncompared
}

// side is one sink and what it has of the table.
type side struct {
	sink
	Count
	states *states
	kept   time.Time
	// suspects maps row ids to suspects.
	suspects map[string]*suspect
	// failed is the reason why this sink is not compared.
	failed error
	// late is true if the sink may lack delivered records and differing rows are not read again.
	late bool
	// lost maps places to lost changes, up to the number that is reported.
	lost map[string]placed
}

func (c *comparison) progress(phase string, done, total int64) {
	if c.options.Progress != nil {
		c.options.Progress(c.table.Name, phase, done, total)
	}
}

func (c *comparison) run(ctx context.Context, name table.Name, each func(Difference)) error {
	definition, err := c.source.Table(ctx, name)
	if err != nil {
		return err //nolint:wrapcheck // the error names the table
	}
	c.table = &sourceTable{Table: definition, kind: c.options.kind, ignored: map[string]bool{}}
	if c.options.Since != nil {
		c.table.since = c.options.Since(name.Database, name.Table)
	}
	for _, column := range definition.Columns {
		if column.Kind == schema.Unsupported {
			for _, s := range c.sides {
				s.NotCompared = append(s.NotCompared, column.Name)
			}
		}
		for _, ignored := range c.options.Ignored {
			c.table.ignored[column.Name] = c.table.ignored[column.Name] || ignored == name.String()+"."+column.Name
		}
	}
	defer c.close()
	if err := c.readSinks(ctx); err != nil {
		return err
	}
	c.setAside()
	if err := c.readSource(ctx); err != nil {
		return err
	}
	if err := c.extras(); err != nil {
		return err
	}
	if err := c.compareChanges(); err != nil {
		return err
	}
	if err := c.lookAgain(ctx); err != nil {
		return err
	}
	c.report(each)
	return nil
}

func (c *comparison) close() {
	for _, s := range c.sides {
		if s.states != nil {
			s.states.close()
		}
	}
}

// readSinks reads all sinks at the same time. It keeps the latest state of each row.
func (c *comparison) readSinks(ctx context.Context) error {
	readers, ctx := errgroup.WithContext(ctx)
	for _, s := range c.sides {
		s.suspects = map[string]*suspect{}
		var err error
		if s.states, err = newStates(c.table); err != nil {
			return err
		}
		readers.Go(func() error {
			var err error
			if s.kept, err = s.sink.kept(ctx); err == nil {
				err = s.all(ctx, c.table, func(done, total int64) { c.progress(string(s.hop()), done, total) }, s.states.add)
			}
			if err := s.aside(err); err != nil || s.failed != nil {
				return err
			}
			s.Records = s.states.records
			c.described(s)
			return nil
		})
	}
	return readers.Wait() //nolint:wrapcheck // each error names its sink
}

// readSource reads all rows of one consistent view and compares them chunk by chunk.
func (c *comparison) readSource(ctx context.Context) error {
	total, err := c.source.Rows(ctx, c.table.Name)
	if err != nil {
		return err //nolint:wrapcheck // the error says what failed
	}
	var done int64
	rows := make([][]sql.NullString, 0, chunk)
	flush := func() error {
		err := c.compareChunk(rows)
		done += int64(len(rows))
		rows = rows[:0]
		c.progress("rows", done, max(total, done))
		return err
	}
	err = c.source.Each(ctx, c.table.Table, func(row []sql.NullString) error {
		if rows = append(rows, row); len(rows) < chunk {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err //nolint:wrapcheck // the error says what failed
	}
	if err := flush(); err != nil {
		return err
	}
	c.progress("rows", done, done)
	return nil
}

// compareChunk compares rows of the source with the sinks' states.
func (c *comparison) compareChunk(rows [][]sql.NullString) error {
	ids, keys, values := make([]string, len(rows)), make([]change.Key, len(rows)), make([]map[string]any, len(rows))
	for i, row := range rows {
		_, columns, err := c.table.Canonical(row)
		if err != nil {
			return err //nolint:wrapcheck // the error names the table
		}
		values[i], keys[i] = columns, c.table.keyOfSource(columns)
		ids[i] = keys[i].ID()
	}
	known := make([]map[string]state, len(c.sides))
	for n, s := range c.sides {
		var err error
		if known[n], err = s.states.take(ids); err != nil {
			return err
		}
		s.Rows += int64(len(rows))
	}
	for i, id := range ids {
		for n, s := range c.sides {
			latest, ok := known[n][id]
			if ok && c.table.equal(values[i], latest) {
				s.Same++
				continue
			}
			if !ok && c.expired(s, known, id) {
				s.Expired++
				continue
			}
			c.suspect(s, &suspect{id: id, key: keys[i], latest: latest, seen: []map[string]any{values[i]}})
		}
	}
	return nil
}

// expired reports whether this sink no longer keeps a row's last change. It is known from another sink's record that is
// older than this sink's retention. Documents do not count, because they do not tell.
func (c *comparison) expired(s *side, known []map[string]state, id string) bool {
	for n := range c.sides {
		if of, ok := known[n][id]; ok && !s.kept.IsZero() && of.document == "" {
			made, err := time.Parse(time.RFC3339Nano, of.made)
			return err == nil && made.Before(s.kept)
		}
	}
	return false
}

// extras suspects the rows that sinks have and the source did not have.
func (c *comparison) extras() error {
	for _, s := range c.sides {
		err := s.states.rest(func(id string, of state) error {
			key, err := c.table.keyOfSink(of.row)
			if err == nil {
				c.suspect(s, &suspect{id: id, key: key, latest: of, seen: []map[string]any{nil}})
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", s.hop(), err)
		}
	}
	return nil
}
