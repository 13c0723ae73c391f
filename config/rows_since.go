package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// RowsSince is [Source.RowsSince]: times by table or pattern.
type RowsSince map[string]string

// Of a table; zero when all its records tell what its rows are. What is no time is passed over: Validate refuses it.
func (r RowsSince) Of(database, table string) time.Time {
	var latest time.Time
	for key, text := range r {
		named, ok := patternOf(key)
		since, err := time.Parse(time.RFC3339, text)
		if ok && err == nil && since.After(latest) && named.folded().covers(pattern{database, table}.folded()) {
			latest = since.UTC()
		}
	}
	return latest
}

// patternOf reads database.table. Neither part holds a dot.
func patternOf(name string) (p pattern, ok bool) {
	p.database, p.table, ok = strings.Cut(name, ".")
	return p, ok && p.database != "" && p.table != "" && !strings.Contains(p.table, ".")
}

// Validate returns every problem, joined.
func (r RowsSince) Validate(tables []Table) error {
	var p problems
	for _, name := range slices.Sorted(maps.Keys(r)) {
		key := fmt.Sprintf("source.rowsSince[%q]", name)
		named, ok := patternOf(name)
		switch {
		case !ok:
			p.add(key, "is not the name of a table: write database.table, with %% for any text")
		case !slices.ContainsFunc(tables, func(t Table) bool { return named.folded().overlaps(t.pattern().folded()) }):
			p.add(key, "is in no entry of source.tables: remove it")
		}
		if _, err := time.Parse(time.RFC3339, r[name]); err != nil {
			p.add(key, "%q is not a time: write it in quotes, like \"2026-01-31T12:00:00Z\"", r[name])
		}
	}
	return p.join()
}
