package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"strings"
)

// alterations are statements that change a table's definition, or many of its rows, while the writer changes the same
// and other tables.
var alterations = []fault{
	{
		name:   "column-added",
		what:   "A column is added to a table while its rows are written, and then written.",
		load:   tool.Load{Count: usualRows, Rate: usualRate, Tables: []string{faultDatabase + ".widened"}},
		inject: addColumn, after: tableEquals(faultDatabase + ".widened"),
	},
	{
		name:   "column-dropped",
		what:   "A column that has values is dropped between changes of its rows; the table is loaded again.",
		inject: alter("narrowed", "ALTER TABLE % DROP COLUMN amount"), heal: reloadFaultTable("narrowed"),
		after: tableEquals(faultDatabase + ".narrowed"),
		alarm: ending("reload"),
	},
	{
		name:   "column-renamed",
		what:   "A column that has values is renamed between changes of its rows; the table is loaded again.",
		inject: alter("renamed", "ALTER TABLE % RENAME COLUMN amount TO price"), heal: reloadFaultTable("renamed"),
		after: tableEquals(faultDatabase + ".renamed"),
		alarm: ending("reload"),
	},
	{
		name:   "type-changed",
		what:   "A column of numbers becomes one of text between changes of its rows, and gets values that are no numbers.",
		inject: alter("retyped", "ALTER TABLE % MODIFY COLUMN amount VARCHAR(20)"),
		after:  tableEquals(faultDatabase + ".retyped"),
	},
	{
		name:   "zero-dates",
		what:   "Rows get dates that are none, 0000-00-00, which DMS sends as NULL.",
		inject: zeroDates, after: zeroDatesShown,
	},
	{
		name:   "transaction-of-10000-rows",
		what:   "One statement inserts 10,000 rows in one transaction.",
		inject: crowd, after: tableEquals(faultDatabase + ".crowded"),
	},
	{
		name:   "keys-changed",
		what:   "One statement changes the primary keys of rows, which moves them to other shards.",
		inject: rekey, after: tableEquals(faultDatabase + ".rekeyed"),
	},
	{
		name:   "table-truncated",
		what:   "A table is emptied by TRUNCATE, of which no record tells; cdc status names it, and it is loaded again.",
		inject: truncate, heal: reloadFaultTable("emptied"),
		after: tableEquals(faultDatabase + ".emptied"),
		alarm: ending("reload"),
	},
}

// some rows are written to a table before a statement changes it.
const someRows = 60

// addColumn adds a column while the writer runs; other rows are written afterwards.
func addColumn(ctx context.Context, s *scene) error {
	const table = faultDatabase + ".widened"
	if err := s.sql(ctx, "ALTER TABLE "+table+" ADD COLUMN note VARCHAR(30)"); err != nil {
		return err
	}
	return s.writeAlso(ctx, s.journal+"-wider", tool.Load{Count: someRows, Tables: []string{table}})
}

// alter writes rows of a table, changes it, and writes more.
func alter(table, statement string) func(context.Context, *scene) error {
	table = faultDatabase + "." + table
	return func(ctx context.Context, s *scene) error {
		if err := s.writeAlso(ctx, s.journal+"-before", tool.Load{Count: someRows, Tables: []string{table}}); err != nil {
			return err
		}
		if err := s.sql(ctx, strings.ReplaceAll(statement, "%", table)); err != nil {
			return err
		}
		return s.writeAlso(ctx, s.journal+"-after", tool.Load{Count: someRows, Tables: []string{table}})
	}
}

func reloadFaultTable(table string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		if err := s.written(); err != nil { // loaded rows are counted from zero
			return err
		}
		if err := awaitRead(ctx, s.Run, s.want.read); err != nil {
			return err
		}
		return s.reload(ctx, faultDatabase+"."+table)
	}
}

func zeroDates(ctx context.Context, s *scene) error {
	const insert = "SET STATEMENT sql_mode='' FOR INSERT INTO " + faultDatabase + ".undated (id, label, day) VALUES (%d, 'undated', '%s')"
	if err := s.sql(ctx, fmt.Sprintf(insert, 1, "0000-00-00"), fmt.Sprintf(insert, 2, "2026-00-00"), fmt.Sprintf(insert, 3, "2026-02-28")); err != nil {
		return err
	}
	s.wantsEach("insert", faultDatabase+".undated", undated())
	return nil
}

// undated are the rows of zeroDates as DMS sends them.
func undated() []reconcile.Change {
	row := func(id int, more map[string]any) reconcile.Change {
		more["id"], more["label"] = id, "undated"
		return reconcile.Row(faultDatabase+".undated", more)
	}
	return []reconcile.Change{row(1, map[string]any{}), row(2, map[string]any{}), row(3, map[string]any{"day": "2026-02-28"})}
}

func zeroDatesShown(ctx context.Context, s *scene) error {
	return s.shown(ctx, faultDatabase+".undated", undated())
}

func crowd(ctx context.Context, s *scene) error {
	const table = faultDatabase + ".crowded"
	if err := s.sql(ctx, "INSERT INTO "+table+" (id, label, amount) SELECT seq, CONCAT('row ', seq), seq * 3 FROM "+faultDatabase+".seq_1_to_10000"); err != nil {
		return err
	}
	return s.wantsRows(ctx, "insert", table)
}

func rekey(ctx context.Context, s *scene) error {
	const table = faultDatabase + ".rekeyed"
	if err := s.sql(ctx, "INSERT INTO "+table+" (id, label) SELECT seq, CONCAT('row ', seq) FROM "+faultDatabase+".seq_1_to_200"); err != nil {
		return err
	}
	if err := s.wantsRows(ctx, "insert", table); err != nil {
		return err
	}
	if err := s.sql(ctx, "UPDATE "+table+" SET id = id + 100000"); err != nil {
		return err
	}
	return s.wantsRows(ctx, "update", table)
}

func truncate(ctx context.Context, s *scene) error {
	const table = faultDatabase + ".emptied"
	fill := "INSERT INTO " + table + " (id, label) SELECT seq, 'before' FROM " + faultDatabase + ".seq_1_to_50"
	if err := s.sql(ctx, fill); err != nil {
		return err
	}
	if err := s.wantsRows(ctx, "insert", table); err != nil {
		return err
	}
	_ = s.status(ctx) // a table is known only after a first status
	if err := s.sql(ctx, "TRUNCATE TABLE "+table, "INSERT INTO "+table+" (id, label) VALUES (7, 'after'), (900, 'after')"); err != nil {
		return err
	}
	if err := s.wantsRows(ctx, "insert", table); err != nil {
		return err
	}
	return waitUntil(ctx, "cdc status names the table", func() (bool, error) {
		return strings.Contains(s.status(ctx), "--reload-table "+table), nil
	})
}

// status is the output of cdc status. It exits with 1 on any problem, and former faults have left some.
func (s *scene) status(ctx context.Context) string {
	text, _ := s.Tool.Run(ctx, "status-fault", 1, "status", "--ca", s.Tool.CA)
	return text
}
