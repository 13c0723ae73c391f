package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"slices"
	"strings"
)

// faultDatabase has a table for each fault that changes a table's definition. The whole database is followed.
const faultDatabase = "faults"

// faultTables are made empty, before the first deployment.
var faultTables = []string{"widened", "narrowed", "renamed", "retyped", "undated", "crowded", "rekeyed", "emptied"}

// FaultTables makes the tables for the faults, and makes the stack follow them.
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

// asOperation converts a row in canonical form to a change with this operation.
func asOperation(operation, table string, row reconcile.Change) reconcile.Change {
	rest, _ := strings.CutPrefix(row.ID, table+" row")
	row.ID = table + " " + operation + rest
	return row
}

// wantsRows expects a change with this operation for each row that a table has now.
func (s *scene) wantsRows(ctx context.Context, operation, table string) error {
	rows, err := tableRows(ctx, s.Run, table)
	if err != nil {
		return err
	}
	s.wantsEach(operation, table, rows)
	return nil
}

// wantsEach expects a change with this operation for each of these rows.
func (s *scene) wantsEach(operation, table string, rows []reconcile.Change) {
	changes := make([]reconcile.Change, len(rows))
	for i, row := range rows {
		changes[i] = asOperation(operation, table, row)
	}
	s.found.Written += len(changes)
	s.want.add(changes)
}

// tableEquals compares a table's current index with the table.
func tableEquals(table string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		_, _, err := compareRows(ctx, s.Run, []string{table})
		return err
	}
}

// reload loads a table again with the operator's tool. Nobody changes the table's rows meanwhile.
func (s *scene) reload(ctx context.Context, table string) error {
	if _, err := s.Tool.Run(ctx, "start-reload-"+s.fault.name, 0, "start", "--no-compare", "--ca", s.Tool.CA, "--reload-table", table); err != nil {
		return err //nolint:wrapcheck // the error names what was done
	}
	rows, err := tableRows(ctx, s.Run, table)
	if err != nil {
		return err
	}
	s.wantsEach("load", table, rows)
	s.found.Written -= len(rows) // nobody wrote these
	s.want.read = read(s.Run)    // a reloaded table is counted from zero
	return nil
}

// documents are the rows behind a table's alias.
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

// shown compares the rows behind a table's alias with these rows.
func (s *scene) shown(ctx context.Context, table string, want []reconcile.Change) error {
	return waitUntil(ctx, s.aliasOf(table)+" shows the rows", func() (bool, error) {
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
