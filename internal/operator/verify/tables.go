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

// Tables reads the lake's tables through Athena's views of their rows.
type Tables struct {
	Athena athena.Database
	// Job keeps the tables. State is the place of the job's notes.
	Job   tables.Job
	State objects.Lake
}

// tablesSink reads the view of one table's rows. A table is as fresh as the job's last run.
type tablesSink struct {
	Tables
	// lake holds the records that the job reads.
	lake objects.Lake
	view *rowsView
	// filling is true if the sink is the new epoch that is filled beside the shown one.
	filling bool
	// until is when the table's youngest object was delivered.
	until time.Time
	lags  bool
}

func (s *tablesSink) hop() Hop { return HopTables }

func (s *tablesSink) foundAfter() time.Duration { return 0 }

func (s *tablesSink) kept(context.Context) (time.Time, error) { return time.Time{}, nil }

// all reads the view. If the view cannot be read, only this sink is set aside, and the comparison continues with the
// others.
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
		return err //nolint:wrapcheck // the error names the query
	}
	s.lags, err = s.late(ctx, t)
	return err
}

// find finds the table's view and estimates the number of its rows. It refuses a table that the job does not keep up to
// date.
func (s *tablesSink) find(ctx context.Context, t *sourceTable) (rows int64, err error) {
	spec, err := s.Job.Spec(ctx, s.State.Client)
	if err != nil {
		return 0, err //nolint:wrapcheck // the error names the source
	}
	kept, ok := spec.Find(t.Name.Database, t.Name.Table)
	if !ok {
		return 0, errors.New("the job keeps no lake table for it: name the table in source.tables, not by a pattern, then run `pulumi up`")
	}
	name, from := kept.Name, identifier(kept.View())
	if s.filling {
		sql, err := kept.Filled()
		if err != nil {
			return 0, err //nolint:wrapcheck // the error names the table
		}
		name, from = kept.Next, "("+sql+")"
	}
	note, err := s.note(ctx, name)
	if err != nil {
		return 0, err
	}
	fields, err := kept.Shown()
	if err != nil {
		return 0, err //nolint:wrapcheck // the error names the table
	}
	if s.view, err = newRowsView(t, name, from, fields, spec.Format); err != nil {
		return 0, err
	}
	s.view.job = kept.Name
	return note.Rows, nil
}

// CompareFilled compares the new epochs, which are not shown yet, with the source, as [Compare] does with the shown
// ones. The lake holds the records that fill the new epochs.
func CompareFilled(ctx context.Context, source Source, kept Tables, lake objects.Lake, o CompareOptions, each func(Difference)) (Result, error) {
	return compare(ctx, source, func() []sink { return []sink{&tablesSink{Tables: kept, lake: lake, filling: true}} }, o, each)
}

// note returns the job's note on a table. It returns an error for a stopped table.
func (s *tablesSink) note(ctx context.Context, name string) (tables.Note, error) {
	notes, err := tables.Notes(ctx, s.State)
	if err != nil {
		return tables.Note{}, err //nolint:wrapcheck // the error names the object
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

// late reports whether the lake has objects that are younger than the table.
func (s *tablesSink) late(ctx context.Context, t *sourceTable) (bool, error) {
	delivered, err := s.lake.List(ctx, s.lake.Folder(t.Name.Database, t.Name.Table))
	return slices.ContainsFunc(delivered, func(o objects.Object) bool { return o.Written.After(s.until) }), err //nolint:wrapcheck // the error names the object
}

// since runs the job if new objects have come, and then reads some rows by their keys.
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
		if _, err := s.note(ctx, s.view.table); err != nil { // a stopped table fails the run, and its note says more
			return err
		}
		if failed != nil {
			return failed //nolint:wrapcheck // the error names the run
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
			return err //nolint:wrapcheck // the error names the query
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
