package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kinds of relations, persistence and replica identities in the catalogue:
// https://www.postgresql.org/docs/current/catalog-pg-class.html.
const (
	ordinary     = "r"
	partitioned  = "p"
	unlogged     = "u"
	identityKey  = "d"
	identityFull = "f"
	identityNone = "n"
)

// kinds names relations that are not ordinary tables.
var kinds = map[string]string{"v": "view", "m": "materialized view", "f": "foreign table"}

// tableSeen is a table or view in the catalogue.
type tableSeen struct {
	Table
	kind, persistence, identity, owner string
	// outside means that long values may be stored outside the row.
	outside bool
	// partition of another table; parent of others.
	partition, parent bool
	// guarded means that row security is on.
	guarded bool
}

const tablesQuery = `SELECT n.nspname, c.relname, c.relkind, c.relpersistence, c.relreplident, pg_get_userbyid(c.relowner), c.reltoastrelid <> 0,
c.relispartition, EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid), c.relrowsecurity
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY n.nspname, c.relname`

// look reads all tables.
func (r *run) look(ctx context.Context) error {
	rows, err := r.db.Query(ctx, tablesQuery)
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}
	r.existing = make([]tableSeen, len(rows))
	for i, row := range rows {
		r.existing[i] = tableSeen{
			Table: Table{Database: row[0], Table: row[1]}, kind: row[2], persistence: row[3], identity: row[4], owner: row[5],
			outside: row[6] == truth, partition: row[7] == truth, parent: row[8] == truth, guarded: row[9] == truth,
		}
	}
	return nil
}

// seen returns the table with a name; its kind is empty when there is none.
func (r *run) seen(t Table) tableSeen {
	if i := slices.IndexFunc(r.existing, func(s tableSeen) bool { return s.Table == t }); i >= 0 {
		return r.existing[i]
	}
	return tableSeen{Table: t}
}

const schemasQuery = "SELECT nspname FROM pg_namespace"

// createSchemas makes missing schemas of followed tables.
func (r *run) createSchemas(ctx context.Context) {
	rows, err := r.db.Query(ctx, schemasQuery)
	if err != nil {
		r.broke(fmt.Errorf("listing schemas: %w", err))
		return
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row[0]] = true
	}
	for _, t := range slices.Concat(r.req.Tables, r.req.Later) {
		if seen[t.Database] || table.IsPattern(t.Database) {
			continue
		}
		seen[t.Database] = true
		if err := r.db.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+quoteName(t.Database)); err != nil {
			r.broke(fmt.Errorf("creating schema %s (the administrator needs CREATE on the database): %w", t.Database, err))
			continue
		}
		r.findings.Change("schema " + t.Database)
	}
}

// metaCommand is a command of psql, not of the server.
var metaCommand = regexp.MustCompile(`(?m)^\s*\\[a-z!]`)

// applySchema runs the scripts in order and stops at the first failure, because later ones may depend on it.
func (r *run) applySchema(ctx context.Context) {
	if err := r.look(ctx); err != nil {
		r.broke(err)
		return
	}
	missing := func() (names []Table) {
		for _, t := range r.req.Tables {
			if !t.Wild() && r.seen(t).kind == "" {
				names = append(names, t)
			}
		}
		return names
	}
	before := missing()
	for _, script := range r.req.Schema {
		if err := r.runScript(ctx, script); err != nil {
			r.broke(fmt.Errorf("running %s: %w", script.Name, err))
			break
		}
	}
	if err := r.look(ctx); err != nil {
		r.broke(err)
		return
	}
	after := missing()
	for _, t := range before {
		if !slices.Contains(after, t) {
			r.findings.Change("table " + t.String())
		}
	}
}

// runScript leaves none of the script's settings and no open transaction.
func (r *run) runScript(ctx context.Context, script Script) error {
	if metaCommand.MatchString(script.SQL) {
		return errors.New("a line that begins with a backslash is a command of psql, not SQL: take it out (source.schemaFiles)")
	}
	err := r.db.Exec(ctx, script.SQL)
	if err != nil {
		err = fmt.Errorf("(source.schemaFiles; it must succeed when it runs again) %w", err)
	}
	return errors.Join(err, r.db.Exec(ctx, "ROLLBACK; RESET ROLE; RESET SESSION AUTHORIZATION; RESET ALL"))
}

// follow finds the tables that match patterns. A table with its own name stays in the list, whether it exists or not.
func (r *run) follow(ctx context.Context) {
	r.followed = nil
	if err := r.look(ctx); err != nil {
		r.broke(err)
		return
	}
	for _, t := range r.req.Tables {
		if !t.Wild() {
			r.followed = append(r.followed, t)
			continue
		}
		n := 0
		for _, seen := range r.existing {
			if !r.takesIn(t, seen) {
				continue
			}
			r.followed = append(r.followed, seen.Table)
			if seen.kind == ordinary {
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

// takesIn reports whether a pattern matches a table in DMS's sense: views do not count, partitioned tables do.
func (r *run) takesIn(pattern Table, seen tableSeen) bool {
	return (seen.kind == ordinary || seen.kind == partitioned) && seen.Database != r.req.HeartbeatSchema &&
		pattern.Matches(seen.Table) && !r.rules().Excludes(seen.Table)
}

// checkTables checks that each followed table exists, with its columns, its key and its replica identity.
func (r *run) checkTables(ctx context.Context) {
	for _, t := range r.followed {
		if err := r.checkTable(ctx, r.seen(t)); err != nil {
			r.broke(fmt.Errorf("looking at table %s: %w", t, err))
		}
	}
	for _, f := range r.rules().Dotted(r.findings.Tables, r.req.AcceptDottedColumns, renameColumn) {
		r.add(f)
	}
}

func renameColumn(t Table, column, to string) string {
	return fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", quoted(t), quoteName(column), quoteName(to))
}

func (r *run) checkTable(ctx context.Context, seen tableSeen) error {
	if f := r.unfollowable(seen); f != nil {
		r.add(*f)
		return nil
	}
	columns, err := r.columns(ctx, seen.Table)
	if err != nil {
		return err
	}
	key, err := r.primaryKey(ctx, seen.Table)
	if err != nil {
		return err
	}
	all := TableFound{Table: seen.Table, Columns: described(columns, anyColumn), PrimaryKey: key.columns}
	r.findings.Tables = append(r.findings.Tables, TableFound{Table: seen.Table, Columns: described(columns, carried), PrimaryKey: key.columns})
	r.checkName(seen.Table)
	r.checkNamesakes(seen.Table)
	r.checkPrimaryKey(all, columns, key)
	r.checkPartition(seen)
	r.checkCarried(all, columns)
	r.checkColumns(all, columns)
	r.checkIdentity(ctx, seen, all, columns)
	return nil
}

// unfollowable says why DMS cannot follow an object at all; nil when it can.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (r *run) unfollowable(seen tableSeen) *Finding {
	f := &Finding{Check: "table " + seen.String(), Status: Failed}
	switch {
	case seen.kind == "":
		r.missing(seen.Table, f)
	case seen.kind == partitioned:
		f.Value = "a partitioned table: DMS loads its rows under its own name, and brings their changes under the names of its partitions"
		f.Advice = "follow its partitions, by their names or a pattern, and " + r.rules().LeaveOut(seen.Table)
	case seen.kind != ordinary:
		f.Value, f.Advice = "a "+kinds[seen.kind], "DMS follows ordinary tables only: "+r.rules().LeaveOut(seen.Table)
	case seen.persistence == unlogged:
		f.Value = "unlogged: none of its changes are in the log"
		f.Tell(Failed, ", or "+r.rules().LeaveOut(seen.Table), "ALTER TABLE "+quoted(seen.Table)+" SET LOGGED")
	case seen.parent:
		f.Value = "a table that others inherit from: DMS loads their rows under its name, and brings their changes under their own"
		f.Advice = "follow a table that none inherits from, and " + r.rules().LeaveOut(seen.Table)
	default:
		return nil
	}
	return f
}

// missing says how to make the table, or which similar one is probably meant.
func (r *run) missing(t Table, f *Finding) {
	f.Value, f.Advice = "missing", "create it, or name the SQL file that does in source.schemaFiles, or take it out of source.tables"
	if r.req.CheckOnly {
		f.Advice = "create it, or take it out of source.tables"
	}
	if t == preparation.Canary && r.req.Canary {
		f.Tell(Failed, " as the administrator, or set alarms.canary to false", makeCanaryTable...)
		return
	}
	for _, other := range r.existing {
		if alike(other.Table, t) {
			f.Value += ", and " + other.String() + " is there"
			f.Advice = fmt.Sprintf("write %s in source.tables, as the server spells it, or create %s", other.Entry(), t)
		}
	}
}

// alike reports names that differ only in case.
func alike(a, b Table) bool {
	return a != b && strings.EqualFold(a.Database, b.Database) && strings.EqualFold(a.Table, b.Table)
}

// checkNamesakes: DMS confuses tables whose names differ only in case.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (r *run) checkNamesakes(t Table) {
	for _, other := range r.existing {
		if !alike(other.Table, t) || other.kind != ordinary {
			continue
		}
		if !slices.Contains(r.followed, other.Table) || t.String() < other.String() { // if both are followed, one is renamed
			f := Finding{Check: "spelling of " + t.String(), Value: "one that differs from " + other.String() + " in case only"}
			f.Tell(Failed, ", or rename the other one: DMS does not tell them apart", r.rename(t, t.Table+"_2"))
			r.add(f)
		}
	}
}

// rename is the statement that renames a table to a name, or to a free one like it.
func (r *run) rename(t Table, to string) string {
	free := preparation.Free(to, func(name string) bool {
		other := Table{Database: t.Database, Table: name}
		return r.seen(other).kind != "" || slices.ContainsFunc(r.existing, func(s tableSeen) bool { return alike(s.Table, other) })
	})
	return fmt.Sprintf("ALTER TABLE %s RENAME TO %s", quoted(t), quoteName(free))
}

// checkName finds a table whose name only a pattern could bring in.
func (r *run) checkName(t Table) {
	if !preparation.Uncarried.MatchString(t.Database + t.Table) {
		return
	}
	f := Finding{Check: "name of " + t.String(), Status: Failed, Value: "not one that an index or an object key can hold", Advice: r.rules().LeaveOut(t)}
	if name := preparation.Uncarried.ReplaceAllString(t.Table, "_"); name != t.Table {
		f.Tell(Failed, ", or "+r.rules().LeaveOut(t), r.rename(t, name))
	}
	r.add(f)
}

// checkPartition: DMS does not see a change of a whole partition as row changes.
func (r *run) checkPartition(seen tableSeen) {
	if seen.partition {
		r.add(Finding{
			Check: "partition " + seen.String(), Status: Warning, Value: "not followed when it is attached, detached or dropped",
			Advice: fmt.Sprintf("delete rows by DELETE alone, and run cdc start --reload-table %s after ALTER TABLE … ATTACH PARTITION", seen),
		})
	}
}

// checkColumns finds rules that cannot work as written, because their columns are known only here.
func (r *run) checkColumns(found TableFound, columns []column) {
	for _, rule := range r.req.Columns {
		if !rule.Table.Matches(found.Table) {
			continue
		}
		for _, name := range rule.Omit {
			if f := r.rules().Omitted(found, name, rule.Table.Wild()); f != nil {
				r.add(*f)
			}
		}
		for _, name := range rule.Filter {
			r.checkFiltered(found, columns, name)
		}
		if len(rule.Filter) > 0 {
			for _, f := range preparation.Namesakes(found.Table, r.tables()) {
				r.add(f)
			}
		}
	}
}

// tables are all tables to which a DMS rule may apply.
func (r *run) tables() []Table {
	var names []Table
	for _, s := range r.existing {
		if s.kind == ordinary || s.kind == partitioned {
			names = append(names, s.Table)
		}
	}
	return names
}

// checkFiltered: a filter needs columns that DMS can compare.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html
func (r *run) checkFiltered(found TableFound, columns []column, name string) {
	f := Finding{Check: fmt.Sprintf("filtered column %s of %s", name, found), Status: OK}
	i := slices.IndexFunc(columns, func(c column) bool { return c.Name == name })
	switch {
	case i < 0:
		f.Status, f.Value, f.Advice = Failed, "unknown", "filter by a column of the table, in its very letters: "+found.ColumnNames()
	case !carried(columns[i]):
		f.Status, f.Value, f.Advice = Failed, "carried by no record", "filter by another column: DMS does not carry this one"
	case columns[i].lob() != notLob:
		f.Status, f.Value, f.Advice = Failed, columns[i].Type, "filter by another column: DMS compares no LOBs"
	}
	r.add(f)
}
