package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
)

// SystemSchemas are MySQL's own schemas, as an SQL list; patterns do not match them.
const SystemSchemas = "('information_schema', 'mysql', 'performance_schema', 'sys')"

// follow finds the tables that match patterns. A table with its own name stays in the list, whether it exists or not.
func (r *run) follow(ctx context.Context) {
	r.followed = nil
	if slices.ContainsFunc(r.req.Tables, Table.Wild) {
		r.checkHiddenKeys()
		var err error
		if r.existing, err = r.list(ctx, "table_type IN ('BASE TABLE', '"+versioned+"') AND table_schema NOT IN "+SystemSchemas+" ORDER BY table_schema, table_name"); err != nil {
			r.broke(fmt.Errorf("listing tables: %w", err))
			return
		}
	}
	for _, t := range r.req.Tables {
		if !t.Wild() {
			r.followed = append(r.followed, t)
			continue
		}
		n := 0
		for _, seen := range r.existing {
			if !t.Matches(seen.Table) || r.rules().Excludes(seen.Table) {
				continue
			}
			r.followed = append(r.followed, seen.Table)
			if seen.kind != versioned {
				n++
			}
		}
		f := Finding{Check: "tables " + t.String(), Status: OK, Value: preparation.Count(n, "table")}
		if n == 0 {
			f.Status, f.Advice = Failed, "create one before DMS starts, correct the pattern, or take it out of source.tables"
		}
		r.add(f)
	}
}

func (r *run) baseTables(ctx context.Context) ([]Table, error) {
	seen, err := r.list(ctx, "table_type = 'BASE TABLE' AND table_schema NOT IN "+SystemSchemas+" ORDER BY table_schema, table_name")
	tables := make([]Table, len(seen))
	for i, s := range seen {
		tables[i] = s.Table
	}
	return tables, err
}

// checkName finds a table whose name only a pattern could bring in.
func (r *run) checkName(t Table) {
	if !preparation.Uncarried.MatchString(t.Database + t.Table) {
		return
	}
	f := Finding{Check: "name of " + t.String(), Status: Failed, Value: "not one that an index or an object key can hold", Advice: r.rules().LeaveOut(t)}
	if renamed := (Table{Database: t.Database, Table: preparation.Uncarried.ReplaceAllString(t.Table, "_")}); renamed != t {
		renamed.Table = preparation.Free(renamed.Table, func(name string) bool { return r.exists(Table{Database: t.Database, Table: name}) })
		f.Tell(Failed, ", or "+r.rules().LeaveOut(t), fmt.Sprintf("RENAME TABLE %s TO %s", quoted(t), quoted(renamed)))
	}
	r.add(f)
}

func (r *run) exists(t Table) bool {
	return slices.ContainsFunc(r.existing, func(seen tableSeen) bool { return folded(seen.Table) == folded(t) })
}

// checkColumns finds rules that cannot work as written, because their columns are known only here.
func (r *run) checkColumns(ctx context.Context, found TableFound, columns []column) error {
	for _, rule := range r.req.Columns {
		if !rule.Table.Matches(found.Table) {
			continue
		}
		for _, column := range rule.Omit {
			if f := r.rules().Omitted(found, column, rule.Table.Wild()); f != nil {
				r.add(*f)
			}
		}
		for _, column := range rule.Filter {
			r.checkFiltered(found, columns, column)
		}
		if len(rule.Filter) > 0 {
			if err := r.checkNamesakes(ctx, found.Table); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFiltered: a filter needs columns that DMS can compare.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html
func (r *run) checkFiltered(found TableFound, columns []column, column string) {
	f := Finding{Check: fmt.Sprintf("filtered column %s of %s", column, found), Status: OK}
	i := slices.IndexFunc(found.Columns, func(c Column) bool { return c.Name == column })
	switch {
	case i < 0:
		f.Status, f.Value, f.Advice = Failed, "unknown", "filter by a column of the table, in its very letters: "+found.ColumnNames()
	case len(lobColumns(found.Columns[i:i+1], 0)) > 0:
		f.Status, f.Value, f.Advice = Failed, found.Columns[i].Type, "filter by another column: DMS compares no LOBs"
	case !carried(columns[i]):
		f.Status, f.Value, f.Advice = Failed, "computed or invisible", "filter by another column: DMS does not carry this one"
	}
	r.add(f)
}

func (r *run) checkNamesakes(ctx context.Context, t Table) error {
	tables, err := r.baseTables(ctx)
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}
	for _, f := range preparation.Namesakes(t, tables) {
		r.add(f)
	}
	return nil
}
