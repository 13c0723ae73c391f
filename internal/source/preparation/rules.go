package preparation

import (
	"cdcpipeline/internal/table"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rules are the configuration's lists that select tables and columns.
type Rules struct {
	Tables, Exclude []Table
	Columns         []ColumnRule
	// Followed are the existing tables that the lists select.
	Followed []Table
}

// Uncarried matches characters that index names and object keys cannot contain; the configuration refuses names with
// them.
var Uncarried = regexp.MustCompile(`[^\p{L}\p{N}_$-]+`)

// omittable matches column names that omitColumns accepts.
var omittable = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

// Excludes reports whether a table is excluded from patterns.
func (r Rules) Excludes(name Table) bool {
	return slices.ContainsFunc(r.Exclude, func(t Table) bool { return t.Matches(name) })
}

// LeaveOut says how to exclude a followed table in the configuration. A name that the configuration refuses is
// written as a pattern, unless that would exclude other tables too.
func (r Rules) LeaveOut(t Table) string {
	if slices.Contains(r.Tables, t) {
		return "take it out of source.tables"
	}
	exclude := Table{Uncarried.ReplaceAllString(t.Database, table.Any), Uncarried.ReplaceAllString(t.Table, table.Any)}
	covers := func(other Table) bool { return table.Pattern(exclude).Covers(table.Pattern(other)) }
	leavesMore := slices.ContainsFunc(r.Followed, func(other Table) bool { return other != t && covers(other) })
	if leavesMore || slices.ContainsFunc(r.Tables, covers) {
		return "name the tables beside it one by one in source.tables"
	}
	return "add " + exclude.Entry() + " to source.exclude"
}

// Omission says how to omit a column from records in the configuration; empty when that is impossible.
func (r Rules) Omission(found TableFound, column string) string {
	i := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Matches(found.Table) })
	if i < 0 || !omittable.MatchString(column) || slices.Contains(found.PrimaryKey, column) || found.alike(column) >= 0 {
		return ""
	}
	return fmt.Sprintf("add %s to omitColumns of %s", column, r.Tables[i])
}

// Omits reports whether records omit a column.
func (r Rules) Omits(t Table, column string) bool {
	return slices.ContainsFunc(r.Columns, func(rule ColumnRule) bool {
		return rule.Table.Matches(t) && slices.Contains(rule.Omit, column)
	})
}

// Omitted checks a column that a rule omits; nil when a table that a pattern matched simply lacks it.
func (r Rules) Omitted(found TableFound, column string, byPattern bool) *Finding {
	f := &Finding{Check: fmt.Sprintf("omitted column %s of %s", column, found), Status: OK}
	known := slices.ContainsFunc(found.Columns, func(c Column) bool { return c.Name == column })
	alike := found.alike(column)
	switch {
	case !known && byPattern: // only some of its tables have the column
		return nil
	case !known:
		f.Status, f.Value, f.Advice = Failed, "unknown", "name a column of the table in omitColumns, in its very letters: "+found.ColumnNames()
	case slices.Contains(found.PrimaryKey, column):
		f.Status, f.Value, f.Advice = Failed, "part of the primary key", "take it out of omitColumns: without its key a change cannot be told from other rows' changes"
	case alike >= 0:
		f.Status, f.Value = Failed, "a pattern to DMS, which reads _ as any character, and "+found.Columns[alike].Name+" is like it"
		f.Advice = "omit both columns, or none of them"
		if r.Omits(found.Table, found.Columns[alike].Name) {
			f.Status, f.Value, f.Advice = OK, "", ""
		}
	}
	return f
}

// Namesakes finds further tables to which a filter would apply. Filters name tables exactly, but DMS still reads _ in
// the name as any character.
func Namesakes(t Table, existing []Table) []Finding {
	var found []Finding
	for _, other := range existing {
		if other != t && likeName(t.Database, other.Database) && likeName(t.Table, other.Table) {
			found = append(found, Finding{
				Check: "filters of " + t.String(), Status: Failed, Value: other.String() + " is filtered too",
				Advice: "rename one of the two, or do without filters: DMS reads the _ in the name as any character",
			})
		}
	}
	return found
}

// alike is the index of the first other column that DMS would confuse with the named one, because it reads _ as any
// character; -1 for none.
func (t TableFound) alike(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name != column && likeName(column, c.Name) })
}

// likeName reports whether a name matches a pattern in which _ is any character.
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

// ColumnNames lists the columns.
func (t TableFound) ColumnNames() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// Column returns the column with a name; only the name when the table lacks it.
func (t TableFound) Column(name string) Column {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{Name: name}
	}
	return t.Columns[i]
}

// Has reports whether a column with this name exists, ignoring case.
func (t TableFound) Has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, column) })
}
