package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
	"strings"
)

// showHiddenKeys makes MySQL show the keys that it generated itself, in case it is configured to hide them.
// https://dev.mysql.com/doc/refman/8.4/en/create-table-gipks.html
func (r *run) showHiddenKeys(ctx context.Context) {
	const variable = "show_gipk_in_create_table_and_information_schema"
	if r.server.variables[variable] != "OFF" {
		return
	}
	if err := r.db.Exec(ctx, "SET SESSION "+variable+" = ON"); err != nil {
		r.broke(fmt.Errorf("asking the server to show generated primary keys: %w", err))
	}
}

// checkHiddenKeys: MySQL may add an invisible key to a table that is made without one, and DMS does not carry
// invisible columns. A pattern follows such a table as soon as it is made.
func (r *run) checkHiddenKeys() {
	const variable = "sql_generate_invisible_primary_key"
	if r.server.variables[variable] == "ON" {
		r.add(Finding{
			Check: variable, Status: Warning, Value: "ON",
			Advice: "set " + variable + " to OFF" + inParameterGroup + ", or make every table with a key of its own: rows without a key that DMS carries are parked",
		})
	}
}

func (r *run) checkPrimaryKey(found TableFound, columns []column) {
	f := Finding{Check: "table " + found.String(), Status: OK, Value: "primary key (" + strings.Join(found.PrimaryKey, ", ") + ")"}
	if len(found.PrimaryKey) == 0 {
		f.Value = "without a primary key"
		f.Tell(Failed, ", or make another of its columns the key: without one a change cannot be told from its row's other changes", addPrimaryKey(found, columns))
	}
	r.add(f)
}

// addPrimaryKey makes a key of the auto-increment column, or of a new one. A table has at most one such column.
func addPrimaryKey(found TableFound, columns []column) string {
	if i := slices.IndexFunc(columns, func(c column) bool { return c.says("AUTO_INCREMENT") }); i >= 0 {
		return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", quoted(found.Table), quoteName(columns[i].Name))
	}
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY", quoted(found.Table), quoteName(preparation.Free("id", found.Has)))
}

func (r *run) primaryKey(ctx context.Context, t Table) ([]string, error) {
	rows, err := r.db.Query(ctx, `SELECT column_name FROM information_schema.key_column_usage
WHERE table_schema = ? AND table_name = ? AND constraint_name = 'PRIMARY' ORDER BY ordinal_position`, t.Database, t.Table)
	if err != nil {
		return nil, fmt.Errorf("reading its primary key: %w", err)
	}
	key := make([]string, len(rows))
	for i, row := range rows {
		key[i] = row[0]
	}
	return key, nil
}
