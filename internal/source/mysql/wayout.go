package mysql

import (
	"cdcpipeline/internal/table"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// entry is a table as an entry of a list in the configuration: database and table in quotes, since names may look like
// numbers and patterns begin with a %.
func entry(t Table) string { return fmt.Sprintf("{database: %q, table: %q}", t.Database, t.Table) }

// leaveOut says how the configuration leaves a table out that is followed. A name that it does not take is given as a
// pattern, unless that would leave out other tables too.
func (r *run) leaveOut(t Table) string {
	if slices.Contains(r.req.Tables, t) {
		return "take it out of source.tables"
	}
	exclude := Table{uncarried.ReplaceAllString(t.Database, table.Any), uncarried.ReplaceAllString(t.Table, table.Any)}
	covers := func(other Table) bool { return table.Pattern(exclude).Covers(table.Pattern(other)) }
	leavesMore := slices.ContainsFunc(r.followed, func(other Table) bool { return other != t && covers(other) })
	if leavesMore || slices.ContainsFunc(r.req.Tables, covers) {
		return "name the tables beside it one by one in source.tables"
	}
	return "add " + entry(exclude) + " to source.exclude"
}

// omittable are the names of columns that omitColumns takes.
var omittable = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

// omission says how the configuration leaves a column out of records; empty when it cannot.
func (r *run) omission(found TableFound, column string) string {
	i := slices.IndexFunc(r.req.Tables, func(t Table) bool { return t.matches(found.Table) })
	if i < 0 || !omittable.MatchString(column) || slices.Contains(found.PrimaryKey, column) || found.alike(column) >= 0 {
		return ""
	}
	return fmt.Sprintf("add %s to omitColumns of %s", column, r.req.Tables[i])
}

// folded is the table's name as a server compares it that does not tell upper from lower case.
func folded(t Table) Table { return Table{strings.ToLower(t.Database), strings.ToLower(t.Table)} }
