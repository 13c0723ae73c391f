package views

import (
	"fmt"
	"slices"
	"strings"
)

// OfSource are the tables of one source, in their order: what they are called in the catalog, and in the source (database and table).
type OfSource struct {
	Source Source
	Names  []Name
	Tables [][2]string
}

// title of a source that may have no name.
func (s Source) title() string {
	if s == "" {
		return "unnamed"
	}
	return string(s)
}

// AllSources are the queries about the tables of all sources together. It needs nothing of their columns.
func AllSources(all []OfSource) []Query {
	var parts []string
	for _, of := range all {
		for i, name := range of.Names {
			parts = append(parts, fmt.Sprintf(`SELECT %s AS "source", %s AS "table", count(*) AS "rows" FROM %s`,
				literal(of.Source.title()), literal(of.Tables[i][0]+"."+of.Tables[i][1]), quoted(name.Rows())))
		}
	}
	return []Query{{
		Name:        "all sources: rows",
		Description: "How many rows each table of each source has now.",
		SQL:         strings.Join(parts, "\nUNION ALL\n") + "\nORDER BY 1, 2\n",
	}}
}

// Pair chooses a table of each of two sources to join: the first that both have, else the first of one name, else the first of each. They are
// places in the sources' tables; ok is false when a source has none.
func Pair(a, b OfSource) (i, j int, ok bool) {
	for _, same := range []func(t, other [2]string) bool{
		func(t, other [2]string) bool { return t == other },
		func(t, other [2]string) bool { return t[1] == other[1] },
		func(_, _ [2]string) bool { return true },
	} {
		for i, t := range a.Tables {
			if j := slices.IndexFunc(b.Tables, func(other [2]string) bool { return same(t, other) }); j >= 0 {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// Joined is a table in a join: of a source, under its name in the catalog.
type Joined struct {
	Source Source
	Name   Name
	Table  Table
}

// Join is the query that puts the rows of two sources' tables side by side whose keys are equal. Keys of several columns are compared in their
// order; of a longer key the columns beyond the other's are not. The second's columns have its source's name before them.
func Join(a, b Joined) (Query, error) {
	left, leftKey, err := Fields(a.Table)
	if err != nil {
		return Query{}, err
	}
	right, rightKey, err := Fields(b.Table)
	if err != nil {
		return Query{}, err
	}
	var columns, on []string
	taken := map[string]bool{}
	column := func(of, name, as string) {
		for taken[as] {
			as += "_2"
		}
		taken[as] = true
		columns = append(columns, fmt.Sprintf("  %s.%s AS %s", of, quoted(name), quoted(as)))
	}
	for _, f := range left {
		column("a", f.Name, f.Name)
	}
	for _, f := range right {
		column("b", f.Name, b.Source.title()+"_"+f.Name)
	}
	for i := range min(len(leftKey), len(rightKey)) {
		on = append(on, equal(leftKey[i].Field, rightKey[i].Field))
	}
	return Query{
		Name:        JoinName(a.Source, b.Source),
		Description: fmt.Sprintf("Rows of %s (%s) and of %s (%s) whose keys are equal.", a.Name, a.Source.title(), b.Name, b.Source.title()),
		SQL: fmt.Sprintf("SELECT\n%s\nFROM %s a\nJOIN %s b ON %s\n",
			strings.Join(columns, ",\n"), quoted(a.Name.Rows()), quoted(b.Name.Rows()), strings.Join(on, " AND ")),
	}, nil
}

// equal is the SQL of a key of a that equals one of b, which the databases may have declared differently. Numbers of any two types, and times, are
// compared as they are; what is text in one source is read as what it is in the other.
// https://trino.io/docs/476/language/types.html
func equal(a, b Field) string {
	left, right := "a."+quoted(a.Name), "b."+quoted(b.Name)
	switch {
	case family(a) == family(b):
	case family(a) == text.sql:
		left = fmt.Sprintf("TRY_CAST(%s AS %s)", left, b.SQL)
	case family(b) == text.sql:
		right = fmt.Sprintf("TRY_CAST(%s AS %s)", right, a.SQL)
	default:
		left, right = fmt.Sprintf("CAST(%s AS varchar)", left), fmt.Sprintf("CAST(%s AS varchar)", right)
	}
	return left + " = " + right
}

// family of types that the engine compares with each other.
func family(f Field) string {
	name, _, _ := strings.Cut(f.SQL, "(")
	switch name {
	case "integer", "bigint", "decimal", "real", "double":
		return "number"
	case "date", "timestamp":
		return "time"
	}
	return f.SQL
}

// JoinName is what the query is called that joins two sources.
func JoinName(a, b Source) string { return "two sources: " + a.title() + " and " + b.title() }
