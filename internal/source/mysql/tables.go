package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// createDatabases makes missing databases of followed tables.
func (r *run) createDatabases(ctx context.Context) {
	seen := map[string]bool{}
	for _, t := range slices.Concat(r.req.Tables, r.req.Later) {
		if seen[t.Database] || table.IsPattern(t.Database) {
			continue
		}
		seen[t.Database] = true
		rows, err := r.db.Query(ctx, "SELECT schema_name FROM information_schema.schemata WHERE schema_name = ?", t.Database)
		if err == nil && len(rows) == 0 {
			err = r.db.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoteName(t.Database))
			if err == nil {
				r.findings.Change("database " + t.Database)
			}
		}
		if err != nil {
			r.broke(fmt.Errorf("creating database %s (the administrator needs CREATE on it): %w", t.Database, err))
		}
	}
}

// delimiter is a command of MySQL's clients, not of the server.
var delimiter = regexp.MustCompile(`(?im)^\s*delimiter\s`)

// applySchema runs the scripts in order and stops at the first failure, because later ones may depend on it.
func (r *run) applySchema(ctx context.Context) {
	missing := map[Table]bool{}
	for _, t := range r.req.Tables {
		if t.Wild() {
			continue
		}
		if kind, err := r.tableKind(ctx, t); err == nil && kind == "" {
			missing[t] = true
		}
	}
	for _, script := range r.req.Schema {
		if delimiter.MatchString(script.SQL) {
			r.broke(fmt.Errorf("running %s: DELIMITER is a command of the mysql client, not SQL: take it out (source.schemaFiles)", script.Name))
			break
		}
		if err := r.db.Exec(ctx, script.SQL); err != nil {
			r.broke(fmt.Errorf("running %s (source.schemaFiles; it must succeed when it runs again): %w", script.Name, err))
			break
		}
	}
	for _, t := range r.req.Tables {
		if kind, err := r.tableKind(ctx, t); missing[t] && err == nil && kind != "" {
			r.findings.Change("table " + t.String())
		}
	}
}

// tableKind is BASE TABLE, VIEW, …; empty when there is no such table. A server that ignores case might return
// another table.
func (r *run) tableKind(ctx context.Context, t Table) (string, error) {
	found, err := r.look(ctx, t)
	return found.kind, err
}

// tableSeen is a table in information_schema.tables.
type tableSeen struct {
	Table
	kind, options string
}

func (r *run) look(ctx context.Context, t Table) (tableSeen, error) {
	found, err := r.list(ctx, "table_schema = ? AND table_name = ?", t.Database, t.Table)
	if i := slices.IndexFunc(found, func(s tableSeen) bool { return s.Table == t }); i >= 0 {
		return found[i], err
	}
	return tableSeen{}, err
}

func (r *run) list(ctx context.Context, condition string, args ...any) ([]tableSeen, error) {
	rows, err := r.db.Query(ctx, "SELECT table_schema, table_name, table_type, create_options FROM information_schema.tables WHERE "+condition, args...)
	if err != nil {
		return nil, err
	}
	tables := make([]tableSeen, len(rows))
	for i, row := range rows {
		tables[i] = tableSeen{Table{Database: row[0], Table: row[1]}, row[2], row[3]}
	}
	return tables, nil
}

// checkTables checks that each followed table exists, with its columns and its primary key.
func (r *run) checkTables(ctx context.Context) {
	r.showHiddenKeys(ctx)
	for _, t := range r.followed {
		if err := r.checkTable(ctx, t); err != nil {
			r.broke(fmt.Errorf("looking at table %s: %w", t, err))
		}
	}
	if err := r.checkCompressedElsewhere(ctx); err != nil {
		r.broke(fmt.Errorf("looking for compressed columns: %w", err))
	}
	r.checkCascades(ctx)
	for _, f := range r.rules().Dotted(r.findings.Tables, r.req.AcceptDottedColumns, renameColumn) {
		r.add(f)
	}
}

const versioned = "SYSTEM VERSIONED"

func (r *run) checkTable(ctx context.Context, t Table) error {
	f := Finding{Check: "table " + t.String(), Status: Failed}
	seen, err := r.look(ctx, t)
	if err != nil {
		return err
	}
	switch seen.kind {
	case "":
		if err := r.missing(ctx, t, &f); err != nil {
			return err
		}
		r.add(f)
		return nil
	case "BASE TABLE":
	case versioned:
		f.Value = "a system-versioned table, which DMS does not support"
		f.Tell(Failed, ", which deletes its former rows, or "+r.rules().LeaveOut(t), "ALTER TABLE "+quoted(t)+" DROP SYSTEM VERSIONING")
		r.add(f)
		return nil
	default:
		f.Value, f.Advice = "a "+strings.ToLower(seen.kind), "DMS follows base tables only: take it out of source.tables"
		r.add(f)
		return nil
	}
	columns, err := r.columns(ctx, t)
	if err != nil {
		return err
	}
	all := TableFound{Table: t, Columns: described(columns, anyColumn)}
	if all.PrimaryKey, err = r.primaryKey(ctx, t); err != nil {
		return err
	}
	r.findings.Tables = append(r.findings.Tables, TableFound{Table: t, Columns: described(columns, carried), PrimaryKey: all.PrimaryKey})
	r.checkName(t)
	r.checkCase(t)
	r.checkPrimaryKey(all, columns)
	r.checkPartitions(seen)
	if err := r.checkCarried(ctx, all, columns); err != nil {
		return err
	}
	return r.checkColumns(ctx, all, columns)
}

// missing says how to make the table, or which similar one is probably meant.
func (r *run) missing(ctx context.Context, t Table, f *Finding) error {
	f.Value, f.Advice = "missing", "create it, or name the SQL file that does in source.schemaFiles, or take it out of source.tables"
	if r.req.CheckOnly {
		f.Advice = "create it, or take it out of source.tables"
	}
	if t == preparation.Canary && r.req.Canary {
		f.Tell(Failed, " as the administrator, or set alarms.canary to false", makeCanaryTable...)
		return nil
	}
	existing, err := r.baseTables(ctx)
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}
	for _, other := range existing {
		if folded(other) == folded(t) {
			f.Value += ", and " + other.String() + " is there"
			f.Advice = fmt.Sprintf("write %s in source.tables, as the server spells it, or create %s", other.Entry(), t)
		}
	}
	return nil
}

// checkPartitions: dropping a partition logs no row events, and DMS suspends a table whose partitions change.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations
func (r *run) checkPartitions(seen tableSeen) {
	if !strings.Contains(strings.ToLower(seen.options), "partitioned") {
		return
	}
	f := Finding{Check: "partitions of " + seen.String(), Value: "not followed when they are dropped, emptied or exchanged"}
	f.Tell(Warning, fmt.Sprintf(", or delete rows by DELETE alone, and run cdc start --reload-table %s after ALTER TABLE … PARTITION", seen),
		fmt.Sprintf("ALTER TABLE %s REMOVE PARTITIONING", quoted(seen.Table)))
	r.add(f)
}
