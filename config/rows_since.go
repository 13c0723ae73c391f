package config

import (
	"cdcpipeline/internal/table"
	"fmt"
	"maps"
	"slices"
	"time"
)

// RowsSince has the times of [Source.RowsSince], by table or pattern.
type RowsSince map[string]string

// Of returns the time for a table, or the zero time if all its records are authoritative. It ignores invalid
// times, because Validate refuses them.
func (r RowsSince) Of(database, name string) time.Time {
	of := table.Name{Database: database, Table: name}
	var latest time.Time
	for key, text := range r {
		named, unnamed := table.ParsePattern(key)
		since, err := time.Parse(time.RFC3339, text)
		if unnamed == nil && err == nil && since.After(latest) && named.Folded().Matches(of.Folded()) {
			latest = since.UTC()
		}
	}
	return latest
}

// Validate returns all problems as one joined error.
func (r RowsSince) Validate(tables []Table) error { return r.validate("source", tables) }

// validate reports problems with the user's keys, which begin with at.
func (r RowsSince) validate(at string, tables []Table) error {
	var p problems
	for _, name := range slices.Sorted(maps.Keys(r)) {
		key := fmt.Sprintf("%s.rowsSince[%q]", at, name)
		named, err := table.ParsePattern(name)
		switch {
		case err != nil:
			p.add(key, "is not the name of a table: write database.table, with %% for any text")
		case !slices.ContainsFunc(tables, func(t Table) bool { return named.Folded().Overlaps(t.pattern().Folded()) }):
			p.add(key, "matches no entry of %s.tables: remove it", at)
		}
		if _, err := time.Parse(time.RFC3339, r[name]); err != nil {
			p.add(key, "%q is not a time: write it in quotes, such as \"2026-01-31T12:00:00Z\"", r[name])
		}
	}
	return p.join()
}
