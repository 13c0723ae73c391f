package mysql

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// createDatabases makes the databases of followed tables that do not exist.
func (r *run) createDatabases(ctx context.Context) {
	seen := map[string]bool{}
	for _, t := range r.req.Tables {
		if seen[t.Database] || table.IsPattern(t.Database) {
			continue
		}
		seen[t.Database] = true
		rows, err := r.db.Query(ctx, "SELECT schema_name FROM information_schema.schemata WHERE schema_name = ?", t.Database)
		if err == nil && len(rows) == 0 {
			err = r.db.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoteName(t.Database))
			if err == nil {
				r.findings.changed("database " + t.Database)
			}
		}
		if err != nil {
			r.broke(fmt.Errorf("creating database %s (the administrator needs CREATE on it): %w", t.Database, err))
		}
	}
}

// delimiter is a command of MySQL's own clients, not of the server.
var delimiter = regexp.MustCompile(`(?im)^\s*delimiter\s`)

// applySchema runs the scripts in order and stops at the first that fails: later ones may build on it.
func (r *run) applySchema(ctx context.Context) {
	missing := map[Table]bool{}
	for _, t := range r.req.Tables {
		if t.wild() {
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
			r.findings.changed("table " + t.String())
		}
	}
}

// tableKind is BASE TABLE, VIEW, …; empty when there is no such table.
func (r *run) tableKind(ctx context.Context, t Table) (string, error) {
	rows, err := r.db.Query(ctx, "SELECT table_type FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", t.Database, t.Table)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

// checkTables finds each followed table, its columns and its primary key.
func (r *run) checkTables(ctx context.Context) {
	for _, t := range r.followed {
		if err := r.checkTable(ctx, t); err != nil {
			r.broke(fmt.Errorf("looking at table %s: %w", t, err))
		}
	}
}

func (r *run) checkTable(ctx context.Context, t Table) error {
	f := Finding{Check: "table " + t.String(), Status: Failed}
	kind, err := r.tableKind(ctx, t)
	if err != nil {
		return err
	}
	switch kind {
	case "":
		f.Value, f.Advice = "missing", "create it, or name the SQL file that does in source.schemaFiles, or take it out of source.tables"
		r.add(f)
		return nil
	case "BASE TABLE":
	default:
		f.Value, f.Advice = "a "+strings.ToLower(kind), "DMS follows base tables only: take it out of source.tables"
		r.add(f)
		return nil
	}
	found := TableFound{Table: t}
	if found.Columns, err = r.columns(ctx, t); err != nil {
		return err
	}
	if found.PrimaryKey, err = r.primaryKey(ctx, t); err != nil {
		return err
	}
	r.findings.Tables = append(r.findings.Tables, found)
	if len(found.PrimaryKey) == 0 {
		f.Value, f.Advice = "without a primary key", fmt.Sprintf("add one (ALTER TABLE %s ADD PRIMARY KEY …): without it a change cannot be told from its row's other changes", t.quoted())
	} else {
		f.Status, f.Value = OK, "primary key ("+strings.Join(found.PrimaryKey, ", ")+")"
	}
	r.add(f)
	return r.checkColumns(ctx, found)
}

func (r *run) columns(ctx context.Context, t Table) ([]Column, error) {
	rows, err := r.db.Query(ctx, `SELECT column_name, column_type, is_nullable FROM information_schema.columns
WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, t.Database, t.Table)
	if err != nil {
		return nil, fmt.Errorf("reading its columns: %w", err)
	}
	columns := make([]Column, len(rows))
	for i, row := range rows {
		columns[i] = Column{Name: row[0], Type: row[1], Nullable: row[2] == "YES"}
	}
	return columns, nil
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

// lobCapacity is the most bytes a LOB type holds; types that are not LOBs are not in it. JSON and the spatial
// types travel as LOBs too: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes.
var lobCapacity = map[string]int64{
	"tinyblob": 1<<8 - 1, "tinytext": 1<<8 - 1,
	"blob": 1<<16 - 1, "text": 1<<16 - 1,
	"mediumblob": 1<<24 - 1, "mediumtext": 1<<24 - 1,
	"longblob": 1<<32 - 1, "longtext": 1<<32 - 1, "json": 1<<32 - 1,
	"geometry": 1<<32 - 1, "point": 1 << 7, "linestring": 1<<32 - 1, "polygon": 1<<32 - 1, "multipoint": 1<<32 - 1,
	"multilinestring": 1<<32 - 1, "multipolygon": 1<<32 - 1, "geometrycollection": 1<<32 - 1, "geomcollection": 1<<32 - 1,
}

// lobScanSeconds is how long one table may be read for its longest LOB.
const lobScanSeconds = 45

// measureLobs compares the real lengths of LOBs with what the task takes: a longer one would stop it.
func (r *run) measureLobs(ctx context.Context) {
	for _, t := range r.findings.Tables {
		lobs := lobColumns(t.Columns, int64(r.req.LobMaxSizeKb)*1024)
		lobs = slices.DeleteFunc(lobs, func(column string) bool { return r.omits(t.Table, column) })
		if len(lobs) > 0 {
			r.measureTable(ctx, t.Table, lobs)
		}
	}
}

// lobColumns are the columns that can hold more than limit bytes.
func lobColumns(columns []Column, limit int64) []string {
	var lobs []string
	for _, c := range columns {
		base, _, _ := strings.Cut(strings.ToLower(c.Type), "(")
		base, _, _ = strings.Cut(base, " ")
		if lobCapacity[base] > limit {
			lobs = append(lobs, c.Name)
		}
	}
	return lobs
}

func (r *run) measureTable(ctx context.Context, t Table, lobs []string) {
	f := Finding{Check: "largest LOB of " + t.String(), Status: OK}
	longest, column, err := r.longestLob(ctx, t, lobs)
	switch kb := (longest + 1023) / 1024; {
	case isServerError(err, errQueryTimeout, errStatementTimeMariaDB):
		f.Status, f.Value = Warning, fmt.Sprintf("not measured within %d s", lobScanSeconds)
		f.Advice = fmt.Sprintf("be sure that no value of %s is longer than replication.lobMaxSizeKb (%d)", strings.Join(lobs, ", "), r.req.LobMaxSizeKb)
	case err != nil:
		r.broke(fmt.Errorf("measuring the LOBs of %s: %w", t, err))
		return
	case column == "":
		f.Value = "none yet"
	default:
		f.Value = fmt.Sprintf("%d KB in %s", kb, column)
		if kb > int64(r.req.LobMaxSizeKb) {
			f.Status = Failed
			f.Advice = fmt.Sprintf("raise replication.lobMaxSizeKb from %d to at least %d", r.req.LobMaxSizeKb, kb)
			if kb > maxLobKb {
				f.Advice = fmt.Sprintf("DMS takes at most %d KB: shorten the value, or keep the column in a table that is not followed", maxLobKb)
			}
		}
	}
	r.add(f)
}

// maxLobKb is the largest LOB a Kinesis target takes, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
const maxLobKb = 1024

// longestLob reads the table once.
func (r *run) longestLob(ctx context.Context, t Table, lobs []string) (longest int64, column string, err error) {
	lengths := make([]string, len(lobs))
	for i, c := range lobs {
		lengths[i] = "MAX(OCTET_LENGTH(" + quoteName(c) + "))"
	}
	query := fmt.Sprintf("SELECT /*+ MAX_EXECUTION_TIME(%d) */ %s FROM %s", lobScanSeconds*1000, strings.Join(lengths, ", "), t.quoted())
	if r.server.mariaDB() {
		query = fmt.Sprintf("SET STATEMENT max_statement_time = %d FOR SELECT %s FROM %s", lobScanSeconds, strings.Join(lengths, ", "), t.quoted())
	}
	rows, err := r.db.Query(ctx, query)
	if err != nil || len(rows) == 0 {
		return 0, "", err
	}
	for i, text := range rows[0] {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && (column == "" || n > longest) {
			longest, column = n, lobs[i]
		}
	}
	return longest, column, nil
}
