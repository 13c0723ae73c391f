package table

import "fmt"

// Pattern is all tables whose database and table it matches, each by itself: a % does not reach over the dot. One without
// % is a single table.
type Pattern struct {
	Database string
	Table    string
}

// ParsePattern reads "database.table". Neither part holds a dot.
func ParsePattern(text string) (Pattern, error) {
	database, table, ok := cut(text)
	if !ok {
		return Pattern{}, fmt.Errorf("tables %q: write database.table, with %% for any text", text)
	}
	return Pattern{database, table}, nil
}

// String writes the pattern as ParsePattern reads it.
func (p Pattern) String() string { return Name(p).String() }

// One is the only table that the pattern can match; false when it holds a %.
func (p Pattern) One() (Name, bool) { return Name(p), !IsPattern(p.Database) && !IsPattern(p.Table) }

// Matches reports whether a table is one of the pattern's.
func (p Pattern) Matches(n Name) bool {
	return Match(p.Database, n.Database) && Match(p.Table, n.Table)
}

// Covers reports whether every table that the other matches is one of the pattern's.
func (p Pattern) Covers(other Pattern) bool { return p.Matches(Name(other)) }

// Overlaps reports whether some table is matched by both.
func (p Pattern) Overlaps(other Pattern) bool {
	return Overlap(p.Database, other.Database) && Overlap(p.Table, other.Table)
}

// Folded is the pattern as a server reads it that does not tell upper from lower case.
func (p Pattern) Folded() Pattern { return Pattern(Name(p).Folded()) }
