// Package verify tests that a pipeline works. [Follow] follows its own row from the database to every sink. [Watch]
// prints changes as they pass. [Compare] compares the tables of the source with the sinks row by row.
//
// The package reads the stream, the history index, the current indices and the lake as any consumer would. It knows the
// form of a current document, but not how the sinks are filled.
package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Hop is a place through which a change passes.
type Hop string

// The hops are the stream and the sinks. All sinks read the stream, independently of each other.
const (
	HopStream  Hop = "stream"
	HopHistory Hop = "history"
	HopLake    Hop = "lake"
	// HopCurrent holds the present rows, not their changes.
	HopCurrent Hop = "current"
	// HopTables also holds rows, as of the job's last run.
	HopTables Hop = "tables"
)

// changes reports whether a sink holds changes, and not only rows.
func (h Hop) changes() bool { return h != HopCurrent && h != HopTables }

// DefaultTimeout is longer than the lake's default buffer, 300 seconds in prod.
const DefaultTimeout = 7 * time.Minute

// Pipeline holds the places through which changes pass.
type Pipeline struct {
	// Kind is the source's kind. Empty means MySQL.
	Kind    change.Kind
	Stream  Stream
	History Search
	Lake    objects.Lake
	// Current is nil in a stack without a current state.
	Current *Current
	// Tables is nil if the lake has no tables.
	Tables *Tables
}

// Sighting is a row's change at one hop.
type Sighting struct {
	Hop Hop `json:"hop"`
	// Seen is when this program saw the change, by its own clock. It is zero if it did not.
	Seen time.Time `json:"seen,omitzero"`
	// Where locates the change: a shard and sequence number, an index and document, or an object.
	Where string `json:"where,omitempty"`
	// SinceCommit is the time since the commit, and SinceStream, for a sink, the time since the stream, in
	// milliseconds. A sink may be read before the stream.
	SinceCommit int64 `json:"sinceCommitMs,omitempty"`
	SinceStream int64 `json:"sinceStreamMs,omitempty"`
	// Differences lists the columns that differ from the committed values.
	Differences []ColumnDifference `json:"differences,omitempty"`
	// Problem says why the change was not seen.
	Problem string `json:"problem,omitempty"`
}

// Passed reports whether the row arrived as it was committed.
func (s Sighting) Passed() bool { return !s.Seen.IsZero() && len(s.Differences) == 0 }

// Path is the way of one row through the pipeline.
type Path struct {
	Table     string         `json:"table"`
	Key       map[string]any `json:"key"`
	Committed time.Time      `json:"committed"`
	// Sightings are in the order stream, history, lake.
	Sightings []Sighting `json:"sightings"`
}

// Passed reports whether the row arrived at every hop.
func (p Path) Passed() bool {
	for _, s := range p.Sightings {
		if !s.Passed() {
			return false
		}
	}
	return len(p.Sightings) > 0
}

// seeker looks for an inserted row in one place.
type seeker interface {
	// check returns an error if the place cannot be read. It is called before a row is written.
	check(ctx context.Context, t *sourceTable) error
	// seek returns when it has found the row. When ctx ends, it returns the last error.
	seek(ctx context.Context, m *marker) (where string, record *change.Record, err error)
}

// marker is the row that Follow follows.
type marker struct {
	*sourceTable
	row       map[string]any
	key       change.Key
	committed time.Time
}

// parse parses a record. It returns false unless the record is the row's insert.
func (m *marker) parse(raw []byte) (*change.Record, bool) {
	r, err := m.kind.Parse(raw)
	if err != nil || r.Operation != change.Insert || r.Schema != m.Name.Database || r.Table != m.Name.Table {
		return nil, false
	}
	key, err := m.keyOfSink(r.Row())
	return r, err == nil && key.ID() == m.key.ID()
}

// Check checks that every hop can be read. Call it before a row is written.
func (p Pipeline) Check(ctx context.Context, name table.Name) error {
	t := &sourceTable{Table: &schema.Table{Name: name}}
	var problems []error
	for _, at := range p.seekers() {
		if err := at.check(ctx, t); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", at.hop, err))
		}
	}
	return errors.Join(problems...)
}

type place struct {
	hop Hop
	seeker
}

func (p Pipeline) seekers() []place {
	return []place{
		{HopStream, &streamSeeker{p.Stream}},
		{HopHistory, &historySeeker{p.History}},
		{HopLake, &lakeSeeker{p.Lake}},
	}
}

// Follow looks for an inserted row at all hops at the same time. It stops when every hop has shown the row, or after a
// timeout. seen receives each sighting at once. It may be nil.
func Follow(ctx context.Context, p Pipeline, row *workload.Inserted, timeout time.Duration, seen func(Sighting)) Path {
	t := &sourceTable{Table: row.Table, kind: p.Kind}
	m := &marker{sourceTable: t, row: row.Row, key: t.keyOfSource(row.Row), committed: row.Committed}
	path := Path{Table: row.Table.Name.String(), Key: row.Key, Committed: row.Committed.UTC()}
	path.Sightings = follow(ctx, p.seekers(), m, timeout, seen)
	return path
}

func follow(ctx context.Context, places []place, m *marker, timeout time.Duration, seen func(Sighting)) []Sighting {
	ctx, cancel := context.WithDeadline(ctx, m.committed.Add(timeout))
	defer cancel()
	found := make([]Sighting, len(places))
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, at := range places {
		all.Go(func() {
			where, record, err := at.seek(ctx, m)
			s := Sighting{Hop: at.hop, Where: where}
			mu.Lock()
			defer mu.Unlock()
			if record != nil {
				s.Seen = time.Now()
				s.SinceCommit = s.Seen.Sub(m.committed).Milliseconds()
				if first := found[0].Seen; i > 0 && !first.IsZero() {
					s.SinceStream = s.Seen.Sub(first).Milliseconds()
				}
				s.Differences = m.compare(m.row, record.Row())
			} else {
				s.Problem = unseen(ctx, timeout, err)
			}
			found[i] = s
			if seen != nil {
				seen(s)
			}
		})
	}
	all.Wait()
	return found
}

// unseen says why a row was not seen.
func unseen(ctx context.Context, timeout time.Duration, err error) string {
	said := "not seen within " + timeout.String()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		said = "not seen"
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		said += ": " + err.Error()
	}
	return said
}
