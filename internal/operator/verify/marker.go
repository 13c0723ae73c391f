// Package verify shows that a pipeline works: it follows a row of its own from the database to every sink ([Follow]),
// prints changes as they pass ([Watch]), and compares the tables of the source with the sinks row by row ([Compare]).
//
// It reads the stream, the history index, the current indices and the lake as any consumer would. Of how they are filled it
// knows nothing but the form of a current document.
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

// Hop is a place that a change comes to.
type Hop string

// The hops. All sinks read the stream, independently of each other.
const (
	HopStream  Hop = "stream"
	HopHistory Hop = "history"
	HopLake    Hop = "lake"
	// HopCurrent has no changes but the rows as they are.
	HopCurrent Hop = "current"
	// HopTables has the rows too, as they were at its last run.
	HopTables Hop = "tables"
)

// changes says that a sink has changes, and not only rows.
func (h Hop) changes() bool { return h != HopCurrent && h != HopTables }

// DefaultTimeout is longer than the lake's default buffer, 300 seconds in prod.
const DefaultTimeout = 7 * time.Minute

// Pipeline is where the changes go.
type Pipeline struct {
	// Kind of the source; empty is MySQL.
	Kind    change.Kind
	Stream  Stream
	History Search
	Lake    objects.Lake
	// Current is nil where no current state is kept.
	Current *Current
	// Tables is nil where the lake has no tables that change in place.
	Tables *Tables
}

// Sighting is a row's change at one hop.
type Sighting struct {
	Hop Hop `json:"hop"`
	// Seen by this program, by its clock; zero when it was not.
	Seen time.Time `json:"seen,omitzero"`
	// Where it was: a shard and sequence number, an index and document, an object.
	Where string `json:"where,omitempty"`
	// SinceCommit and, for a sink, SinceStream in milliseconds. A sink may be looked at before the stream is.
	SinceCommit int64 `json:"sinceCommitMs,omitempty"`
	SinceStream int64 `json:"sinceStreamMs,omitempty"`
	// Differences of its columns from what was committed.
	Differences []ColumnDifference `json:"differences,omitempty"`
	// Problem says why it was not seen.
	Problem string `json:"problem,omitempty"`
}

// Passed says that the row arrived as it was committed.
func (s Sighting) Passed() bool { return !s.Seen.IsZero() && len(s.Differences) == 0 }

// Path is how one row went through the pipeline.
type Path struct {
	Table     string         `json:"table"`
	Key       map[string]any `json:"key"`
	Committed time.Time      `json:"committed"`
	// Sightings in the order stream, history, lake.
	Sightings []Sighting `json:"sightings"`
}

// Passed says that the row arrived everywhere.
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
	// check says what is wrong with the place before a row is written.
	check(ctx context.Context, t *sourceTable) error
	// seek returns when it has found the row, or when ctx has ended, with the last error that it met.
	seek(ctx context.Context, m *marker) (where string, record *change.Record, err error)
}

// marker is the row that is followed.
type marker struct {
	*sourceTable
	row       map[string]any
	key       change.Key
	committed time.Time
}

// parse a record if it is the row's insert.
func (m *marker) parse(raw []byte) (*change.Record, bool) {
	r, err := m.kind.Parse(raw)
	if err != nil || r.Operation != change.Insert || r.Schema != m.Name.Database || r.Table != m.Name.Table {
		return nil, false
	}
	key, err := m.keyOfSink(r.Row())
	return r, err == nil && key.ID() == m.key.ID()
}

// Check that every hop can be read, before a row is written.
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

// Follow looks for an inserted row at all hops at the same time, until it was seen everywhere, or for a timeout.
// seen is told of each sighting as it comes; it may be nil.
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
