package mysql

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SystemSchemas are MySQL's own, as a list of SQL; no pattern takes them in.
const SystemSchemas = "('information_schema', 'mysql', 'performance_schema', 'sys')"

// wild reports whether t is a pattern.
func (t Table) wild() bool {
	_, one := table.Pattern(t).One()
	return !one
}

func (t Table) matches(name Table) bool {
	return table.Pattern(t).Matches(table.Name(name))
}

// follow finds the tables behind patterns; a table by its own name stays as it is, there or not.
func (r *run) follow(ctx context.Context) {
	r.followed = nil
	if slices.ContainsFunc(r.req.Tables, Table.wild) {
		r.checkHiddenKeys()
		var err error
		if r.existing, err = r.list(ctx, "table_type IN ('BASE TABLE', '"+versioned+"') AND table_schema NOT IN "+SystemSchemas+" ORDER BY table_schema, table_name"); err != nil {
			r.broke(fmt.Errorf("listing tables: %w", err))
			return
		}
	}
	for _, t := range r.req.Tables {
		if !t.wild() {
			r.followed = append(r.followed, t)
			continue
		}
		n := 0
		for _, seen := range r.existing {
			if !t.matches(seen.Table) || r.excludes(seen.Table) {
				continue
			}
			r.followed = append(r.followed, seen.Table)
			if seen.kind != versioned {
				n++
			}
		}
		f := Finding{Check: "tables " + t.String(), Status: OK, Value: count(n, "table")}
		if n == 0 {
			f.Status, f.Advice = Failed, "create one before DMS starts, correct the pattern, or take it out of source.tables"
		}
		r.add(f)
	}
}

func (r *run) excludes(name Table) bool {
	return slices.ContainsFunc(r.req.Exclude, func(t Table) bool { return t.matches(name) })
}

func (r *run) baseTables(ctx context.Context) ([]Table, error) {
	seen, err := r.list(ctx, "table_type = 'BASE TABLE' AND table_schema NOT IN "+SystemSchemas+" ORDER BY table_schema, table_name")
	tables := make([]Table, len(seen))
	for i, s := range seen {
		tables[i] = s.Table
	}
	return tables, err
}

// uncarried are the characters that index names and object keys cannot hold; the configuration takes names without them.
var uncarried = regexp.MustCompile(`[^\p{L}\p{N}_$-]+`)

// checkName finds a table that only a pattern could bring in.
func (r *run) checkName(t Table) {
	if !uncarried.MatchString(t.Database + t.Table) {
		return
	}
	f := Finding{Check: "name of " + t.String(), Status: Failed, Value: "not one that an index or an object key can hold", Advice: r.leaveOut(t)}
	if renamed := (Table{t.Database, uncarried.ReplaceAllString(t.Table, "_")}); renamed != t {
		renamed.Table = free(renamed.Table, func(name string) bool { return r.exists(Table{t.Database, name}) })
		f.advise(Failed, ", or "+r.leaveOut(t), fmt.Sprintf("RENAME TABLE %s TO %s", t.quoted(), renamed.quoted()))
	}
	r.add(f)
}

func (r *run) exists(t Table) bool {
	return slices.ContainsFunc(r.existing, func(seen tableSeen) bool { return folded(seen.Table) == folded(t) })
}

// checkColumns finds rules that cannot work as they are written: their columns are known only here.
func (r *run) checkColumns(ctx context.Context, found TableFound, columns []column) error {
	for _, rule := range r.req.Columns {
		if !rule.Table.matches(found.Table) {
			continue
		}
		for _, column := range rule.Omit {
			r.checkOmitted(found, column, rule.Table.wild())
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

func (r *run) checkOmitted(found TableFound, column string, byPattern bool) {
	f := Finding{Check: fmt.Sprintf("omitted column %s of %s", column, found), Status: OK}
	known := slices.ContainsFunc(found.Columns, func(c Column) bool { return c.Name == column })
	alike := found.alike(column)
	switch {
	case !known && byPattern: // some of its tables have the column
		return
	case !known:
		f.Status, f.Value, f.Advice = Failed, "unknown", "name a column of the table in omitColumns, in its very letters: "+columnNames(found)
	case slices.Contains(found.PrimaryKey, column):
		f.Status, f.Value, f.Advice = Failed, "part of the primary key", "take it out of omitColumns: without its key a change cannot be told from other rows' changes"
	case alike >= 0:
		f.Status, f.Value = Failed, "a pattern to DMS, which reads _ as any character, and "+found.Columns[alike].Name+" is like it"
		f.Advice = "omit both columns, or none of them"
		if r.omits(found.Table, found.Columns[alike].Name) {
			f.Status, f.Value, f.Advice = OK, "", ""
		}
	}
	r.add(f)
}

func (r *run) omits(t Table, column string) bool {
	return slices.ContainsFunc(r.req.Columns, func(rule ColumnRule) bool {
		return rule.Table.matches(t) && slices.Contains(rule.Omit, column)
	})
}

// alike is the first other column that DMS takes for the one named, in whose name it reads _ as any character; -1 for none.
func (t TableFound) alike(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name != column && likeName(column, c.Name) })
}

// checkFiltered: a filter is for columns that DMS can compare.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html
func (r *run) checkFiltered(found TableFound, columns []column, column string) {
	f := Finding{Check: fmt.Sprintf("filtered column %s of %s", column, found), Status: OK}
	i := slices.IndexFunc(found.Columns, func(c Column) bool { return c.Name == column })
	switch {
	case i < 0:
		f.Status, f.Value, f.Advice = Failed, "unknown", "filter by a column of the table, in its very letters: "+columnNames(found)
	case len(lobColumns(found.Columns[i:i+1], 0)) > 0:
		f.Status, f.Value, f.Advice = Failed, found.Columns[i].Type, "filter by another column: DMS compares no LOBs"
	case !carried(columns[i]):
		f.Status, f.Value, f.Advice = Failed, "computed or invisible", "filter by another column: DMS does not carry this one"
	}
	r.add(f)
}

// checkNamesakes: filters are for tables by their exact names, in which DMS still reads _ as any character.
func (r *run) checkNamesakes(ctx context.Context, t Table) error {
	tables, err := r.baseTables(ctx)
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}
	for _, other := range tables {
		if other != t && likeName(t.Database, other.Database) && likeName(t.Table, other.Table) {
			r.add(Finding{
				Check: "filters of " + t.String(), Status: Failed, Value: other.String() + " is filtered too",
				Advice: "rename one of the two, or do without filters: DMS reads the _ in the name as any character",
			})
		}
	}
	return nil
}

// likeName is whether a name is the pattern when each _ in the pattern is any character.
func likeName(pattern, name string) bool {
	a, b := []rune(pattern), []rune(name)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != '_' && a[i] != b[i] {
			return false
		}
	}
	return true
}

func columnNames(found TableFound) string {
	names := make([]string, len(found.Columns))
	for i, c := range found.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}
