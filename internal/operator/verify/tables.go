package verify

import (
	"cdcpipeline/internal/lake/athena"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/tables"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Tables are the lake's tables that change in place, as Athena's views of rows show them.
type Tables struct {
	Athena athena.Database
	// Job keeps them, and State is where it says how they are.
	Job   tables.Job
	State objects.Lake
}

// tablesSink is the view of one table's rows. A table is as new as the job's last run.
type tablesSink struct {
	Tables
	// lake has the records that the job reads.
	lake objects.Lake
	view *rowsView
	// filling says that it is the epoch which is filled beside the one that the view shows.
	filling bool
	// until is when the youngest object was delivered that the table has.
	until time.Time
	lags  bool
}

func (s *tablesSink) hop() Hop { return HopTables }

func (s *tablesSink) foundAfter() time.Duration { return 0 }

func (s *tablesSink) kept(context.Context) (time.Time, error) { return time.Time{}, nil }

// all sets the sink aside where the view cannot be read: the others are compared all the same.
func (s *tablesSink) all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error {
	return alone(ctx, s.read(ctx, t, progress, visit))
}

func (s *tablesSink) read(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error {
	rows, err := s.find(ctx, t)
	if err != nil {
		return err
	}
	var done int64
	err = s.Athena.Query(ctx, s.view.statement(""), func(row []sql.NullString) error {
		done++
		progress(done, max(rows, done))
		return s.view.row(t, row, visit)
	})
	if err != nil {
		return err //nolint:wrapcheck // it says which query
	}
	s.lags, err = s.late(ctx, t)
	return err
}

// find the table's view, and about how many rows it has. It refuses a table that the job does not keep up to date.
func (s *tablesSink) find(ctx context.Context, t *sourceTable) (rows int64, err error) {
	spec, err := s.Job.Spec(ctx, s.State.Client)
	if err != nil {
		return 0, err //nolint:wrapcheck // it says whose
	}
	kept, ok := spec.Find(t.Name.Database, t.Name.Table)
	if !ok {
		return 0, errors.New("the job keeps no lake table for it: name the table in source.tables, not by a pattern, then run `pulumi up`")
	}
	name, from := kept.Name, identifier(kept.View())
	if s.filling {
		sql, err := kept.Filled()
		if err != nil {
			return 0, err //nolint:wrapcheck // it names the table
		}
		name, from = kept.Next, "("+sql+")"
	}
	note, err := s.note(ctx, name)
	if err != nil {
		return 0, err
	}
	fields, err := kept.Shown()
	if err != nil {
		return 0, err //nolint:wrapcheck // it names the table
	}
	if s.view, err = newRowsView(t, name, from, fields, spec.Format); err != nil {
		return 0, err
	}
	s.view.job = kept.Name
	return note.Rows, nil
}

// CompareFilled compares the epochs that are filled beside the shown ones with the source, as [Compare] does the shown ones. The lake
// has the records that they are filled from.
func CompareFilled(ctx context.Context, source Source, kept Tables, lake objects.Lake, o CompareOptions, each func(Difference)) (Result, error) {
	return compare(ctx, source, func() []sink { return []sink{&tablesSink{Tables: kept, lake: lake, filling: true}} }, o, each)
}

// note is what the job says of a table that goes on.
func (s *tablesSink) note(ctx context.Context, name string) (tables.Note, error) {
	notes, err := tables.Notes(ctx, s.State)
	if err != nil {
		return tables.Note{}, err //nolint:wrapcheck // it says what of
	}
	i := slices.IndexFunc(notes, func(n tables.Note) bool { return n.Table == name })
	if i < 0 {
		return tables.Note{}, errors.New("the job has not filled its lake table yet: run `cdc tables run`")
	}
	if s.until = (time.Time{}); notes[i].Until != nil {
		s.until = *notes[i].Until
	}
	if why := notes[i].Stopped; why != "" {
		return tables.Note{}, fmt.Errorf("its lake table has stopped: %s", why)
	}
	return notes[i], nil
}

// late says that the lake has objects which are younger than all that the table has.
func (s *tablesSink) late(ctx context.Context, t *sourceTable) (bool, error) {
	delivered, err := s.lake.List(ctx, s.lake.Folder(t.Name.Database, t.Name.Table))
	return slices.ContainsFunc(delivered, func(o objects.Object) bool { return o.Written.After(s.until) }), err //nolint:wrapcheck // it says of what
}

// since brings the table up to date, when something came that it has not, and reads some rows by their keys.
func (s *tablesSink) since(ctx context.Context, t *sourceTable, of map[string]*suspect, visit visitor) error {
	return alone(ctx, s.readAgain(ctx, t, of, visit))
}

func (s *tablesSink) readAgain(ctx context.Context, t *sourceTable, of map[string]*suspect, visit visitor) error {
	late, err := s.late(ctx, t)
	if err != nil {
		return err
	}
	if late {
		_, failed := s.Job.Start(ctx, tables.Update, s.view.job)
		if _, err := s.note(ctx, s.view.table); err != nil { // a table that has stopped fails the run, and says more
			return err
		}
		if failed != nil {
			return failed //nolint:wrapcheck // it says which run
		}
	}
	for some := range s.view.chunks(t, of) {
		found := map[string]bool{}
		err := s.Athena.Query(ctx, s.view.statement(some.where), func(row []sql.NullString) error {
			return s.view.row(t, row, func(id string, of state) error {
				found[id] = true
				return visit(id, of)
			})
		})
		if err != nil {
			return err //nolint:wrapcheck // it says which query
		}
		for _, id := range some.ids {
			if found[id] {
				continue
			}
			if err := visit(id, state{raw: "{}", document: id, gone: true}); err != nil {
				return err
			}
		}
	}
	return nil
}
