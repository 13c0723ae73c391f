package preparation

import (
	"cdcpipeline/internal/table"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rules are the lists of the configuration by which tables and columns are followed.
type Rules struct {
	Tables, Exclude []Table
	Columns         []ColumnRule
	// Followed are the tables behind them that are there.
	Followed []Table
}

// Uncarried are the characters that index names and object keys cannot hold; the configuration takes names without them.
var Uncarried = regexp.MustCompile(`[^\p{L}\p{N}_$-]+`)

// omittable are the names of columns that omitColumns takes.
var omittable = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

// Excludes reports whether a table is left out of what patterns take in.
func (r Rules) Excludes(name Table) bool {
	return slices.ContainsFunc(r.Exclude, func(t Table) bool { return t.Matches(name) })
}

// LeaveOut says how the configuration leaves a table out that is followed. A name that it does not take is given as a
// pattern, unless that would leave out other tables too.
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

// Omission says how the configuration leaves a column out of records; empty when it cannot.
func (r Rules) Omission(found TableFound, column string) string {
	i := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Matches(found.Table) })
	if i < 0 || !omittable.MatchString(column) || slices.Contains(found.PrimaryKey, column) || found.alike(column) >= 0 {
		return ""
	}
	return fmt.Sprintf("add %s to omitColumns of %s", column, r.Tables[i])
}

// Omits reports whether records leave a column out.
func (r Rules) Omits(t Table, column string) bool {
	return slices.ContainsFunc(r.Columns, func(rule ColumnRule) bool {
		return rule.Table.Matches(t) && slices.Contains(rule.Omit, column)
	})
}

// Omitted looks at a column that a rule omits; nil when there is nothing to say of it in a table that a pattern brought in.
func (r Rules) Omitted(found TableFound, column string, byPattern bool) *Finding {
	f := &Finding{Check: fmt.Sprintf("omitted column %s of %s", column, found), Status: OK}
	known := slices.ContainsFunc(found.Columns, func(c Column) bool { return c.Name == column })
	alike := found.alike(column)
	switch {
	case !known && byPattern: // some of its tables have the column
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

// Namesakes finds the tables that a filter is for too: filters are for tables by their exact names, in which DMS still reads _
// as any character.
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

// alike is the first other column that DMS takes for the one named, in whose name it reads _ as any character; -1 for none.
func (t TableFound) alike(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name != column && likeName(column, c.Name) })
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

// ColumnNames lists the columns.
func (t TableFound) ColumnNames() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// Column is the one of a name; only that name when the table has none such.
func (t TableFound) Column(name string) Column {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{Name: name}
	}
	return t.Columns[i]
}

// Has says that a column of a name is there, or one that differs from it in case only.
func (t TableFound) Has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, column) })
}
