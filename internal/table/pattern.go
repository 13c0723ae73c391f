package table

import "fmt"

// Pattern matches tables by their database and by their table, each separately: a % does not match across the dot. A
// pattern without % is a single table.
type Pattern struct {
	Database string
	Table    string
}

// ParsePattern reads "database.table". Neither part contains a dot.
func ParsePattern(text string) (Pattern, error) {
	database, table, ok := cut(text)
	if !ok {
		return Pattern{}, fmt.Errorf("tables %q: write database.table, with %% for any text", text)
	}
	return Pattern{database, table}, nil
}

// String writes the pattern in ParsePattern's format.
func (p Pattern) String() string { return Name(p).String() }

// One is the only table that the pattern can match; false when it contains a %.
func (p Pattern) One() (Name, bool) { return Name(p), !IsPattern(p.Database) && !IsPattern(p.Table) }

// Matches reports whether the pattern matches a table.
func (p Pattern) Matches(n Name) bool {
	return Match(p.Database, n.Database) && Match(p.Table, n.Table)
}

// Covers reports whether the pattern matches every table that the other matches.
func (p Pattern) Covers(other Pattern) bool { return p.Matches(Name(other)) }

// Overlaps reports whether some table matches both.
func (p Pattern) Overlaps(other Pattern) bool {
	return Overlap(p.Database, other.Database) && Overlap(p.Table, other.Table)
}

// Folded is the pattern on a server that ignores case.
func (p Pattern) Folded() Pattern { return Pattern(Name(p).Folded()) }
