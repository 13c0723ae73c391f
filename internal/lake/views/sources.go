package views

import (
	"fmt"
	"slices"
	"strings"
)

// OfSource are one source's tables in order, with their names in the catalog and in the source (database and table).
type OfSource struct {
	Source Source
	Names  []Name
	Tables [][2]string
}

// title is a source's name, or a phrase for the unnamed one.
func (s Source) title() string {
	if s == "" {
		return "unnamed"
	}
	return string(s)
}

// AllSources are the queries over the tables of all sources. They do not depend on columns.
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

// Pair chooses a table in each of two sources to join: the first that both have, else the first with the same name,
// else the first of each. It returns indices into the sources' tables; ok is false when a source has no tables.
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

// Joined is a table in a join: its source and its name in the catalog.
type Joined struct {
	Source Source
	Name   Name
	Table  Table
}

// Join is the query that joins two sources' tables on equal keys. Key columns are compared in order; extra columns of
// the longer key are ignored. The second table's columns have its source's name as prefix.
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

// equal is the SQL that compares a key of a with one of b, whose declared types may differ. Two numbers, or two
// times, are compared directly. If one side is text, it is converted to the other side's type.
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

// family groups types that the engine can compare with each other.
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

// JoinName is the name of the query that joins two sources.
func JoinName(a, b Source) string { return "two sources: " + a.title() + " and " + b.title() }
