package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"slices"
	"strings"
)

// faultDatabase has a table for each fault that changes what a table is: it is followed as a whole.
const faultDatabase = "faults"

// faultTables are made before the first deployment, empty.
var faultTables = []string{"widened", "narrowed", "renamed", "retyped", "undated", "crowded", "rekeyed", "emptied"}

// FaultTables makes the tables that faults change, and has the stack follow them.
func FaultTables(ctx context.Context, r *Run) error {
	if err := prepare(ctx, r); err != nil {
		return err
	}
	made := []string{"CREATE DATABASE " + faultDatabase + " CHARACTER SET utf8mb4"}
	for _, table := range faultTables {
		made = append(made, "CREATE TABLE "+faultDatabase+"."+table+" (id BIGINT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(40), amount INT, day DATE)")
	}
	if err := execute(ctx, r.World.Database.Root(), made...); err != nil {
		return err
	}
	for key, value := range map[string]string{"database": faultDatabase, "table": "%"} {
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.tables[2]."+key, value); err != nil {
			return err
		}
	}
	return nil
}

// sql runs statements in one session of the database.
func (s *scene) sql(ctx context.Context, statements ...string) error {
	return execute(ctx, s.World.Database.Root(), statements...)
}

// as is a row in canonical form as the change of an operation.
func as(operation, table string, row reconcile.Change) reconcile.Change {
	rest, _ := strings.CutPrefix(row.ID, table+" row")
	row.ID = table + " " + operation + rest
	return row
}

// wantsRows adds changes of an operation, one for each row that a table has now.
func (s *scene) wantsRows(ctx context.Context, operation, table string) error {
	rows, err := tableRows(ctx, s.Run, table)
	if err != nil {
		return err
	}
	s.wantsEach(operation, table, rows)
	return nil
}

// wantsEach adds a change of an operation for each of some rows.
func (s *scene) wantsEach(operation, table string, rows []reconcile.Change) {
	changes := make([]reconcile.Change, len(rows))
	for i, row := range rows {
		changes[i] = as(operation, table, row)
	}
	s.found.Written += len(changes)
	s.want.add(changes)
}

// tableEquals compares the current index of a table with the table.
func tableEquals(table string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		_, _, err := compareRows(ctx, s.Run, []string{table})
		return err
	}
}

// reload has the operator's tool load a table again, whose rows nobody changes meanwhile.
func (s *scene) reload(ctx context.Context, table string) error {
	if _, err := s.Tool.Run(ctx, "start-reload-"+s.fault.name, 0, "start", "--no-compare", "--ca", s.Tool.CA, "--reload-table", table); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	rows, err := tableRows(ctx, s.Run, table)
	if err != nil {
		return err
	}
	s.wantsEach("load", table, rows)
	s.found.Written -= len(rows) // which nobody wrote
	s.want.read = read(s.Run)    // a table that is loaded again is counted anew
	return nil
}

// documents are the rows that the alias of a table shows.
func (s *scene) documents(ctx context.Context, table string) ([]reconcile.Change, error) {
	admin, err := s.admin(ctx, s.searched().current)
	if err != nil {
		return nil, err
	}
	alias := s.aliasOf(table)
	if err := admin.Refresh(ctx, alias); err != nil {
		return nil, fmt.Errorf("refreshing %s: %w", alias, err)
	}
	var found []reconcile.Change
	err = admin.Each(ctx, alias, func(hit stores.Hit) error {
		columns, err := decodeRow(hit.Source)
		found = append(found, reconcile.Row(table, columns))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", alias, err)
	}
	return found, nil
}

// shown compares what the alias of a table shows with some rows.
func (s *scene) shown(ctx context.Context, table string, want []reconcile.Change) error {
	return until(ctx, s.aliasOf(table)+" shows the rows", func() (bool, error) {
		have, err := s.documents(ctx, table)
		if err != nil {
			return false, err
		}
		d := reconcile.Compare(want, have)
		if n := len(d.Lost) + len(d.Foreign) + d.Duplicated; n > 0 {
			return false, fmt.Errorf("%d rows differ, for example %s", n, slices.Concat(d.Lost, d.Foreign)[:1])
		}
		return true, nil
	})
}
